/**
 * Where the elements of a logical tensor lie inside a buffer. Every logical dim is a list of factors (count, stride), so that
 * reshape, transpose, slice and depth-to-space are new layouts over the same bytes and move nothing. A layout that a
 * reshape cannot express is reported as null: the caller then copies.
 */
import { InternalError } from '../../isa/base/errors.ts';

/** `count` neighbours, `stride` elements apart. */
export interface Factor {
  readonly count: number;
  readonly stride: number;
}

export interface Layout {
  /** Per logical dim its factors, outermost first; a dim of size 1 has none. */
  readonly dims: readonly (readonly Factor[])[];
  /** Element of index (0, .., 0). */
  readonly offset: number;
}

/** A rectangle of logical coordinates. */
export interface Box {
  readonly start: readonly number[];
  readonly count: readonly number[];
}

/** Elements that fill whole bytes: the smallest group of `bits`-wide elements that ends on a byte. */
export function byteGroup(bits: number): number {
  let group = 1;
  while ((group * bits) % 8 !== 0) group++;
  return group;
}

/** Logical dims from slowest to fastest in memory: channels last for images, row-major otherwise. */
export function memoryOrder(rank: number): readonly number[] {
  return rank === 4 ? IMAGE_ORDER : Array.from({ length: rank }, (_, i) => i);
}

const IMAGE_ORDER = [0, 2, 3, 1] as const;

/** Dense layout of a shape; the fastest dim that has more than one element is padded to whole bytes. */
export function denseLayout(
  shape: readonly number[],
  bits: number,
): { readonly layout: Layout; readonly sizeBytes: number } {
  const dims: Factor[][] = shape.map(() => []);
  let stride = 1;
  let padded = false;
  for (const d of [...memoryOrder(shape.length)].reverse()) {
    const count = at(shape, d);
    if (count === 1) continue;
    dims[d] = [{ count, stride }];
    stride *= count;
    if (!padded) stride = roundUp(stride, byteGroup(bits));
    padded = true;
  }
  return { layout: { dims, offset: 0 }, sizeBytes: denseBytes(shape, bits) };
}

/** Bytes of a dense layout. */
export function denseBytes(shape: readonly number[], bits: number): number {
  const order = memoryOrder(shape.length);
  let elements = 1;
  let padded = false;
  for (let i = order.length - 1; i >= 0; i--) {
    const count = at(shape, at(order, i));
    if (count === 1) continue;
    elements *= count;
    if (!padded) elements = roundUp(elements, byteGroup(bits));
    padded = true;
  }
  return Math.ceil((elements * bits) / 8);
}

/** Dense layout that keeps the memory order of another one: the shape of a staged piece. */
export function packLike(layout: Layout, bits: number): { readonly layout: Layout; readonly sizeBytes: number } {
  const all = layout.dims.flatMap((factors, d) => factors.map((f, i) => ({ f, d, i })));
  const dims: Factor[][] = layout.dims.map((factors) => [...factors]);
  let stride = 1;
  for (const [index, { f, d, i }] of [...all].sort((a, b) => a.f.stride - b.f.stride).entries()) {
    at(dims, d)[i] = { count: f.count, stride };
    stride *= f.count;
    if (index === 0) stride = roundUp(stride, byteGroup(bits));
  }
  return { layout: { dims, offset: 0 }, sizeBytes: Math.ceil((stride * bits) / 8) };
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** `list[index]`, which must exist. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const value = list[index];
  if (value === undefined) throw new InternalError(`index ${index} outside a list of ${list.length}`);
  return value;
}

/** Number of elements along one dim. */
export function sizeOfDim(factors: readonly Factor[]): number {
  return factors.reduce((n, f) => n * f.count, 1);
}

/** Merges neighbouring factors that continue each other, drops those of one element. */
export function mergeFactors(factors: readonly Factor[]): Factor[] {
  const out: Factor[] = [];
  for (const f of factors) {
    if (f.count === 1) continue;
    const outer = out.at(-1);
    if (outer !== undefined && outer.stride === f.stride * f.count) {
      out[out.length - 1] = { count: outer.count * f.count, stride: f.stride };
    } else out.push(f);
  }
  return out;
}

