/**
 * Folding of what exporters leave behind for masks and rotary tables: functions of known numbers, triangles, running sums, small products, reductions.
 * Functions are our own double arithmetic, the same on every platform, rounded to float32 where the type is.
 */
import { exponential, hyperbolicTangent, logistic, naturalLogarithm, sine } from '../../graph/ops/transcendental.ts';
import { invalid, refuse } from '../refusal.ts';
import { intAttribute, intsAttribute, stringAttribute } from './attributes.ts';
import { broadcast, generate, indexer, make, size, stridesOf } from './constants.ts';
import { axisOf, type Fold, need, whole } from './fold-basics.ts';
import type { Constant } from './meaning.ts';
import { elementBits } from './model.ts';

const unary =
  (fn: (x: number) => number): Fold =>
  (_, inputs) => {
    const x = need(inputs, 0);
    return generate(x.dataType, x.shape, (i) => fn(x.data[i] ?? 0));
  };

/** Upper or lower triangle of the last two axes. */
const trilu: Fold = (node, inputs) => {
  const x = need(inputs, 0);
  const [rows = 1, columns = 1] = x.shape.slice(-2);
  if (x.shape.length < 2) invalid('Trilu of a vector', { expected: 'rank 2 or more' });
  const k = inputs[1]?.data[0] ?? 0;
  const upper = intAttribute(node, 'upper', 1) !== 0;
  return generate(x.dataType, x.shape, (i) => {
    const distance = (i % columns) - (Math.floor(i / columns) % rows);
    return (upper ? distance >= k : distance <= k) ? (x.data[i] ?? 0) : 0;
  });
};

const cumulative: Fold = (node, inputs) => {
  const x = need(inputs, 0);
  const axis = axisOf(need(inputs, 1).data[0] ?? 0, x.shape.length);
  const [n, inner] = [x.shape[axis] ?? 1, size(x.shape.slice(axis + 1))];
  const [exclusive, reverse] = ['exclusive', 'reverse'].map((name) => intAttribute(node, name, 0) !== 0);
  return generate(x.dataType, x.shape, (i) => {
    const at = Math.floor(i / inner) % n;
    let sum = 0;
    const [from, to] =
      reverse === true ? [at + (exclusive === true ? 1 : 0), n] : [0, at + (exclusive === true ? 0 : 1)];
    for (let j = from; j < to; j++) sum += x.data[i + (j - at) * inner] ?? 0;
    return sum;
  });
};

/** Largest product that is folded: tables, not layers. */
const MOST_PRODUCTS = 2 ** 26;

const product: Fold = (_, inputs) => {
  const [a, b] = [need(inputs, 0), need(inputs, 1)];
  if (a.shape.length < 2 || b.shape.length < 2)
    refuse('a product of constants of rank below 2', { expected: 'matrices' });
  const [m = 1, k = 1] = a.shape.slice(-2);
  const [rows = 1, n = 1] = b.shape.slice(-2);
  if (rows !== k) invalid(`constants [${a.shape.join(', ')}] times [${b.shape.join(', ')}]`);
  const lead = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (size(lead) * m * k * n > MOST_PRODUCTS)
    refuse('a large product of constants', { expected: 'weights and activations' });
  const places = (c: Constant) => {
    const own = c.shape.slice(0, -2);
    const strides = stridesOf(own);
    const outer = stridesOf(lead);
    const gap = lead.length - own.length;
    return (g: number) =>
      own.reduce((at, d, i) => at + (d === 1 ? 0 : (Math.floor(g / (outer[i + gap] ?? 1)) % d) * (strides[i] ?? 0)), 0);
  };
  const [ia, ib] = [places(a), places(b)];
  return generate(a.dataType, [...lead, m, n], (i) => {
    const [g, row, column] = [Math.floor(i / (m * n)), Math.floor(i / n) % m, i % n];
    let sum = 0;
    for (let j = 0; j < k; j++)
      sum += (a.data[(ia(g) * m + row) * k + j] ?? 0) * (b.data[(ib(g) * k + j) * n + column] ?? 0);
    return sum;
  });
};

const reduce =
  (step: (sum: number, v: number) => number, start: number, end: (sum: number, count: number) => number): Fold =>
  (node, inputs) => {
    const x = need(inputs, 0);
    const listed = inputs[1] === undefined ? (intsAttribute(node, 'axes') ?? []) : whole(inputs[1]);
    const axes = new Set(listed.length === 0 ? x.shape.map((_, d) => d) : listed.map((a) => axisOf(a, x.shape.length)));
    const kept = x.shape.map((d, i) => (axes.has(i) ? 1 : d));
    const [strides, own] = [stridesOf(x.shape), stridesOf(kept)];
    const sums = new Float64Array(size(kept)).fill(start);
    for (let i = 0; i < x.data.length; i++) {
      const at = x.shape.reduce(
        (n, d, k) => (axes.has(k) ? n : n + (Math.floor(i / (strides[k] ?? 1)) % d) * (own[k] ?? 0)),
        0,
      );
      sums[at] = step(sums[at] ?? 0, x.data[i] ?? 0);
    }
    const shape = intAttribute(node, 'keepdims', 1) === 0 ? x.shape.filter((_, i) => !axes.has(i)) : kept;
    return make(
      x.dataType,
      shape,
      Array.from(sums, (v) => end(v, x.data.length / sums.length)),
    );
  };

/** Whole numbers bit by bit, as codes packed into words are taken apart; two's complement below zero. */
const bitwise =
  (fn: (a: bigint, b: bigint) => bigint): Fold =>
  (_, inputs) => {
    const [a, b] = [need(inputs, 0), need(inputs, 1)];
    const shape = broadcast(a.shape, b.shape);
    const [x, y] = [a, b].map((c) => {
      const [list, at] = [whole(c), indexer(c.shape, shape)];
      return (i: number) => BigInt(list[at(i)] ?? 0);
    }) as [(i: number) => bigint, (i: number) => bigint];
    return generate(a.dataType, shape, (i) => Number(fn(x(i), y(i))));
  };

const shift: Fold = (node, inputs, cx) => {
  const bits = elementBits(need(inputs, 0).dataType);
  const left = stringAttribute(node, 'direction', '') === 'LEFT';
  return bitwise((a, b) => (left ? BigInt.asUintN(bits, a << b) : a >> b))(node, inputs, cx);
};

export const MATH_FOLDS: Readonly<Record<string, Fold>> = {
  BitShift: shift,
  BitwiseAnd: bitwise((a, b) => a & b),
  BitwiseOr: bitwise((a, b) => a | b),
  BitwiseXor: bitwise((a, b) => a ^ b),
  Exp: unary(exponential),
  Log: unary(naturalLogarithm),
  Sin: unary(sine),
  Cos: unary((x) => sine(x + Math.PI / 2)),
  Tanh: unary(hyperbolicTangent),
  Sigmoid: unary(logistic),
  Trilu: trilu,
  CumSum: cumulative,
  MatMul: product,
  ReduceProd: reduce(
    (a, v) => a * v,
    1,
    (v) => v,
  ),
  ReduceSum: reduce(
    (a, v) => a + v,
    0,
    (v) => v,
  ),
  ReduceMean: reduce(
    (a, v) => a + v,
    0,
    (v, n) => v / n,
  ),
  ReduceMax: reduce(Math.max, Number.NEGATIVE_INFINITY, (v) => v),
  ReduceMin: reduce(Math.min, Number.POSITIVE_INFINITY, (v) => v),
};
