/**
 * Exactly which bytes a walk touches, derived from the descriptor alone (not from lower/footprint.ts, which gives a superset).
 * Coordinates of each axis are collected as a set, so that overlapping windows cost no more than the tensor.
 */
import type { TensorDescriptor } from '../../isa/tensor.ts';

/** Sorted disjoint [start, end) byte ranges as pairs: start0, end0, start1, end1, ... */
export function touchedBytes(t: TensorDescriptor): readonly number[] {
  let offsets: number[] = [0];
  t.axes.forEach((axis, a) => {
    let reach = new Set([axis.origin]);
    for (const dim of t.dims) {
      if (dim.axis !== a || dim.step === 0) continue;
      const next = new Set<number>();
      for (const c of reach) for (let i = 0; i < dim.count; i++) next.add(c + i * dim.step);
      reach = next;
    }
    const legal = [...reach]
      .filter((c) => c >= 0 && c < axis.extent)
      .map((c) => (axis.modulo > 0 ? c % axis.modulo : c));
    offsets = offsets.flatMap((o) => legal.map((p) => o + p * axis.stride));
  });
  const starts = offsets.map((e) => t.base + Math.floor((e * t.widthBits) / 8));
  const ends = offsets.map((e) => t.base + Math.ceil(((e + 1) * t.widthBits) / 8));
  const order = offsets.map((_, i) => i).sort((x, y) => (starts[x] ?? 0) - (starts[y] ?? 0));
  const out: number[] = [];
  for (const i of order) {
    const [start, end] = [starts[i] ?? 0, ends[i] ?? 0];
    const last = out.length - 1;
    if (last > 0 && start <= (out[last] ?? 0)) out[last] = Math.max(out[last] ?? 0, end);
    else out.push(start, end);
  }
  return out;
}
