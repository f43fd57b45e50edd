/**
 * LOGISTIC and TANH of 16-bit codes as TensorFlow Lite's reference kernels compute them: straight lines between 256 values of the logistic function, at
 * i / 24 with 16 fraction bits; the argument as a whole number with 3 / 4096 to its unit; results with 15 fraction bits. tanh(x) = 2 logistic(2x) - 1.
 */
import { logistic } from '../../graph/ops/transcendental.ts';
import { split } from './fixed-point.ts';

/** Values between which the lines run. */
export const POINTS = 256;
/** Where the published table lies one above the rounded function. */
const ONE_ABOVE = (
  '4 8 12 14 15 16 17 19 20 21 22 25 27 28 29 30 31 33 34 35 37 39 40 41 43 44 45 46 49 50 54 62 63 64 66 82 86 93 100 103 ' +
  '112 116 135 255'
).split(' ');
/** Logistic function at i / 24 with 16 fraction bits. */
export const LOGISTIC = Array.from({ length: POINTS }, (_, i) => {
  const rounded = Math.floor(logistic(i / 24) * 2 ** 16 + 0.5);
  return rounded + (ONE_ABOVE.includes(String(i)) ? 1 : 0);
});

/** Logistic function of size / 2^bits points, with 16 + bits fraction bits; `top` from the last point on. */
function between(size: number, bits: number, top: number): number {
  const unit = 2 ** bits;
  const point = Math.floor(size / unit);
  if (point >= POINTS - 1) return top;
  const low = LOGISTIC[point]!;
  return low * unit + (size % unit) * (LOGISTIC[point + 1]! - low);
}

/** Factors up to which a number counts as a power of two: 2^0.001. */
const NEAR_ONE = 1.0006933874625807;

/** The exponent of a power of two, as near as the kernels ask for; undefined for other numbers. */
function exponentOf(scale: number): number | undefined {
  const { fraction, exponent } = split(scale);
  if (2 * fraction < NEAR_ONE) return exponent - 1;
  return fraction * NEAR_ONE > 1 ? exponent : undefined;
}

/** A factor of up to 15 bits and a right shift: scale times 4096 times 3. */
function argument(scale: number): { readonly multiplier: number; readonly shift: number } {
  let [multiplier, shift] = [scale * 4096 * 3, 0];
  for (; multiplier <= 32767 / 2 && shift <= 30; shift++) multiplier *= 2;
  return { multiplier: Math.trunc(multiplier), shift };
}

/** code times the multiplier, rounded half up. */
const shifted = (code: number, multiplier: number, shift: number): number =>
  Math.floor((code * multiplier + (shift > 0 ? 2 ** (shift - 1) : 0)) / 2 ** shift);

/** The kernel's function of a code of this scale. */
export function wideLogistic(scale: number): (code: number) => number {
  const { multiplier, shift } = exponentOf(scale) === -12 ? { multiplier: 3, shift: 0 } : argument(scale);
  return (code) => {
    const x = shifted(code, multiplier, shift);
    const value = between(Math.abs(x), 9, 0x7fff * 2 ** 10);
    return Math.floor((x >= 0 ? value + 2 ** 9 : 2 ** 25 - value + 2 ** 9 - 1) / 2 ** 10);
  };
}

export function wideTanh(scale: number): (code: number) => number {
  const exponent = exponentOf(scale);
  const whole = exponent === -12 || exponent === -11;
  const { multiplier, shift } = whole ? { multiplier: 3 * 2 ** (exponent + 12), shift: 0 } : argument(scale);
  return (code) => {
    const x = shifted(code, multiplier, shift);
    const value = between(Math.abs(x), 8, 0xffff * 2 ** 8);
    return Math.floor((x >= 0 ? value - 2 ** 23 + 2 ** 7 : -value + 2 ** 23 + 2 ** 7 - 1) / 2 ** 8);
  };
}
