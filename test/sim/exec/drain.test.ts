import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_TENSOR, type Operands } from '../../../isa/instructions/table.ts';
import { conventionalInt8 } from '../../../isa/machine/presets/conventional-int8.ts';
import type { TensorDescriptor } from '../../../isa/tensor.ts';
import { acc, floatBits, ins, run, spad, walking } from './rig.ts';

/** N accumulators, one record of `words` each. */
function requantize(
  mode: Operands<'rq'>['mode'],
  sums: readonly number[],
  records: readonly number[],
  dst: TensorDescriptor,
  more: Partial<Operands<'rq'>> = {},
) {
  const n = sums.length;
  const given = { 0: sums, ...(records.length > 0 ? { 1: records } : {}) };
  const params = spad(256, 32, [n, Math.max(1, records.length / n)]);
  return run({
    tensors: [acc(0, [n]), params, dst],
    given,
    instructions: [ins('rq', { dst: 2, src: 0, params: records.length > 0 ? 1 : NO_TENSOR, mode, ...more })],
  }).codes(2);
}

describe('rq saturate and bias', () => {
  it('add the zero point and clamp to the destination', () => {
    expect(requantize('saturate', [0, 100, 200, -200], [], spad(0, 8, [4], 'signed', 10))).toEqual([
      10, 110, 127, -128,
    ]);
    expect(requantize('saturate', [0, 100, -3, 300], [], spad(0, 4, [4], 'unsigned', 3))).toEqual([3, 15, 0, 15]);
    expect(requantize('bias', [0, 100, 200], [5, -200, 1], spad(0, 8, [3]))).toEqual([5, -100, 127]);
    expect(requantize('saturate', [-5, 0, 5], [], spad(0, 1, [3], 'bipolar'))).toEqual([-1, 1, 1]);
  });

  it('relu raises the lower clamp to the zero point', () => {
    expect(requantize('saturate', [-9, 0, 9], [], spad(0, 8, [3], 'signed', -100), { relu: true })).toEqual([
      -100, -100, -91,
    ]);
  });

  it('a 32-bit destination does not clamp: what does not fit is a fault', () => {
    expect(requantize('bias', [2 ** 31 - 2, -5], [1, 1], spad(0, 32, [2]))).toEqual([2 ** 31 - 1, -4]);
    expect(() => requantize('bias', [2 ** 31 - 1, 0], [1, 0], spad(0, 32, [2]))).toThrow(
      /element 0 of tensor 2 would be 2147483648/,
    );
  });

  it('add is added less its own zero point', () => {
    const r = run({
      tensors: [acc(0, [3]), spad(64, 8, [3], 'unsigned', 128), spad(0, 8, [3], 'signed', 1)],
      given: { 0: [10, 20, 30], 1: [128, 138, 0] },
      instructions: [ins('rq', { dst: 2, src: 0, params: NO_TENSOR, add: 1, mode: 'saturate' })],
    });
    expect(r.codes(2)).toEqual([11, 31, -97]);
  });

  it('pools the last dims by maximum after requantizing', () => {
    const windows = walking(acc(0, [4]), [
      { count: 3, axis: 0, step: 1 },
      { count: 2, axis: 0, step: 1 },
    ]);
    const r = run({
      tensors: [windows, spad(0, 8, [3])],
      given: { 0: [5, -3, 300, -9] },
      instructions: [ins('rq', { dst: 1, src: 0, params: NO_TENSOR, mode: 'saturate', kdims: 1 })],
    });
    expect(r.codes(1)).toEqual([5, 127, 127]);
  });
});

