import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPS } from '../../../compiler/graph/ops/index.ts';
import type { OpDefinition } from '../../../compiler/graph/ops/op.ts';
import { roundHalfEven } from '../../../compiler/graph/ops/op.ts';
import { exponential, hyperbolicTangent, logistic } from '../../../compiler/graph/ops/transcendental.ts';
import {
  type ElementType,
  type OpAttributes,
  type OpName,
  sizeOf,
  type Tensor,
  type Window,
} from '../../../compiler/graph/types.ts';
import { GENERATED_OPS } from '../../harness/random-graphs.ts';

const F32: ElementType = { kind: 'float32' };
const int = (bits: number, coding: 'signed' | 'unsigned' | 'bipolar' | 'ternary' = 'signed'): ElementType => ({
  kind: 'int',
  bits,
  coding,
});
const window = (kernel: [number, number], more: Partial<Window> = {}): Window => ({
  kernel,
  strides: [1, 1],
  dilations: [1, 1],
  pads: [0, 0, 0, 0],
  ...more,
});

function tensor(element: ElementType, shape: readonly number[], values?: readonly number[]): Tensor {
  const data = values ?? Array.from({ length: sizeOf(shape) }, (_, i) => i + 1);
  return {
    type: { element, shape },
    data: element.kind === 'float32' ? Float32Array.from(data) : Int32Array.from(data),
  };
}

/** Infers the result, then computes it. */
function apply<O extends OpName>(op: O, attributes: OpAttributes[O], inputs: readonly Tensor[], element?: ElementType) {
  const definition = OPS[op] as unknown as OpDefinition<O>;
  const type = definition.infer(
    attributes,
    inputs.map((t) => t.type),
    element,
  );
  return { shape: type.shape, values: Array.from(definition.reference(attributes, inputs, type)) };
}

describe('products', () => {
  it('conv: strides, pads, dilations, zero points, bias, by hand', () => {
    const x = tensor(int(8, 'unsigned'), [1, 1, 3, 3]);
    const w = tensor(int(4), [1, 1, 2, 2], [1, 0, 0, 1]);
    const plain = { groups: 1, xZero: 0, wZero: Int32Array.of(0) };
    expect(apply('conv', { ...plain, window: window([2, 2]) }, [x, w])).toEqual({
      shape: [1, 1, 2, 2],
      values: [6, 8, 12, 14],
    });
    expect(
      apply('conv', { ...plain, window: window([2, 2], { strides: [2, 2], pads: [1, 1, 0, 0] }) }, [x, w]).values,
    ).toEqual([1, 3, 7, 14]);
    expect(apply('conv', { ...plain, window: window([2, 2], { dilations: [2, 2] }) }, [x, w]).values).toEqual([1 + 9]);
    // A padded position stands for the zero point: it adds nothing even though xZero is 5.
    expect(
      apply('conv', { ...plain, xZero: 5, window: window([2, 2], { strides: [2, 2], pads: [1, 1, 0, 0] }) }, [x, w])
        .values,
    ).toEqual([-4, -2, 2, 4]);
    const bias = tensor(int(32), [1], [100]);
    expect(apply('conv', { ...plain, wZero: Int32Array.of(1), window: window([2, 2]) }, [x, w, bias]).values).toEqual([
      100 - 2 - 4,
      100 - 3 - 5,
      100 - 5 - 7,
      100 - 6 - 8,
    ]);
  });

  it('conv: groups and depthwise', () => {
    const x = tensor(int(8), [1, 2, 1, 2], [1, 2, 3, 4]);
    const w = tensor(int(8), [2, 1, 1, 1], [10, 100]);
    expect(
      apply('conv', { window: window([1, 1]), groups: 2, xZero: 0, wZero: Int32Array.of(0) }, [x, w]).values,
    ).toEqual([10, 20, 300, 400]);
  });

  it('product-float: one rounding each, in index order', () => {
    const row = tensor(F32, [1, 1, 3], [1, 2 ** -24, 2 ** -24]);
    const ones = tensor(F32, [1, 3, 1], [1, 1, 1]);
    expect(apply('product-float', {}, [row, ones])).toEqual({ shape: [1, 1, 1], values: [1] });
    const reversed = tensor(F32, [1, 1, 3], [2 ** -24, 2 ** -24, 1]);
    expect(apply('product-float', {}, [reversed, ones]).values).toEqual([1 + 2 ** -23]);
    expect(() => apply('product-float', {}, [row, row])).toThrow(/expected \[batch, m, k\]/);
  });

  it('conv-float: one rounding each, in order of channel, row, column', () => {
    const x = tensor(F32, [1, 1, 1, 3], [1, 2 ** -24, 2 ** -24]);
    const ones = tensor(F32, [1, 1, 1, 3], [1, 1, 1]);
    expect(apply('conv-float', { window: window([1, 3]), groups: 1 }, [x, ones]).values).toEqual([1]);
    const reversed = tensor(F32, [1, 1, 1, 3], [2 ** -24, 2 ** -24, 1]);
    expect(apply('conv-float', { window: window([1, 3]), groups: 1 }, [reversed, ones]).values).toEqual([1 + 2 ** -23]);
  });

  it('matmul: zero points, bias, leading dims', () => {
    const x = tensor(int(8), [2, 1, 2], [1, 2, 3, 4]);
    const w = tensor(int(8), [2, 2], [1, 2, 3, 4]);
    const bias = tensor(int(32), [2], [10, 20]);
    expect(apply('matmul', { xZero: 1, wZero: Int32Array.of(0, 1) }, [x, w, bias])).toEqual({
      shape: [2, 1, 2],
      values: [13, 23, 21, 31],
    });
  });

  it('product: batches, zero points', () => {
    const a = tensor(int(8), [2, 1, 2], [1, 2, 3, 4]);
    const b = tensor(int(8), [2, 2, 1], [5, 6, 7, 8]);
    expect(apply('product', { aZero: 0, bZero: 0 }, [a, b])).toEqual({ shape: [2, 1, 1], values: [17, 53] });
    expect(apply('product', { aZero: 1, bZero: 5 }, [a, b]).values).toEqual([1, 4 + 9]);
    expect(() => apply('product', { aZero: 0, bZero: 0 }, [a, a])).toThrow(/expected \[batch, m, k\]/);
  });

  it('refuse sums that leave 32 bits, and shapes that do not fit', () => {
    const big = tensor(int(32), [1, 1], [2 ** 31 - 1]);
    expect(() => apply('matmul', { xZero: 0, wZero: Int32Array.of(0) }, [big, tensor(int(8), [1, 1], [2])])).toThrow(
      /leaves 32 bits/,
    );
    expect(() => apply('matmul', { xZero: 0, wZero: Int32Array.of(0) }, [big, tensor(int(8), [2, 1])])).toThrow(
      /must end in K = 2/,
    );
    expect(() =>
      apply('conv', { window: window([1, 1]), groups: 1, xZero: 0, wZero: Int32Array.of(0) }, [
        tensor(F32, [1, 1, 1, 1]),
        tensor(int(8), [1, 1, 1, 1]),
      ]),
    ).toThrow(/quantize both first/);
  });
});

