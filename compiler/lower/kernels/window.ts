/** Windows as walks: which input rows an output box needs, and the loops that visit them without copying padding. */
import type { Window } from '../../graph/types.ts';
import type { Box } from '../layout.ts';
import { at } from '../layout.ts';
import type { Guard, Loop, View } from '../walk.ts';

/** Input range of one axis for outputs [start, start + count), clipped to the input; one element when all is padding. */
function reach(
  window: Window,
  axis: 0 | 1,
  size: number,
  start: number,
  count: number,
): { readonly start: number; readonly count: number } {
  const first = start * window.strides[axis] - window.pads[axis];
  const last = first + (count - 1) * window.strides[axis] + (window.kernel[axis] - 1) * window.dilations[axis];
  const from = Math.max(0, Math.min(first, size - 1));
  const to = Math.min(size - 1, Math.max(last, from));
  return { start: from, count: to - from + 1 };
}

/** Input box [n, c, y, x] of an output box; `channels` maps the output's channel range to the input's. */
export function windowNeed(
  window: Window,
  input: readonly number[],
  channels: (start: number, count: number) => readonly [number, number],
): (box: Box) => Box {
  return (box) => {
    const y = reach(window, 0, at(input, 2), at(box.start, 2), at(box.count, 2));
    const x = reach(window, 1, at(input, 3), at(box.start, 3), at(box.count, 3));
    const [c0, cn] = channels(at(box.start, 1), at(box.count, 1));
    return { start: [at(box.start, 0), c0, y.start, x.start], count: [at(box.count, 0), cn, y.count, x.count] };
  };
}

/** Most of the input [n, c, y, x] that a box of `counts` outputs can need, channels as they are. */
export function windowHalo(window: Window, input: readonly number[]): (counts: readonly number[]) => readonly number[] {
  const along = (axis: 0 | 1, count: number): number =>
    Math.min(
      at(input, axis + 2),
      (count - 1) * window.strides[axis] + (window.kernel[axis] - 1) * window.dilations[axis] + 1,
    );
  return (counts) => [at(counts, 0), at(counts, 1), along(0, at(counts, 2)), along(1, at(counts, 3))];
}

export interface WindowLoops {
  /** Loops over output rows and columns. */
  readonly y: Loop;
  readonly x: Loop;
  /** Loops over the window. */
  readonly kernel: readonly Loop[];
}

/** Loops over the window of `out` (output coordinates) in a view that holds input box `held`. */
export function windowLoops(view: View, window: Window, out: Box, held: Box): WindowLoops {
  const guard = (axis: 0 | 1): Guard => ({
    extent: at(held.count, axis + 2),
    stride: at(view.layout.dims, axis + 2)[0]?.stride ?? 1,
    origin: at(out.start, axis + 2) * window.strides[axis] - window.pads[axis] - at(held.start, axis + 2),
  });
  const gy = guard(0);
  const gx = guard(1);
  return {
    y: { count: at(out.count, 2), guard: gy, step: window.strides[0] },
    x: { count: at(out.count, 3), guard: gx, step: window.strides[1] },
    kernel: [
      { count: window.kernel[0], guard: gy, step: window.dilations[0] },
      { count: window.kernel[1], guard: gx, step: window.dilations[1] },
    ],
  };
}

/** Neighbouring outputs of one axis whose windows are cut by the border in the same way. */
export interface BorderRun {
  readonly start: number;
  readonly count: number;
  /** First window position inside the input, and how many there are. */
  readonly first: number;
  readonly length: number;
}

/** Splits outputs [start, start + count) of one axis into runs of equally clipped windows. */
export function borderRuns(
  window: Window,
  axis: 0 | 1,
  size: number,
  start: number,
  count: number,
): readonly BorderRun[] {
  const runs: BorderRun[] = [];
  for (let o = start; o < start + count; o++) {
    const inside = Array.from(
      { length: window.kernel[axis] },
      (_, r) => o * window.strides[axis] - window.pads[axis] + r * window.dilations[axis],
    )
      .map((i, r) => (i >= 0 && i < size ? r : -1))
      .filter((r) => r >= 0);
    const first = inside[0] ?? 0;
    const last = runs.at(-1);
    if (last !== undefined && last.first === first && last.length === inside.length)
      runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push({ start: o, count: 1, first, length: inside.length });
  }
  return runs;
}
