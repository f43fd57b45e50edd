/**
 * A walk as rows: the last dims are a fixed list of element offsets, the dims before them move it. A row that lies wholly inside its axes and wraps
 * at no ring end costs one addition; only rows at borders are resolved element by element. All element access goes through here.
 */
import { UnsupportedError } from '../../isa/base/errors.ts';
import type { Axis, TensorDescriptor } from '../../isa/tensor.ts';

/** Offset of an element outside its axes. */
export const OUTSIDE = -0x80000000;

/** Offsets are 32-bit and bit offsets of odd widths are computed in them; no memory of ours is near this large. */
const SPAN_LIMIT = 2 ** 28;

/** Elements of one list; each may need several bytes of working memory. */
const COUNT_LIMIT = 2 ** 27;

/** Throws UnsupportedError for lists that are too long to make. */
export function requireCount(count: number): void {
  if (count < COUNT_LIMIT) return;
  const what = `a tensor walk of ${count} elements; the simulator handles fewer than ${COUNT_LIMIT} in one instruction`;
  throw new UnsupportedError(`${what}: split the instruction`, { code: 'E-SIM-SPAN' });
}

/** An axis that this walk may leave or wrap: what the inner dims add to its coordinate, per element of a row. */
interface Guarded {
  readonly index: number;
  readonly axis: Axis;
  readonly inner: Int32Array;
  readonly min: number;
  readonly max: number;
}

export class Rows {
  /** Rows, and elements of a row. */
  readonly outer: number;
  readonly inner: number;
  /** Offset of each element of a row from rowBase; meaningful where rowBase is a number. */
  readonly offsets: Int32Array;
  /** True when the elements of a row follow each other in storage. */
  readonly contiguous: boolean;
  readonly #dims: TensorDescriptor['dims'];
  readonly #axes: readonly Axis[];
  readonly #origins: Float64Array;
  readonly #guarded: readonly Guarded[];
  readonly #coordinate: Float64Array;

  /** @param innerDims how many of the last dims make a row. */
  constructor(d: TensorDescriptor, origins: Float64Array, innerDims: number) {
    const split = d.dims.length - innerDims;
    this.#dims = d.dims.slice(0, split);
    this.#axes = d.axes;
    this.#origins = origins;
    this.#coordinate = new Float64Array(d.axes.length);
    this.outer = this.#dims.reduce((n, dim) => n * dim.count, 1);
    const last = d.dims.slice(split);
    this.inner = last.reduce((n, dim) => n * dim.count, 1);
    requireCount(this.inner);
    checkInner(d, last);
    const coordinates = d.axes.map((_, a) => innerCoordinates(last, a, this.inner));
    this.offsets = new Int32Array(this.inner);
    d.axes.forEach((axis, a) => {
      const c = coordinates[a]!;
      if (axis.stride !== 0)
        for (let k = 0; k < this.inner; k++) this.offsets[k] = this.offsets[k]! + c[k]! * axis.stride;
    });
    this.contiguous = this.offsets.every((o, k) => k === 0 || o === this.offsets[k - 1]! + 1);
    this.#guarded = d.axes.flatMap((axis, index) => {
      const [low, high] = reach(d, origins, index);
      if (low >= 0 && high < axis.extent && (axis.modulo === 0 || high < axis.modulo)) return [];
      const inner = coordinates[index]!;
      return [
        {
          index,
          axis,
          inner,
          min: inner.reduce((m, c) => Math.min(m, c), Infinity),
          max: inner.reduce((m, c) => Math.max(m, c), -Infinity),
        },
      ];
    });
  }

  /** What to add to `offsets` for row m; NaN when the row must be resolved element by element (rowOffsets). */
  rowBase(m: number): number {
    const c = this.#locate(m);
    let base = 0;
    for (let a = 0; a < c.length; a++) base += c[a]! * this.#axes[a]!.stride;
    for (const g of this.#guarded) {
      const at = c[g.index]!;
      if (at + g.min < 0 || at + g.max >= g.axis.extent) return NaN;
      if (g.axis.modulo === 0) continue;
      const turn = Math.floor((at + g.min) / g.axis.modulo);
      if (Math.floor((at + g.max) / g.axis.modulo) !== turn) return NaN;
      base -= turn * g.axis.modulo * g.axis.stride;
    }
    return base;
  }

  /** Offsets of row m from the tensor's base, for elements [from, to), into `out` from 0; OUTSIDE where an axis is left. */
  rowOffsets(m: number, from: number, to: number, out: Int32Array): void {
    const base = this.rowBase(m);
    if (!Number.isNaN(base)) {
      for (let k = from; k < to; k++) out[k - from] = base + this.offsets[k]!;
      return;
    }
    const c = this.#coordinate;
    let plain = 0;
    for (let a = 0; a < c.length; a++) plain += c[a]! * this.#axes[a]!.stride;
    for (let k = from; k < to; k++) {
      let offset = plain + this.offsets[k]!;
      for (const g of this.#guarded) {
        const at = c[g.index]! + g.inner[k]!;
        if (at < 0 || at >= g.axis.extent) {
          offset = OUTSIDE;
          break;
        }
        if (g.axis.modulo > 0) offset -= Math.floor(at / g.axis.modulo) * g.axis.modulo * g.axis.stride;
      }
      out[k - from] = offset;
    }
  }

  /** Coordinates of the first element's outer part of row m. */
  #locate(m: number): Float64Array {
    const c = this.#coordinate;
    c.set(this.#origins);
    let rest = m;
    for (let k = this.#dims.length - 1; k >= 0 && rest > 0; k--) {
      const dim = this.#dims[k]!;
      const next = Math.floor(rest / dim.count);
      c[dim.axis] = c[dim.axis]! + (rest - next * dim.count) * dim.step;
      rest = next;
    }
    return c;
  }
}

