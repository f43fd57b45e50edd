/**
 * Matrix products of two computed operands (attention): batches of matrices on codes, or on floats where one has no quantizer. Leading axes are broadcast as NumPy does and then
 * run together; what follows the sums is what follows any integer product.
 */
import { broadcastShape } from '../../../graph/ops/broadcast.ts';
import { invalid, refuse } from '../../refusal.ts';
import { size } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import type { Codelike } from './products.ts';
import { singleZero } from './scaling.ts';

/** Most copies that a broadcast axis becomes. */
const MOST_COPIES = 64;

/** Adds the product of codes [.., M, K] and [.., K, N]; gives sums [.., M, N]. */
export function emitActivationProduct(cx: ImportContext, a: Codelike, b: Codelike): string {
  const zeros = {
    aZero: singleZero(a.scaling, 'the first operand'),
    bZero: singleZero(b.scaling, 'the second operand'),
  };
  return batched(cx, a.id, b.id, (x, y, output) => cx.add('product', [x, y], zeros, { output }));
}

/** The same of float32, on the vector unit. */
export function emitFloatProduct(cx: ImportContext, a: string, b: string): string {
  return batched(cx, a, b, (x, y, output) => cx.add('product-float', [x, y], {}, { output }));
}

/** `multiply` takes [batch, M, K] and [batch, K, N]. */
function batched(
  cx: ImportContext,
  a: string,
  b: string,
  multiply: (x: string, y: string, output: string) => string,
): string {
  const name = cx.outputName;
  const [left, right] = [cx.builder.typeOf(a).shape, cx.builder.typeOf(b).shape];
  const rows = left.length === 1 ? [1, ...left] : left;
  const columns = right.length === 1 ? [...right, 1] : right;
  const [m, k, n] = [rows.at(-2) ?? 1, rows.at(-1) ?? 1, columns.at(-1) ?? 1];
  if (k !== columns.at(-2))
    invalid(`[${left.join(', ')}] times [${right.join(', ')}]`, { expected: `a second operand with ${k} rows` });
  const lead = broadcastShape(rows.slice(0, -2), columns.slice(0, -2));
  const batch = size(lead);
  const one = batch > 1 && size(columns.slice(0, -2)) === 1;
  // One matrix for all: their rows are rows of one product.
  const x = one
    ? reshaped(cx, a, [1, batch * m, k], `${name}.a`)
    : reshaped(cx, spread(cx, a, rows, lead, `${name}.a`), [batch, m, k], `${name}.a`);
  const y = one
    ? reshaped(cx, b, [1, k, n], `${name}.b`)
    : reshaped(cx, spread(cx, b, columns, lead, `${name}.b`), [batch, k, n], `${name}.b`);
  const target = [...lead, ...(left.length === 1 ? [] : [m]), ...(right.length === 1 ? [] : [n])];
  return reshaped(cx, multiply(x, y, `${name}.products`), target, `${name}.sums`);
}

function reshaped(cx: ImportContext, id: string, shape: readonly number[], output: string): string {
  const same = cx.builder.typeOf(id).shape.join() === shape.join();
  return same ? id : cx.add('reshape', [id], {}, { shape, output });
}

/** Repeats axes of extent 1 until the leading axes are `lead`. */
function spread(
  cx: ImportContext,
  id: string,
  shape: readonly number[],
  lead: readonly number[],
  name: string,
): string {
  const own = [...new Array<number>(lead.length - (shape.length - 2)).fill(1), ...shape];
  const wide = lead.flatMap((d, i) => (d === own[i] ? [] : [i]));
  const start = wide.length === 0 ? id : reshaped(cx, id, own, `${name}.lead`);
  return wide.reduce((from, axis) => {
    const count = lead[axis] ?? 1;
    if (count > MOST_COPIES)
      refuse(`an operand that is repeated ${count} times along axis ${axis}`, { expected: `at most ${MOST_COPIES}` });
    return cx.add('concat', new Array<string>(count).fill(from), { axis }, { output: `${name}.repeated${axis}` });
  }, start);
}
