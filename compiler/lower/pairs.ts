/**
 * Quantized sums and products of two codes on the vector unit, whose instructions round elsewhere than the graph's ops do. VADDQ computes
 * (a * sa + c) + b * sb; a product is a * (b * k), one VMUL for the smaller operand and one that writes codes. The graph's ops divide and add the zero
 * point last, so the straightforward constants differ from them in about one pair of codes in 400,000, next to a rounding step. Constants a few
 * float32 steps away mostly agree for every pair: they are searched, and held against all pairs near a step. Where none agree (about
 * one sum in a hundred, of random scales) the op runs as its float operations.
 */
import { clamp, roundHalfEven } from '../graph/ops/op.ts';
import { quantizedSum } from '../graph/ops/qadd.ts';
import { quantizedProduct } from '../graph/ops/qmul.ts';
import type { ElementType, QuantizedPair } from '../graph/types.ts';
import { integerRange } from '../graph/types.ts';

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
const FACTOR_STEPS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6] as const;

interface Range {
  readonly min: number;
  readonly max: number;
}

/** Ranges of the operands' codes and of the result's; undefined where they are not codes, or too many to compare. */
function rangesOf(a: ElementType, b: ElementType, out: ElementType): [Range, Range, Range] | undefined {
  if (a.kind !== 'int' || b.kind !== 'int' || out.kind !== 'int') return undefined;
  const [rangeA, rangeB] = [integerRange(a), integerRange(b)];
  const pairs = (rangeA.max - rangeA.min + 1) * (rangeB.max - rangeB.min + 1);
  return pairs > PAIRS_MAX ? undefined : [rangeA, rangeB, integerRange(out)];
}

/** Constants that give the graph's code for every pair of operand codes; undefined where none were found. */
export function sumRecord(sum: QuantizedPair, a: ElementType, b: ElementType, to: ElementType): SumRecord | undefined {
  const ranges = rangesOf(a, b, to);
  if (ranges === undefined) return undefined;
  const [rangeA, rangeB, out] = ranges;
  const largest = largestTerm(sum, rangeA, rangeB);
  const ra = sum.aScale / sum.scale;
  const rb = sum.bScale / sum.scale;
  const pairs = nearSteps({
    ...{ a: rangeA, b: rangeB, out, margin: MARGIN * largest },
    left: (x) => (sum.aScale * (x - sum.aZero)) / sum.scale + sum.zeroPoint,
    right: (y) => (sum.bScale * (y - sum.bZero)) / sum.scale,
    exact: (left, right) => left + right,
    code: (x, y) => quantizedSum(sum, x, y),
  });
  if (pairs === undefined) return undefined;
  const offset = sum.zeroPoint - (ra * sum.aZero + rb * sum.bZero);
  for (const [stepC, stepA, stepB] of STEPS) {
    for (const swapped of [false, true]) {
      const [sa, sb] = [floatStep(ra, stepA), floatStep(rb, stepB)];
      const c = Math.fround(offset + stepC * 2 ** -24 * largest);
      const record = swapped ? { swapped, sa: sb, sb: sa, c } : { swapped, sa, sb, c };
      if (pairs.every((pair) => agrees(record, pair, out))) return record;
    }
  }
  return undefined;
}

const STEPS = OFFSET_STEPS.flatMap((c) => SCALE_STEPS.flatMap((a) => SCALE_STEPS.map((b) => [c, a, b] as const)));

/**
 * The k with which saturate(half-even((a - aZero) * ((b - bZero) * k)) + zeroPoint) is the graph's code for every pair; undefined where none was found.
 * @param scaled which operand k is multiplied to first
 */
export function productFactor(
  product: QuantizedPair,
  a: ElementType,
  b: ElementType,
  to: ElementType,
  scaled: 'a' | 'b',
): number | undefined {
  const ranges = rangesOf(a, b, to);
  if (ranges === undefined || !Number.isInteger(product.zeroPoint)) return undefined;
  const [rangeA, rangeB, out] = ranges;
  const { aZero, bZero, zeroPoint } = product;
  const factor = (product.aScale * product.bScale) / product.scale;
  const furthest = (r: Range, zero: number): number => Math.max(r.max - zero, zero - r.min);
  const largest = Math.max(
    Math.abs(factor) * furthest(rangeA, aZero) * furthest(rangeB, bZero),
    Math.abs(zeroPoint),
    1,
  );
  const pairs = nearSteps({
    ...{ a: rangeA, b: rangeB, out, margin: MARGIN * largest },
    left: (x) => factor * (x - aZero),
    right: (y) => y - bZero,
    exact: (left, right) => left * right + zeroPoint,
    code: (x, y) => quantizedProduct(product, x, y),
  });
  if (pairs === undefined) return undefined;
  return FACTOR_STEPS.map((step) => floatStep(factor, step)).find((k) =>
    pairs.every(({ a: x, b: y, code }) => {
      const [plain, first] = scaled === 'a' ? [y - bZero, x - aZero] : [x - aZero, y - bZero];
      const found = roundHalfEven(Math.fround(plain * Math.fround(first * k))) + zeroPoint;
      return clamp(found, out.min, out.max) === code;
    }),
  );
}

/** The float32 next to `x`, `steps` away from zero (towards it when negative). */
function floatStep(x: number, steps: number): number {
  const bits = new Int32Array(1);
  const float = new Float32Array(bits.buffer);
  float[0] = x;
  if (x !== 0) bits[0] = bits[0]! + steps;
  return float[0]!;
}

interface Task {
  readonly a: Range;
  readonly b: Range;
  readonly out: Range;
  /** How near to a rounding step counts. */
  readonly margin: number;
  /** What each operand gives to the exact result, and that result, zero point included. */
  readonly left: (x: number) => number;
  readonly right: (y: number) => number;
  readonly exact: (left: number, right: number) => number;
  /** The graph's code before saturation. */
  readonly code: (x: number, y: number) => number;
}

/**
 * Pairs further than this from a rounding step, times the largest term, get the same code from any constants tried here. With
 * u = 2^-24 and L the largest term over the result's scale: the graph's sum is within 17 u L of the exact one (five roundings
 * of at most 5 L), VADDQ within 36 u L (scales off by a step and their rounding: 8, the offset: 19, four roundings: 9); the graph's product
 * within 6 u L (five roundings, one of at most 2 L), the factor's within 15 u L (off by six steps and its rounding: 13, two roundings: 2).
 */
const MARGIN = 64 * 2 ** -24;

/** In units of the result's code. */
function largestTerm(sum: QuantizedPair, a: Range, b: Range): number {
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

/** Pairs whose result is so near to a rounding step that float32 decides; undefined where that is no small part of a code. */
function nearSteps({ a, b, out, margin, left, right, exact, code }: Task): Pair[] | undefined {
  if (!(margin < 0.25)) return undefined;
  const rights = Float64Array.from({ length: b.max - b.min + 1 }, (_, i) => right(b.min + i));
  const found: Pair[] = [];
  for (let x = a.min; x <= a.max; x++) {
    const l = left(x);
    for (let i = 0; i < rights.length; i++) {
      const v = exact(l, rights[i]!);
      if (Math.abs(v - Math.floor(v) - 0.5) >= margin || v < out.min - 1 || v > out.max + 1) continue;
      const y = b.min + i;
      found.push({ a: x, b: y, code: clamp(code(x, y), out.min, out.max) });
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
