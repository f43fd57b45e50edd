/**
 * Exponential, logistic function, hyperbolic tangent and inverse square root in 32-bit fixed point, step by step as TensorFlow Lite's reference kernels
 * compute them (gemmlowp's fixed-point functions), so that a table made from them has the reference's codes. A number with i integer
 * bits is raw / 2^(31 - i). Raw sums wrap in the original only where they cannot be reached from here.
 */
import { doublingHigh, type Multiplier } from './fixed-point.ts';

const ONE = 2 ** 31 - 1;
/** exp(-2^k) without integer bits, for k = -2 .. 4. */
const POWERS = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242] as const;
const EXP_MINUS_EIGHTH = 1895147668;
const THIRD = 715827883;
/** 48/17 and -32/17 with two integer bits: the start of Newton's division. */
const NEWTON_START = 1515870810;
const NEWTON_SLOPE = -1010580540;

const saturate = (x: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, x));

/** x times 2^bits, saturating; towards smaller numbers with ties away from zero. */
function scaled(x: number, bits: number): number {
  if (bits >= 0) return saturate(x * 2 ** bits);
  const size = Math.floor(Math.abs(x) / 2 ** -bits + 0.5);
  return x < 0 ? -size : size;
}

/** exp(x) without integer bits for x in (-1/4, 0], by a Taylor series around -1/8. */
function expNearZero(x: number): number {
  const d = x + 2 ** 28;
  const d2 = doublingHigh(d, d);
  const d3 = doublingHigh(d2, d);
  const d4 = doublingHigh(d2, d2);
  const tail = scaled(doublingHigh(scaled(d4, -2) + d3, THIRD) + d2, -1);
  return EXP_MINUS_EIGHTH + doublingHigh(EXP_MINUS_EIGHTH, d + tail);
}

/** exp(x) without integer bits, for x <= 0 with `integerBits` integer bits. */
function expNegative(x: number, integerBits: number): number {
  if (x === 0) return ONE;
  const fraction = 31 - integerBits;
  const quarter = 2 ** (fraction - 2);
  // The part below a quarter, from -1/4 on, and the quarters that remain.
  const low = (((x % quarter) + quarter) % quarter) - quarter;
  const rest = low - x;
  let result = expNearZero(scaled(low, integerBits));
  POWERS.forEach((factor, i) => {
    const bit = fraction + i - 2;
    if (integerBits > i - 2 && Math.floor(rest / 2 ** bit) % 2 === 1) result = doublingHigh(result, factor);
  });
  return result;
}

/** Newton's division: x with two integer bits so that x times (1 + a) / 2 is 1, for a in [0, 1] without integer bits. */
function reciprocal(a: number): number {
  const half = Math.floor((a + ONE + 1) / 2);
  let x = NEWTON_START + doublingHigh(half, NEWTON_SLOPE);
  for (let i = 0; i < 3; i++) {
    const error = 2 ** 29 - doublingHigh(half, x);
    x += scaled(doublingHigh(x, error), 2);
  }
  return x;
}

/** 1 / (1 + exp(-x)) without integer bits. */
export function logistic(x: number, integerBits: number): number {
  if (x === 0) return 2 ** 30;
  const positive = scaled(reciprocal(expNegative(-Math.abs(x), integerBits)), 1);
  return x > 0 ? positive : ONE - positive;
}

/** tanh(x) without integer bits. */
export function tanh(x: number, integerBits: number): number {
  if (x === 0) return 0;
  // (1 - e) / (1 + e) of e = exp(-2 |x|); doubling is one more integer bit.
  const e = expNegative(-Math.abs(x), integerBits + 1);
  const size = scaled(reciprocal(e) - 2 ** 29, 2);
  return x < 0 ? -size : size;
}

const ONE_AND_A_HALF = 1.5 * 2 ** 28;
const HALF_SQRT_2 = 1518500250;

/** 1 / sqrt(x) of a whole number from 0 to 2^31 as a multiplier and shift, by five steps of Newton's method with 3 integer bits; 0 counts as 1. */
export function inverseSquareRoot(value: number): Multiplier {
  if (value <= 1) return { multiplier: ONE, shift: 0 };
  let right = 11;
  let x = value;
  for (; x >= 2 ** 29; right++) x = Math.floor(x / 4);
  const pairs = Math.floor((Math.clz32(x) - 1) / 2) - 1;
  right -= pairs;
  const argument = Math.floor((x * 4 ** pairs) / 2);
  const half = scaled(argument, -1);
  let root = 2 ** 28;
  for (let i = 0; i < 5; i++) {
    const cube = scaled(doublingHigh(doublingHigh(root, root), root), 6);
    root = scaled(doublingHigh(ONE_AND_A_HALF, root) - doublingHigh(half, cube), 3);
  }
  const multiplier = doublingHigh(root, HALF_SQRT_2);
  return right < 0 ? { multiplier: multiplier * 2 ** -right, shift: 0 } : { multiplier, shift: -right };
}
