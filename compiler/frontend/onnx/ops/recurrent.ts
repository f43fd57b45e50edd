/**
 * LSTM, GRU and RNN, unrolled over the sequence, whose length is static. The input times its weights is one product for all steps, on the arrays
 * where both are quantized; what depends on the state is float32 on the vector unit, as the model says: the state has no quantizer.
 * Left out, and refused by name: peepholes, clip, input_forget, sequences of different lengths.
 */

import { invalid } from '../../refusal.ts';
import { intAttribute } from '../attributes.ts';
import type { ImportContext } from '../context.ts';
import { Formula } from './formula.ts';
import { type FloatWeights, type Weights, weightsInput } from './product-weights.ts';
import { emitMatMul, productScaling, transposeWeights } from './products.ts';
import { activation, type Cell, gru, LSTM, type Recurrence, RNN, type State } from './recurrent-cells.ts';
import {
  activationNames,
  biases,
  direction,
  directionsOf,
  type Extents,
  extentsOf,
  floats,
  initial,
  type Rows,
  refuseVariants,
  requireFullLength,
  requireShape,
  rowsOf,
  shapeOf,
  stem,
} from './recurrent-operands.ts';

const importRecurrent = (cellOf: (cx: ImportContext) => Cell) => (cx: ImportContext) => {
  const cell = cellOf(cx);
  refuseVariants(cx);
  const [w, r] = [weightsInput(cx, 1), weightsInput(cx, 2)];
  const e = extentsOf(cx, cell, shapeOf(r));
  requireShape('the weights', shapeOf(w), [e.directions, cell.gates * e.hidden, e.inputs]);
  requireShape('the recurrent weights', shapeOf(r), [e.directions, cell.gates * e.hidden, e.hidden]);
  requireFullLength(cx, e);
  const names = activationNames(cx, cell, e.directions);
  const x = rowsOf(cx, e);
  const results = Array.from({ length: e.directions }, (_, d) =>
    runDirection(cx, { cell, e, d, x, w: direction(w, d), r: direction(r, d), names }),
  );
  defineOutputs(cx, e, results);
};

export const importLstm = importRecurrent(() => LSTM);
export const importGru = importRecurrent((cx) => gru(intAttribute(cx.node, 'linear_before_reset', 0) !== 0));
export const importRnn = importRecurrent(() => RNN);

interface Direction {
  readonly cell: Cell;
  readonly e: Extents;
  readonly d: number;
  readonly x: Rows;
  readonly w: Weights | FloatWeights;
  readonly r: Weights | FloatWeights;
  readonly names: readonly string[];
}

interface DirectionResult {
  /** h of each step [B, H], in the order of the input. */
  readonly all: readonly string[];
  readonly last: State;
}

function runDirection(cx: ImportContext, run: Direction): DirectionResult {
  const { cell, e, d } = run;
  const f = new Formula(cx, `${stem(cx)}.${directionsOf(cx)[d]}`);
  const { joined, hiddenBias } = biases(cx, cell, e, d);
  const projected = projection(cx, f, run);
  const inputs = joined === undefined ? projected : f.binary('add', projected, f.constant(joined, [joined.length]));
  const recurrence: Recurrence = {
    f,
    hidden: e.hidden,
    activations: run.names.slice(d * cell.activations.length, (d + 1) * cell.activations.length).map(activation),
    times: recurrentProduct(f, floats(run.r), e.hidden),
    hiddenBias: hiddenBias === undefined ? undefined : f.constant(hiddenBias, [e.hidden]),
  };
  let state: State = { h: initial(cx, f, e, d, 5, 'initial_h'), c: initial(cx, f, e, d, 6, 'initial_c') };
  const all = new Array<string>(e.steps);
  for (let i = 0; i < e.steps; i++) {
    const t = directionsOf(cx)[d] === 'reverse' ? e.steps - 1 - i : i;
    const next = cell.step(recurrence, f.part(inputs, 0, t * e.batch, e.batch), state);
    all[t] = next.h;
    state = next;
  }
  return { all, last: state };
}

/** The input times its weights for all steps: [time * batch, gates * hidden] in float32. */
function projection(cx: ImportContext, f: Formula, { x, w }: Direction): string {
  if (x.kind === 'float') return f.product(x.id, floats(w), shapeOf(w)[0] ?? 1);
  if (w.kind !== 'weights') return f.product(cx.dequantize(x.x.id, x.x.scaling, f.name()), w.data, w.shape[0] ?? 1);
  const matrix = transposeWeights(w);
  const sums = emitMatMul(cx, x.x, matrix, undefined);
  return cx.dequantize(sums, productScaling(x.x.scaling, matrix.scaling, 1), f.name());
}

function recurrentProduct(f: Formula, weights: Float32Array, hidden: number): Recurrence['times'] {
  const parts = new Map<string, Float32Array>();
  return (h, first, count) => {
    const key = `${first},${count}`;
    const part = parts.get(key) ?? weights.slice(first * hidden * hidden, (first + count) * hidden * hidden);
    parts.set(key, part);
    return f.product(h, part, count * hidden);
  };
}

/** Y [time, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden]; the batch first where the layout says so. */
function defineOutputs(cx: ImportContext, e: Extents, results: readonly DirectionResult[]): void {
  const f = new Formula(cx, stem(cx));
  const define = (index: number, make: () => string): void => {
    if ((cx.node.outputs[index] ?? '') !== '') cx.result({ kind: 'float', id: make() }, index);
  };
  const last = (of: (s: State) => string | undefined) => () => {
    const parts = results.map((r) => f.reshape(of(r.last) ?? invalid('a state is missing'), [1, e.batch, e.hidden]));
    const joined = f.join(parts, 0);
    return e.batchFirst ? f.transpose(joined, [1, 0, 2]) : joined;
  };
  define(0, () => {
    const parts = results.map(({ all }) => f.reshape(f.join(all, 0), [e.steps, 1, e.batch, e.hidden]));
    const joined = f.join(parts, 1);
    return e.batchFirst ? f.transpose(joined, [2, 0, 1, 3]) : joined;
  });
  define(
    1,
    last((s) => s.h),
  );
  define(
    2,
    last((s) => s.c),
  );
}
