/** Random ops of transformers and recurrent nets, for the generator of random graphs and for tests of their own. */
import type { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { IntegerType } from '../../compiler/graph/types.ts';
import { integerRange, sizeOf } from '../../compiler/graph/types.ts';
import type { Draw } from './draw.ts';

/** Sums of the product of a value with itself turned, with its codes looked up, or with a constant; null where it does not apply. */
export function drawProduct(d: Draw, b: GraphBuilder, x: string): string | null {
  const { element, shape } = b.typeOf(x);
  if (element.kind === 'float32' || element.bits > 8) return null;
  const three = shape.length === 3 ? shape : [1, shape[0]!, sizeOf(shape) / shape[0]!];
  const [batch, m, k] = three as [number, number, number];
  if (k > 64 || batch * m * m > 4000) return null;
  const left = shape.length === 3 ? x : b.add('reshape', [x], {}, { shape: three });
  const turned = (v: string): string => b.add('transpose', [v], { perm: [0, 2, 1] });
  const kind = d.pick(['turned', 'looked up', 'constant'] as const);
  const right =
    kind === 'turned'
      ? turned(left)
      : kind === 'looked up'
        ? lookedUp(d, b, turned(left), element)
        : drawnMatrix(d, b, [batch, k, d.int(1, 20)]);
  const swap = d.random() < 0.3;
  const [p, q] = swap ? [turned(right), turned(left)] : [left, right];
  const zeroOf = (v: string): number => d.zero(b.typeOf(v).element as IntegerType);
  return b.add('product', [p, q], { aZero: zeroOf(p), bZero: zeroOf(q) });
}

/** The product of a float value with itself turned, or with a constant on either side. */
export function drawFloatProduct(d: Draw, b: GraphBuilder, x: string): string | null {
  const { shape } = b.typeOf(x);
  const three = shape.length === 3 ? shape : [1, shape[0]!, sizeOf(shape) / shape[0]!];
  const [batch, m, k] = three as [number, number, number];
  if (k > 64 || batch * m * m > 2000) return null;
  const left = shape.length === 3 ? x : b.add('reshape', [x], {}, { shape: three });
  const turned = (v: string): string => b.add('transpose', [v], { perm: [0, 2, 1] });
  const drawn = [batch, k, d.int(1, 12)];
  const right = d.pick([
    () => turned(left),
    () =>
      b.constant({
        type: { element: { kind: 'float32' }, shape: drawn },
        data: Float32Array.from({ length: sizeOf(drawn) }, () => d.float()),
      }),
  ])();
  const operands = d.random() < 0.3 ? [turned(right), turned(left)] : [left, right];
  return b.add('product-float', operands, {});
}

function lookedUp(d: Draw, b: GraphBuilder, x: string, from: IntegerType): string {
  const { min, max } = integerRange(from);
  const element = d.smallInteger();
  const table = Int32Array.from({ length: max - min + 1 }, () => d.code(element));
  return b.add('lut', [x], { table, axis: 0 }, { element });
}

function drawnMatrix(d: Draw, b: GraphBuilder, shape: readonly number[]): string {
  const element = d.smallInteger();
  return b.constant({
    type: { element, shape },
    data: Int32Array.from({ length: sizeOf(shape) }, () => d.code(element)),
  });
}

/** A norm over at most 80 features: its rows of float32 are whole in the scratchpad. */
export function drawNorm(d: Draw, b: GraphBuilder, x: string): string | null {
  const features = b.typeOf(x).shape.at(-1)!;
  if (features > 80) return null;
  const vector = (low: number): string =>
    b.constant({
      type: { element: { kind: 'float32' }, shape: [features] },
      data: Float32Array.from({ length: features }, () => low + d.random()),
    });
  const inputs = [x, vector(0.5), ...(d.random() < 0.7 ? [vector(-0.5)] : [])];
  return b.add('layer-norm', inputs, { epsilon: d.pick([1e-5, 1e-6, 0.1]), centred: d.random() < 0.6 });
}

/** Rows of a drawn table by codes, which a table in front makes indices. */
export function drawGather(d: Draw, b: GraphBuilder, x: string): string | null {
  const { element, shape } = b.typeOf(x);
  if (element.kind !== 'int' || element.bits > 8 || shape.length > 3) return null;
  const { min, max } = integerRange(element);
  const rows = d.int(1, 20);
  const table = Int32Array.from({ length: max - min + 1 }, () => d.int(0, rows - 1));
  const index = b.add('lut', [x], { table, axis: 0 }, { element: { kind: 'int', bits: 5, coding: 'unsigned' } });
  const row = d.pick([[], [d.int(1, 9)], [2, 3]]);
  if (d.random() < 0.7) return b.add('gather', [drawnMatrix(d, b, [rows, ...row]), index], {});
  const data = Float32Array.from({ length: sizeOf([rows, ...row]) }, () => d.float());
  const floats = b.constant({ type: { element: { kind: 'float32' }, shape: [rows, ...row] }, data });
  return b.add('gather', [floats, index], {});
}

/** A choice between a value and a constant of its type, by a drawn condition. */
export function drawWhere(d: Draw, b: GraphBuilder, x: string): string | null {
  const { element, shape } = b.typeOf(x);
  if (element.kind === 'int' && element.coding === 'bipolar') return null;
  const broadcast = shape.map((size) => (d.random() < 0.3 ? 1 : size));
  const bits = Int32Array.from({ length: sizeOf(broadcast) }, () => d.int(0, 1));
  const condition = b.constant({
    type: { element: { kind: 'int', bits: 1, coding: 'unsigned' }, shape: broadcast },
    data: bits,
  });
  const other = shape.map((size) => (d.random() < 0.5 ? 1 : size));
  const size = sizeOf(other);
  const data =
    element.kind === 'int'
      ? Int32Array.from({ length: size }, () => (element.bits > 16 ? d.int(-999, 999) : d.code(element)))
      : Float32Array.from({ length: size }, () => d.float());
  const y = b.constant({ type: { element, shape: other }, data });
  return b.add('where', d.random() < 0.5 ? [condition, x, y] : [condition, y, x], {});
}

export function drawExpand(d: Draw, b: GraphBuilder, x: string): string | null {
  const { shape } = b.typeOf(x);
  if (shape.length > 4) return null;
  const target = [
    ...(d.random() < 0.5 ? [d.int(1, 3)] : []),
    ...shape.map((size) => (size === 1 ? d.int(1, 4) : size)),
  ];
  return target.length > 4 ? null : b.add('expand', [x], { shape: target });
}