/** Exact rational m/2^31 * 2^shift * x rounded as TFLite does: nearest after the doubling multiply, then half away from zero. */
function fixedPoint(x: bigint, multiplier: bigint, shift: number): bigint {
  const scaled = shift > 0 ? x << BigInt(shift) : x;
  // Nearest integer to scaled * multiplier / 2^31, ties towards +infinity as gemmlowp's nudge gives.
  const twice = 2n * scaled * multiplier;
  const floor = (a: bigint, b: bigint) => (a >= 0n ? a / b : -((-a + b - 1n) / b));
  const high = floor(twice + 2n ** 31n, 2n ** 32n);
  const right = BigInt(Math.max(-shift, 0));
  if (right === 0n) return high;
  const size = high < 0n ? -high : high;
  const rounded = (size + (1n << (right - 1n))) >> right;
  return high < 0n ? -rounded : rounded;
}

describe('requantize', () => {
  const acc = (values: readonly number[]) => tensor(int(32), [1, values.length], values);

  it('float32: one multiply, half to even, zero point, saturation', () => {
    const spec = { mode: 'float32', scale: Float32Array.of(0.5), zeroPoint: 3 } as const;
    const { values } = apply(
      'requantize',
      { spec, axis: 1, relu: false },
      [acc([1, 3, 5, -1, -3, 1000, -1000])],
      int(8),
    );
    expect(values).toEqual([3, 5, 5, 3, 1, 127, -128]);
    const relu = apply('requantize', { spec, axis: 1, relu: true }, [acc([-1000, 5])], int(8)).values;
    expect(relu).toEqual([3, 5]);
  });

  it('float32 rounds the accumulator and the product to float32, as the runtimes do', () => {
    const spec = { mode: 'float32', scale: Float32Array.of(1), zeroPoint: 0 } as const;
    expect(apply('requantize', { spec, axis: 1, relu: false }, [acc([2 ** 24 + 1])], int(32)).values).toEqual([
      2 ** 24,
    ]);
  });

  it('fixed-point: equals the exact rational result', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 24), max: 2 ** 24 }),
        fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }),
        fc.integer({ min: -20, max: 5 }),
        (x, multiplier, shift) => {
          const spec = {
            mode: 'fixed-point',
            multiplier: Int32Array.of(multiplier),
            shift: Int32Array.of(shift),
            zeroPoint: 0,
          } as const;
          const { values } = apply('requantize', { spec, axis: 1, relu: false }, [acc([x])], int(32));
          expect(values[0]).toBe(Number(fixedPoint(BigInt(x), BigInt(multiplier), shift)));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('threshold: counts steps up or down, in twos for a bipolar result', () => {
    const spec = {
      mode: 'threshold',
      levels: 3,
      base: Int32Array.of(-1, 0),
      descending: Uint8Array.of(0, 1),
      thresholds: Int32Array.of(-5, 0, 5, -5, 0, 5),
    } as const;
    const up = [-6, -5, 0, 5].map(
      (v) => apply('requantize', { spec, axis: 1, relu: false }, [acc([v, v])], int(3)).values,
    );
    expect(up).toEqual([
      [-1, 3],
      [0, 3],
      [1, 2],
      [2, 1],
    ]);
    const bipolar = {
      mode: 'threshold',
      levels: 1,
      base: Int32Array.of(-1),
      descending: Uint8Array.of(0),
      thresholds: Int32Array.of(0),
    } as const;
    expect(
      apply('requantize', { spec: bipolar, axis: 1, relu: false }, [acc([-1, 0])], int(1, 'bipolar')).values,
    ).toEqual([-1, 1]);
  });
});

