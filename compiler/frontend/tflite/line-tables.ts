/**
 * Functions as 512 straight lines over the 16-bit codes, with 15 fraction bits, as TensorFlow Lite's LUTPopulate fills them for 16-bit kernels, in float32: a
 * point lies off the function by half of what the line misses in its middle.
 */
import { exponential } from '../../graph/ops/transcendental.ts';

const f32 = Math.fround;
const STEPS = 512;
const [LOW, HIGH] = [-(2 ** 15), 2 ** 15 - 1];

/** Value at the beginning of each line, and its rise over the 128 codes of the line. */
export interface Lines {
  readonly base: readonly number[];
  readonly slope: readonly number[];
}

const round = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
const limited = (x: number): number => Math.min(HIGH, Math.max(LOW, x));

/** Results have scale 2 / 65535. */
function lines(scale: number, zero: number, of: (x: number) => number): Lines {
  const [least, most] = [f32(scale * (LOW - zero)), f32(scale * (HIGH - zero))];
  const step = f32(f32(most - least) / STEPS);
  const unit = f32(2 / 65535);
  const inverse = f32(2 ** 16 / f32(f32(unit * HIGH) - f32(unit * LOW)));
  const value = (x: number): number => f32(f32(of(x)) * inverse);
  const points = Array.from({ length: STEPS }, (_, i) => {
    const at = f32(least + f32(i * step));
    const here = value(at);
    const next = value(f32(least + f32((i + 1) * step)));
    const middle = round(f32(f32(next + round(here)) / 2));
    const error = middle - round(value(f32(at + f32(step / 2))));
    return limited(round(here) - round(error / 2));
  });
  points.push(limited(round(value(most))));
  return { base: points.slice(0, STEPS), slope: points.slice(1).map((p, i) => p - points[i]!) };
}

/** exp(x) of x from -10 to 0. */
export const EXP_LINES = lines(f32(10 / 65535), HIGH, exponential);
/** 1 / (1 + x) of x from 0 to 1. */
export const RECIPROCAL_LINES = lines(f32(1 / 65535), LOW, (x) => 1 / f32(1 + x));
