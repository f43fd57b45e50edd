/**
 * Exactly which bytes a walk touches, derived from the descriptor alone (not from lower/footprint.ts, which gives a superset).
 * Coordinates of each axis are collected as a set, so that overlapping windows cost no more than the tensor.
 */
import type { TensorDescriptor } from '../../isa/tensor.ts';

/** Sorted disjoint [start, end) byte ranges as pairs: start0, end0, start1, end1, ... */
export function touchedBytes(t: TensorDescriptor): readonly number[] {
  // Elements as [start, end), from the axis of the least stride on: neighbours that fill their stride stay one range.
  let ranges: (readonly [number, number])[] = [[0, 1]];
  for (const a of [...t.axes.keys()].sort((x, y) => (t.axes[x]?.stride ?? 0) - (t.axes[y]?.stride ?? 0))) {
    const { stride } = t.axes[a]!;
    const [only] = ranges;
    const whole = ranges.length === 1 && only !== undefined && only[1] - only[0] === stride;
    const own = whole ? runsOf(placesOf(t, a)) : placesOf(t, a).map((p): [number, number] => [p, p + 1]);
    ranges = ranges.flatMap(([start, end]) =>
      own.map(([p, q]): [number, number] => [start + p * stride, end + (q - 1) * stride]),
    );
  }
  const bytes = ranges.map(([start, end]): [number, number] => [
    t.base + Math.floor((start * t.widthBits) / 8),
    t.base + Math.ceil((end * t.widthBits) / 8),
  ]);
  bytes.sort(([x], [y]) => x - y);
  const out: number[] = [];
  for (const [start, end] of bytes) {
    const last = out.length - 1;
    if (last > 0 && start <= (out[last] ?? 0)) out[last] = Math.max(out[last] ?? 0, end);
    else out.push(start, end);
  }
  return out;
}

/** Places of one axis that the walk comes to, sorted, each once. */
function placesOf(t: TensorDescriptor, a: number): number[] {
  const axis = t.axes[a]!;
  let reach = new Set([axis.origin]);
  for (const dim of t.dims) {
    if (dim.axis !== a || dim.step === 0) continue;
    const next = new Set<number>();
    for (const c of reach) for (let i = 0; i < dim.count; i++) next.add(c + i * dim.step);
    reach = next;
  }
  const legal = [...reach].filter((c) => c >= 0 && c < axis.extent);
  return [...new Set(legal.map((c) => (axis.modulo > 0 ? c % axis.modulo : c)))].sort((x, y) => x - y);
}

/** Sorted numbers as [first, last + 1) of neighbours. */
function runsOf(places: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const p of places) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === p) last[1] = p + 1;
    else runs.push([p, p + 1]);
  }
  return runs;
}
