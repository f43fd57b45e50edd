/** The reference kernels of float32 that stand between quantizers: one rounding for each operation. */
import type { Frame, Kernel } from './reference.ts';
import { pairwise } from './reference-basics.ts';

const f32 = Math.fround;
const each =
  (of: (x: number, f: Frame) => number): Kernel =>
  (f) =>
    f.v(0).map((x) => f32(of(x, f)));

/** Bounds of a fused activation. */
const BOUNDS = [
  [-Infinity, Infinity],
  [0, Infinity],
  [-1, 1],
  [0, 6],
] as const;

const pair =
  (of: (a: number, b: number) => number, fused = true): Kernel =>
  (f) => {
    const [low, high] = BOUNDS[fused ? f.o.byte(0) : 0]!;
    return pairwise(f, (a, b) => Math.min(high, Math.max(low, f32(of(a, b)))));
  };

function halfEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

export const FLOATS: Readonly<Record<number, Kernel>> = {
  0: pair((a, b) => a + b),
  8: each(Math.floor),
  14: each((x) => 1 / (1 + Math.exp(-x))),
  18: pair((a, b) => a * b),
  19: each((x) => Math.max(0, x)),
  20: each((x) => Math.min(1, Math.max(-1, x))),
  21: each((x) => Math.min(6, Math.max(0, x))),
  28: each(Math.tanh),
  41: pair((a, b) => a - b),
  42: pair((a, b) => a / b),
  47: each(Math.exp),
  55: pair(Math.max, false),
  57: pair(Math.min, false),
  59: each((x) => -x),
  75: each(Math.sqrt),
  76: each((x) => 1 / f32(Math.sqrt(x))),
  92: each((x) => x * x),
  98: each((x, f) => (x > 0 ? x : x * f.o.float(0))),
  99: pair((a, b) => f32(a - b) ** 2, false),
  101: each(Math.abs),
  104: each(Math.ceil),
  106: (f) => f.v(0).map((_, at) => f.o.inputs.reduce((sum, _i, i) => f32(sum + f.v(i)[at]!), 0)),
  111: each((x) => (x < 0 ? Math.expm1(x) : x)),
  116: each(halfEven),
  117: each((x) => f32(x * Math.min(6, Math.max(0, f32(x + 3)))) / 6),
  152: each((x) => Math.min(1, Math.max(0, x))),
  158: each(Math.sign),
};
