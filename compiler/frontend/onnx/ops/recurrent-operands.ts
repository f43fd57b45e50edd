/** Operands of LSTM, GRU and RNN nodes: extents, weights of one direction, biases, first states; and the forms that are refused. */

import { invalid, refuse } from '../../refusal.ts';
import { intAttribute, stringAttribute, stringsAttribute } from '../attributes.ts';
import { at, dequantizeCodes, floatData, type ImportContext } from '../context.ts';
import type { Codes, Meaning, Scaling } from '../meaning.ts';
import { Formula } from './formula.ts';
import type { FloatWeights, Weights } from './product-weights.ts';
import { activationsInput } from './products.ts';
import type { Cell } from './recurrent-cells.ts';
import { isPerTensor } from './scaling.ts';

/** Most steps that are unrolled: a graph of some twenty nodes each. */
const MOST_STEPS = 1024;

type Quantized = Extract<Meaning, { kind: 'quantized' }>;

export interface Extents {
  readonly steps: number;
  readonly batch: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly directions: number;
  /** [batch, time, ..] instead of [time, batch, ..]. */
  readonly batchFirst: boolean;
}

export function refuseVariants(cx: ImportContext): void {
  const what = cx.node.opType;
  if (cx.node.attributes.has('clip'))
    refuse(`${what} with clip`, { expected: 'no clip', hint: 'export without it, or unrolled with Clip nodes' });
  if (intAttribute(cx.node, 'input_forget', 0) !== 0)
    refuse(`${what} with input_forget`, { expected: 'input_forget = 0' });
  if (what === 'LSTM' && cx.hasInput(7))
    refuse('LSTM with peepholes (input 7)', { expected: 'no peepholes', hint: 'export unrolled' });
  for (const name of ['activation_alpha', 'activation_beta'])
    if (cx.node.attributes.has(name)) refuse(`${what} with ${name}`, { expected: 'the default parameters' });
}

export function shapeOf(w: Weights | FloatWeights): readonly number[] {
  return w.kind === 'weights' ? w.codes.shape : w.shape;
}

export function requireShape(what: string, found: readonly number[], wanted: readonly number[]): void {
  if (found.join() !== wanted.join())
    invalid(`${what} have shape [${found.join(', ')}]`, { expected: `[${wanted.join(', ')}]` });
}

export function extentsOf(cx: ImportContext, cell: Cell, recurrent: readonly number[]): Extents {
  const { shape } = cx.typeOf(cx.input(0));
  const batchFirst = intAttribute(cx.node, 'layout', 0) !== 0;
  const [first, second, inputs] = shape;
  const hidden = recurrent[2];
  if (shape.length !== 3 || first === undefined || second === undefined || inputs === undefined)
    return invalid(`the input has shape [${shape.join(', ')}]`, { expected: '[time, batch, features]' });
  if (hidden === undefined || recurrent.length !== 3)
    return invalid(`the recurrent weights have shape [${recurrent.join(', ')}]`, {
      expected: `[directions, ${cell.gates} hidden, hidden]`,
    });
  const stated = intAttribute(cx.node, 'hidden_size', hidden);
  if (stated !== hidden) invalid(`hidden_size is ${stated}`, { expected: `${hidden}, as the recurrent weights have` });
  const [steps, batch] = batchFirst ? [second, first] : [first, second];
  if (steps > MOST_STEPS)
    refuse(`a sequence of ${steps} steps`, {
      expected: `at most ${MOST_STEPS}: it is unrolled`,
      hint: 'export for a shorter sequence and pass the state from one run to the next',
    });
  const directions = directionsOf(cx).length;
  return { steps, batch, inputs, hidden, directions, batchFirst };
}

export function directionsOf(cx: ImportContext): readonly ('forward' | 'reverse')[] {
  const given = stringAttribute(cx.node, 'direction', 'forward');
  if (given === 'forward' || given === 'reverse') return [given];
  if (given === 'bidirectional') return ['forward', 'reverse'];
  return invalid(`direction is '${given}'`, { expected: 'forward, reverse or bidirectional' });
}

export function requireFullLength(cx: ImportContext, { steps, batch }: Extents): void {
  const lengths = cx.constantInput(4, 'the lengths of the sequences');
  if (lengths === undefined) return;
  if (lengths.data.length !== batch)
    invalid(`${lengths.data.length} lengths of sequences`, { expected: `${batch}, the batch` });
  const short = lengths.data.find((n) => n !== steps);
  if (short !== undefined)
    refuse(`a sequence of ${short} in a batch of ${steps} steps`, {
      expected: 'sequences as long as the input',
      hint: 'export for that length (--dims), or leave sequence_lens out',
    });
}

