/** The reference kernels that change the size of an image, or take lists of tensors apart and together; element by element. */
import type { Frame, Kernel } from './reference.ts';
import { rescale, toFactor } from './reference-fixed.ts';
import { bilinearOfBytes } from './reference-legacy.ts';

type Values = readonly number[];
type Image = readonly [number, number, number, number];

const image = (f: Frame, i: number): Image => f.t(i).shape as unknown as Image;
const clamp = (x: number): number => Math.min(127, Math.max(-128, x));

/** Scatters each input element times the weights into the result, as the kernel does. */
function transposeConv(f: Frame): Values {
  const [n, h, w, c] = image(f, 2);
  const [o, kh, kw] = image(f, 1);
  const [, oh, ow] = f.y.shape as unknown as Image;
  const [sw, sh] = [f.o.int(1), f.o.int(2)];
  const before = (size: number, k: number, s: number): number =>
    f.o.byte(0) === 0 ? Math.max(0, (Math.ceil(size / s) - 1) * s + k - size) >> 1 : 0;
  const [top, left] = [before(oh, kh, sh), before(ow, kw, sw)];
  const sums = new Array<number>(n * oh * ow * o).fill(0);
  const [x, weights, x0] = [f.v(2), f.v(1), f.t(2).zero[0]!];
  for (let at = 0; at < x.length; at++) {
    const ic = at % c;
    const ix = Math.floor(at / c) % w;
    const iy = Math.floor(at / (c * w)) % h;
    const b = Math.floor(at / (c * w * h));
    for (let oc = 0; oc < o; oc++)
      for (let ky = 0; ky < kh; ky++)
        for (let kx = 0; kx < kw; kx++) {
          const [y, z] = [iy * sh - top + ky, ix * sw - left + kx];
          if (y < 0 || y >= oh || z < 0 || z >= ow) continue;
          sums[((b * oh + y) * ow + z) * o + oc]! += (x[at]! - x0) * weights[((oc * kh + ky) * kw + kx) * c + ic]!;
        }
  }
  const factors = f.t(1).scale.map((s) => toFactor((f.t(2).scale[0]! * s) / f.y.scale[0]!));
  return sums.map((sum, at) => {
    const oc = at % o;
    const total = BigInt(sum + ((f.o.inputs[3] ?? -1) >= 0 ? f.v(3)[oc]! : 0));
    return clamp(Number(rescale(total, factors[factors.length === 1 ? 0 : oc]!)) + f.y.zero[0]!);
  });
}

/** Result positions with the element of the operand that each has. */
function picked(f: Frame, from: (n: number, y: number, x: number, c: number) => number): Values {
  const [n, h, w, c] = f.y.shape as unknown as Image;
  const out: number[] = [];
  for (let b = 0; b < n; b++)
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) for (let d = 0; d < c; d++) out.push(from(b, y, x, d));
  return out;
}

function nearest(f: Frame): Values {
  const [, h, w, c] = image(f, 0);
  const [, oh, ow] = f.y.shape as unknown as Image;
  const [aligned, half] = [f.o.byte(0) !== 0, f.o.byte(1) !== 0];
  const choose = (i: number, size: number, result: number): number => {
    const scale = Math.fround(aligned && result > 1 ? (size - 1) / (result - 1) : size / result);
    const at = Math.fround((i + (half ? 0.5 : 0)) * scale);
    return Math.max(0, Math.min(aligned ? Math.round(at) : Math.floor(at), size - 1));
  };
  return picked(f, (n, y, x, d) => f.v(0)[((n * h + choose(y, h, oh)) * w + choose(x, w, ow)) * c + d]!);
}

