/** Interpolation that has the same bits on every platform: logarithm by a series of exact operations, exponential from isa/numerics. */
import { exp } from '../../../isa/numerics/special.ts';

const LN2 = Math.LN2;

/** Natural logarithm of x > 0; relative error below 1e-14. ln x = k ln 2 + 2 atanh((m-1)/(m+1)), m in [0.7, 1.5). */
export function ln(x: number): number {
  let m = x;
  let k = 0;
  for (; m >= 1.5; k++) m /= 2;
  for (; m < 0.75; k--) m *= 2;
  const y = (m - 1) / (m + 1);
  const y2 = y * y;
  let sum = 0;
  for (let n = 25; n >= 1; n -= 2) sum = sum * y2 + 1 / n;
  return k * LN2 + 2 * y * sum;
}

/** base^exponent of a base > 0. */
export function power(base: number, exponent: number): number {
  return exp(exponent * ln(base));
}

/** Smallest whole number of bits that counts to n. */
export function ceilLog2(n: number): number {
  let bits = 0;
  for (let reach = 1; reach < n; reach *= 2) bits += 1;
  return bits;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Straight line in log-log between ascending points, exact at each; beyond the ends it follows the last segment. Positive x and y. */
export function logInterpolate(points: readonly Point[], x: number): number {
  const exact = points.find((p) => p.x === x);
  if (exact !== undefined) return exact.y;
  const [a, b] = segment(points, x);
  const t = (ln(x) - ln(a.x)) / (ln(b.x) - ln(a.x));
  return exp(ln(a.y) + t * (ln(b.y) - ln(a.y)));
}

/** Straight line between ascending points, exact at each. */
export function interpolate(points: readonly Point[], x: number): number {
  const exact = points.find((p) => p.x === x);
  if (exact !== undefined) return exact.y;
  const [a, b] = segment(points, x);
  return a.y + ((x - a.x) / (b.x - a.x)) * (b.y - a.y);
}

function segment(points: readonly Point[], x: number): readonly [Point, Point] {
  let i = 1;
  while (i < points.length - 1 && points[i]!.x < x) i += 1;
  return [points[i - 1]!, points[i]!];
}
