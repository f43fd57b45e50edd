/**
 * The LSTM cell: gates are codes whose functions are tables, products and sums are float32, the cell goes on as 16-bit codes and the state as codes
 * of -1 .. 1. The products that make the gates are layers of their own.
 */
import { type IntegerType, integerRange } from '../../../compiler/graph/types.ts';
import type { LayerOf } from '../layers.ts';
import { emitTable } from './activation.ts';
import { type Coded, type EmitContext, operand } from './context.ts';
import { Reals } from './real.ts';

const CELL: IntegerType = { kind: 'int', bits: 16, coding: 'signed' };
/** Cells of -8 .. 8. */
const CELL_SCALE = 2 ** -12;
/** Squares of cells and of states on average, as gates that are half open leave them. */
const USUAL = { cell: 0.4, state: 0.1 } as const;

/** c' = sigmoid(f) c + sigmoid(i) tanh(g). */
export function emitLstmCell(cx: EmitContext, layer: LayerOf<'lstm-cell'>, inputs: readonly Coded[]): Coded {
  const [gates, cell] = [operand(inputs, 0), operand(inputs, 1)];
  const real = new Reals(cx, layer.name);
  const [i, f, g] = [gate(cx, real, gates, 'i'), gate(cx, real, gates, 'f'), gate(cx, real, gates, 'g')];
  const kept = real.binary('mul', f, real.of({ ...cell, scale: CELL_SCALE }));
  const next = real.binary('add', kept, real.binary('mul', i, g));
  return resultOf(layer, real.codes(next, CELL, CELL_SCALE), CELL, CELL_SCALE, USUAL.cell);
}

/** h = sigmoid(o) tanh(c'). */
export function emitLstmState(cx: EmitContext, layer: LayerOf<'lstm-state'>, inputs: readonly Coded[]): Coded {
  const [gates, cell] = [operand(inputs, 0), operand(inputs, 1)];
  const real = new Reals(cx, layer.name);
  const state = real.binary('mul', gate(cx, real, gates, 'o'), real.unary('tanh', real.of(cell)));
  const type: IntegerType = { kind: 'int', bits: Math.min(8, cx.widths.activations), coding: 'signed' };
  const scale = Math.fround(1 / integerRange(type).max);
  return resultOf(layer, real.codes(state, type, scale), type, scale, USUAL.state);
}

const GATES = 'ifgo';

/** One of the four: g through tanh, the others through the sigmoid. */
function gate(cx: EmitContext, real: Reals, gates: Coded, which: string): string {
  const hidden = (gates.shape[1] ?? 0) / GATES.length;
  const first = GATES.indexOf(which) * hidden;
  const value = real.slice(gates.value, 2, first, hidden);
  const part = (v: Float64Array) => v.subarray(first, first + hidden);
  const own = { ...gates, value, shape: [1, hidden], mean: part(gates.mean), variance: part(gates.variance) };
  return real.of(emitTable(cx, real.name(which), own, which === 'g' ? 'tanh' : 'sigmoid'));
}

function resultOf(
  { output }: LayerOf<'lstm-cell'> | LayerOf<'lstm-state'>,
  value: string,
  type: IntegerType,
  scale: number,
  square: number,
): Coded {
  const hidden = output.shape[1] ?? 0;
  const variance = new Float64Array(hidden).fill(square / (scale * scale));
  return { value, type, shape: output.shape, scale, mean: new Float64Array(hidden), variance };
}