/** Ten fraction bits along each axis. */
function bilinear(f: Frame): Values {
  const [, h, w, c] = image(f, 0);
  const [, oh, ow] = f.y.shape as unknown as Image;
  const [corners, half] = [f.o.byte(2) !== 0, f.o.byte(3) !== 0];
  const along = (i: number, size: number, result: number) => {
    const ends = corners && result > 1 ? 1 : 0;
    const scale = Math.trunc((1024 * (size - ends) + Math.trunc((result - ends) / 2)) / (result - ends));
    const at = half ? i * scale + Math.trunc(scale / 2) - 512 : i * scale;
    const low = Math.max(Math.trunc(at / 1024), 0);
    const high = Math.min(Math.trunc((at + 1023) / 1024), size - 1);
    return [low, high, at - 1024 * low] as const;
  };
  return picked(f, (n, y, x, d) => {
    const [y0, y1, fy] = along(y, h, oh);
    const [x0, x1, fx] = along(x, w, ow);
    const code = (iy: number, ix: number): number => f.v(0)[((n * h + iy) * w + ix) * c + d]!;
    const sum =
      code(y0, x0) * (1024 - fy) * (1024 - fx) +
      code(y1, x0) * fy * (1024 - fx) +
      code(y0, x1) * (1024 - fy) * fx +
      code(y1, x1) * fy * fx;
    return Math.trunc((sum + (sum > 0 ? 2 ** 19 : -(2 ** 19))) / 2 ** 20) + 0;
  });
}

function depthToSpace(f: Frame): Values {
  const [, h, w, c] = image(f, 0);
  const b = f.o.int(0);
  const depth = c / (b * b);
  return picked(f, (n, y, x, d) => {
    const [i, j] = [y % b, x % b];
    return f.v(0)[((n * h + (y - i) / b) * w + (x - j) / b) * c + (i * b + j) * depth + d]!;
  });
}

function spaceToDepth(f: Frame): Values {
  const [, h, w, c] = image(f, 0);
  const b = f.o.int(0);
  return picked(f, (n, y, x, d) => {
    const block = Math.floor(d / c);
    return f.v(0)[((n * h + y * b + Math.floor(block / b)) * w + x * b + (block % b)) * c + (d % c)]!;
  });
}

/** Elements in front of an axis and from it on. */
function around(shape: Values, axis: number): readonly [outer: number, inner: number] {
  const count = (list: Values): number => list.reduce((a, b) => a * b, 1);
  return [count(shape.slice(0, axis)), count(shape.slice(axis))];
}

function pack(f: Frame): Values {
  const axis = f.o.int(1) < 0 ? f.o.int(1) + f.y.shape.length : f.o.int(1);
  const [outer, inner] = around(f.t(0).shape, axis);
  return Array.from({ length: outer }, (_, o) =>
    f.o.inputs.map((_, i) => f.v(i).slice(o * inner, (o + 1) * inner)),
  ).flat(2);
}

/** Runs of the data that go to each result in turn. */
function taken(data: Values, outer: number, runs: Values): Values[] {
  const whole = runs.reduce((a, b) => a + b, 0);
  return runs.map((run, i) => {
    const before = runs.slice(0, i).reduce((a, b) => a + b, 0);
    return Array.from({ length: outer }, (_, o) => data.slice(o * whole + before, o * whole + before + run)).flat();
  });
}

function unpack(f: Frame): Values[] {
  const { shape } = f.t(0);
  const axis = f.o.int(1) < 0 ? f.o.int(1) + shape.length : f.o.int(1);
  const [outer] = around(shape, axis);
  return taken(f.v(0), outer, new Array<number>(shape[axis]!).fill(around(shape, axis + 1)[1]));
}

function splitV(f: Frame): Values[] {
  const { shape } = f.t(0);
  const axis = f.v(2)[0]! < 0 ? f.v(2)[0]! + shape.length : f.v(2)[0]!;
  const rest = shape[axis]! - f.v(1).reduce((a, s) => a + Math.max(0, s), 0);
  const inner = around(shape, axis + 1)[1];
  return taken(
    f.v(0),
    around(shape, axis)[0],
    f.v(1).map((s) => (s < 0 ? rest : s) * inner),
  );
}

export const SPATIAL: Readonly<Record<number, Kernel>> = {
  5: depthToSpace,
  23: (f) => (f.y.type === 3 ? bilinearOfBytes(f) : bilinear(f)),
  26: spaceToDepth,
  67: transposeConv,
  83: pack,
  88: unpack,
  97: nearest,
  102: splitV,
};
