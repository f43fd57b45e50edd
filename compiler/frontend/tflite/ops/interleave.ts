/** Channels woven into images, and elements repeated: the parts that DEPTH_TO_SPACE, TRANSPOSE_CONV and the resizing operators share. */
import type { ImportContext } from '../context.ts';

/** [N, C·a·b, H, W] to [N, C, H·a, W·b]: channel (c·a + i)·b + j goes to row i, column j of each block. */
export function interleaved(
  cx: ImportContext,
  id: string,
  channels: number,
  [a, b]: readonly [number, number],
): string {
  if (a === 1 && b === 1) return id;
  const name = `${cx.label}.woven`;
  if (a === b) return cx.add('depth-to-space', [id], { block: a, mode: 'CRD' }, { name });
  const [n = 1, , h = 1, w = 1] = cx.builder.typeOf(id).shape;
  const blocks = cx.add('reshape', [id], {}, { shape: [n, channels, a, b, h, w], name: `${cx.label}.blocks` });
  const turned = cx.add('transpose', [blocks], { perm: [0, 1, 4, 2, 5, 3] }, { name: `${cx.label}.turned` });
  return cx.add('reshape', [turned], {}, { shape: [n, channels, h * a, w * b], name });
}

/** Each element of `axis` k times in a row. */
export function repeated(cx: ImportContext, id: string, axis: number, k: number): string {
  if (k === 1) return id;
  const { shape } = cx.builder.typeOf(id);
  const name = `${cx.label}.axis${axis}`;
  const [before, behind] = [shape.slice(0, axis + 1), shape.slice(axis + 1)];
  if (shape[axis] === 1) return cx.add('expand', [id], { shape: shape.map((d, i) => (i === axis ? k : d)) }, { name });
  const rows = cx.add('reshape', [id], {}, { shape: [...before, 1, ...behind], name: `${name}.rows` });
  const many = cx.add('expand', [rows], { shape: [...before, k, ...behind] }, { name: `${name}.many` });
  return cx.add('reshape', [many], {}, { shape: shape.map((d, i) => (i === axis ? d * k : d)), name });
}
