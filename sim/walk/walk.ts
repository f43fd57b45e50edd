/**
 * Tensor walks as element offsets and as byte intervals. A walk is resolved once per (descriptor, registers) and cached, because
 * loops and repeated runs ask for the same ones again.
 */
import { elementCount, type TensorDescriptor } from '../../isa/tensor.ts';

/** Offset of an element outside its axes. */
export const OUTSIDE = -0x80000000;

export interface Walk {
  readonly descriptor: TensorDescriptor;
  /** Byte address of the base with its register. */
  readonly base: number;
  /** Element offsets from the base in index order; OUTSIDE where an axis is left. */
  readonly offsets: Int32Array;
  /** True when every element lies inside and each offset is one more than the last. */
  readonly dense: boolean;
  /** Touched bytes, [start, end) pairs, ascending and disjoint. */
  readonly intervals: Float64Array;
}

/** Resolves descriptors; keeps walks up to a total size. */
export class WalkCache {
  readonly #walks = new Map<string, Walk>();
  #elements = 0;
  readonly #tensors: readonly TensorDescriptor[];

  constructor(tensors: readonly TensorDescriptor[]) {
    this.#tensors = tensors;
  }

  get(index: number, registers: readonly number[]): Walk {
    const d = this.#tensors[index];
    if (d === undefined) throw new RangeError(`tensor descriptor ${index} does not exist`);
    const key = [index, registers[d.baseRegister] ?? 0, ...d.originRegisters.map((o) => registers[o.register] ?? 0)].join();
    const known = this.#walks.get(key);
    if (known !== undefined) return known;
    const walk = resolveWalk(d, registers);
    if (this.#elements > 1 << 24) {
      this.#walks.clear();
      this.#elements = 0;
    }
    this.#walks.set(key, walk);
    this.#elements += walk.offsets.length;
    return walk;
  }
}

export function resolveWalk(d: TensorDescriptor, registers: readonly number[]): Walk {
  const origins = d.axes.map((a) => a.origin);
  for (const o of d.originRegisters) origins[o.axis] = origins[o.axis]! + (registers[o.register] ?? 0);
  const offsets = new Int32Array(elementCount(d));
  const axes = d.axes.length;
  // Per-axis contributions are independent, so the walk keeps one coordinate per axis and one odometer over the dims.
  const coordinate = Float64Array.from(origins);
  const index = new Int32Array(d.dims.length);
  let dense = true;
  for (let i = 0; i < offsets.length; i++) {
    let offset = 0;
    for (let a = 0; a < axes; a++) {
      const axis = d.axes[a]!;
      const c = coordinate[a]!;
      if (c < 0 || c >= axis.extent) {
        offset = OUTSIDE;
        break;
      }
      offset += (axis.modulo > 0 ? c % axis.modulo : c) * axis.stride;
    }
    offsets[i] = offset;
    if (offset === OUTSIDE || (i > 0 && offset !== offsets[i - 1]! + 1)) dense = false;
    step(d, index, coordinate);
  }
  const base = d.base + (registers[d.baseRegister] ?? 0);
  return { descriptor: d, base, offsets, dense, intervals: intervalsOf(base, offsets, d.widthBits) };
}

function step(d: TensorDescriptor, index: Int32Array, coordinate: Float64Array): void {
  for (let k = d.dims.length - 1; k >= 0; k--) {
    const dim = d.dims[k]!;
    index[k] = index[k]! + 1;
    if (index[k]! < dim.count) {
      coordinate[dim.axis] = coordinate[dim.axis]! + dim.step;
      return;
    }
    index[k] = 0;
    coordinate[dim.axis] = coordinate[dim.axis]! - dim.step * (dim.count - 1);
  }
}

function intervalsOf(base: number, offsets: Int32Array, widthBits: number): Float64Array {
  let runs: number[] = [];
  let sorted = true;
  let start = -1;
  let end = -1;
  for (const offset of offsets) {
    if (offset === OUTSIDE) continue;
    const first = base + Math.floor((offset * widthBits) / 8);
    const last = base + Math.floor((offset * widthBits + widthBits - 1) / 8) + 1;
    if (start >= 0 && first <= end && first >= start) {
      if (last > end) end = last;
      continue;
    }
    if (start >= 0) runs.push(start, end);
    if (first < start) sorted = false;
    start = first;
    end = last;
  }
  if (start >= 0) runs.push(start, end);
  if (!sorted) runs = mergeRuns(runs);
  return Float64Array.from(runs);
}

/** Sorts and joins [start, end) pairs. */
function mergeRuns(runs: readonly number[]): number[] {
  const pairs: [number, number][] = [];
  for (let i = 0; i < runs.length; i += 2) pairs.push([runs[i]!, runs[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [s, e] of pairs) {
    if (out.length > 0 && s <= out[out.length - 1]!) out[out.length - 1] = Math.max(out[out.length - 1]!, e);
    else out.push(s, e);
  }
  return out;
}

/** Bytes covered by [start, end) pairs. */
export function intervalBytes(intervals: Float64Array): number {
  let n = 0;
  for (let i = 0; i < intervals.length; i += 2) n += intervals[i + 1]! - intervals[i]!;
  return n;
}
