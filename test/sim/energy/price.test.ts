import { describe, expect, it } from 'vitest';
import { InternalError } from '../../../isa/base/errors.ts';
import { absent, assumed, cited, fitted, product, sum, times } from '../../../sim/energy/price.ts';

const ten = cited(10, 'fJ', 'cacti-7', 'ten', [8, 12]);
const five = assumed(5, 'fJ', 'a guess', [1, 10]);
const half = assumed(0.5, '1', 'a factor', [0.25, 1]);

describe('a price', () => {
  it('adds values and ranges, and keeps the share of each basis', () => {
    const s = sum([ten, five, fitted(5, 'fJ', 'one chip', 'five', [4, 6])], 'all');
    expect([s.low, s.value, s.high]).toEqual([13, 20, 28]);
    expect(s.shares).toEqual({ cited: 0.5, fitted: 0.25, assumed: 0.25 });
    expect(s.basis).toBe('assumed');
    expect(s.sources).toEqual(['cacti-7']);
  });

  it('is as weak as its weakest factor', () => {
    const p = product(ten, [half], 'scaled');
    expect([p.low, p.value, p.high]).toEqual([2, 5, 12]);
    expect(p.shares).toEqual({ cited: 0, fitted: 0, assumed: 1 });
    expect(product(five, [cited(2, '1', 'stillmaker-2017', 'factor')], 'scaled').shares.assumed).toBe(1);
    expect(product(ten, [cited(2, '1', 'stillmaker-2017', 'factor')], 'scaled').basis).toBe('cited');
  });

  it('multiplies by exact counts and shows its parts', () => {
    const p = times(ten, 3, 'three of them');
    expect([p.low, p.value, p.high]).toEqual([24, 30, 36]);
    expect(p.lines).toEqual(['30 fJ [24 .. 36] = three of them (3 x)', '  10 fJ [8 .. 12] cited, ten: cacti-7']);
  });

  it('refuses ranges out of order, mixed units and missing reasons', () => {
    expect(() => cited(10, 'fJ', 'cacti-7', 'x', [11, 12])).toThrow(InternalError);
    expect(() => cited(Number.NaN, 'fJ', 'cacti-7', 'x')).toThrow(InternalError);
    expect(() => sum([ten, half], 'mixed')).toThrow(/different units/);
    expect(() => product(ten, [five], 'units')).toThrow(/pure numbers/);
    expect(() => assumed(1, 'fJ', ' ', [0, 2])).toThrow(/reason/);
  });

  it('refuses a source that is not in the table', () => {
    // @ts-expect-error an unknown key fails to compile, too
    expect(() => cited(1, 'fJ', 'nobody-1999', 'x')).toThrow(/unknown source/);
  });

  it('is nothing where the machine has nothing', () => {
    expect(absent('fJ', 'no array').value).toBe(0);
  });
});
