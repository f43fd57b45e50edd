/**
 * TensorFlow Lite's fixed-point arithmetic, as its reference kernels do it: a real factor is a 31-bit multiplier and a shift; multiplying
 * rounds twice (saturating rounding doubling high multiply, then rounding shift right), which is what builds without
 * TFLITE_SINGLE_ROUNDING compute, and they are the rule. Used here for tables; sums are requantized by the machine.
 */

export interface Multiplier {
  /** 2^30 .. 2^31 - 1, or 0. */
  readonly multiplier: number;
  /** Left when positive, right when negative. */
  readonly shift: number;
}

/** A positive factor as multiplier · 2^(shift − 31), the multiplier rounded half away; factors below 2^-32 become 0. */
export function quantizeMultiplier(factor: number): Multiplier {
  if (factor === 0) return { multiplier: 0, shift: 0 };
  const { fraction, exponent } = split(factor);
  const rounded = Math.floor(fraction * 2 ** 31 + 0.5);
  const [multiplier, shift] = rounded === 2 ** 31 ? [2 ** 30, exponent + 1] : [rounded, exponent];
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier, shift };
}

/** factor = fraction · 2^exponent with fraction in [0.5, 1), for a normal positive double. */
export function split(factor: number): { readonly fraction: number; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, factor);
  const exponent = ((view.getUint32(0) >>> 20) & 0x7ff) - 1022;
  return { fraction: factor / 2 ** exponent, exponent };
}

/** x · multiplier · 2^(shift − 31), rounded twice; x · 2^shift must fit 32 bits. */
export function multiply(x: number, { multiplier, shift }: Multiplier): number {
  const high = doublingHigh(x * 2 ** Math.max(shift, 0), multiplier);
  return shiftRight(high, Math.max(-shift, 0));
}

/** Products up to here, and what rounding adds to them, are exact doubles. */
const EXACT = 2 ** 52;

/** a · b / 2^31, ties away from zero; saturates where both are -2^31. */
export function doublingHigh(a: number, b: number): number {
  const product = a * b;
  if (Math.abs(product) < EXACT) return Math.trunc((product + (product >= 0 ? 2 ** 30 : 1 - 2 ** 30)) / 2 ** 31) + 0;
  return roundedQuotient(BigInt(a) * BigInt(b), 31n, 2n ** 31n - 1n);
}

/** The same of 16-bit numbers: a · b / 2^15. */
export function doublingHigh16(a: number, b: number): number {
  return roundedQuotient(BigInt(a) * BigInt(b), 15n, 2n ** 15n - 1n);
}

/** x / 2^bits, ties away from zero. */
export function shiftRight(x: number, bits: number): number {
  const unit = 2 ** bits;
  const size = Math.floor(Math.abs(x) / unit + 0.5);
  return x < 0 ? -size : size;
}

/** gemmlowp adds 2^(b-1), or 1 - 2^(b-1) to a negative product, and divides towards zero. */
function roundedQuotient(product: bigint, bits: bigint, most: bigint): number {
  const half = 1n << (bits - 1n);
  const quotient = (product + (product >= 0n ? half : 1n - half)) / (1n << bits);
  return Number(quotient > most ? most : quotient);
}
