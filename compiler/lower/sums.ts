/**
 * Quantized sums on the vector unit. VADDQ computes (a * sa + c) + b * sb on raw codes; the graph's op divides and adds the zero point
 * last, so the straightforward constants differ from it in about one pair of codes in 400,000, next to a rounding step. Constants a few
 * float32 steps away mostly agree for every pair: they are searched, and held against all pairs near a step. Where none agree (about
 * one sum in a hundred, of random scales) the sum runs as its float operations.
 */
import { clamp, roundHalfEven } from '../graph/ops/op.ts';
import { quantizedSum } from '../graph/ops/qadd.ts';
import type { ElementType, Graph, IntegerType, Node, NodeOf, OpAttributes, ValueType } from '../graph/types.ts';
import { integerRange } from '../graph/types.ts';
import { at } from './layout.ts';

type Sum = OpAttributes['qadd'];

/** Constants of VADDQ; with `swapped` the graph's second operand is its first. */
export interface SumRecord {
  readonly swapped: boolean;
  readonly sa: number;
  readonly sb: number;
  readonly c: number;
}

/** More pairs of codes than this are not compared: 8-bit operands have 2^16. */
const PAIRS_MAX = 2 ** 18;
/** How far the search goes: scales in their float32 steps, the offset in units of 2^-24 of the largest term. */
const SCALE_STEPS = [0, 1, -1] as const;
const OFFSET_STEPS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8, 12, -12, 16, -16] as const;

/** Constants that give the graph's code for every pair of operand codes; undefined where none were found. */
export function sumRecord(sum: Sum, a: ElementType, b: ElementType, out: ElementType): SumRecord | undefined {
  if (a.kind !== 'int' || b.kind !== 'int' || out.kind !== 'int') return undefined;
  const [rangeA, rangeB] = [integerRange(a), integerRange(b)];
  if ((rangeA.max - rangeA.min + 1) * (rangeB.max - rangeB.min + 1) > PAIRS_MAX) return undefined;
  const largest = largestTerm(sum, rangeA, rangeB);
  const pairs = nearSteps({ sum, a: rangeA, b: rangeB, out: integerRange(out), margin: MARGIN * largest });
  if (pairs === undefined) return undefined;
  const ra = sum.aScale / sum.scale;
  const rb = sum.bScale / sum.scale;
  const offset = sum.zeroPoint - (ra * sum.aZero + rb * sum.bZero);
  for (const [stepC, stepA, stepB] of STEPS) {
    for (const swapped of [false, true]) {
      const [sa, sb] = [floatStep(ra, stepA), floatStep(rb, stepB)];
      const c = Math.fround(offset + stepC * 2 ** -24 * largest);
      const record = swapped ? { swapped, sa: sb, sb: sa, c } : { swapped, sa, sb, c };
      if (pairs.every((pair) => agrees(record, pair, integerRange(out)))) return record;
    }
  }
  return undefined;
}

const STEPS = OFFSET_STEPS.flatMap((c) => SCALE_STEPS.flatMap((a) => SCALE_STEPS.map((b) => [c, a, b] as const)));

/** The float32 next to `x`, `steps` away from zero (towards it when negative). */
function floatStep(x: number, steps: number): number {
  const bits = new Int32Array(1);
  const float = new Float32Array(bits.buffer);
  float[0] = x;
  if (x !== 0) bits[0] = bits[0]! + steps;
  return float[0]!;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

interface Task {
  readonly sum: Sum;
  readonly a: Range;
  readonly b: Range;
  readonly out: Range;
  /** How near to a rounding step counts. */
  readonly margin: number;
}

/**
 * Pairs further than this from a rounding step, times the largest term, get the same code from any constants tried here. With
 * u = 2^-24 and L the largest term over the result's scale, the graph's operations are within 17 u L of the exact sum (five roundings
 * of at most 5 L), VADDQ within 36 u L (scales off by a step and their rounding: 8, the offset: 19, four roundings: 9).
 */
const MARGIN = 64 * 2 ** -24;

/** In units of the result's code. */
function largestTerm(sum: Sum, a: Range, b: Range): number {
  const terms = [sum.aScale * a.min, sum.aScale * a.max, sum.aScale * sum.aZero];
  terms.push(sum.bScale * b.min, sum.bScale * b.max, sum.bScale * sum.bZero);
  return Math.max(...terms.map((x) => Math.abs(x) / sum.scale), Math.abs(sum.zeroPoint), 1);
}

interface Pair {
  readonly a: number;
  readonly b: number;
  /** What the graph gives. */
  readonly code: number;
}

/** Pairs whose sum is so near to a rounding step that float32 decides; undefined where that is no small part of a code. */
function nearSteps({ sum, a, b, out, margin }: Task): Pair[] | undefined {
  if (!(margin < 0.25)) return undefined;
  const right = Float64Array.from({ length: b.max - b.min + 1 }, (_, i) => {
    return (sum.bScale * (b.min + i - sum.bZero)) / sum.scale;
  });
  const found: Pair[] = [];
  for (let x = a.min; x <= a.max; x++) {
    const left = (sum.aScale * (x - sum.aZero)) / sum.scale + sum.zeroPoint;
    for (let i = 0; i < right.length; i++) {
      const v = left + right[i]!;
      if (Math.abs(v - Math.floor(v) - 0.5) >= margin || v < out.min - 1 || v > out.max + 1) continue;
      const y = b.min + i;
      found.push({ a: x, b: y, code: clamp(quantizedSum(sum, x, y), out.min, out.max) });
    }
  }
  return found;
}

/** VADDQ on one pair. */
function agrees({ swapped, sa, sb, c }: SumRecord, { a, b, code }: Pair, out: Range): boolean {
  const left = Math.fround(Math.fround((swapped ? b : a) * sa) + c);
  const sum = Math.fround(left + Math.fround((swapped ? a : b) * sb));
  return clamp(roundHalfEven(sum), out.min, out.max) === code;
}

/** The float operations of a sum, in the order of its definition; their values are added to `values`. */
export function spelledSum(graph: Graph, node: NodeOf<'qadd'>, values: Map<string, ValueType>): Node[] {
  const { aScale, aZero, bScale, bZero, scale, zeroPoint } = node.attributes;
  const { name, source, output } = node;
  const out = graph.values.get(output)!;
  const floats = (
    [
      ['a', aScale, aZero],
      ['b', bScale, bZero],
    ] as const
  ).map(([side, s, z], i): Node => {
    const input = at(node.inputs, i);
    const value = `${name} ${side}`;
    values.set(value, { element: { kind: 'float32' }, shape: values.get(input)!.shape });
    const attributes = { scale: Float32Array.of(s), zeroPoint: Int32Array.of(z), axis: 0 };
    return { op: 'dequantize', name: value, inputs: [input], output: value, attributes, source };
  });
  const sum = `${name} sum`;
  values.set(sum, { element: { kind: 'float32' }, shape: out.shape });
  const added = { op: 'binary', name: sum, inputs: floats.map((f) => f.output), output: sum, source } as const;
  const range = integerRange(out.element as IntegerType);
  const attributes = {
    scale: Float32Array.of(scale),
    zeroPoint: Float32Array.of(zeroPoint),
    axis: 0,
    rounding: 'half-even',
    ...range,
    order: 'zero-then-round',
  } as const;
  const quantized = { op: 'quantize', name: `${name} codes`, inputs: [sum], output, attributes, source } as const;
  return [...floats, { ...added, attributes: { fn: 'add' } }, quantized];
}
