/** Constants of quantized sums and products: the graph's code for every pair of operand codes, or none, and then the op runs spelled out. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import { clamp, roundHalfEven } from '../../../compiler/graph/ops/op.ts';
import { quantizedSum } from '../../../compiler/graph/ops/qadd.ts';
import { quantizedProduct } from '../../../compiler/graph/ops/qmul.ts';
import { type IntegerType, integerRange, type QuantizedPair } from '../../../compiler/graph/types.ts';
import { productFactor, sumRecord } from '../../../compiler/lower/pairs.ts';
import { createRandom, type Random } from '../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../harness/differential.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';

const f = Math.fround;

function drawSum(random: Random, type: IntegerType): QuantizedPair {
  const { min, max } = integerRange(type);
  const scale = (low: number, high: number) => f(low + random.real() * (high - low));
  return {
    aScale: scale(0.002, 0.1),
    aZero: random.int(min, max),
    bScale: scale(0.002, 0.1),
    bZero: random.int(min, max),
    scale: scale(0.005, 0.2),
    zeroPoint: random.int(min, max),
  };
}

/** Pairs on which the instruction, as the manual has it, differs from the graph's op. */
function differing(sum: QuantizedPair, type: IntegerType, out: IntegerType): number | undefined {
  const record = sumRecord(sum, type, type, out);
  if (record === undefined) return undefined;
  const { min, max } = integerRange(type);
  const range = integerRange(out);
  let count = 0;
  for (let a = min; a <= max; a++) {
    for (let b = min; b <= max; b++) {
      const [x, y] = record.swapped ? [b, a] : [a, b];
      const found = roundHalfEven(f(f(f(x * record.sa) + record.c) + f(y * record.sb)));
      const wanted = quantizedSum(sum, a, b);
      if (clamp(found, range.min, range.max) !== clamp(wanted, range.min, range.max)) count++;
    }
  }
  return count;
}

function graphOf(sum: QuantizedPair, type: IntegerType) {
  const b = new GraphBuilder('sum');
  const [x, y] = ['x', 'y'].map((n) => b.input(n, { element: type, shape: [1, 4, 8, 8] }));
  return b.finish([b.add('qadd', [x!, y!], sum, { element: type })]);
}

const U8: IntegerType = { kind: 'int', bits: 8, coding: 'unsigned' };
const S8: IntegerType = { kind: 'int', bits: 8, coding: 'signed' };
const U4: IntegerType = { kind: 'int', bits: 4, coding: 'unsigned' };
describe('constants of quantized sums', () => {
  it.each([
    ['uint8', U8, U8],
    ['int8', S8, S8],
    ['int8 to uint4', S8, U4],
  ])('give the code of the graph for all 65,536 pairs of %s', (_, type, out) => {
    const random = createRandom(11);
    const counts = Array.from({ length: 40 }, () => differing(drawSum(random, type), type, out));
    expect(counts.filter((c) => c !== undefined && c !== 0)).toEqual([]);
    expect(counts.filter((c) => c === undefined).length).toBeLessThanOrEqual(3);
  });

  it('are not claimed where the terms are too large for float32 to decide, or operands too wide to compare', () => {
    const sum = { ...drawSum(createRandom(1), U8), aScale: 1e6, scale: 1e-3 };
    expect(sumRecord(sum, U8, U8, U8)).toBeUndefined();
    const wide: IntegerType = { kind: 'int', bits: 16, coding: 'signed' };
    expect(sumRecord(drawSum(createRandom(1), U8), wide, U8, U8)).toBeUndefined();
  });

  it.each(Object.keys(MAIN_PRESETS))('a sum without constants runs as its float operations on %s', (name) => {
    const random = createRandom(5);
    let spelled = 0;
    for (let i = 0; i < 600 && spelled < 1; i++) {
      const sum = drawSum(random, U8);
      if (sumRecord(sum, U8, U8, U8) !== undefined) continue;
      spelled++;
      const { program } = checkGraph(graphOf(sum, U8), MAIN_PRESETS[name]!, seeded(i));
      const ops = new Set(program.cores[0]!.instructions.map((instruction) => instruction.op));
      expect([ops.has('vaddq'), ops.has('vdiv')]).toEqual([false, true]);
    }
    expect(spelled).toBe(1);
  });
});

/** Pairs on which two multiplications, as the manual has them, differ from the graph's product. */
function differingProducts(product: QuantizedPair, type: IntegerType, scaled: 'a' | 'b'): number | undefined {
  const k = productFactor(product, type, type, type, scaled);
  if (k === undefined) return undefined;
  const { min, max } = integerRange(type);
  let count = 0;
  for (let a = min; a <= max; a++) {
    for (let b = min; b <= max; b++) {
      const [x, y] = [a - product.aZero, b - product.bZero];
      const value = scaled === 'a' ? f(y * f(x * k)) : f(x * f(y * k));
      const wanted = clamp(quantizedProduct(product, a, b), min, max);
      if (clamp(roundHalfEven(value) + product.zeroPoint, min, max) !== wanted) count++;
    }
  }
  return count;
}

describe('factors of quantized products', () => {
  it.each([
    ['uint8', U8],
    ['int8', S8],
    ['uint4', U4],
  ])('give the code of the graph for all pairs of %s', (_, type) => {
    const random = createRandom(12);
    const counts = Array.from({ length: 40 }, (_, i) =>
      differingProducts(drawSum(random, type), type, i % 2 === 0 ? 'a' : 'b'),
    );
    expect(counts.filter((c) => c !== undefined && c !== 0)).toEqual([]);
    expect(counts.filter((c) => c === undefined).length).toBeLessThanOrEqual(3);
  });

  it('are not claimed of 16-bit operands, nor of a zero point between codes', () => {
    const wide: IntegerType = { kind: 'int', bits: 16, coding: 'signed' };
    const product = drawSum(createRandom(1), U8);
    expect(productFactor(product, wide, U8, U8, 'a')).toBeUndefined();
    expect(productFactor({ ...product, zeroPoint: 0.5 }, U8, U8, U8, 'a')).toBeUndefined();
  });

  const GATES = [
    ['one value a channel', [1, 4, 1, 1], 2],
    ['as many values', [1, 4, 8, 8], 2],
    ['16-bit codes', [1, 4, 1, 1], 5],
  ] as const;
  it.each(GATES)("a product with a gate of %s, in either order, is the interpreter's", (what, shape, operations) => {
    for (const first of [true, false]) {
      const b = new GraphBuilder('product');
      const gate: IntegerType = what === '16-bit codes' ? { kind: 'int', bits: 16, coding: 'signed' } : S8;
      const x = b.input('x', { element: U8, shape: [1, 4, 8, 8] });
      const g = b.input('g', { element: gate, shape });
      const attributes = { aScale: 0.013, aZero: 3, bScale: 0.021, bZero: -5, scale: 0.017, zeroPoint: 12 };
      const graph = b.finish([b.add('qmul', first ? [x, g] : [g, x], attributes, { element: U8 })]);
      const { program } = checkGraph(graph, MAIN_PRESETS['edge-dcim-28nm']!, seeded(9));
      const vector = program.cores[0]!.instructions.filter(({ op }) => op === 'vmul' || op === 'vdiv' || op === 'vadd');
      expect(vector.length).toBe(operations);
    }
  });
});
