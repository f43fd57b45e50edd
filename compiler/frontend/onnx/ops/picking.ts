/**
 * Ops that pick or repeat elements with indices known at import: Split, Gather, SpaceToDepth, and Resize to a whole multiple
 * by the nearest neighbour. They become slices, reshapes and joins, on codes where the operand is codes.
 */
import { intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import { size } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import { axisOf, whole } from '../fold.ts';
import { invalid, refuse } from '../meaning.ts';
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
    moved(cx, { emit: (id) => piece(cx, id, axis, part, output), axis: (a) => (a === axis ? undefined : a) }, i);
  });
}

/** Known indices: a slice where they are evenly spaced, else a join of slices; a scalar index takes the axis away. */
export function importGather(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const axis = axisOf(intAttribute(cx.node, 'axis', 0), shape.length);
  if (cx.input(1).kind !== 'constant') {
    gatherRows(cx);
    return;
  }
  const given = cx.constantInput(1, 'the indices') ?? invalid('Gather has no indices');
  if (given.shape.length > 1) refuse(`Gather with indices of rank ${given.shape.length}`, { expected: 'rank 0 or 1' });
  const extent = shape[axis] ?? 0;
  const indices = whole(given).map((i) => (i < 0 ? i + extent : i));
  for (const i of indices) if (i < 0 || i >= extent) invalid(`index ${i} is outside 0 .. ${extent - 1}`);
  const name = cx.outputName;
  const target = [...shape.slice(0, axis), ...given.shape, ...shape.slice(axis + 1)];
  const emit = (id: string): string => {
    const picked = pick(cx, id, axis, indices);
    return given.shape.length === 0 ? cx.add('reshape', [picked], {}, { shape: target, output: name }) : picked;
  };
  const moves = (a: number) => (a === axis ? undefined : given.shape.length === 0 && a > axis ? a - 1 : a);
  moved(cx, { emit, axis: moves });
}

function pick(cx: ImportContext, id: string, axis: number, indices: readonly number[]): string {
  const [start = 0, second = 0] = indices;
  const step = indices.length > 1 ? second - start : 1;
  const name = `${cx.outputName}.picked`;
  if (step > 0 && indices.every((v, i) => v === start + i * step))
    return piece(cx, id, axis, { start, count: indices.length, step }, name);
  if (indices.length > MOST_PIECES)
    refuse(`Gather of ${indices.length} scattered indices`, {
      expected: `at most ${MOST_PIECES}, or evenly spaced ones`,
    });
  const parts = indices.map((v, i) => piece(cx, id, axis, { start: v, count: 1, step: 1 }, `${name}${i}`));
  return cx.add('concat', parts, { axis }, { output: name });
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

/** Nearest neighbour where every element is repeated a whole number of times along each axis. */
export function importResize(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const mode = stringAttribute(cx.node, 'mode', 'nearest');
  if (mode !== 'nearest') refuse(`${cx.node.opType} in mode ${mode}`, { expected: 'nearest' });
  const factors = resizeFactors(cx, shape);
  factors.forEach((k, axis) => {
    if (!Number.isInteger(k) || k < 1 || !repeats(cx, k, shape[axis] ?? 1))
      refuse(`${cx.node.opType} by ${k} along axis ${axis} with these roundings`, {
        expected:
          'whole factors that repeat each element: asymmetric with floor, or half_pixel with round_prefer_floor',
      });
  });
  const name = cx.outputName;
  const emit = (id: string): string =>
    factors.reduce((from, k, axis) => (k === 1 ? from : repeat(cx, from, axis, k, `${name}.axis${axis}`)), id);
  if (factors.every((k) => k === 1)) cx.result(cx.input(0));
  else moved(cx, { emit, axis: (a) => (factors[a] === 1 ? a : undefined) });
}

/** Scales of Upsample (input 1) and Resize (input 2, input 1 in opset 10), or sizes (input 3) over the shape. */
function resizeFactors(cx: ImportContext, shape: readonly number[]): number[] {
  const at = cx.node.inputs.length > 2 ? 2 : 1;
  const scales = cx.constantInput(at, 'the scales');
  const sizes = cx.constantInput(3, 'the sizes');
  const given = scales !== undefined && scales.data.length > 0 ? Array.from(scales.data) : undefined;
  const axes = intsAttribute(cx.node, 'axes')?.map((a) => axisOf(a, shape.length)) ?? shape.map((_, d) => d);
  const listed =
    given ?? (sizes === undefined ? undefined : whole(sizes).map((s, i) => s / (shape[axes[i] ?? 0] ?? 1)));
  if (listed === undefined || listed.length !== axes.length)
    return invalid(`${listed?.length ?? 0} factors for ${axes.length} axes`, { expected: 'one per axis' });
  const factors = shape.map(() => 1);
  axes.forEach((a, i) => {
    factors[a] = listed[i] ?? 1;
  });
  return factors;
}

/** Whether result i comes from element floor(i / k) for every i. */
function repeats(cx: ImportContext, k: number, extent: number): boolean {
  if (k === 1) return true;
  const old = cx.node.opType === 'Upsample' || cx.opset < 11;
  const transform = old ? 'asymmetric' : stringAttribute(cx.node, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = old ? 'floor' : stringAttribute(cx.node, 'nearest_mode', 'round_prefer_floor');
  const source = (i: number): number => {
    if (transform === 'asymmetric') return i / k;
    if (transform === 'half_pixel' || transform === 'half_pixel_symmetric' || transform === 'pytorch_half_pixel')
      return (i + 0.5) / k - 0.5;
    return transform === 'align_corners' ? (i * (extent - 1)) / Math.max(1, extent * k - 1) : Number.NaN;
  };
  const round = (x: number): number => {
    if (rounding === 'floor') return Math.floor(x);
    if (rounding === 'ceil') return Math.ceil(x);
    return rounding === 'round_prefer_ceil' ? Math.floor(x + 0.5) : Math.ceil(x - 0.5);
  };
  for (let i = 0; i < extent * k; i++) {
    const from = Math.min(extent - 1, Math.max(0, round(source(i))));
    if (from !== Math.floor(i / k)) return false;
  }
  return true;
}

/** Each element of `axis` k times: a new axis behind it, joined k times, and folded in. */
function repeat(cx: ImportContext, id: string, axis: number, k: number, output: string): string {
  const { shape } = cx.builder.typeOf(id);
  const outer = size(shape.slice(0, axis + 1));
  const inner = size(shape.slice(axis + 1));
  const rows = cx.add('reshape', [id], {}, { shape: [outer, 1, inner], output: `${output}.rows` });
  const many = cx.add('concat', new Array<string>(k).fill(rows), { axis: 1 }, { output: `${output}.many` });
  const target = shape.map((d, i) => (i === axis ? d * k : d));
  return cx.add('reshape', [many], {}, { shape: target, output });
}
