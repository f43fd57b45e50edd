/**
 * Ops that pick or repeat elements with indices known at import: Split, Gather, Tile, SpaceToDepth. They become slices, reshapes and
 * joins, on codes where the operand is codes.
 */

import { invalid, refuse } from '../../refusal.ts';
import { intAttribute, intsAttribute } from '../attributes.ts';
import { generate, size } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import { axisOf, whole } from '../fold.ts';
import type { Constant } from '../meaning.ts';
import { Formula } from './formula.ts';
import { gatherRows } from './lookup.ts';
import { moved } from './movement.ts';

/** Most slices that a Gather becomes. */
const MOST_PIECES = 64;

/** `count` elements of one axis from `start` on, `step` apart. */
function piece(
  cx: ImportContext,
  id: string,
  axis: number,
  { start, count, step }: { readonly start: number; readonly count: number; readonly step: number },
  output: string,
): string {
  const { shape } = cx.builder.typeOf(id);
  const at = (own: number, other: number) => shape.map((_, d) => (d === axis ? own : other));
  const target = shape.map((d, i) => (i === axis ? count : d));
  return cx.add('slice', [id], { starts: at(start, 0), steps: at(step, 1) }, { shape: target, output });
}

export function importSplit(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const axis = axisOf(intAttribute(cx.node, 'axis', 0), shape.length);
  const extent = shape[axis] ?? 0;
  const parts = cx.node.outputs.length;
  const given = cx.constantInput(1, 'the sizes');
  const each = Math.ceil(extent / parts);
  const sizes =
    (given === undefined ? intsAttribute(cx.node, 'split') : whole(given)) ??
    Array.from({ length: parts }, (_, i) => Math.min(each, extent - i * each));
  if (sizes.length !== parts || sizes.some((s) => s < 1) || sizes.reduce((a, b) => a + b, 0) !== extent)
    invalid(`parts of ${sizes.join(', ')} elements of ${extent}`, { expected: `${parts} parts that add up` });
  let start = 0;
  cx.node.outputs.forEach((output, i) => {
    const part = { start, count: sizes[i] ?? 0, step: 1 };
    start += part.count;
    if (output === '') return;
    const x = cx.input(0);
    if (x.kind === 'constant') {
      cx.result({ kind: 'constant', constant: partOf(x.constant, axis, part.start, part.count) }, i);
      return;
    }
    moved(cx, { emit: (id) => piece(cx, id, axis, part, output), axis: (a) => (a === axis ? undefined : a) }, i);
  });
}

/** `count` elements of one axis of a constant from `start` on. */
function partOf(x: Constant, axis: number, start: number, count: number): Constant {
  const shape = x.shape.map((d, i) => (i === axis ? count : d));
  const inner = size(shape.slice(axis + 1));
  const extent = x.shape[axis] ?? 1;
  return generate(x.dataType, shape, (i) => {
    const outer = Math.floor(i / (inner * count));
    return x.data[(outer * extent + start) * inner + (i % (inner * count))] ?? 0;
  });
}

/** Known indices: a slice where they are evenly spaced, else a join of slices; the axis becomes the axes of the indices. */
export function importGather(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const axis = axisOf(intAttribute(cx.node, 'axis', 0), shape.length);
  if (cx.input(1).kind !== 'constant') {
    gatherRows(cx);
    return;
  }
  const given = cx.constantInput(1, 'the indices') ?? invalid('Gather has no indices');
  const extent = shape[axis] ?? 0;
  const indices = whole(given).map((i) => (i < 0 ? i + extent : i));
  for (const i of indices) if (i < 0 || i >= extent) invalid(`index ${i} is outside 0 .. ${extent - 1}`);
  const name = cx.outputName;
  const target = [...shape.slice(0, axis), ...given.shape, ...shape.slice(axis + 1)];
  const emit = (id: string): string => {
    const picked = pick(cx, id, axis, indices);
    return given.shape.length === 1 ? picked : cx.add('reshape', [picked], {}, { shape: target, output: name });
  };
  const moves = (a: number) => (a === axis ? undefined : a > axis ? a + given.shape.length - 1 : a);
  moved(cx, { emit, axis: moves });
}

/** Evenly spaced ascending runs, as long as they come. */
function runsOf(indices: readonly number[]): { start: number; count: number; step: number }[] {
  const runs: { start: number; count: number; step: number }[] = [];
  for (const v of indices) {
    const last = runs.at(-1);
    const step = last === undefined ? 0 : v - (last.start + (last.count - 1) * last.step);
    if (last !== undefined && step > 0 && (last.count === 1 || step === last.step)) {
      last.step = step;
      last.count += 1;
    } else runs.push({ start: v, count: 1, step: 1 });
  }
  return runs;
}

/** Elements of one axis by number: a slice where they are evenly spaced, else a join of slices. */
export function pick(cx: ImportContext, id: string, axis: number, indices: readonly number[]): string {
  const runs = runsOf(indices);
  const name = `${cx.outputName}.picked${axis}`;
  if (runs.length > MOST_PIECES)
    refuse(`${indices.length} scattered elements of axis ${axis}, ${runs.length} runs`, {
      expected: `at most ${MOST_PIECES} runs of evenly spaced ones`,
    });
  const f = new Formula(cx, name);
  return f.join(
    runs.map((run, i) => piece(cx, id, axis, run, `${name}${i}`)),
    axis,
  );
}

/** Each axis as a whole, one copy behind the other. */
export function importTile(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const times = whole(cx.constantInput(1, 'the repetitions') ?? invalid('Tile has no repetitions'));
  if (times.length !== shape.length || times.some((t) => t < 1))
    invalid(`repetitions [${times.join(', ')}] of [${shape.join(', ')}]`, { expected: 'at least 1 for each axis' });
  const f = new Formula(cx);
  const emit = (id: string): string =>
    times.reduce((from, k, axis) => {
      if (k === 1) return from;
      const own = cx.builder.typeOf(from).shape;
      const [outer, inner] = [size(own.slice(0, axis)), size(own.slice(axis))];
      const wide = { shape: [outer, k, inner] };
      const copies = cx.add('expand', [f.reshape(from, [outer, 1, inner])], wide, { output: f.name() });
      return f.reshape(
        copies,
        own.map((d, i) => (i === axis ? d * k : d)),
      );
    }, id);
  if (times.every((t) => t === 1)) cx.result(cx.input(0));
  else moved(cx, { emit, axis: (a) => (times[a] === 1 ? a : undefined) });
}

/** [N, C, H, W] -> [N, C b b, H / b, W / b]: block row and column outermost in the channels. */
export function importSpaceToDepth(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const [n = 1, c = 1, h = 1, w = 1] = shape;
  const b = intAttribute(cx.node, 'blocksize', 0);
  if (shape.length !== 4 || b < 1 || h % b !== 0 || w % b !== 0)
    invalid(`blocks of ${b} in [${shape.join(', ')}]`, { expected: '[N, C, H, W] that the block divides' });
  const name = cx.outputName;
  const emit = (id: string): string => {
    const cut = cx.add('reshape', [id], {}, { shape: [n, c, h / b, b, w / b, b], output: `${name}.blocks` });
    const turned = cx.add('transpose', [cut], { perm: [0, 3, 5, 1, 2, 4] }, { output: `${name}.turned` });
    return cx.add('reshape', [turned], {}, { shape: [n, c * b * b, h / b, w / b], output: name });
  };
  moved(cx, { emit, axis: () => undefined });
}
