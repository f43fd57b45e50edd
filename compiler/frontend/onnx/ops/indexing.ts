/**
 * Ops that address single elements: GatherND, GatherElements and ScatterND with places known at import, OneHot and Trilu. They become slices and joins of
 * what is known to lie together, on codes where the operand is codes.
 */
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute, stringAttribute } from '../attributes.ts';
import { listed, size, stridesOf } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import { axisOf, whole } from '../fold.ts';
import type { Constant } from '../meaning.ts';
import { numbersOf } from './conditions.ts';
import { Formula } from './formula.ts';
import { moved } from './movement.ts';
import { pick } from './picking.ts';

/** Which of the leading elements of `shape` each tuple of `indices` means; a tuple has `depth` numbers, and leaves the other axes whole. */
function rowsAt(shape: readonly number[], indices: Constant): number[] {
  const depth = indices.shape.at(-1) ?? 0;
  if (!(depth >= 1 && depth <= shape.length))
    invalid(`indices of shape [${indices.shape.join(', ')}] into [${shape.join(', ')}]`, {
      expected: `1 .. ${shape.length} numbers each`,
    });
  const strides = stridesOf(shape.slice(0, depth));
  const numbers = whole(indices);
  return Array.from({ length: numbers.length / depth }, (_, i) =>
    strides.reduce((at, stride, d) => at + stride * place(numbers[i * depth + d] ?? 0, shape[d] ?? 1), 0),
  );
}

function place(raw: number, extent: number): number {
  const index = raw < 0 ? raw + extent : raw;
  return index >= 0 && index < extent ? index : invalid(`index ${raw} is outside 0 .. ${extent - 1}`);
}

function knownIndices(cx: ImportContext): Constant {
  return cx.constantInput(1, 'the indices') ?? invalid(`${cx.node.opType} has no indices`);
}

export function importGatherNd(cx: ImportContext): void {
  if (intAttribute(cx.node, 'batch_dims', 0) !== 0) refuse('GatherND with batch_dims', { expected: 'batch_dims = 0' });
  const { shape } = cx.typeOf(cx.input(0));
  const indices = knownIndices(cx);
  const rows = rowsAt(shape, indices);
  const rest = shape.slice(indices.shape.at(-1) ?? 0);
  const emit = (id: string): string => {
    const f = new Formula(cx);
    const flat = f.reshape(id, [size(shape) / size(rest), ...rest]);
    return f.reshape(pick(cx, flat, 0, rows), [...indices.shape.slice(0, -1), ...rest]);
  };
  moved(cx, { emit, axis: () => undefined });
}

export function importGatherElements(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const axis = axisOf(intAttribute(cx.node, 'axis', 0), shape.length);
  const indices = knownIndices(cx);
  if (indices.shape.some((d, i) => i !== axis && d > (shape[i] ?? 0)))
    invalid(`indices of shape [${indices.shape.join(', ')}] into [${shape.join(', ')}]`);
  if (indices.shape.length !== shape.length)
    invalid(`indices of rank ${indices.shape.length} into rank ${shape.length}`);
  const [strides, own] = [stridesOf(shape), stridesOf(indices.shape)];
  const places = whole(indices).map((raw, i) =>
    strides.reduce((at, stride, d) => {
      const index = Math.floor(i / (own[d] ?? 1)) % (indices.shape[d] ?? 1);
      return at + stride * (d === axis ? place(raw, shape[d] ?? 1) : index);
    }, 0),
  );
  const emit = (id: string): string => {
    const f = new Formula(cx);
    return f.reshape(pick(cx, f.reshape(id, [size(shape)]), 0, places), indices.shape);
  };
  moved(cx, { emit, axis: () => undefined });
}

/** Rows of the third operand in the places of rows of the first, both as float32; of equal places the last one counts. */
export function importScatterNd(cx: ImportContext): void {
  if (stringAttribute(cx.node, 'reduction', 'none') !== 'none')
    refuse('ScatterND with a reduction', { expected: 'none' });
  const { shape } = cx.typeOf(cx.input(0));
  const indices = knownIndices(cx);
  const rest = shape.slice(indices.shape.at(-1) ?? 0);
  const count = size(shape) / size(rest);
  const rows = rowsAt(shape, indices);
  const source = Array.from({ length: listed(count, 'scattered rows') }, (_, i) => i);
  rows.forEach((row, i) => {
    source[row] = count + i;
  });
  const f = new Formula(cx);
  const [x, updates] = [
    f.reshape(cx.floatInput(0), [count, ...rest]),
    f.reshape(cx.floatInput(2), [rows.length, ...rest]),
  ];
  cx.result({ kind: 'float', id: f.reshape(pick(cx, f.join([x, updates], 0), 0, source), shape) });
}

/** Computed indices: `on` where the place is the index (counted from the end when negative), `off` elsewhere. */
export function importOneHot(cx: ImportContext): void {
  const depth = listed(cx.constantInput(1, 'the depth')?.data[0] ?? 0, 'the depth of OneHot');
  const values = cx.constantInput(2, 'the values') ?? invalid('OneHot has no values');
  if (values.dataType !== 'float32') refuse(`OneHot of ${values.dataType} values`, { expected: 'float32' });
  const [off = 0, on = 0] = values.data;
  const { shape } = cx.typeOf(cx.input(0));
  const axis = axisOf(intAttribute(cx.node, 'axis', -1), shape.length + 1);
  const f = new Formula(cx);
  const raw = f.reshape(numbersOf(cx, 0), [...shape.slice(0, axis), 1, ...shape.slice(axis)]);
  const negative = f.unary('relu', f.unary('sign', f.unary('neg', raw)));
  const index = f.binary('add', raw, f.binary('mul', negative, depth));
  const places = f.constant(
    Float32Array.from({ length: depth }, (_, i) => i),
    [depth, ...shape.slice(axis).map(() => 1)],
  );
  const differs = f.unary('sign', f.unary('abs', f.binary('sub', index, places)));
  cx.result({ kind: 'float', id: f.binary('add', f.binary('mul', differs, off - on), on) });
}

/** The upper or lower triangle of the last two axes, zero elsewhere. */
export function importTrilu(cx: ImportContext): void {
  const x = cx.floatInput(0);
  const { shape } = cx.builder.typeOf(x);
  const [rows = 1, columns = 1] = shape.slice(-2);
  if (shape.length < 2) invalid('Trilu of a vector', { expected: 'rank 2 or more' });
  const k = cx.constantInput(1, 'the diagonal')?.data[0] ?? 0;
  const upper = intAttribute(cx.node, 'upper', 1) !== 0;
  const data = Int32Array.from({ length: listed(rows * columns, 'a triangle', 2 ** 24) }, (_, i) => {
    const distance = (i % columns) - Math.floor(i / columns);
    return Number(upper ? distance >= k : distance <= k);
  });
  const element = { kind: 'int', bits: 1, coding: 'unsigned' } as const;
  const mask = cx.builder.constant({ type: { element, shape: [rows, columns] }, data }, `${cx.outputName}.triangle`);
  const zero = new Formula(cx).constant([0], []);
  cx.result({ kind: 'float', id: cx.add('where', [mask, x, zero], {}, { output: cx.outputName }) });
}
