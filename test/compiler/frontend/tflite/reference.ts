/**
 * TensorFlow Lite's reference kernels, one inference, tensors as in the file (NHWC): sums as exact integers, scaling in BigInt.
 * Written from the kernels' documentation as an oracle for the frontend; shares no code with it, nor with the interpreter.
 */
import {
  activated,
  awayFromZero,
  broadcast,
  clampTo,
  each,
  gathered,
  limitsOf,
  pairwise,
  rectified,
  sizeOf,
} from './reference-basics.ts';
import type { RefModel, RefOperator, RefTensor } from './reference-file.ts';
import {
  byPot,
  divideByPot,
  expOnNegative,
  type Factor,
  highMul,
  logisticOf,
  reciprocalOf,
  rescale,
  rescaleWide,
  tanhOf,
  toFactor,
} from './reference-fixed.ts';
import { FLOATS } from './reference-floats.ts';
import { concatenated, l2Norm, wordSoftmax } from './reference-legacy.ts';
import { lstm } from './reference-lstm.ts';
import { MORE } from './reference-more.ts';
import { SPATIAL } from './reference-spatial.ts';
import { svdf } from './reference-states.ts';
import { wordCurve } from './reference-words.ts';

type Values = readonly number[];

export interface Frame {
  readonly o: RefOperator;
  readonly t: (i: number) => RefTensor;
  readonly v: (i: number) => Values;
  readonly y: RefTensor;
}

/** Values of every tensor after one inference. */
export function runReference(model: RefModel, inputs: ReadonlyMap<number, Values>): (Values | undefined)[] {
  const values: (Values | undefined)[] = model.tensors.map((t, i) => inputs.get(i) ?? t.data);
  for (const o of model.operators) {
    const t = (i: number) => model.tensors[o.inputs[i]!]!;
    const v = (i: number) => values[o.inputs[i]!]!;
    const floats = model.tensors[o.inputs[0]!]!.type === 0;
    const kernel = (floats ? FLOATS[o.code] : undefined) ?? KERNELS[o.code];
    if (kernel === undefined) throw new Error(`the reference has no kernel ${o.code}`);
    const results = kernel({ o, t, v, y: model.tensors[o.outputs[0]!]! });
    const list = Array.isArray(results[0]) ? (results as Values[]) : [results as Values];
    list.forEach((r, i) => {
      values[o.outputs[i]!] = r;
    });
  }
  return values;
}

export type Kernel = (f: Frame) => Values | Values[];

/** Position of the window's first element and its count of results, by SAME (0) or VALID. */
export function placed(padding: number, size: number, kernel: number, stride: number, dilation: number) {
  const span = (kernel - 1) * dilation + 1;
  const count = padding === 0 ? Math.ceil(size / stride) : Math.ceil((size - span + 1) / stride);
  const total = padding === 0 ? Math.max(0, (count - 1) * stride + span - size) : 0;
  return { count, before: Math.floor(total / 2) };
}

function convolve(f: Frame, depthwise: boolean): Values {
  const { o, y } = f;
  const [n, h, w, c] = f.t(0).shape as [number, number, number, number];
  const filter = f.t(1).shape;
  const [kh, kw] = [filter[1]!, filter[2]!];
  const dilation = depthwise ? [o.int(6, 1), o.int(5, 1)] : [o.int(5, 1), o.int(4, 1)];
  const [sh, sw] = [o.int(2), o.int(1)];
  const rows = placed(o.byte(0), h, kh, sh, dilation[0]!);
  const cols = placed(o.byte(0), w, kw, sw, dilation[1]!);
  const outputs = depthwise ? filter[3]! : filter[0]!;
  const perGroup = depthwise ? 1 : filter[3]!;
  const outsPerGroup = outputs / (c / perGroup);
  const x = f.v(0);
  const weights = f.v(1);
  const [xz, wz] = [f.t(0).zero[0]!, f.t(1).zero[0] ?? 0];
  const out: number[] = [];
  const finish = finisher(f, outputs, 'double', o.byte(depthwise ? 4 : 3));
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < rows.count; oy++)
      for (let ox = 0; ox < cols.count; ox++)
        for (let oc = 0; oc < outputs; oc++) {
          let sum = 0;
          const first = Math.floor(oc / outsPerGroup) * perGroup;
          for (let ky = 0; ky < kh; ky++) {
            const iy = oy * sh - rows.before + ky * dilation[0]!;
            if (iy < 0 || iy >= h) continue;
            for (let kx = 0; kx < kw; kx++) {
              const ix = ox * sw - cols.before + kx * dilation[1]!;
              if (ix < 0 || ix >= w) continue;
              const from = ((b * h + iy) * w + ix) * c + first;
              const at = depthwise ? (ky * kw + kx) * outputs + oc : ((oc * kh + ky) * kw + kx) * perGroup;
              for (let i = 0; i < perGroup; i++) sum += (x[from + i]! - xz) * (weights[at + i]! - wz);
            }
          }
          out.push(finish(sum, oc));
        }
  if (out.length !== sizeOf(y.shape)) throw new Error(`${out.length} results for [${y.shape}]`);
  return out;
}

