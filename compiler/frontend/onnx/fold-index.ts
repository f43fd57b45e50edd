/** Folding of ops that address elements by place, as exporters leave them for masks and windows: scattered and gathered rows, one-hot words, places of what is not zero. */
import { invalid, refuse } from '../refusal.ts';
import { intAttribute } from './attributes.ts';
import { generate, make, size, stridesOf } from './constants.ts';
import { axisOf, type Fold, need } from './fold-basics.ts';
import type { Constant } from './meaning.ts';

function placeOf(raw: number, extent: number): number {
  const index = raw < 0 ? raw + extent : raw;
  return index >= 0 && index < extent ? index : invalid(`index ${raw} is outside 0 .. ${extent - 1}`);
}

/** Element at which each tuple of `indices` begins in a tensor of `shape`, and how many elements it means. */
function rowsOf(
  shape: readonly number[],
  indices: Constant,
): { readonly starts: readonly number[]; readonly length: number } {
  const depth = indices.shape.at(-1) ?? 0;
  if (!(depth >= 1 && depth <= shape.length))
    invalid(`indices of shape [${indices.shape.join(', ')}] into [${shape.join(', ')}]`);
  const strides = stridesOf(shape);
  const starts = Array.from({ length: indices.data.length / depth }, (_, i) => {
    let at = 0;
    for (let d = 0; d < depth; d++) at += placeOf(indices.data[i * depth + d] ?? 0, shape[d] ?? 1) * (strides[d] ?? 0);
    return at;
  });
  return { starts, length: size(shape.slice(depth)) };
}

const scatterRows: Fold = (node, inputs) => {
  const [x, indices, updates] = [need(inputs, 0), need(inputs, 1), need(inputs, 2)];
  if (node.attributes.has('reduction')) refuse('ScatterND with a reduction', { expected: 'none' });
  const { starts, length } = rowsOf(x.shape, indices);
  const data = Array.from(x.data);
  starts.forEach((start, i) => {
    for (let j = 0; j < length; j++) data[start + j] = updates.data[i * length + j] ?? 0;
  });
  return make(x.dataType, x.shape, data);
};

const gatherRows: Fold = (node, inputs) => {
  const [x, indices] = [need(inputs, 0), need(inputs, 1)];
  if (intAttribute(node, 'batch_dims', 0) !== 0) refuse('GatherND with batch_dims', { expected: 'batch_dims = 0' });
  const { starts, length } = rowsOf(x.shape, indices);
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(indices.shape.at(-1) ?? 0)];
  return generate(x.dataType, shape, (i) => x.data[(starts[Math.floor(i / length)] ?? 0) + (i % length)] ?? 0);
};

const gatherElements: Fold = (node, inputs) => {
  const [x, indices] = [need(inputs, 0), need(inputs, 1)];
  const axis = axisOf(intAttribute(node, 'axis', 0), x.shape.length);
  const [strides, own] = [stridesOf(x.shape), stridesOf(indices.shape)];
  if (indices.shape.length !== x.shape.length || indices.shape.some((d, i) => i !== axis && d > (x.shape[i] ?? 0)))
    invalid(`indices of shape [${indices.shape.join(', ')}] into [${x.shape.join(', ')}]`);
  return generate(x.dataType, indices.shape, (i) => {
    let at = 0;
    for (const [d, stride] of strides.entries()) {
      const index = Math.floor(i / (own[d] ?? 1)) % (indices.shape[d] ?? 1);
      at += stride * (d === axis ? placeOf(indices.data[i] ?? 0, x.shape[d] ?? 1) : index);
    }
    return x.data[at] ?? 0;
  });
};

/** Places of what is not zero, [rank, count]. */
const nonZero: Fold = (_, inputs) => {
  const x = need(inputs, 0);
  const found = Array.from(x.data.keys()).filter((i) => x.data[i] !== 0);
  const rows = stridesOf(x.shape).map((stride, d) => found.map((i) => Math.floor(i / stride) % (x.shape[d] ?? 1)));
  return make('int64', [x.shape.length, found.length], rows.flat());
};

const oneHot: Fold = (node, inputs) => {
  const [indices, depths, values] = [need(inputs, 0), need(inputs, 1), need(inputs, 2)];
  const depth = depths.data[0] ?? 0;
  const axis = axisOf(intAttribute(node, 'axis', -1), indices.shape.length + 1);
  const inner = size(indices.shape.slice(axis));
  const shape = [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)];
  return generate(values.dataType, shape, (i) => {
    const raw = indices.data[Math.floor(i / (inner * depth)) * inner + (i % inner)] ?? 0;
    const on = (raw < 0 ? raw + depth : raw) === Math.floor(i / inner) % depth;
    return values.data[on ? 1 : 0] ?? 0;
  });
};

/** Ones on a diagonal of a matrix of the operand's shape. */
const eyeLike: Fold = (node, inputs) => {
  const x = need(inputs, 0);
  const [rows, columns] = x.shape;
  if (x.shape.length !== 2 || rows === undefined || columns === undefined)
    return invalid('EyeLike of a tensor that is no matrix');
  const k = intAttribute(node, 'k', 0);
  return generate(x.dataType, x.shape, (i) => Number((i % columns) - Math.floor(i / columns) === k));
};

export const INDEX_FOLDS: Readonly<Record<string, Fold>> = {
  ScatterND: scatterRows,
  GatherND: gatherRows,
  GatherElements: gatherElements,
  NonZero: nonZero,
  OneHot: oneHot,
  EyeLike: eyeLike,
};
