/**
 * Exactly which bytes a walk touches, derived from the descriptor alone (not from lower/footprint.ts, which gives a superset).
 * Coordinates of each axis are collected as runs, so that overlapping windows cost no more than the tensor, and whole rows no more than one number.
 */
import type { TensorDescriptor } from '../../isa/tensor.ts';

type Run = readonly [start: number, end: number];

/** Sorted disjoint [start, end) byte ranges as pairs: start0, end0, start1, end1, ... */
export function touchedBytes(t: TensorDescriptor): readonly number[] {
  // Elements as [start, end), from the axis of the least stride on: neighbours that fill their stride stay one range.
  let ranges: Run[] = [[0, 1]];
  for (const a of [...t.axes.keys()].sort((x, y) => (t.axes[x]?.stride ?? 0) - (t.axes[y]?.stride ?? 0))) {
    const { stride } = t.axes[a]!;
    const [only] = ranges;
    const whole = ranges.length === 1 && only !== undefined && only[1] - only[0] === stride;
    const places = placesOf(t, a);
    const own = whole ? places : places.flatMap(singly);
    ranges = ranges.flatMap(([start, end]) => own.map(([p, q]): Run => [start + p * stride, end + (q - 1) * stride]));
  }
  return unionOf(
    ranges.map(
      ([start, end]): Run => [
        t.base + Math.floor((start * t.widthBits) / 8),
        t.base + Math.ceil((end * t.widthBits) / 8),
      ],
    ),
  ).flat();
}

function singly([start, end]: Run): Run[] {
  return Array.from({ length: end - start }, (_, i): Run => [start + i, start + i + 1]);
}

/** Places of one axis that the walk comes to, as sorted disjoint [first, last + 1). */
function placesOf(t: TensorDescriptor, a: number): Run[] {
  const axis = t.axes[a]!;
  let reach: Run[] = [[axis.origin, axis.origin + 1]];
  // Sums do not depend on the order of the dims; from the least step on, neighbours become one run early.
  const dims = t.dims.filter((d) => d.axis === a && d.step !== 0).sort((x, y) => Math.abs(x.step) - Math.abs(y.step));
  for (const { count, step } of dims) reach = unionOf(reach.flatMap((run) => repeated(run, count, step)));
  const legal = reach
    .map(([start, end]): Run => [Math.max(start, 0), Math.min(end, axis.extent)])
    .filter(([start, end]) => start < end);
  return axis.modulo > 0 ? unionOf(legal.flatMap((run) => wrapped(run, axis.modulo))) : legal;
}

/** A run and its copies at the multiples of a step. */
function repeated([start, end]: Run, count: number, step: number): Run[] {
  const last = step * (count - 1);
  if (Math.abs(step) <= end - start) return [[start + Math.min(last, 0), end + Math.max(last, 0)]];
  return Array.from({ length: count }, (_, i): Run => [start + i * step, end + i * step]);
}

/** A run on a ring of so many places. */
function wrapped([start, end]: Run, modulo: number): Run[] {
  if (end - start >= modulo) return [[0, modulo]];
  const from = start % modulo;
  const to = from + end - start;
  if (to <= modulo) return [[from, to]];
  return [
    [0, to - modulo],
    [from, modulo],
  ];
}

/** Runs in any order, as sorted runs that do not touch. */
function unionOf(runs: readonly Run[]): Run[] {
  const out: [number, number][] = [];
  for (const [start, end] of runs.toSorted(([x], [y]) => x - y)) {
    const last = out.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else out.push([start, end]);
  }
  return out;
}