/** Bias, factor, zero point, clamp. */
function finisher(f: Frame, outputs: number, single: 'double' | 'float', activation: number) {
  const [x, w] = [f.t(0), f.t(1)];
  const bias = (f.o.inputs[2] ?? -1) >= 0 ? f.v(2) : new Array<number>(outputs).fill(0);
  const wide = x.type === 7 && ((f.o.inputs[2] ?? -1) < 0 || f.t(2).type === 4);
  const float = x.type === 3 || (single === 'float' && w.scale.length === 1);
  const factors = w.scale.map((s) => {
    const product = x.scale[0]! * s;
    return toFactor((float ? Math.fround(product) : product) / f.y.scale[0]!);
  });
  const range = activated(activation, f.y);
  return (sum: number, channel: number): number => {
    const factor = factors[factors.length === 1 ? 0 : channel]!;
    const total = BigInt(sum + bias[channel]!);
    return clampTo(Number(wide ? rescaleWide(total, factor) : rescale(total, factor)) + f.y.zero[0]!, range);
  };
}

function fullyConnected(f: Frame): Values {
  const [n, k] = f.t(1).shape as [number, number];
  const finish = finisher(f, n, 'float', f.o.byte(0));
  const [x, w] = [f.v(0), f.v(1)];
  const [xz, wz] = [f.t(0).zero[0]!, f.t(1).zero[0] ?? 0];
  return Array.from({ length: (x.length / k) * n }, (_, at) => {
    const [row, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let i = 0; i < k; i++) sum += (x[row * k + i]! - xz) * (w[j * k + i]! - wz);
    return finish(sum, j);
  });
}

function sum(f: Frame, sign: 1n | -1n): Values {
  const [a, b] = [f.t(0), f.t(1)];
  const left = f.y.type === 7 ? 15n : 20n;
  const unit = 2 * Math.max(a.scale[0]!, b.scale[0]!);
  const [fa, fb] = [toFactor(a.scale[0]! / unit), toFactor(b.scale[0]! / unit)];
  // SUB has a negative multiplier, which rounds ties towards zero.
  const fs = { ...fb, m: sign * fb.m };
  const back = toFactor(unit / (2 ** Number(left) * f.y.scale[0]!));
  const range = activated(f.o.byte(0), f.y);
  return pairwise(f, (x, y) => {
    const sx = rescale(BigInt(x - a.zero[0]!) << left, fa);
    const sy = rescale(BigInt(y - b.zero[0]!) << left, fs);
    return clampTo(Number(rescale(sx + sy, back)) + f.y.zero[0]!, range);
  });
}

function product(f: Frame): Values {
  const [a, b] = [f.t(0), f.t(1)];
  const factor = toFactor((a.scale[0]! * b.scale[0]!) / f.y.scale[0]!);
  const range = activated(f.o.byte(0), f.y);
  return pairwise(f, (x, y) =>
    clampTo(Number(rescale(BigInt((x - a.zero[0]!) * (y - b.zero[0]!)), factor)) + f.y.zero[0]!, range),
  );
}

function pool(f: Frame, join: (codes: Values) => number): Values {
  const { o } = f;
  const [n, h, w, c] = f.t(0).shape as [number, number, number, number];
  const [kh, kw, sh, sw] = [o.int(4), o.int(3), o.int(2), o.int(1)];
  const [rows, cols] = [placed(o.byte(0), h, kh, sh, 1), placed(o.byte(0), w, kw, sw, 1)];
  const range = activated(o.byte(5), f.y);
  const out: number[] = [];
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < rows.count; oy++)
      for (let ox = 0; ox < cols.count; ox++)
        for (let ch = 0; ch < c; ch++) {
          const codes: number[] = [];
          for (let iy = oy * sh - rows.before; iy < oy * sh - rows.before + kh; iy++)
            for (let ix = ox * sw - cols.before; ix < ox * sw - cols.before + kw; ix++)
              if (iy >= 0 && iy < h && ix >= 0 && ix < w) codes.push(f.v(0)[((b * h + iy) * w + ix) * c + ch]!);
          out.push(clampTo(join(codes), range));
        }
  return out;
}

