import { describe, expect, it } from 'vitest';
import type { Instruction, Mnemonic, Operands, Ordering } from '../../../isa/instructions/table.ts';
import type { TensorDescriptor } from '../../../isa/tensor.ts';
import { acc, floats, ins, run, spad, walking } from './rig.ts';

type Binary = 'vadd' | 'vsub' | 'vmul' | 'vdiv' | 'vmax' | 'vmin';

function binary(
  op: Binary,
  a: TensorDescriptor,
  x: readonly number[],
  b: TensorDescriptor,
  y: readonly number[],
  dst: TensorDescriptor,
): number[] {
  return run({
    tensors: [dst, a, b],
    given: { 1: x, 2: y },
    instructions: [ins(op, { dst: 0, a: 1, b: 2 }) as Instruction],
  }).codes(0);
}

function unary<M extends Mnemonic>(
  op: M,
  more: Partial<Operands<M> & Ordering>,
  a: TensorDescriptor,
  x: readonly number[],
  dst: TensorDescriptor,
): number[] {
  return run({
    tensors: [dst, a],
    given: { 1: x },
    instructions: [ins(op, { dst: 0, a: 1, ...more } as Partial<Operands<M> & Ordering>)],
  }).codes(0);
}

const f = Math.fround;

describe('elementwise on integers', () => {
  const a = spad(0, 8, [4], 'signed', 2);
  const b = spad(64, 8, [4], 'signed', -1);
  const d = spad(128, 8, [4], 'signed', 5);
  const x = [12, 127, -128, 2];
  const y = [2, 126, -128, -1];
  // centred: (10, 125, -130, 0) and (3, 127, -127, 0)

  it('centres operands, adds the zero point of dst and saturates', () => {
    expect(binary('vadd', a, x, b, y, d)).toEqual([18, 127, -128, 5]);
    expect(binary('vsub', a, x, b, y, d)).toEqual([12, 3, 2, 5]);
    expect(binary('vmul', a, x, b, y, d)).toEqual([35, 127, 127, 5]);
    expect(binary('vmax', a, x, b, y, d)).toEqual([15, 127, -122, 5]);
    expect(binary('vmin', a, x, b, y, d)).toEqual([8, 127, -125, 5]);
  });

  it('a 32-bit destination and an accumulator fault instead of saturating', () => {
    const wide = spad(0, 32, [1]);
    expect(binary('vadd', wide, [2 ** 31 - 2], spad(64, 32, [1]), [1], spad(128, 32, [1]))).toEqual([2 ** 31 - 1]);
    expect(() => binary('vadd', wide, [2 ** 31 - 1], spad(64, 32, [1]), [1], spad(128, 32, [1]))).toThrow(
      /would be 2147483648/,
    );
    expect(() => binary('vmul', wide, [2 ** 30], spad(64, 32, [1]), [4], acc(0, [1]))).toThrow(/would be 4294967296/);
  });

  it('broadcasts by steps of zero and refuses different counts', () => {
    const row = {
      ...spad(64, 8, [2]),
      dims: [
        { count: 2, axis: 0, step: 0 },
        { count: 2, axis: 0, step: 1 },
      ],
    };
    expect(binary('vadd', spad(0, 8, [2, 2]), [1, 2, 3, 4], row, [10, 20], spad(128, 8, [4]))).toEqual([
      11, 22, 13, 24,
    ]);
    expect(() => binary('vadd', a, x, spad(64, 8, [3]), [1, 2, 3], d)).toThrow(/walk 4 and 3 elements/);
    expect(() => binary('vdiv', a, x, b, y, d)).toThrow(/float operands only/);
  });
});

describe('elementwise on floats', () => {
  it('is one float32 operation', () => {
    expect(binary('vadd', floats(0, [2]), [0.1, 2 ** 24], floats(64, [2]), [0.2, 1], floats(128, [2]))).toEqual([
      f(f(0.1) + f(0.2)),
      2 ** 24,
    ]);
    expect(binary('vmul', floats(0, [1]), [0.1], floats(64, [1]), [0.1], floats(128, [1]))).toEqual([
      f(f(0.1) * f(0.1)),
    ]);
    expect(binary('vdiv', floats(0, [2]), [1, -1], floats(64, [2]), [3, 0], floats(128, [2]))).toEqual([
      f(1 / 3),
      -Infinity,
    ]);
  });

  it('an integer operand is rounded to float32 after its zero point is taken off; an integer result to even', () => {
    expect(binary('vadd', spad(0, 32, [1]), [2 ** 24 + 1], floats(64, [1]), [0], floats(128, [1]))).toEqual([2 ** 24]);
    expect(
      binary(
        'vmul',
        spad(0, 8, [4], 'signed', 1),
        [2, 4, 6, 101],
        floats(64, [4]),
        [0.5, 0.5, 0.5, 10],
        spad(128, 8, [4], 'signed', -3),
      ),
    ).toEqual([-3, -1, -1, 127]);
    expect(() => binary('vdiv', floats(0, [1]), [0], floats(64, [1]), [0], spad(128, 8, [1]))).toThrow(
      /not a number and tensor 0 is an integer/,
    );
  });
});

