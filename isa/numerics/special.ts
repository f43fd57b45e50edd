/**
 * The vector unit's special functions: the float32 nearest to these double results is what `vfun` gives. Built from + - * / and square
 * root only, so that every platform has the same bits. exp: x = n ln2/32 + r, table of 2^(j/32) and a Taylor polynomial to r^7 (relative error below 1e-15).
 */
import type { SpecialFunction } from '../instructions/table.ts';

const STEPS = 32;
const LN2_STEP_HIGH = 0.02166084939249829;
const LN2_STEP_LOW = 7.2470212932696861e-19;
const POWERS = powersOfTwo();

/** 2^(j/32) from square roots of 2, each a product of at most five of them. */
function powersOfTwo(): Float64Array {
  const roots = [2];
  for (let i = 0; i < 5; i++) roots.push(Math.sqrt(roots[i]!));
  return Float64Array.from({ length: STEPS }, (_, j) => {
    let p = 1;
    for (let bit = 0; bit < 5; bit++) if ((j >> bit) & 1) p *= roots[5 - bit]!;
    return p;
  });
}

export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.7) return Infinity;
  if (x < -745) return 0;
  const n = Math.floor(x / LN2_STEP_HIGH + 0.5);
  const j = ((n % STEPS) + STEPS) % STEPS;
  const r = x - n * LN2_STEP_HIGH - n * LN2_STEP_LOW;
  const p = 1 + r * (1 + (r / 2) * (1 + (r / 3) * (1 + (r / 4) * (1 + (r / 5) * (1 + (r / 6) * (1 + r / 7))))));
  const k = (n - j) / STEPS;
  const half = Math.trunc(k / 2);
  return POWERS[j]! * p * 2 ** half * 2 ** (k - half);
}

const FUNCTIONS: Readonly<Record<SpecialFunction, (x: number) => number>> = {
  exp,
  sigmoid: (x) => 1 / (1 + exp(-x)),
  // (e^2x - 1)/(e^2x + 1) loses digits near zero; there the odd series is exact enough for float32.
  tanh: (x) =>
    Math.abs(x) < 0.01 ? x - x ** 3 / 3 + (2 * x ** 5) / 15 - (17 * x ** 7) / 315 : 1 - 2 / (exp(2 * x) + 1),
  abs: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  round: halfEven,
  sign: Math.sign,
};

/** float32(f(x)). */
export function special(fn: SpecialFunction, x: number): number {
  return Math.fround(FUNCTIONS[fn](x));
}

/** Rounds half to even by letting a double's last bit fall on the unit; exact for |x| < 2^51. */
export function halfEven(x: number): number {
  if (Math.abs(x) >= 2 ** 51 || Number.isNaN(x)) return x;
  const magic = 6755399441055744;
  return x + magic - magic;
}