function average(codes: Values): number {
  const total = codes.reduce((s, v) => s + v, 0);
  const half = Math.floor(codes.length / 2);
  return Math.trunc((total > 0 ? total + half : total - half) / codes.length) + 0;
}

function reduce(f: Frame, mean: boolean): Values {
  const { shape } = f.t(0);
  const axes = new Set(f.v(1).map((a) => (a < 0 ? a + shape.length : a)));
  const count = [...axes].reduce((n, a) => n * shape[a]!, 1);
  const sums = new Map<number, number>();
  f.v(0).forEach((v, at) => {
    let rest = at;
    let to = 0;
    let step = 1;
    for (let d = shape.length - 1; d >= 0; d--) {
      const position = rest % shape[d]!;
      rest = Math.floor(rest / shape[d]!);
      if (axes.has(d)) continue;
      to += position * step;
      step *= shape[d]!;
    }
    sums.set(to, (sums.get(to) ?? 0) + v);
  });
  let factor: Factor = toFactor(f.t(0).scale[0]! / f.y.scale[0]!);
  if (mean) {
    const shift = Math.min(BigInt(count).toString(2).length - 1, 32, 31 + factor.shift);
    factor = { m: (factor.m << BigInt(shift)) / BigInt(count), shift: factor.shift - shift };
  }
  return Array.from({ length: sums.size }, (_, i) =>
    clampTo(Number(rescale(BigInt(sums.get(i)! - f.t(0).zero[0]! * count), factor)) + f.y.zero[0]!, limitsOf(f.y)),
  );
}

function softmax(f: Frame): Values {
  const depth = f.t(0).shape.at(-1)!;
  const [low] = limitsOf(f.y);
  const real = Math.min(f.o.float(0) * f.t(0).scale[0]! * 2 ** 26, 2 ** 31 - 1);
  const factor = toFactor(real);
  const least = -Math.floor((31 * 2 ** 26) / 2 ** factor.shift);
  const out: number[] = [];
  for (let row = 0; row < f.v(0).length; row += depth) {
    const codes = f.v(0).slice(row, row + depth);
    const most = Math.max(...codes);
    const powers = codes.map((v) =>
      v - most < least ? undefined : expOnNegative(rescale(BigInt(v - most), factor), 5),
    );
    const total = powers.reduce((s: bigint, e) => (e === undefined ? s : s + byPot(e, -12)), 0n);
    const { scale, over } = reciprocalOf(total, 12);
    for (const e of powers) {
      if (e === undefined) out.push(low);
      else out.push(clampTo(Number(divideByPot(highMul(scale, e), over + 31 - 8)) + low, limitsOf(f.y)));
    }
  }
  return out;
}

function curve(f: Frame, of: (raw: bigint, bits: number) => bigint, shift: number, zero: number): Values {
  if (f.y.type === 7) return f.v(0).map(wordCurve(f.t(0).scale[0]!, of === tanhOf));
  const [low, high] = limitsOf(f.y);
  const factor = toFactor(f.t(0).scale[0]! * 2 ** 27);
  const radius = Math.floor((15 * 2 ** 27) / 2 ** factor.shift);
  return f.v(0).map((v) => {
    const x = v - f.t(0).zero[0]!;
    if (x <= -radius) return low;
    if (x >= radius) return high;
    return clampTo(Number(divideByPot(of(rescale(BigInt(x), factor), 4), shift)) + zero, [low, high]);
  });
}

function leaky(f: Frame): Values {
  const [xs, ys] = [f.t(0).scale[0]!, f.y.scale[0]!];
  const above = toFactor(Math.fround(xs / ys));
  const below = toFactor(Math.fround(Math.fround(xs * f.o.float(0)) / ys));
  return each(f, (x) => rescale(BigInt(x), x >= 0 ? above : below));
}

