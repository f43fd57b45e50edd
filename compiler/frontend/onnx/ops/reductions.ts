/**
 * Reductions over any axes: the axes go last, the tensor becomes an image of one channel with a row for each result, and a window covers a row. Maxima
 * work on codes; sums are float32 in memory order, as a convolution with weights of 1. And what is made of them: LogSoftmax, CumSum.
 */

import { invalid, refuse } from '../../refusal.ts';
import { intAttribute, intsAttribute } from '../attributes.ts';
import { size } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import { axisOf, whole } from '../fold.ts';
import { logarithm } from './activations.ts';
import { Formula } from './formula.ts';
import { onIntegers } from './integers.ts';
import { moved } from './movement.ts';
import { softmaxAxes } from './normalize.ts';

/** Axes that the current node reduces, ascending; an input since opset 13 or 18, an attribute before; none means all. */
export function reducedAxes(cx: ImportContext): readonly number[] {
  const rank = cx.typeOf(cx.input(0)).shape.length;
  const given = cx.constantInput(1, 'the axes');
  const listed = (given === undefined ? intsAttribute(cx.node, 'axes') : whole(given)) ?? [];
  const none = listed.length === 0 && intAttribute(cx.node, 'noop_with_empty_axes', 0) === 0;
  const axes = none ? Array.from({ length: rank }, (_, d) => d) : listed;
  return [...new Set(axes.map((a) => axisOf(a, rank)))].sort((a, b) => a - b);
}

/** Rows of what is reduced, and the way back to the result's shape. */
export interface Rows {
  /** `id` as [1, 1, rows, count]. */
  readonly before: (id: string) => string;
  readonly after: (id: string) => string;
  readonly count: number;
}

export function rowsOf(f: Formula, shape: readonly number[], axes: readonly number[], keep: boolean): Rows {
  const kept = shape.flatMap((_, d) => (axes.includes(d) ? [] : [d]));
  const count = size(axes.map((a) => shape[a] ?? 1));
  const result = keep ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : kept.map((d) => shape[d] ?? 1);
  return {
    before: (id) => f.reshape(f.transpose(id, [...kept, ...axes]), [1, 1, size(shape) / count, count]),
    after: (id) => f.reshape(id, result),
    count,
  };
}

const window = (count: number) =>
  ({ kernel: [1, count], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] }) as const;

function sumRows(cx: ImportContext, f: Formula, rows: string, count: number): string {
  const ones = f.constant(new Float32Array(count).fill(1), [1, 1, 1, count]);
  return cx.add('conv-float', [rows, ones], { window: window(count), groups: 1 }, { output: f.name() });
}

/** The largest of each of `count` columns of [1, 1, rows, count]. */
export function maximum(cx: ImportContext, f: Formula, rows: string, count: number): string {
  return cx.add('maxpool', [rows], { window: window(count) }, { output: f.name() });
}

type Reduce = (cx: ImportContext, f: Formula, rows: string, count: number) => string;

/** A float32 reduction of the current node, with what happens to elements before and to results behind it. */
function reduction(
  reduce: Reduce,
  before?: (f: Formula, x: string) => string,
  behind?: (f: Formula, x: string) => string,
) {
  return (cx: ImportContext): void => {
    const axes = reducedAxes(cx);
    if (axes.length === 0) {
      refuse(`${cx.node.opType} over no axes`, { expected: 'at least one axis' });
    }
    const f = new Formula(cx);
    const x = cx.floatInput(0);
    const rows = rowsOf(f, cx.builder.typeOf(x).shape, axes, intAttribute(cx.node, 'keepdims', 1) !== 0);
    const sums = reduce(cx, f, rows.before(before === undefined ? x : before(f, x)), rows.count);
    cx.result({ kind: 'float', id: rows.after(behind === undefined ? sums : behind(f, sums)) });
  };
}

const square = (f: Formula, x: string): string => f.binary('mul', x, x);
const negated = (f: Formula, x: string): string => f.unary('neg', x);

/** Most elements of one product. */
const MOST_FACTORS = 64;
/** The least normal float32: a norm of zero is no divisor, and x is zero there. */
const LEAST_NORM = 2 ** -126;

export const importReduceSum = onIntegers(reduction(sumRows));
export const importReduceL1 = reduction(sumRows, (f, x) => f.unary('abs', x));
export const importReduceL2 = reduction(sumRows, square, (f, x) => f.unary('sqrt', x));
export const importReduceSumSquare = reduction(sumRows, square);
export const importReduceMin = reduction(maximum, negated, negated);

