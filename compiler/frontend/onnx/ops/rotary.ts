/**
 * RotaryEmbedding (com.microsoft and ONNX 23): pairs of features of each head turned by an angle of the position. Rows of the cosine and sine tables are picked by
 * position, then x1 cos - x2 sin and x1 sin + x2 cos in float32. Left out, and refused by name: packed batches, a scale.
 */

import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, intAttribute } from '../attributes.ts';
import { floatData, type ImportContext } from '../context.ts';
import { Formula } from './formula.ts';

interface Rotation {
  readonly batch: number;
  readonly steps: number;
  readonly heads: number;
  readonly width: number;
  /** Features of a head that turn. */
  readonly turned: number;
  readonly interleaved: boolean;
}

/** Input, positions, cosines, sines. */
export const importRotaryEmbedding = (cx: ImportContext): void => rotate(cx, { positions: 1, tables: 2 });
/** Input, cosines, sines, positions. */
export const importStandardRotaryEmbedding = (cx: ImportContext): void => rotate(cx, { positions: 3, tables: 1 });

function rotate(cx: ImportContext, at: { readonly positions: number; readonly tables: number }): void {
  if (floatAttribute(cx.node, 'scale', 1) !== 1) refuse('RotaryEmbedding with a scale', { expected: 'scale 1' });
  if (intAttribute(cx.node, 'is_packed_batching', 0) !== 0)
    refuse('RotaryEmbedding of packed batches', { expected: 'is_packed_batching = 0' });
  const x = cx.floatInput(0);
  const { shape } = cx.builder.typeOf(x);
  const half = cx.typeOf(cx.input(at.tables)).shape.at(-1) ?? 0;
  const r = rotationOf(cx, shape, half);
  const f = new Formula(cx);
  const [cos, sin] = [0, 1].map((i) => rows(cx, f, at.tables + i, at.positions, r)) as [string, string];
  // Heads behind the steps: [batch, steps, heads, width].
  const four = shape.length === 4;
  const own = four ? f.transpose(x, [0, 2, 1, 3]) : f.reshape(x, [r.batch, r.steps, r.heads, r.width]);
  const result = turn(cx, f, own, cos, sin, r);
  cx.result({ kind: 'float', id: four ? f.transpose(result, [0, 2, 1, 3]) : f.reshape(result, shape) });
}

function rotationOf(cx: ImportContext, shape: readonly number[], half: number): Rotation {
  const interleaved = intAttribute(cx.node, 'interleaved', 0) !== 0;
  const stated = intAttribute(cx.node, 'rotary_embedding_dim', 0);
  const named = intAttribute(cx.node, 'num_heads', 0);
  const [batch = 1, second = 1, third = 1, fourth = 1] = shape;
  if (shape.length !== 3 && shape.length !== 4)
    invalid(`input [${shape.join(', ')}]`, { expected: '[batch, steps, features] or [batch, heads, steps, width]' });
  const heads = shape.length === 4 ? second : named > 0 ? named : stated > 0 ? 0 : third / (2 * half);
  if (!(heads >= 1) || !Number.isInteger(heads) || (shape.length === 3 && third % heads !== 0))
    refuse('RotaryEmbedding of some features of each head without num_heads', { expected: 'num_heads' });
  const width = shape.length === 4 ? fourth : third / heads;
  const steps = shape.length === 4 ? third : second;
  const turned = stated > 0 ? stated : 2 * half;
  if (turned !== 2 * half || turned > width)
    invalid(`tables of ${half} columns for ${turned} of ${width} features`, { expected: 'half as many columns' });
  return { batch, steps, heads, width, turned, interleaved };
}

/** Cosines or sines as [batch or 1, steps, 1, turned / 2]. */
function rows(cx: ImportContext, f: Formula, index: number, positions: number, r: Rotation): string {
  const half = r.turned / 2;
  if (!cx.hasInput(positions)) {
    const id = cx.floatInput(index);
    const [batch = 1] = cx.builder.typeOf(id).shape;
    return f.reshape(id, [batch, r.steps, 1, half]);
  }
  const table = cx.constantInput(index, 'a table of the rotation') ?? invalid('a table of the rotation is missing');
  const values = floatData(table);
  const places = cx.input(positions);
  if (places.kind === 'codes') {
    const { shape } = cx.typeOf(places);
    if (shape.length !== 2)
      refuse('RotaryEmbedding with a computed offset', { expected: 'positions [batch, steps], or a constant offset' });
    const picked = cx.add('gather', [f.constant(values, table.shape), places.id], {}, { output: f.name() });
    return f.reshape(picked, [shape[0] ?? 1, r.steps, 1, half]);
  }
  const given = cx.constantInput(positions, 'the positions');
  const numbers = Array.from(given?.data ?? []);
  const all = numbers.length === 1 ? Array.from({ length: r.steps }, (_, i) => (numbers[0] ?? 0) + i) : numbers;
  const bad = all.find((p) => !(p >= 0 && p < (table.shape[0] ?? 0)));
  if (bad !== undefined || all.length % r.steps !== 0)
    invalid(`position ${bad ?? ''} of ${all.length}`, {
      expected: `positions below ${table.shape[0]} for ${r.steps} steps`,
    });
  const picked = Float32Array.from(
    { length: all.length * half },
    (_, i) => values[(all[Math.floor(i / half)] ?? 0) * half + (i % half)] ?? 0,
  );
  return f.constant(picked, [all.length / r.steps, r.steps, 1, half]);
}

function turn(cx: ImportContext, f: Formula, x: string, cos: string, sin: string, r: Rotation): string {
  const half = r.turned / 2;
  const own = f.part(x, 3, 0, r.turned);
  const pair = (first: boolean): string => {
    if (!r.interleaved) return f.part(own, 3, first ? 0 : half, half);
    const shape = [r.batch, r.steps, r.heads, half];
    const starts = [0, 0, 0, first ? 0 : 1];
    return cx.add('slice', [own], { starts, steps: [1, 1, 1, 2] }, { shape, output: f.name() });
  };
  const [a, b] = [pair(true), pair(false)];
  const left = f.binary('sub', f.binary('mul', a, cos), f.binary('mul', b, sin));
  const right = f.binary('add', f.binary('mul', a, sin), f.binary('mul', b, cos));
  const column = [r.batch, r.steps, r.heads, half, 1];
  const pairs = r.interleaved
    ? f.reshape(f.join([f.reshape(left, column), f.reshape(right, column)], 4), [r.batch, r.steps, r.heads, r.turned])
    : f.join([left, right], 3);
  return r.turned === r.width ? pairs : f.join([pairs, f.part(x, 3, r.turned, r.width - r.turned)], 3);
}
