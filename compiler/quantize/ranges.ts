/**
 * Ranges of activations from what calibration saw. A range holds zero, so that padding and Relu are codes. Histograms are counts over 2048
 * equal bins of what min-max found in a first pass.
 */
import { logarithm } from './logarithm.ts';
import type { CalibrationMethod } from './recipe.ts';

export interface Range {
  readonly low: number;
  readonly high: number;
}

const BINS = 2048;
/** Share of values that a percentile range keeps. */
const KEPT = 0.9999;

/** Least and largest value seen, zero included. */
export class MinMax {
  low = 0;
  high = 0;

  add(values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!;
      if (v < this.low) this.low = v;
      else if (v > this.high) this.high = v;
    }
  }
}

/** Counts of values and of magnitudes within a range. */
export class Histogram {
  readonly #range: Range;
  readonly #values = new Float64Array(BINS);
  readonly #sizes = new Float64Array(BINS);

  constructor(range: Range) {
    this.#range = range;
  }

  add(values: ArrayLike<number>): void {
    const { low, high } = this.#range;
    const width = high - low;
    if (!(width > 0)) return;
    const reach = Math.max(-low, high);
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!;
      this.#values[binOf((v - low) / width)]! += 1;
      // Zero is a code whatever the range: the many zeros behind a Relu say nothing about it.
      if (v !== 0) this.#sizes[binOf(Math.abs(v) / reach)]! += 1;
    }
  }

  range(method: Exclude<CalibrationMethod, 'min-max'>, bits: number): Range {
    const { low, high } = this.#range;
    if (!(high > low)) return this.#range;
    if (method === 'percentile') return percentileRange(this.#values, this.#range);
    const levels = low < 0 ? 2 ** (bits - 1) : 2 ** bits;
    const reach = Math.max(-low, high) * entropyShare(this.#sizes, levels);
    return { low: Math.max(low, -reach), high: Math.min(high, reach) };
  }
}

function binOf(share: number): number {
  return Math.max(0, Math.min(BINS - 1, Math.floor(share * BINS)));
}

/** Half of what may be lost, at either end; zero stays inside. */
export function percentileRange(counts: Float64Array, { low, high }: Range): Range {
  const total = counts.reduce((a, b) => a + b, 0);
  const lost = ((1 - KEPT) / 2) * total;
  const edge = (from: (i: number) => number): number => {
    let sum = 0;
    let i = 0;
    for (; i < BINS && sum + counts[from(i)]! <= lost; i++) sum += counts[from(i)]!;
    return i;
  };
  const step = (high - low) / BINS;
  const bottom = edge((i) => i);
  const top = edge((i) => BINS - 1 - i);
  return { low: Math.min(0, low + bottom * step), high: Math.max(0, high - top * step) };
}

/**
 * The share of the magnitudes' reach to keep: the first n bins, with all that lies above in the last of them, against the same bins merged to
 * `levels` and spread again over those that are not empty. The n with the least divergence (Migacz, 8-bit inference with TensorRT, GTC 2017).
 */
export function entropyShare(counts: Float64Array, levels: number): number {
  if (levels >= BINS) return 1;
  const step = Math.max(1, Math.floor(levels / 8));
  let best = { bins: BINS, divergence: Number.POSITIVE_INFINITY };
  for (let bins = levels; bins <= BINS; bins += step) {
    const divergence = divergenceOf(counts, bins, levels);
    if (divergence < best.divergence) best = { bins, divergence };
  }
  return best.bins / BINS;
}

function divergenceOf(counts: Float64Array, bins: number, levels: number): number {
  const total = counts.reduce((a, b) => a + b, 0);
  const inside = counts.subarray(0, bins);
  const above = total - inside.reduce((a, b) => a + b, 0);
  const spread = merged(inside, levels);
  const kept = spread.reduce((a, b) => a + b, 0);
  if (kept === 0) return Number.POSITIVE_INFINITY;
  let divergence = 0;
  for (let i = 0; i < bins; i++) {
    const p = (inside[i]! + (i === bins - 1 ? above : 0)) / total;
    if (p === 0) continue;
    // What no level stands for has a chance of one count in a hundred, not none: the divergence stays finite.
    const q = Math.max(spread[i]!, 0.01) / kept;
    divergence += p * logarithm(p / q);
  }
  return divergence;
}

/** Counts of each level, spread evenly over its bins that are not empty. */
function merged(counts: Float64Array, levels: number): Float64Array {
  const out = new Float64Array(counts.length);
  for (let level = 0; level < levels; level++) {
    const from = Math.floor((level * counts.length) / levels);
    const to = Math.floor(((level + 1) * counts.length) / levels);
    let sum = 0;
    let filled = 0;
    for (let i = from; i < to; i++) {
      sum += counts[i]!;
      if (counts[i]! > 0) filled += 1;
    }
    for (let i = from; i < to; i++) if (counts[i]! > 0) out[i] = sum / filled;
  }
  return out;
}

/** Scale and zero point of unsigned codes of a range that holds zero. */
export interface Scale {
  readonly scale: number;
  readonly zero: number;
  readonly bits: number;
}

export function scaleOf({ low, high }: Range, bits: number): Scale {
  const most = 2 ** bits - 1;
  const scale = Math.fround((high - low) / most);
  // Nothing but zero was seen, or next to it: any scale does.
  if (!(scale >= 2 ** -120)) return { scale: Math.fround(1 / most), zero: 0, bits };
  // The last code of [0, 6] is not above 6: so a Clip at 6 before the quantizer has nothing left to do.
  if (low === 0 && Math.fround(scale * most) > high)
    return { scale: Math.fround(scale * (1 - 2 ** -24)), zero: 0, bits };
  return { scale, zero: Math.min(most, Math.round(Math.abs(low) / scale)), bits };
}