function innerCoordinates(dims: TensorDescriptor['dims'], axis: number, count: number): Int32Array {
  const out = new Int32Array(count);
  let repeat = count;
  for (const dim of dims) {
    repeat /= dim.count;
    if (dim.axis !== axis || dim.step === 0) continue;
    for (let k = 0; k < count; k++) out[k] = out[k]! + (Math.floor(k / repeat) % dim.count) * dim.step;
  }
  return out;
}

/** Smallest and largest coordinate of an axis over the whole walk. */
export function reach(d: TensorDescriptor, origins: ArrayLike<number>, axis: number): [number, number] {
  let low = origins[axis]!;
  let high = low;
  for (const dim of d.dims) {
    if (dim.axis !== axis) continue;
    const end = (dim.count - 1) * dim.step;
    if (end < 0) low += end;
    else high += end;
  }
  return [low, high];
}

/** Refuses a walk whose positions, bounded by extent or ring, lie too far from its base. */
export function checkSpan(d: TensorDescriptor, origins: ArrayLike<number>): void {
  let span = 0;
  d.axes.forEach((axis, a) => {
    const [, high] = reach(d, origins, a);
    const last = Math.min(Math.max(high, 0), axis.extent - 1, axis.modulo > 0 ? axis.modulo - 1 : Infinity);
    span += last * Math.abs(axis.stride);
  });
  if (span >= SPAN_LIMIT) throw tooFar(span);
}

/** What the dims of a row add must fit 32 bits on its own, inside the axes or not. */
function checkInner(d: TensorDescriptor, dims: TensorDescriptor['dims']): void {
  const span = dims.reduce((n, dim) => n + (dim.count - 1) * Math.abs(dim.step * d.axes[dim.axis]!.stride), 0);
  if (span >= SPAN_LIMIT) throw tooFar(span);
}

function tooFar(span: number): UnsupportedError {
  const what = `a tensor walk reaches ${span} elements from its base; the simulator handles fewer than ${SPAN_LIMIT}`;
  return new UnsupportedError(`${what}: split the tensor`, { code: 'E-SIM-SPAN' });
}
