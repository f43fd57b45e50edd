/** What the reference kernels share: limits of codes, broadcasting, gathering, rescaling of single codes. */
import type { Frame } from './reference.ts';
import type { RefTensor } from './reference-file.ts';
import { rescale, toFactor } from './reference-fixed.ts';

type Values = readonly number[];

const LIMITS: Readonly<Record<number, readonly [number, number]>> = {
  3: [0, 255],
  7: [-32768, 32767],
  9: [-128, 127],
};

export const limitsOf = (t: RefTensor): readonly [number, number] => LIMITS[t.type]!;

export const clampTo = (x: number, [low, high]: readonly [number, number]): number => Math.min(high, Math.max(low, x));

export const sizeOf = (shape: Values): number => shape.reduce((n, d) => n * d, 1);

export const awayFromZero = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

export function activated(code: number, t: RefTensor): readonly [number, number] {
  const [low, high] = limitsOf(t);
  const of = (x: number) => t.zero[0]! + awayFromZero(Math.fround(x / t.scale[0]!));
  if (code === 1) return [Math.max(low, of(0)), high];
  if (code === 2) return [Math.max(low, of(-1)), Math.min(high, of(1))];
  if (code === 6) return [Math.max(low, of(0)), Math.min(high, of(1))];
  if (code === 3) return [Math.max(low, of(0)), Math.min(high, of(6))];
  return [low, high];
}

/** Index into an operand for an index into the broadcast result. */
export function broadcast(shape: Values, result: Values): (at: number) => number {
  return (at) => {
    let rest = at;
    let index = 0;
    let step = 1;
    for (let d = result.length - 1; d >= 0; d--) {
      const position = rest % result[d]!;
      rest = Math.floor(rest / result[d]!);
      const own = shape[d - result.length + shape.length];
      if (own === undefined) continue;
      if (own > 1) index += position * step;
      step *= own;
    }
    return index;
  };
}

export function pairwise(f: Frame, code: (a: number, b: number) => number): Values {
  const [ia, ib] = [broadcast(f.t(0).shape, f.y.shape), broadcast(f.t(1).shape, f.y.shape)];
  const [a, b] = [f.v(0), f.v(1)];
  return Array.from({ length: sizeOf(f.y.shape) }, (_, i) => code(a[ia(i)]!, b[ib(i)]!));
}

export function each(f: Frame, code: (x: number) => bigint, range = limitsOf(f.y)): Values {
  return f.v(0).map((v) => clampTo(Number(code(v - f.t(0).zero[0]!)) + f.y.zero[0]!, range));
}

export function rectified(f: Frame, activation: number): Values {
  const factor = toFactor(f.t(0).scale[0]! / f.y.scale[0]!);
  return each(f, (x) => rescale(BigInt(x), factor), activated(activation, f.y));
}

/** Elements of the operand at the places that `from` gives for each place of a result shape. */
export function gathered(
  shape: Values,
  source: Values,
  x: Values,
  from: (place: number[]) => number[] | number,
): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, at) => {
    const place: number[] = [];
    let rest = at;
    for (let d = shape.length - 1; d >= 0; d--) {
      place.unshift(rest % shape[d]!);
      rest = Math.floor(rest / shape[d]!);
    }
    const found = from(place);
    if (typeof found === 'number') return found;
    return x[found.reduce((n, p, d) => n * source[d]! + p, 0)]!;
  });
}