describe('vcvt', () => {
  it('takes the zero point off into float', () => {
    expect(unary('vcvt', {}, spad(64, 8, [2], 'unsigned', 128), [0, 255], floats(0, [2]))).toEqual([-128, 127]);
  });

  it.each([
    ['half-even', [2, 2, -2, -2, 3]],
    ['floor', [1, 2, -2, -3, 2]],
    ['ceil', [2, 3, -1, -2, 3]],
    ['toward-zero', [1, 2, -1, -2, 2]],
    ['away-from-zero', [2, 3, -2, -3, 3]],
    ['half-up', [2, 3, -2, -3, 3]],
    ['half-down', [1, 2, -1, -2, 3]],
  ] as const)('rounds %s, adds the zero point and saturates', (rounding, expected) => {
    expect(
      unary('vcvt', { rounding }, floats(64, [5]), [1.5, 2.5, -1.5, -2.5, 2.75], spad(0, 8, [5], 'signed', 0)),
    ).toEqual(expected);
    expect(unary('vcvt', { rounding }, floats(64, [1]), [1e9], spad(0, 8, [1], 'signed', 7))).toEqual([127]);
  });

  it('moves integers to another zero point and coding', () => {
    expect(unary('vcvt', {}, spad(64, 8, [3], 'unsigned', 128), [0, 130, 255], spad(0, 8, [3], 'signed', 1))).toEqual([
      -127,
      3,
      127 + 1 - 1,
    ]);
    expect(() => unary('vcvt', {}, floats(64, [1]), [NaN], spad(0, 8, [1]))).toThrow(/not a number/);
  });
});

describe('float functions', () => {
  it('square root and special functions give float32', () => {
    expect(unary('vsqrt', {}, floats(64, [2]), [2, 9], floats(0, [2]))).toEqual([f(Math.SQRT2), 3]);
    expect(unary('vfun', { fn: 'exp' }, floats(64, [2]), [0, 1], floats(0, [2]))).toEqual([1, f(Math.E)]);
    expect(unary('vfun', { fn: 'sigmoid' }, floats(64, [1]), [0], floats(0, [1]))).toEqual([0.5]);
    expect(unary('vfun', { fn: 'round' }, floats(64, [3]), [0.5, 1.5, -2.5], floats(0, [3]))).toEqual([0, 2, -2]);
    expect(() => unary('vsqrt', {}, spad(64, 8, [1]), [4], floats(0, [1]))).toThrow(/tensor 1 is an integer/);
  });
});

describe('vaddq', () => {
  it('is ((a sa + c) + b sb) in float32, half to even, saturated, on raw codes', () => {
    const params = {
      ...floats(128, [3]),
      dims: [
        { count: 3, axis: 0, step: 0 },
        { count: 3, axis: 0, step: 1 },
      ],
    };
    const r = run({
      tensors: [spad(0, 8, [3]), spad(64, 8, [3], 'signed', 99), spad(96, 8, [3]), params],
      given: { 1: [1, 3, 100], 2: [1, 2, 100], 3: [0.5, 0.25, 0.25] },
      instructions: [ins('vaddq', { dst: 0, a: 1, b: 2, params: 3 })],
    });
    // 0.5 + 0.25 + 0.25 = 1; 1.5 + 0.25 + 0.5 = 2.25; 50 + 0.25 + 25 = 75.25
    expect(r.codes(0)).toEqual([1, 2, 75]);
  });
});