/** Same elements under another shape of the same size, row-major; null when no factorisation exists. */
export function reshapeLayout(layout: Layout, shape: readonly number[]): Layout | null {
  const rest = mergeFactors(layout.dims.flat());
  const dims: Factor[][] = [];
  for (const size of shape) {
    const dim: Factor[] = [];
    let left = size;
    while (left > 1) {
      const f = rest.shift();
      if (f === undefined) return null;
      if (left % f.count === 0) {
        dim.push(f);
        left /= f.count;
      } else if (f.count % left === 0) {
        const inner = f.count / left;
        dim.push({ count: left, stride: f.stride * inner });
        rest.unshift({ count: inner, stride: f.stride });
        left = 1;
      } else return null;
    }
    dims.push(mergeFactors(dim));
  }
  return { dims, offset: layout.offset };
}

export function transposeLayout(layout: Layout, perm: readonly number[]): Layout {
  return { dims: perm.map((p) => at(layout.dims, p)), offset: layout.offset };
}

/** The part of a layout inside a box; null when the box cuts through a factor. */
export function boxLayout(layout: Layout, box: Box): Layout | null {
  let offset = layout.offset;
  const dims: (readonly Factor[])[] = [];
  for (let d = 0; d < layout.dims.length; d++) {
    const cut = cutFactors(at(layout.dims, d), at(box.start, d), at(box.count, d));
    if (cut === null) return null;
    offset += cut.offset;
    dims.push(cut.factors);
  }
  return { dims, offset };
}

function cutFactors(
  factors: readonly Factor[],
  start: number,
  count: number,
): { readonly factors: readonly Factor[]; readonly offset: number } | null {
  const [outer, ...inner] = factors;
  if (outer === undefined) return start === 0 && count === 1 ? { factors, offset: 0 } : null;
  const innerSize = sizeOfDim(inner);
  if (start % innerSize === 0 && count % innerSize === 0) {
    const kept = count / innerSize;
    const own = kept === 1 ? [] : [{ count: kept, stride: outer.stride }];
    return { factors: [...own, ...inner], offset: (start / innerSize) * outer.stride };
  }
  const block = Math.floor(start / innerSize);
  if (block !== Math.floor((start + count - 1) / innerSize)) return null;
  const cut = cutFactors(inner, start % innerSize, count);
  return cut === null ? null : { factors: cut.factors, offset: cut.offset + block * outer.stride };
}

/** Every `step`-th element of each dim from `starts` on; null when a stepped dim has several factors. */
export function sliceLayout(
  layout: Layout,
  starts: readonly number[],
  steps: readonly number[],
  shape: readonly number[],
): Layout | null {
  const dense = steps.map((s, d) => (s === 1 ? at(shape, d) : (at(shape, d) - 1) * s + 1));
  const cut = boxLayout(layout, { start: starts, count: dense });
  if (cut === null) return null;
  const dims: (readonly Factor[])[] = [];
  for (let d = 0; d < cut.dims.length; d++) {
    const factors = at(cut.dims, d);
    const step = at(steps, d);
    const only = factors[0];
    if (step === 1 || only === undefined) dims.push(factors);
    else if (factors.length > 1) return null;
    else dims.push(mergeFactors([{ count: at(shape, d), stride: only.stride * step }]));
  }
  return { dims, offset: cut.offset };
}

/** Layout of DepthToSpace over an NCHW input layout; null when the channels cannot be split. */
export function depthToSpaceLayout(
  layout: Layout,
  shape: readonly number[],
  block: number,
  mode: 'DCR' | 'CRD',
): Layout | null {
  const [n, c, h, w] = [at(shape, 0), at(shape, 1), at(shape, 2), at(shape, 3)];
  const depth = c / (block * block);
  const split = reshapeLayout(layout, mode === 'DCR' ? [n, block, block, depth, h, w] : [n, depth, block, block, h, w]);
  if (split === null) return null;
  const perm = mode === 'DCR' ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
  const moved = transposeLayout(split, perm);
  const dims = [
    at(moved.dims, 0),
    at(moved.dims, 1),
    mergeFactors([...at(moved.dims, 2), ...at(moved.dims, 3)]),
    mergeFactors([...at(moved.dims, 4), ...at(moved.dims, 5)]),
  ];
  return { dims, offset: moved.offset };
}

/** Box of a whole shape. */
export function fullBox(shape: readonly number[]): Box {
  return { start: shape.map(() => 0), count: shape };
}

export function sameBox(a: Box, b: Box): boolean {
  return a.start.every((s, i) => s === b.start[i]) && a.count.every((c, i) => c === b.count[i]);
}