describe('rq threshold', () => {
  const up = (base: number, ...t: number[]) => [base * 2, ...t];
  const down = (base: number, ...t: number[]) => [base * 2 + 1, ...t];

  it('counts thresholds at or below an ascending sum, at or above a descending one', () => {
    const d = spad(0, 2, [5], 'unsigned');
    const sums = [-11, -10, 0, 5, 99];
    expect(
      requantize(
        'threshold',
        sums,
        sums.flatMap(() => up(0, -10, 0, 6)),
        d,
      ),
    ).toEqual([0, 1, 2, 2, 3]);
    expect(
      requantize(
        'threshold',
        sums,
        sums.flatMap(() => down(0, -10, 0, 6)),
        d,
      ),
    ).toEqual([3, 3, 2, 1, 0]);
    expect(
      requantize(
        'threshold',
        sums,
        sums.flatMap(() => up(-2, -10, 0, 6)),
        spad(0, 2, [5]),
      ),
    ).toEqual([-2, -1, 0, 0, 1]);
  });

  it('counts in steps of two into a bipolar destination', () => {
    expect(
      requantize(
        'threshold',
        [-1, 0, 7],
        [-1, 0, 7].flatMap(() => up(-1, 0)),
        spad(0, 1, [3], 'bipolar'),
      ),
    ).toEqual([-1, 1, 1]);
  });

  it('agrees with the definition for any sorted thresholds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 0, maxLength: 15 }),
        fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        (t, sums, descending) => {
          const sorted = t.toSorted((a, b) => a - b);
          const found = requantize(
            'threshold',
            sums,
            sums.flatMap(() => [descending ? 1 : 0, ...sorted]),
            spad(0, 4, [sums.length], 'unsigned'),
          );
          expect(found).toEqual(sums.map((s) => sorted.filter((x) => (descending ? s <= x : s >= x)).length));
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** gemmlowp's SaturatingRoundingDoublingHighMul and RoundingDivideByPOT in exact integers. */
function tflite(x: number, multiplier: number, shift: number): number {
  const ab = BigInt(x) * (1n << BigInt(Math.max(shift, 0))) * BigInt(multiplier);
  const nudged = ab + (ab >= 0n ? 1n << 30n : 1n - (1n << 30n));
  let high = nudged / (1n << 31n);
  if (high > 2n ** 31n - 1n) high = 2n ** 31n - 1n;
  const exponent = BigInt(Math.max(-shift, 0));
  const mask = (1n << exponent) - 1n;
  const threshold = (mask >> 1n) + (high < 0n ? 1n : 0n);
  return Number((high >> exponent) + ((high & mask) > threshold ? 1n : 0n));
}

describe('rq fixed-point', () => {
  it('rounds halves as TFLite does, by hand', () => {
    // Multiplier 2^30 is one half: 3/2 and -3/2 round up to 2 and -1 in the high multiply, then shift by one: 1 and -0.5 -> -1.
    expect(
      requantize('fixed-point', [3, -3, 5], [0, 2 ** 30, 0, 0, 2 ** 30, 0, 0, 2 ** 30, 0], spad(0, 8, [3])),
    ).toEqual([2, -1, 3]);
    expect(requantize('fixed-point', [3, -3], [0, 2 ** 30, -1, 0, 2 ** 30, -1], spad(0, 8, [2], 'signed', 3))).toEqual([
      4, 2,
    ]);
  });

  it('agrees with TFLite in exact integers', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: -(2 ** 30), max: 2 ** 30 }),
            fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
            fc.integer({ min: -31, max: 1 }),
          ),
          { minLength: 1, maxLength: 8 },
        ),
        (cases) => {
          const found = requantize(
            'fixed-point',
            cases.map(([x]) => x),
            cases.flatMap(([, m, s]) => [0, m, Math.min(s, 0)]),
            spad(0, 32, [cases.length]),
          );
          expect(found).toEqual(cases.map(([x, m, s]) => tflite(x, m, Math.min(s, 0)) + 0));
        },
      ),
      { numRuns: 500 },
    );
    expect(requantize('fixed-point', [2 ** 29], [0, 2 ** 30 + 12345, 1], spad(0, 32, [1]))).toEqual([
      tflite(2 ** 29, 2 ** 30 + 12345, 1),
    ]);
    expect(requantize('fixed-point', [-(2 ** 31)], [0, -(2 ** 31), 0], spad(0, 32, [1]))).toEqual([2 ** 31 - 1]);
  });

  it('faults where the left shift leaves 32 bits', () => {
    expect(() => requantize('fixed-point', [2 ** 29], [0, 2 ** 30, 3], spad(0, 8, [1]))).toThrow(
      /shifts 536870912 left by 3 out of 32 bits/,
    );
  });
});

describe('rq float32', () => {
  it('multiplies once in float32 and rounds half to even', () => {
    const records = (scale: number, n: number) => Array.from({ length: n }, () => [0, floatBits(scale)]).flat();
    expect(requantize('float32', [1, 3, 5, -1, -3], records(0.5, 5), spad(0, 8, [5]))).toEqual([0, 2, 2, 0, -2]);
    expect(requantize('float32', [1, 3, 1000], records(0.5, 3), spad(0, 8, [3], 'unsigned', 128))).toEqual([
      128, 130, 255,
    ]);
    // 16777217 is not a float32: the sum is rounded to 16777216 before the product.
    expect(requantize('float32', [2 ** 24 + 1], records(1, 1), spad(0, 32, [1]))).toEqual([2 ** 24]);
    expect(requantize('float32', [3], [-1, floatBits(10)], spad(0, 8, [1]))).toEqual([20]);
  });
});

describe('rq records', () => {
  it('that are shared along a dim are found by their walk', () => {
    const sums = [1, 2, 3, 4, 5, 6];
    const perColumn = {
      ...spad(256, 32, [3]),
      dims: [
        { count: 2, axis: 0, step: 0 },
        { count: 3, axis: 0, step: 1 },
      ],
    };
    const r = run({
      tensors: [acc(0, [2, 3]), perColumn, spad(0, 8, [6])],
      given: { 0: sums, 1: [10, 20, 30] },
      instructions: [ins('rq', { dst: 2, src: 0, params: 1, mode: 'bias' })],
    });
    expect(r.codes(2)).toEqual([11, 22, 33, 14, 25, 36]);
  });

  it('of the wrong length, width or mode are refused', () => {
    expect(() => requantize('float32', [1, 2], [1, 2, 3, 4, 5, 6], spad(0, 8, [2]))).toThrow(
      /gives 3 signed words of 32 bits for each element; a float32 record has 2 signed words/,
    );
    expect(() => requantize('bias', [1, 2], [], spad(0, 8, [2]))).toThrow(/rq bias needs params/);
    const machine = { ...conventionalInt8, core: { ...conventionalInt8.core, requantizers: ['float32' as const] } };
    const tensors = [acc(0, [1]), spad(256, 32, [1, 3]), spad(0, 8, [1])];
    const instructions = [ins('rq', { dst: 2, src: 0, params: 1, mode: 'fixed-point' })];
    expect(() => run({ machine, tensors, given: { 0: [1], 1: [0, 0, 0] }, instructions })).toThrow(
      /no fixed-point requantizer, only float32/,
    );
  });
});
