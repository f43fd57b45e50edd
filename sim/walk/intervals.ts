/**
 * Which bytes a walk touches, without walking: each dim moves one axis, so the touched positions are the product of one set of
 * positions per axis. Sets and products are lists of [start, end) runs, ascending and disjoint, so a dense tensor costs a few
 * operations whatever its size. Left out: the order in which the walk visits the bytes.
 */
import { UnsupportedError } from '../../isa/base/errors.ts';
import type { Axis, Dim } from '../../isa/tensor.ts';

/** [start, end) pairs, ascending, disjoint, with a gap between neighbours. */
export type Runs = readonly number[];

/** Longest list of runs that is worked with. */
const LIST_LIMIT = 2 ** 23;

/** A box of a walk: every dim goes over [from, from + count). */
export interface BoxDim extends Dim {
  readonly from: number;
}

/** Element runs that a box touches, relative to the base; coordinates outside an axis touch nothing. */
export function boxRuns(axes: readonly Axis[], origins: ArrayLike<number>, dims: readonly BoxDim[]): Runs {
  let runs: Runs = [0, 1];
  const order = axes.map((_, a) => a).sort((a, b) => Math.abs(axes[a]!.stride) - Math.abs(axes[b]!.stride));
  for (const a of order) {
    const axis = axes[a]!;
    const set = positions(
      axis,
      origins[a]!,
      dims.filter((d) => d.axis === a),
    );
    runs = product(runs, set, axis.stride);
  }
  return runs;
}

/** Positions of one axis that its dims reach: clipped to the extent, folded by the ring. */
function positions(axis: Axis, origin: number, dims: readonly BoxDim[]): Runs {
  const start = dims.reduce((o, d) => o + d.from * d.step, origin);
  let runs: Runs = [start, start + 1];
  for (const d of [...dims].sort((a, b) => Math.abs(a.step) - Math.abs(b.step))) runs = repeated(runs, d.count, d.step);
  const inside: number[] = [];
  for (let i = 0; i < runs.length; i += 2) {
    const s = Math.max(0, runs[i]!);
    const e = Math.min(axis.extent, runs[i + 1]!);
    if (s < e) inside.push(s, e);
  }
  return axis.modulo > 0 ? folded(inside, axis.modulo) : inside;
}

function folded(runs: Runs, modulo: number): Runs {
  const out: number[] = [];
  for (let i = 0; i < runs.length; i += 2) {
    if (runs[i + 1]! - runs[i]! >= modulo) return [0, modulo];
    const s = runs[i]! % modulo;
    const e = s + runs[i + 1]! - runs[i]!;
    if (e <= modulo) out.push(s, e);
    else out.push(s, modulo, 0, e - modulo);
  }
  return mergeRuns(out);
}

/** Union of `count` copies of the runs, each `step` further. */
function repeated(runs: Runs, count: number, step: number): Runs {
  if (count === 1 || step === 0 || runs.length === 0) return runs;
  const low = step < 0 ? (count - 1) * step : 0;
  const size = Math.abs(step);
  if (runs.length === 2 && size <= runs[1]! - runs[0]!) return [runs[0]! + low, runs[1]! + low + (count - 1) * size];
  if (count * runs.length > LIST_LIMIT) throw tooScattered();
  const out: number[] = [];
  for (let c = 0; c < count; c++) append(out, runs, low + c * size);
  return mergeRuns(out);
}

/** Union over the positions of copies of the runs, `stride` apart. */
function product(runs: Runs, set: Runs, stride: number): Runs {
  const parts: number[] = [];
  for (let i = 0; i < set.length; i += 2) {
    if (parts.length > LIST_LIMIT) throw tooScattered();
    const copies = repeated(runs, set[i + 1]! - set[i]!, stride);
    append(parts, copies, set[i]! * stride);
  }
  return set.length === 2 ? parts : mergeRuns(parts);
}

function tooScattered(): UnsupportedError {
  const what = `a tensor walk touches more than ${LIST_LIMIT / 2} separate runs of elements`;
  return new UnsupportedError(`${what}: split the instruction`, { code: 'E-SIM-SPAN' });
}

function append(out: number[], runs: Runs, shift: number): void {
  for (const r of runs) out.push(r + shift);
}

/** Sorts and joins [start, end) pairs; overlapping and touching runs become one. */
export function mergeRuns(runs: Runs): Runs {
  const pairs = ascending(runs) ? runs : sorted(runs);
  const out: number[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const last = out.length - 1;
    if (last >= 0 && pairs[i]! <= out[last]!) out[last] = Math.max(out[last]!, pairs[i + 1]!);
    else out.push(pairs[i]!, pairs[i + 1]!);
  }
  return out;
}

function ascending(runs: Runs): boolean {
  for (let i = 2; i < runs.length; i += 2) if (runs[i]! < runs[i - 2]!) return false;
  return true;
}

function sorted(runs: Runs): Runs {
  const order = Array.from({ length: runs.length / 2 }, (_, i) => 2 * i).sort((a, b) => runs[a]! - runs[b]!);
  return order.flatMap((i) => [runs[i]!, runs[i + 1]!]);
}

/** Byte runs of element runs: elements of `widthBits` packed from the base. */
export function toBytes(elements: Runs, widthBits: number): Float64Array {
  const out: number[] = [];
  for (let i = 0; i < elements.length; i += 2) {
    const start = Math.floor((elements[i]! * widthBits) / 8);
    const end = Math.ceil((elements[i + 1]! * widthBits) / 8);
    const last = out.length - 1;
    if (last >= 0 && start <= out[last]!) out[last] = Math.max(out[last]!, end);
    else out.push(start, end);
  }
  return Float64Array.from(out);
}

/**
 * The box walk of the elements [from, to) of the flattened last `kdims` dims, all dims before them whole: a slice of a window is
 * not a box, but it is a few of them.
 */
export function sliceBoxes(
  dims: readonly Dim[],
  kdims: number,
  from: number,
  to: number,
): readonly (readonly BoxDim[])[] {
  const outer = dims.slice(0, dims.length - kdims).map((d) => ({ ...d, from: 0 }));
  return flatBoxes(dims.slice(dims.length - kdims), from, to).map((box) => [...outer, ...box]);
}

function flatBoxes(dims: readonly Dim[], from: number, to: number): BoxDim[][] {
  const [first, ...rest] = dims;
  if (first === undefined) return [[]];
  const inner = rest.reduce((n, d) => n * d.count, 1);
  const whole = rest.map((d) => ({ ...d, from: 0 }));
  const part = (at: number, count: number, boxes: readonly BoxDim[][]) =>
    boxes.map((b) => [{ ...first, from: at, count }, ...b]);
  const head = Math.floor(from / inner);
  const tail = Math.floor(to / inner);
  if (head === tail) return part(head, 1, flatBoxes(rest, from - head * inner, to - head * inner));
  const fullFrom = from === head * inner ? head : head + 1;
  return [
    ...(fullFrom > head ? part(head, 1, flatBoxes(rest, from - head * inner, inner)) : []),
    ...(tail > fullFrom ? part(fullFrom, tail - fullFrom, [whole]) : []),
    ...(to > tail * inner ? part(tail, 1, flatBoxes(rest, 0, to - tail * inner)) : []),
  ];
}