describe('vlut', () => {
  it('looks up raw codes from the lowest code up, one table or one per channel', () => {
    const shared = {
      ...spad(128, 8, [4]),
      dims: [
        { count: 3, axis: 0, step: 0 },
        { count: 4, axis: 0, step: 1 },
      ],
    };
    const one = run({
      tensors: [spad(0, 8, [3]), spad(64, 2, [3]), shared],
      given: { 1: [-2, 0, 1], 2: [10, 20, 30, 40] },
      instructions: [ins('vlut', { dst: 0, a: 1, b: 2 })],
    });
    expect(one.codes(0)).toEqual([10, 30, 40]);
    const each = {
      ...spad(128, 8, [2, 4]),
      dims: [
        { count: 2, axis: 0, step: 1 },
        { count: 4, axis: 1, step: 1 },
      ],
    };
    const two = run({
      tensors: [spad(0, 8, [2]), spad(64, 2, [2], 'unsigned'), each],
      given: { 1: [3, 3], 2: [1, 2, 3, 4, 5, 6, 7, 8] },
      instructions: [ins('vlut', { dst: 0, a: 1, b: 2 })],
    });
    expect(two.codes(0)).toEqual([4, 8]);
  });

  it('faults beyond the table and on other widths', () => {
    const table = {
      ...spad(128, 8, [2]),
      dims: [
        { count: 1, axis: 0, step: 0 },
        { count: 2, axis: 0, step: 1 },
      ],
    };
    const setup = {
      tensors: [spad(0, 8, [1]), spad(64, 2, [1], 'unsigned'), table],
      given: { 1: [2], 2: [5, 6] },
      instructions: [ins('vlut', { dst: 0, a: 1, b: 2 })],
    };
    expect(() => run(setup)).toThrow(/code 2 is beyond the 2 entries of tensor 2/);
    expect(() => run({ ...setup, tensors: [spad(0, 16, [1]), setup.tensors[1]!, table] })).toThrow(
      /give both the same width|entries have 8 bits/,
    );
  });
});

describe('vred', () => {
  const a = spad(64, 8, [2, 3], 'signed', 1);
  const x = [4, -2, 6, 1, 9, 9];

  it('sums, takes extremes and finds the first maximum of centred values', () => {
    expect(unary('vred', { kdims: 1, reduction: 'sum' }, a, x, spad(0, 32, [2], 'signed', 100))).toEqual([105, 116]);
    expect(unary('vred', { kdims: 1, reduction: 'max' }, a, x, spad(0, 8, [2]))).toEqual([5, 8]);
    expect(unary('vred', { kdims: 1, reduction: 'min' }, a, x, spad(0, 8, [2]))).toEqual([-3, 0]);
    expect(unary('vred', { kdims: 1, reduction: 'argmax' }, a, x, spad(0, 16, [2]))).toEqual([2, 1]);
    expect(unary('vred', { kdims: 2, reduction: 'sum' }, a, x, spad(0, 32, [1]))).toEqual([21]);
  });

  it('adds floats in index order, one rounding each', () => {
    const values = [2 ** 24, 1, 1, -(2 ** 24)];
    expect(unary('vred', { kdims: 1, reduction: 'sum' }, floats(64, [1, 4]), values, floats(0, [1]))).toEqual([0]);
    expect(unary('vred', { kdims: 1, reduction: 'argmax' }, floats(64, [1, 4]), values, spad(0, 8, [1]))).toEqual([0]);
    // An integer sum into a float is a float sum.
    expect(
      unary('vred', { kdims: 1, reduction: 'sum' }, spad(64, 32, [1, 3]), [2 ** 24, 1, 1], floats(0, [1])),
    ).toEqual([2 ** 24]);
  });
});

describe('vdot', () => {
  it('contracts the last dims of centred operands and accumulates', () => {
    const a = spad(64, 8, [2, 3], 'unsigned', 10);
    const b = walking(spad(96, 8, [3], 'signed', 0), [
      { count: 2, axis: 0, step: 0 },
      { count: 3, axis: 0, step: 1 },
    ]);
    const setup = {
      tensors: [spad(0, 32, [2]), a, b],
      given: { 0: [1000, 2000], 1: [11, 12, 13, 9, 8, 7], 2: [1, -2, 3] },
    };
    const dot = (accumulate: boolean) =>
      run({ ...setup, instructions: [ins('vdot', { dst: 0, a: 1, b: 2, kdims: 1, accumulate })] }).codes(0);
    expect(dot(false)).toEqual([1 - 4 + 9, -1 + 4 - 9]);
    expect(dot(true)).toEqual([1006, 1994]);
  });

  it('rounds every product and every sum of floats', () => {
    const r = run({
      tensors: [floats(0, [1]), floats(64, [1, 3]), floats(96, [1, 3])],
      given: { 1: [0.1, 0.2, 0.3], 2: [0.4, 0.5, 0.6] },
      instructions: [ins('vdot', { dst: 0, a: 1, b: 2, kdims: 1 })],
    });
    const product = (x: number, y: number) => f(f(x) * f(y));
    expect(r.codes(0)).toEqual([f(f(product(0.1, 0.4) + product(0.2, 0.5)) + product(0.3, 0.6))]);
  });

  it('faults where products add up beyond what is exact', () => {
    const wide = (base: number) => spad(base, 48, [1, 2]);
    expect(() =>
      run({
        tensors: [spad(0, 48, [1]), wide(64), wide(96)],
        given: { 1: [2 ** 46, 1], 2: [2 ** 46, 1] },
        instructions: [ins('vdot', { dst: 0, a: 1, b: 2, kdims: 1 })],
      }),
    ).toThrow(/beyond 53 bits/);
  });
});
