/**
 * Fixed-point arithmetic of TensorFlow Lite's reference kernels in BigInt, written from their documentation (gemmlowp's fixed-point
 * types): numbers are raw 32-bit integers with a count of integer bits. Shares nothing with the frontend or the interpreter.
 */
const TOP = 2n ** 31n - 1n;
const BOTTOM = -(2n ** 31n);

const saturated = (x: bigint): bigint => (x > TOP ? TOP : x < BOTTOM ? BOTTOM : x);
const wrapped = (x: bigint): bigint => BigInt.asIntN(32, x);

/** SaturatingRoundingDoublingHighMul. */
export function highMul(a: bigint, b: bigint): bigint {
  if (a === BOTTOM && b === BOTTOM) return TOP;
  const product = a * b;
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  return (product + nudge) / (1n << 31n);
}

/** RoundingDivideByPOT. */
export function divideByPot(x: bigint, exponent: number): bigint {
  const e = BigInt(exponent);
  const mask = (1n << e) - 1n;
  const threshold = (mask >> 1n) + (x < 0n ? 1n : 0n);
  return (x >> e) + ((x & mask) > threshold ? 1n : 0n);
}

export interface Factor {
  readonly m: bigint;
  readonly shift: number;
}

/** QuantizeMultiplier: the fraction in [0.5, 1) found by doubling and halving, which is exact. */
export function toFactor(real: number): Factor {
  let fraction = real;
  let shift = 0;
  for (; fraction >= 1; shift++) fraction /= 2;
  for (; fraction < 0.5; shift--) fraction *= 2;
  let m = BigInt(Math.round(fraction * 2 ** 31));
  if (m === 1n << 31n) {
    m /= 2n;
    shift++;
  }
  return shift < -31 ? { m: 0n, shift: 0 } : { m, shift };
}

/** MultiplyByQuantizedMultiplier with double rounding. */
export function rescale(x: bigint, { m, shift }: Factor): bigint {
  return shift > 0 ? highMul(wrapped(x << BigInt(shift)), m) : divideByPot(highMul(x, m), -shift);
}

/** The overload for 64-bit sums: 15 bits of the multiplier, one rounding. */
export function rescaleWide(x: bigint, { m, shift }: Factor): bigint {
  const reduced = m < 0x7fff0000n ? (m + (1n << 15n)) >> 16n : 0x7fffn;
  const total = BigInt(15 - shift);
  return (x * reduced + (1n << (total - 1n))) >> total;
}

/** SaturatingRoundingMultiplyByPOT. */
export function byPot(x: bigint, exponent: number): bigint {
  return exponent > 0 ? saturated(x << BigInt(exponent)) : divideByPot(x, -exponent);
}

function expNearZero(a: bigint): bigint {
  const x = a + (1n << 28n);
  const x2 = highMul(x, x);
  const x3 = highMul(x2, x);
  const x4 = highMul(x2, x2);
  const sum = byPot(highMul(byPot(x4, -2) + x3, 715827883n) + x2, -1);
  return 1895147668n + highMul(1895147668n, x + sum);
}

const BARREL = [1672461947n, 1302514674n, 790015084n, 290630308n, 39332535n, 720401n, 242n];

export function expOnNegative(a: bigint, integerBits: number): bigint {
  if (a === 0n) return TOP;
  const fractionBits = 31 - integerBits;
  const quarter = 1n << BigInt(fractionBits - 2);
  const low = (a & (quarter - 1n)) - quarter;
  const remainder = low - a;
  let result = expNearZero(byPot(low, integerBits));
  for (let k = -2; k <= 4; k++) {
    if (integerBits <= k) continue;
    if ((remainder & (1n << BigInt(fractionBits + k))) !== 0n) result = highMul(result, BARREL[k + 2]!);
  }
  return result;
}

function newton(a: bigint): bigint {
  const sum = a + TOP;
  const half = (sum + 1n) / 2n;
  let x = 1515870810n + highMul(half, -1010580540n);
  for (let i = 0; i < 3; i++) x += byPot(highMul(x, (1n << 29n) - highMul(half, x)), 2);
  return x;
}

/** 1 / (1 + a) for a in [0, 1]. */
const reciprocal = (a: bigint): bigint => byPot(newton(a), 1);

export function logisticOf(a: bigint, integerBits: number): bigint {
  if (a === 0n) return 1n << 30n;
  if (a > 0n) return reciprocal(expOnNegative(-a, integerBits));
  return TOP - reciprocal(expOnNegative(a, integerBits));
}

export function tanhOf(a: bigint, integerBits: number): bigint {
  if (a === 0n) return 0n;
  const size = byPot(newton(expOnNegative(a < 0n ? a : -a, integerBits + 1)) - (1n << 29n), 2);
  return a < 0n ? -size : size;
}

/** GetReciprocal: 1/x as a 0.31 number and the bits by which x is above one. */
export function reciprocalOf(x: bigint, integerBits: number): { readonly scale: bigint; readonly over: number } {
  let zeros = 0;
  while (zeros < 32 && x >> BigInt(31 - zeros) === 0n) zeros++;
  const shifted = (x << BigInt(zeros)) - (1n << 31n);
  return { scale: reciprocal(shifted), over: integerBits - zeros };
}