export function activationNames(cx: ImportContext, cell: Cell, directions: number): readonly string[] {
  const all = Array.from({ length: directions }, () => cell.activations).flat();
  const given = stringsAttribute(cx.node, 'activations') ?? all;
  if (given.length !== all.length) invalid(`${given.length} activations`, { expected: `${all.length}` });
  return given;
}

/** What an input of the current node holds as rows [time * batch, features]; codes where they serve the arrays. */
export type Rows = { readonly kind: 'codes'; readonly x: Quantized } | { readonly kind: 'float'; readonly id: string };

export function rowsOf(cx: ImportContext, e: Extents): Rows {
  const f = new Formula(cx, `${stem(cx)}.rows`);
  const arranged = (id: string) =>
    f.reshape(e.batchFirst ? f.transpose(id, [1, 0, 2]) : id, [e.steps * e.batch, e.inputs]);
  const x = activationsInput(cx, 0);
  return x !== undefined && isPerTensor(x.scaling)
    ? { kind: 'codes', x: { ...x, id: arranged(x.id) } }
    : { kind: 'float', id: arranged(cx.floatInput(0)) };
}

/** The first result that the node has: names of its parts. */
export function stem(cx: ImportContext): string {
  return cx.node.outputs.find((o) => o !== '') ?? cx.node.name;
}

/** Weights [rows, columns] of one direction; a scale along the columns, which are summed, leaves floats. */
export function direction(w: Weights | FloatWeights, d: number): Weights | FloatWeights {
  const [, rows = 1, columns = 1] = shapeOf(w);
  const from = d * rows * columns;
  const shape = [rows, columns];
  if (w.kind === 'float-weights') return { ...w, shape, data: w.data.slice(from, from + rows * columns) };
  if (!isPerTensor(w.scaling) && w.scaling.axis === 2)
    return {
      kind: 'float-weights',
      shape,
      data: dequantizeCodes(w.codes, w.scaling).slice(from, from + rows * columns),
    };
  const codes: Codes = { ...w.codes, shape, data: w.codes.data.slice(from, from + rows * columns) };
  const pick = <A extends Float32Array | Int32Array>(list: A): A =>
    (w.scaling.axis === 0 && list.length > 1 ? list.slice(d, d + 1) : list) as A;
  const scaling: Scaling = { scale: pick(w.scaling.scale), zero: pick(w.scaling.zero), axis: 0 };
  return { ...w, codes, scaling };
}

export function floats(w: Weights | FloatWeights): Float32Array {
  return w.kind === 'weights' ? dequantizeCodes(w.codes, w.scaling) : w.data;
}

/** Biases of input and state in one; GRU with linear_before_reset keeps that of the state's hidden gate apart. */
export function biases(
  cx: ImportContext,
  cell: Cell,
  e: Extents,
  d: number,
): { joined?: Float32Array; hiddenBias?: Float32Array } {
  if (!cx.hasInput(3)) return {};
  const all = knownFloats(cx, 3);
  const size = cell.gates * e.hidden;
  if (all.length !== e.directions * 2 * size)
    invalid(`the bias has ${all.length} elements`, { expected: `[${e.directions}, ${2 * size}]` });
  const own = all.subarray(d * 2 * size, (d * 2 + 1) * size);
  const state = all.subarray((d * 2 + 1) * size, (d + 1) * 2 * size);
  const apart = cx.node.opType === 'GRU' && intAttribute(cx.node, 'linear_before_reset', 0) !== 0;
  const joins = apart ? size - e.hidden : size;
  const joined = own.map((v, i) => (i < joins ? v + at(state, i) : v));
  return apart ? { joined, hiddenBias: state.slice(joins) } : { joined };
}

function knownFloats(cx: ImportContext, index: number): Float32Array {
  const m = cx.input(index);
  if (m.kind === 'weights') return dequantizeCodes(m.codes, m.scaling);
  if (m.kind === 'constant') return floatData(m.constant);
  return refuse(`'${cx.node.inputs[index]}' is computed at run time`, { expected: 'a constant' });
}

/** A first state [B, H] of direction `d`; undefined where it is absent or known to be zero. */
export function initial(
  cx: ImportContext,
  f: Formula,
  e: Extents,
  d: number,
  index: number,
  what: string,
): string | undefined {
  if (!cx.hasInput(index)) return undefined;
  const m = cx.input(index);
  const wanted = e.batchFirst ? [e.batch, e.directions, e.hidden] : [e.directions, e.batch, e.hidden];
  requireShape(what, cx.typeOf(m).shape, wanted);
  if (m.kind === 'constant' && m.constant.data.every((v) => v === 0)) return undefined;
  const axis = e.batchFirst ? 1 : 0;
  return f.reshape(f.part(cx.floatInput(index), axis, d, 1), [e.batch, e.hidden]);
}
