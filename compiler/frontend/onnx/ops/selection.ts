/**
 * The largest elements of an axis and where they are: ArgMax, ArgMin, TopK, Hardmax. A maximum, then the place: of the elements that equal it the one with the largest
 * weight, where weights fall (the first place wins, ONNX's rule) or rise (the last one). All of it is exact; no element may be NaN.
 */
import { INT32, integerRange } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute } from '../attributes.ts';
import type { ImportContext } from '../context.ts';
import { axisOf, whole } from '../fold.ts';
import { numbersOf, wholeNumbers } from './conditions.ts';
import { Formula } from './formula.ts';
import { maximum, type Rows, rowsOf } from './reductions.ts';

/** Most elements that TopK takes: each is a search of its own. */
const MOST_TOP = 32;
/** Places are float32 whole numbers on the way. */
const MOST_PLACES = 2 ** 23;
const LARGEST_FLOAT = 3.4028234663852886e38;

interface Selection {
  /** [1, 1, rows, 1]. */
  readonly place: string;
  /** [1, 1, rows, count]: 0 at the place, 1 elsewhere. */
  readonly others: () => string;
}

/** The place of the largest of each row of `x`, whose elements are finite or -infinity, not all of them. */
function largest(cx: ImportContext, f: Formula, x: string, count: number, last: boolean): Selection {
  const weights = Float32Array.from({ length: count }, (_, i) => (last ? i + 1 : count - i));
  const equal = f.binary('sub', 1, f.unary('sign', f.binary('sub', maximum(cx, f, x, count), x)));
  const weighed = f.binary('mul', equal, f.constant(weights, [1, 1, 1, count]));
  const top = maximum(cx, f, weighed, count);
  const place = last ? f.binary('sub', top, 1) : f.binary('sub', count, top);
  return { place, others: () => f.unary('sign', f.unary('abs', f.binary('sub', weighed, top))) };
}

interface Operand {
  readonly rows: Rows;
  readonly axis: number;
  readonly shape: readonly number[];
  /** Numbers as rows, infinities included. */
  readonly plain: string;
  /** The same, finite. */
  readonly finite: string;
}

/** Input 0 as rows along an axis; `turned`: with the sign changed, so that the least is the largest. */
function operand(cx: ImportContext, f: Formula, fallback: number, turned: boolean, keep: boolean): Operand {
  const x = cx.input(0);
  const type = cx.typeOf(x);
  const { shape } = type;
  if (x.kind === 'codes' && x.dataType !== 'int64' && type.element.kind === 'int' && type.element.bits > 24)
    refuse(`${cx.node.opType} of ${x.dataType} numbers`, { expected: 'float32, or codes of at most 16 bits' });
  const axis = axisOf(intAttribute(cx.node, 'axis', fallback), shape.length);
  const count = shape[axis] ?? 1;
  if (count > MOST_PLACES) refuse(`${cx.node.opType} of ${count} elements`, { expected: `at most ${MOST_PLACES}` });
  const rows = rowsOf(f, shape, [axis], keep);
  const numbers = rows.before(numbersOf(cx, 0));
  const plain = turned ? f.unary('neg', numbers) : numbers;
  const bounded = x.kind === 'codes' || x.kind === 'quantized';
  return { rows, axis, shape, plain, finite: bounded ? plain : f.clip(plain, -LARGEST_FLOAT, LARGEST_FLOAT) };
}

const place = (turned: boolean) => (cx: ImportContext) => {
  const f = new Formula(cx);
  const keep = intAttribute(cx.node, 'keepdims', 1) !== 0;
  const { rows, finite } = operand(cx, f, 0, turned, keep);
  const last = intAttribute(cx.node, 'select_last_index', 0) !== 0;
  const found = rows.after(largest(cx, f, finite, rows.count, last).place);
  cx.result({ kind: 'codes', id: wholeNumbers(cx, found, INT32), dataType: 'int64' });
};

export const importArgMax = place(false);
export const importArgMin = place(true);

/** One at the first of the largest, zero elsewhere. Before opset 13 it flattens; supported where that is the same. */
export function importHardmax(cx: ImportContext): void {
  const f = new Formula(cx);
  const { rows, finite, axis, shape } = operand(cx, f, cx.opset < 13 ? 1 : -1, false, true);
  if (cx.opset < 13 && shape.slice(axis + 1).some((d) => d !== 1))
    refuse('Hardmax over several axes', { expected: 'one axis', hint: 'export with opset 13 or later' });
  const chosen = f.binary('sub', 1, largest(cx, f, finite, rows.count, false).others());
  cx.result({ kind: 'float', id: columns(f, chosen, shape, axis, rows.count) });
}

/** [1, 1, rows, k] as `shape` with k elements along `axis`. */
function columns(f: Formula, x: string, shape: readonly number[], axis: number, k: number): string {
  const kept = shape.flatMap((d, i) => (i === axis ? [] : [d]));
  const order = shape.map((_, i) => (i === axis ? shape.length - 1 : i > axis ? i - 1 : i));
  return f.transpose(f.reshape(x, [...kept, k]), order);
}

/** The k largest (or least) of an axis, in order, equal ones by their place; and the places. */
export function importTopK(cx: ImportContext): void {
  const given = cx.opset < 10 ? undefined : cx.constantInput(1, 'k');
  const k = given === undefined ? intAttribute(cx.node, 'k', 0) : (whole(given)[0] ?? 0);
  const f = new Formula(cx, cx.node.outputs.find((o) => o !== '') ?? cx.node.name);
  const turned = intAttribute(cx.node, 'largest', 1) === 0;
  const x = operand(cx, f, -1, turned, true);
  const { count } = x.rows;
  if (!(k >= 1 && k <= count)) invalid(`the ${k} largest of ${count} elements`, { expected: `k in 1 .. ${count}` });
  if (k > MOST_TOP)
    refuse(`TopK of ${k} elements`, { expected: `k of at most ${MOST_TOP}: each is a search of its own` });
  const [values, places]: [string[], string[]] = [[], []];
  let left = x.finite;
  for (let i = 0; i < k; i++) {
    const found = largest(cx, f, left, count, false);
    places.push(found.place);
    // Infinite below the place and above it: what is chosen passes the one, what is left the other.
    const limit = f.binary('mul', f.binary('sub', f.binary('mul', found.others(), 2), 1), Number.POSITIVE_INFINITY);
    values.push(maximum(cx, f, f.binary('min', x.plain, f.unary('neg', limit)), count));
    if (i + 1 < k) left = f.binary('min', left, limit);
  }
  const joined = (parts: readonly string[]): string => columns(f, f.join(parts, 3), x.shape, x.axis, k);
  if (cx.wantsOutput(0)) topValues(cx, f, joined(values), turned);
  if (cx.wantsOutput(1))
    cx.result({ kind: 'codes', id: wholeNumbers(cx, joined(places), INT32, cx.node.outputs[1]), dataType: 'int64' }, 1);
}

function topValues(cx: ImportContext, f: Formula, id: string, turned: boolean): void {
  const x = cx.input(0);
  const numbers = turned ? f.unary('neg', id) : id;
  if (x.kind !== 'codes') {
    cx.result({ kind: 'float', id: numbers });
    return;
  }
  const { element } = cx.typeOf(x);
  if (element.kind !== 'int' || integerRange(element).max > 2 ** 24) invalid(`TopK of ${x.dataType}`);
  cx.result({ ...x, id: wholeNumbers(cx, numbers, element) });
}