/** log(sum of exp(x)), and log of a sum. */
export const importReduceLogSum = reduction(sumRows, undefined, logarithm);
export const importReduceLogSumExp = reduction(sumRows, (f, x) => f.unary('exp', x), logarithm);

/** Of a row, one element after the other. */
function multiplyRows(_: ImportContext, f: Formula, rows: string, count: number): string {
  if (count > MOST_FACTORS) refuse(`a product of ${count} elements`, { expected: `at most ${MOST_FACTORS}` });
  const [first = '', ...rest] = Array.from({ length: count }, (_, i) => f.part(rows, 3, i, 1));
  return rest.reduce((product, x) => f.binary('mul', product, x), first);
}

export const importReduceProd = reduction(multiplyRows);

/** x over the p-norm of its axis, 0 where that is 0. */
export function importLpNormalization(cx: ImportContext): void {
  const f = new Formula(cx);
  const x = cx.floatInput(0);
  const { shape } = cx.builder.typeOf(x);
  const [axis, p] = [axisOf(intAttribute(cx.node, 'axis', -1), shape.length), intAttribute(cx.node, 'p', 2)];
  if (p !== 1 && p !== 2) invalid(`p is ${p}`, { expected: '1 or 2' });
  const rows = rowsOf(f, shape, [axis], true);
  const sum = sumRows(cx, f, rows.before(p === 1 ? f.unary('abs', x) : square(f, x)), rows.count);
  const norm = p === 1 ? sum : f.unary('sqrt', sum);
  cx.result({ kind: 'float', id: f.binary('div', x, rows.after(f.binary('max', norm, LEAST_NORM))) });
}

/** On codes where the operand is codes: a maximum commutes with scaling. */
export function importReduceMax(cx: ImportContext): void {
  const axes = reducedAxes(cx);
  if (axes.length === 0) refuse('ReduceMax over no axes', { expected: 'at least one axis' });
  const { shape } = cx.typeOf(cx.input(0));
  const f = new Formula(cx);
  const rows = rowsOf(f, shape, axes, intAttribute(cx.node, 'keepdims', 1) !== 0);
  const emit = (id: string) => rows.after(maximum(cx, f, rows.before(id), rows.count));
  moved(cx, { emit, axis: () => undefined });
}

/** (x - max) - log(sum of exp(x - max)). */
export function importLogSoftmax(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const f = new Formula(cx);
  const rows = rowsOf(f, shape, softmaxAxes(cx, shape, cx.opset), true);
  const x = cx.floatInput(0);
  const low = f.binary('sub', x, rows.after(maximum(cx, f, rows.before(x), rows.count)));
  const sum = sumRows(cx, f, rows.before(f.unary('exp', low)), rows.count);
  cx.result({ kind: 'float', id: f.binary('sub', low, rows.after(logarithm(f, sum))) });
}

/** Most elements of an axis that is summed up to each of its elements: a triangle of weights. */
const MOST_SUMMED = 1024;

/** Sums up to each element of one axis, in float32: a product with a triangle of ones. */
export const importCumSum = onIntegers((cx: ImportContext): void => {
  const x = cx.floatInput(0);
  const { shape } = cx.builder.typeOf(x);
  const given = cx.constantInput(1, 'the axis') ?? invalid('CumSum has no axis');
  const axis = axisOf(whole(given)[0] ?? 0, shape.length);
  const n = shape[axis] ?? 1;
  if (n > MOST_SUMMED) refuse(`CumSum over ${n} elements`, { expected: `at most ${MOST_SUMMED}` });
  const [exclusive, reverse] = ['exclusive', 'reverse'].map((name) => intAttribute(cx.node, name, 0) !== 0);
  const counts = (to: number, from: number): boolean => {
    if (to === from) return exclusive !== true;
    return reverse === true ? from > to : from < to;
  };
  const triangle = Float32Array.from({ length: n * n }, (_, i) => Number(counts(Math.floor(i / n), i % n)));
  const last = [...shape.keys()].filter((d) => d !== axis).concat(axis);
  const f = new Formula(cx);
  const turned = f.transpose(x, last);
  const sums = f.product(f.reshape(turned, [size(shape) / n, n]), triangle, n);
  const back = shape.map((_, d) => last.indexOf(d));
  cx.result({
    kind: 'float',
    id: f.transpose(
      f.reshape(
        sums,
        last.map((d) => shape[d] ?? 1),
      ),
      back,
    ),
  });
});