function hardSwish(f: Frame): Values {
  const fine = Math.fround(f.t(0).scale[0]! / 128);
  const down = ({ m, shift }: Factor): Factor => ({ m: m >= 0x7fff8000n ? 0x7fffn : (m + 0x8000n) >> 16n, shift });
  const output = down(toFactor(Math.fround(fine / f.y.scale[0]!)));
  const gate = down(toFactor(Math.fround(fine / Math.fround(3 / 32768))));
  const word = (x: bigint): bigint => (x > 32767n ? 32767n : x < -32768n ? -32768n : x);
  const high = (a: bigint, b: bigint): bigint => (a * b + (a * b >= 0n ? 1n << 14n : 1n - (1n << 14n))) / (1n << 15n);
  return each(f, (x) => {
    const value = BigInt(x) << 7n;
    let g = gate.shift > 0 ? word(value << BigInt(gate.shift - 1)) : value;
    g = high(g, gate.m);
    if (gate.shift > 0) g = word(g << 1n);
    if (gate.shift < 0) g = divideByPot(g, -gate.shift);
    g = (g + 32768n) >> 1n;
    return divideByPot((g * high(value, output.m)) / 32768n, -output.shift);
  });
}

function padded(f: Frame, value: number): Values {
  const { shape } = f.t(0);
  return gathered(f.y.shape, shape, f.v(0), (place) => {
    const at = place.map((p, d) => p - f.v(1)[2 * d]!);
    return at.some((p, d) => p < 0 || p >= shape[d]!) ? value : at;
  });
}

function split(f: Frame): Values[] {
  const { shape } = f.t(1);
  const axis = f.v(0)[0]!;
  const parts = f.o.outputs.length;
  const counts = shape.map((n, d) => (d === axis ? n / parts : n));
  return Array.from({ length: parts }, (_, i) =>
    gathered(counts, shape, f.v(1), (place) => place.map((p, d) => (d === axis ? p + i * counts[d]! : p))),
  );
}

function prelu(f: Frame): Values {
  const [x, a] = [f.t(0), f.t(1)];
  const above = toFactor(x.scale[0]! / f.y.scale[0]!);
  const below = toFactor((x.scale[0]! * a.scale[0]!) / f.y.scale[0]!);
  const slope = broadcast(a.shape, f.y.shape);
  return f.v(0).map((v, i) => {
    const code = v - x.zero[0]!;
    const scaled =
      code >= 0 ? rescale(BigInt(code), above) : rescale(BigInt(code * (f.v(1)[slope(i)]! - a.zero[0]!)), below);
    return clampTo(Number(scaled) + f.y.zero[0]!, limitsOf(f.y));
  });
}

const same: Kernel = (f) => f.v(0);

const KERNELS: Readonly<Record<number, Kernel>> = {
  0: (f) => sum(f, 1n),
  1: (f) => pool(f, average),
  2: concatenated,
  3: (f) => convolve(f, false),
  4: (f) => convolve(f, true),
  6: (f) => f.v(0).map((v) => Math.fround((v - f.t(0).zero[0]!) * f.t(0).scale[0]!)),
  9: fullyConnected,
  11: l2Norm,
  14: (f) => curve(f, logisticOf, 23, limitsOf(f.y)[0]),
  17: (f) => pool(f, (codes) => Math.max(...codes)),
  18: product,
  19: (f) => rectified(f, 1),
  20: (f) => rectified(f, 2),
  21: (f) => rectified(f, 3),
  22: same,
  25: (f) => (f.y.type === 7 ? wordSoftmax(f) : softmax(f)),
  27: svdf,
  28: (f) => curve(f, tanhOf, 24, limitsOf(f.y)[0] + 128),
  34: (f) => padded(f, f.t(0).zero[0]!),
  39: (f) =>
    gathered(f.y.shape, f.t(0).shape, f.v(0), (place) => {
      const from: number[] = [];
      f.v(1).forEach((p, i) => {
        from[p] = place[i]!;
      });
      return from;
    }),
  40: (f) => reduce(f, true),
  41: (f) => sum(f, -1n),
  43: same,
  49: split,
  54: prelu,
  55: (f) => pairwise(f, Math.max),
  57: (f) => pairwise(f, Math.min),
  60: (f) => padded(f, f.v(2)[0]!),
  65: (f) => gathered(f.y.shape, f.t(0).shape, f.v(0), (place) => place.map((p, d) => p + f.v(1)[d]!)),
  70: same,
  74: (f) => reduce(f, false),
  98: leaky,
  114: (f) =>
    f.t(0).type === 0
      ? f.v(0).map((v) => clampTo(awayFromZero(Math.fround(v / f.y.scale[0]!)) + f.y.zero[0]!, limitsOf(f.y)))
      : rectified(f, 0),
  117: hardSwish,
  ...SPATIAL,
  ...MORE,
  44: lstm,
};
