import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatAreaUm2,
  formatBytes,
  formatCount,
  formatCycles,
  formatEnergyFj,
  formatTimePs,
} from '../../../isa/base/units.ts';

describe('numbers for people', () => {
  it.each([
    [formatTimePs(0), '0 ps'],
    [formatTimePs(1), '1 ps'],
    [formatTimePs(1_234_000), '1.23 us'],
    [formatTimePs(999_400), '999 ns'],
    [formatTimePs(999_600), '1 us'],
    [formatTimePs(2.5e12), '2.5 s'],
    [formatTimePs(4.2e15), '4200 s'],
    [formatEnergyFj(566e9), '566 uJ'],
    [formatEnergyFj(0.25), '0.25 fJ'],
    [formatBytes(1023), '1023 B'],
    [formatBytes(1024), '1 KiB'],
    [formatBytes(1536), '1.5 KiB'],
    [formatBytes(2 ** 20 - 1), '1 MiB'],
    [formatBytes(1010 * 1024), '1010 KiB'],
    [formatAreaUm2(1_500_000), '1.5 mm2'],
    [formatCount(59_136), '59.1 k'],
    [formatCount(12), '12'],
    [formatCycles(0), '0'],
    [formatCycles(999), '999'],
    [formatCycles(1_234_567), '1,234,567'],
    [formatCycles(-1234), '-1,234'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
  });

  it('never shows an exponent, and is within half a percent of the value', () => {
    const units = { s: 1e12, ms: 1e9, us: 1e6, ns: 1e3, ps: 1 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e15 }), (ps) => {
        const [number, unit] = formatTimePs(ps).split(' ') as [string, keyof typeof units];
        expect(number).toMatch(/^\d+(\.\d+)?$/);
        expect(Math.abs(Number(number) * units[unit] - ps)).toBeLessThanOrEqual(ps * 0.005);
      }),
    );
  });
});
