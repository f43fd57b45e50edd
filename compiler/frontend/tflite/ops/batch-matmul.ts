/**
 * BATCH_MATMUL: products of codes of two computed operands, matrix by matrix, with int32 sums and one fixed-point factor; of floats on the vector unit. A
 * constant second matrix that all share is weights.
 */
import { broadcastShape } from '../../../graph/ops/broadcast.ts';
import { sizeOf } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { permuted } from '../constants.ts';
import { type ImportContext, text } from '../context.ts';
import { activationOf, factor, requantized } from './requantizer.ts';

export function importBatchMatMul(cx: ImportContext): void {
  const [a, b, out] = [cx.inputTensor(0), cx.inputTensor(1), cx.outputTensor()];
  if (a.shape.length < 2 || b.shape.length < 2)
    invalid(`[${a.shape.join(', ')}] times [${b.shape.join(', ')}]`, { expected: 'matrices' });
  const [x, y] = [turned(a.shape, adjoint(cx, 0)), turned(b.shape, adjoint(cx, 1))];
  const [m, k, n] = [x.at(-2)!, x.at(-1)!, y.at(-1)!];
  if (k !== y.at(-2))
    invalid(`[${x.join(', ')}] times [${y.join(', ')}]`, { expected: `a second operand with ${k} rows` });
  const lead = broadcastShape(x.slice(0, -2), y.slice(0, -2));
  const shape = [...lead, m, n];
  const finish = (id: string) => cx.result(reshaped(cx, id, shape, 'shaped'), 'file');
  if (a.type === 'float32') {
    finish(multiplied(cx, { x, y, lead }, (pair) => cx.add('product-float', pair, {}, { name: `${cx.label}.sum` })));
    return;
  }
  if (a.type !== 'int8' || b.type !== 'int8' || out.type !== 'int8')
    refuse(`BATCH_MATMUL of ${a.type} and ${b.type} to ${out.type}`, { expected: 'int8 codes' });
  const [as, bs] = [cx.scaling(a), cx.scaling(b)];
  const scale = factor(Math.fround(as.scale * bs.scale) / cx.scaling(out).scale);
  const sums =
    cx.meaning(b).kind === 'constant' && sizeOf(b.shape.slice(0, -2)) === 1
      ? weighted(cx, { x, y }, as.zero, bs.zero)
      : multiplied(cx, { x, y, lead }, (pair) =>
          cx.add('product', pair, { aZero: as.zero, bZero: bs.zero }, { name: `${cx.label}.sum` }),
        );
  finish(requantized(cx, sums, [scale], 0, activationOf(0)));
}

/** Whether operand `side` is transposed first. */
const adjoint = (cx: ImportContext, side: 0 | 1): boolean => (cx.options?.uint8(side, 'adjoint') ?? 0) !== 0;

const turned = (shape: readonly number[], yes: boolean): readonly number[] =>
  yes ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;

interface Shapes {
  /** Of the operands with their last axes turned. */
  readonly x: readonly number[];
  readonly y: readonly number[];
}

const swapped = (rank: number): number[] => [...Array.from({ length: rank - 2 }, (_, d) => d), rank - 1, rank - 2];

function matrices(cx: ImportContext, side: 0 | 1): string {
  const id = cx.value(side, 'file');
  const perm = swapped(cx.inputTensor(side).shape.length);
  return adjoint(cx, side) ? cx.add('transpose', [id], { perm }, { name: `${cx.label}.turned${side}` }) : id;
}

/** Sums [batch, M, N] of computed operands; a batch of 1 is repeated for the other's. */
function multiplied(
  cx: ImportContext,
  { x, y, lead }: Shapes & { readonly lead: readonly number[] },
  multiply: (pair: readonly [string, string]) => string,
): string {
  for (const i of [0, 1] as const)
    if (cx.meaning(cx.inputTensor(i)).kind === 'constant')
      refuse(`a constant operand ${text(cx.inputTensor(i))} of BATCH_MATMUL`, {
        expected: 'computed operands, or int8 with one constant second matrix',
        hint: 'convert to FULLY_CONNECTED',
      });
  const batch = sizeOf(lead);
  const [m, k, n] = [x.at(-2)!, x.at(-1)!, y.at(-1)!];
  const one = sizeOf(y.slice(0, -2)) === 1;
  const left = matrices(cx, 0);
  const right = matrices(cx, 1);
  // One second matrix for all: the rows of all first ones are rows of one product.
  if (one) return multiply([reshaped(cx, left, [1, batch * m, k], 'rows0'), reshaped(cx, right, [1, k, n], 'rows1')]);
  return multiply([
    reshaped(cx, spread(cx, left, lead, 0), [batch, m, k], 'rows0'),
    reshaped(cx, spread(cx, right, lead, 1), [batch, k, n], 'rows1'),
  ]);
}

/** Repeats leading axes of 1 until they are `lead`. */
function spread(cx: ImportContext, id: string, lead: readonly number[], side: 0 | 1): string {
  const { shape } = cx.builder.typeOf(id);
  const own = [...new Array<number>(lead.length - (shape.length - 2)).fill(1), ...shape];
  const target = [...lead, ...shape.slice(-2)];
  const long = reshaped(cx, id, own, `long${side}`);
  return own.join() === target.join()
    ? long
    : cx.add('expand', [long], { shape: target }, { name: `${cx.label}.spread${side}` });
}

/** Sums of a constant second matrix. */
function weighted(cx: ImportContext, { x, y }: Shapes, xZero: number, wZero: number): string {
  const [k, n] = [y.at(-2)!, y.at(-1)!];
  const known = cx.weights(1, 'the second operand');
  const flat = { type: { ...known.type, shape: adjoint(cx, 1) ? [n, k] : [k, n] }, data: known.data };
  const weights = cx.constant(adjoint(cx, 1) ? permuted(flat, [1, 0]) : flat, 'weights');
  const rows = reshaped(cx, matrices(cx, 0), [sizeOf(x) / k, k], 'rows');
  return cx.add('matmul', [rows, weights], { xZero, wZero: Int32Array.of(wZero) }, { name: `${cx.label}.sum` });
}

function reshaped(cx: ImportContext, id: string, shape: readonly number[], suffix: string): string {
  if (cx.builder.typeOf(id).shape.join() === shape.join()) return id;
  return cx.add('reshape', [id], {}, { shape, name: `${cx.label}.${suffix}` });
}
