/**
 * A stand-in for the normal distribution that is the same on every platform: the sum of four bytes, centred, divided by its deviation. It reaches 3.45
 * deviations. Seeded weights are drawn from it, and what quantizers do to values that are spread like it is summed over it.
 */

/** Outcomes 0 .. 1020. */
export const BELL_OUTCOMES = 1021;
const DEVIATION = Math.sqrt((4 * (256 * 256 - 1)) / 12);

/** An outcome in deviations. */
export function bellValue(outcome: number): number {
  return (outcome - 510) / DEVIATION;
}

/** The n-th draw of a stream, as an outcome: a hash of its number (the finalizer of MurmurHash3), so any part of a stream can be made alone. */
export function bellDraw(key: number, n: number): number {
  let h = (key + Math.imul(n, 0x9e3779b9)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h ^= h >>> 16;
  return (h & 255) + ((h >>> 8) & 255) + ((h >>> 16) & 255) + (h >>> 24);
}

export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** Every tenth outcome with its share: 103 points, enough for moments. */
const POINTS: readonly { readonly z: number; readonly share: number }[] = pointsOf();

function pointsOf() {
  let ways = new Float64Array([1]);
  for (let byte = 0; byte < 4; byte++) {
    const next = new Float64Array(ways.length + 255);
    for (let i = 0; i < ways.length; i++) for (let v = 0; v < 256; v++) next[i + v]! += ways[i]!;
    ways = next;
  }
  const chosen = Array.from({ length: 103 }, (_, i) => 10 * i);
  const total = chosen.reduce((n, i) => n + ways[i]!, 0);
  return chosen.map((i) => ({ z: bellValue(i), share: ways[i]! / total }));
}

/** Mean and variance of f of a bell-shaped value of mean 0 and deviation 1. */
export function momentsOf(f: (z: number) => number): Moments {
  let mean = 0;
  let square = 0;
  for (const { z, share } of POINTS) {
    const y = f(z);
    mean += share * y;
    square += share * y * y;
  }
  return { mean, variance: Math.max(0, square - mean * mean) };
}

/**
 * Deviations a code for codes min .. max: the step with the least mean square error on bell-shaped values, searched in twentieths of a deviation of
 * the largest code. One-sided codes serve the positive half, as behind ReLU.
 */
export function bellStep(min: number, max: number): number {
  let best = { step: 1, error: Number.POSITIVE_INFINITY };
  for (let top = 12; top <= 70; top++) {
    const step = top / 20 / max;
    const error = momentsOf((z) => squareError(z, step, min, max)).mean;
    if (error < best.error) best = { step, error };
  }
  return best.step;
}

function squareError(z: number, step: number, min: number, max: number): number {
  const d = z - step * codeOf(z / step, min, max);
  return d * d;
}

/** Rounded and kept inside. */
export function codeOf(x: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, Math.round(x)));
}
