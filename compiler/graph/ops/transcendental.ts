/**
 * exp, logistic and tanh from + - * / alone, so that every platform gives the same bits. exp: x = k ln2 + r, |r| <= ln2/2, Taylor
 * to r^13 by Horner (truncation below 1e-17 relative), scaled by 2^k exactly. Good to about 1e-15, far below float32.
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const FACTORIALS = Array.from({ length: 14 }, (_, n) => {
  let f = 1;
  for (let i = 2; i <= n; i++) f *= i;
  return f;
});

export function exponential(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 710) return Infinity;
  if (x < -760) return 0;
  const k = Math.round(x / (LN2_HIGH + LN2_LOW));
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 0;
  for (let n = 13; n >= 0; n--) sum = sum * r + 1 / FACTORIALS[n]!;
  return timesPowerOfTwo(sum, k);
}

export function logistic(x: number): number {
  if (x >= 0) return 1 / (1 + exponential(-x));
  const e = exponential(x);
  return e / (1 + e);
}

/** tanh(x) = x - x^3/3 + 2x^5/15 - ... near zero, (1 - e)/(1 + e) with e = exp(-2|x|) elsewhere. */
export function hyperbolicTangent(x: number): number {
  const size = Math.abs(x);
  if (size < 1e-3) return x * (1 - (x * x) / 3 + (2 * x * x * x * x) / 15);
  const e = exponential(-2 * size);
  return (x < 0 ? -1 : 1) * ((1 - e) / (1 + e));
}

function timesPowerOfTwo(x: number, k: number): number {
  if (k < -1000) return x * 2 ** -1000 * 2 ** (k + 1000);
  if (k > 1000) return x * 2 ** 1000 * 2 ** (k - 1000);
  return x * 2 ** k;
}

const PI_LOW = 1.2246467991473532e-16;

/** sin(x) = (-1)^k sin(r), r = x - k pi, by Taylor to r^21; good to about 1e-15 for |x| below 2^20. For tables that are known at import. */
export function sine(x: number): number {
  const k = Math.round(x / Math.PI);
  const r = x - k * Math.PI - k * PI_LOW;
  let sum = 1;
  for (let n = 21; n >= 3; n -= 2) sum = 1 - (sum * r * r) / (n * (n - 1));
  return (k % 2 === 0 ? 1 : -1) * r * sum;
}

/** log(x) = k log 2 + 2 artanh((m - 1) / (m + 1)), x = m 2^k with m in 0.7 .. 1.42; odd powers to 31. */
export function naturalLogarithm(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Infinity) return x;
  let k = 0;
  let m = x;
  for (; m > Math.SQRT2; k++) m /= 2;
  for (; m < Math.SQRT1_2; k--) m *= 2;
  const s = (m - 1) / (m + 1);
  let sum = 0;
  for (let n = 31; n >= 1; n -= 2) sum = sum * s * s + 2 / n;
  return k * LN2_LOW + s * sum + k * LN2_HIGH;
}

/**
 * 1 - erf(x). Below 3 by the series of erf with positive terms, erf(x) = 2/sqrt(pi) exp(-x^2) (x + 2x^3/3 + 4x^5/15 + ..), above by the continued
 * fraction exp(-x^2)/sqrt(pi) / (x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ..)))). Good to 1e-15 absolute and 1e-10 relative; for tables.
 */
export function complementaryError(x: number): number {
  if (x < 0) return 2 - complementaryError(-x);
  const bell = exponential(-x * x) / Math.sqrt(Math.PI);
  if (x < 3) {
    let sum = 0;
    let term = x;
    for (let n = 1; term > 1e-18; n++) {
      sum += term;
      term *= (2 * x * x) / (2 * n + 1);
    }
    return 1 - 2 * bell * sum;
  }
  let tail = x;
  for (let n = 60; n >= 1; n--) tail = x + n / 2 / tail;
  return bell / tail;
}