describe('quantizers', () => {
  const quantizer = {
    scale: Float32Array.of(1),
    zeroPoint: Float32Array.of(3),
    axis: 0,
    rounding: 'half-even',
    min: 0,
    max: 255,
  } as const;

  it('differ in where the zero point goes: ties round to even before or after it', () => {
    const x = tensor(F32, [4], [0.5, 1.5, -10, 300]);
    expect(apply('quantize', { ...quantizer, order: 'round-then-zero' }, [x], int(8, 'unsigned')).values).toEqual([
      3, 5, 0, 255,
    ]);
    expect(apply('quantize', { ...quantizer, order: 'zero-then-round' }, [x], int(8, 'unsigned')).values).toEqual([
      4, 4, 0, 255,
    ]);
  });

  it('dequantize: float32 difference times scale, per channel', () => {
    const attributes = { scale: Float32Array.of(0.1, 2), zeroPoint: Int32Array.of(1, -1), axis: 1 };
    const { values } = apply('dequantize', attributes, [tensor(int(8), [2, 2], [2, 2, 3, 3])]);
    expect(values).toEqual([Math.fround(0.1), 6, Math.fround(2 * Math.fround(0.1)), 8]);
  });

  it('bipolar: zero is positive', () => {
    expect(apply('bipolar', {}, [tensor(F32, [4], [-1, -0, 0, 1])]).values).toEqual([-1, 1, 1, 1]);
  });

  it('round half to even', () => {
    expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4999, 2.5001].map(roundHalfEven).map((v) => v + 0)).toEqual([
      -2, -2, 0, 0, 2, 2, 2, 3,
    ]);
  });
});

describe('elementwise', () => {
  it('binary: broadcasting, one float32 rounding', () => {
    const a = tensor(F32, [2, 1], [0.1, 10]);
    const b = tensor(F32, [3], [1, 3, 7]);
    const { shape, values } = apply('binary', { fn: 'div' }, [a, b]);
    expect(shape).toEqual([2, 3]);
    expect(values).toEqual([
      Math.fround(0.1),
      Math.fround(Math.fround(0.1) / 3),
      Math.fround(Math.fround(0.1) / 7),
      10,
      Math.fround(10 / 3),
      Math.fround(10 / 7),
    ]);
    expect(() => apply('binary', { fn: 'add' }, [tensor(F32, [2]), tensor(F32, [3])])).toThrow(/do not broadcast/);
  });

  it('exp, sigmoid and tanh are within one float32 step of the platform', () => {
    fc.assert(
      fc.property(fc.double({ min: -100, max: 100, noNaN: true }), (raw) => {
        const x = Math.fround(raw);
        for (const [ours, theirs] of [
          [exponential(x), Math.exp(x)],
          [logistic(x), 1 / (1 + Math.exp(-x))],
          [hyperbolicTangent(x), Math.tanh(x)],
        ] as const) {
          expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(Math.abs(theirs) * 1e-13 + 1e-300);
        }
      }),
      { numRuns: 3000 },
    );
    expect([exponential(0), exponential(-800), exponential(800), exponential(1000)]).toEqual([
      1,
      0,
      Infinity,
      Infinity,
    ]);
  });

  it('qadd: float32 steps in the order of the runtime', () => {
    const attributes = { aScale: 0.5, aZero: 1, bScale: 0.25, bZero: 2, scale: 0.5, zeroPoint: 10 };
    const { values } = apply(
      'qadd',
      attributes,
      [tensor(int(8, 'unsigned'), [2], [3, 255]), tensor(int(8, 'unsigned'), [2], [4, 255])],
      int(8, 'unsigned'),
    );
    expect(values).toEqual([13, 255]);
  });

  it('addi, clip, lut', () => {
    expect(apply('addi', {}, [tensor(int(32), [2], [1, -5]), tensor(int(32), [1], [10])]).values).toEqual([11, 5]);
    expect(apply('clip', { min: -1, max: 1 }, [tensor(F32, [3], [-2, 0.5, 2])]).values).toEqual([-1, 0.5, 1]);
    const table = Int32Array.of(7, 6, 5, 4, 3, 2, 1, 0);
    expect(apply('lut', { table, axis: 0 }, [tensor(int(2), [2, 2], [-2, -1, 0, 1])], int(4)).values).toEqual([
      7, 6, 1, 0,
    ]);
  });
});

describe('pools', () => {
  const x = tensor(F32, [1, 1, 3, 3]);

  it('maxpool: padding never wins', () => {
    const negative = tensor(int(8), [1, 1, 2, 2], [-4, -3, -2, -1]);
    expect(apply('maxpool', { window: window([2, 2], { pads: [1, 1, 0, 0], strides: [2, 2] }) }, [negative])).toEqual({
      shape: [1, 1, 1, 1],
      values: [-4],
    });
    expect(apply('maxpool', { window: window([2, 2]) }, [x]).values).toEqual([5, 6, 8, 9]);
  });

  it('avgpool: padding counts only when asked', () => {
    const padded = window([2, 2], { pads: [1, 1, 0, 0], strides: [2, 2] });
    expect(apply('avgpool', { window: padded, countIncludePad: false }, [x]).values).toEqual([1, 2.5, 5.5, 7]);
    expect(apply('avgpool', { window: padded, countIncludePad: true }, [x]).values).toEqual([0.25, 1.25, 2.75, 7]);
  });

  it('spatial-sum and softmax', () => {
    expect(apply('spatial-sum', { xZero: 1 }, [tensor(int(8), [1, 2, 1, 2], [1, 2, 3, 4])])).toEqual({
      shape: [1, 2, 1, 1],
      values: [1, 5],
    });
    const { values } = apply('softmax', { axis: 0 }, [tensor(F32, [2, 1], [1, 1])]);
    expect(values).toEqual([0.5, 0.5]);
  });
});

describe('movement', () => {
  it('transpose, slice with steps, pad, concat', () => {
    const x = tensor(int(8), [2, 3]);
    expect(apply('transpose', { perm: [1, 0] }, [x])).toEqual({ shape: [3, 2], values: [1, 4, 2, 5, 3, 6] });
    expect(apply('pad', { before: [0, 1], after: [1, 0], value: 9 }, [x])).toEqual({
      shape: [3, 4],
      values: [9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9],
    });
    expect(apply('concat', { axis: 1 }, [x, tensor(int(8), [2, 1], [7, 8])])).toEqual({
      shape: [2, 4],
      values: [1, 2, 3, 7, 4, 5, 6, 8],
    });
    const slice = OPS.slice.reference({ starts: [1, 2], steps: [-1, -2] }, [x], { element: int(8), shape: [2, 2] });
    expect(Array.from(slice)).toEqual([6, 4, 3, 1]);
  });

  it('depth-to-space: DCR takes blocks first, CRD depth first', () => {
    const x = tensor(int(8), [1, 8, 1, 1]);
    expect(apply('depth-to-space', { block: 2, mode: 'DCR' }, [x])).toEqual({
      shape: [1, 2, 2, 2],
      values: [1, 3, 5, 7, 2, 4, 6, 8],
    });
    expect(apply('depth-to-space', { block: 2, mode: 'CRD' }, [x]).values).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe('the table of ops', () => {
  it('documents every op, and the random graphs use all of them', () => {
    for (const [name, op] of Object.entries(OPS))
      expect([name, op.doc.length > 8, op.arity[0] <= op.arity[1]]).toEqual([name, true, true]);
    expect([...GENERATED_OPS].sort()).toEqual(Object.keys(OPS).sort());
  });
});
