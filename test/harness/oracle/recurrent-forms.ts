/** LSTM, GRU and RNN nodes between quantizers, as exporters write them. */
import type { AttributeInput, OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import { floats } from './form-models.ts';
import { type ModelMaker, quantizedOutput, scaledInput, scaledWeights } from './pattern-models.ts';

export type RecurrentOp = 'LSTM' | 'GRU' | 'RNN';
const GATES: Readonly<Record<RecurrentOp, number>> = { LSTM: 4, GRU: 3, RNN: 1 };

export interface RecurrentForm {
  readonly op: RecurrentOp;
  readonly direction?: 'forward' | 'reverse' | 'bidirectional';
  readonly attributes?: Readonly<Record<string, AttributeInput>>;
  /** Float32 initializers, as quantize_static leaves the node; else codes behind DequantizeLinear, one scale or one per row. */
  readonly weights?: 'tensor' | 'rows' | 'float';
  readonly bias?: boolean;
  readonly initial?: 'none' | 'zero' | 'given';
  /** Sequence lengths, all of them the whole sequence. */
  readonly lengths?: boolean;
  readonly steps?: number;
  readonly layout?: 0 | 1;
}

export const EXTENTS = { steps: 6, batch: 2, inputs: 5, hidden: 7 } as const;

/** One node on an input of codes; each of its results goes to a quantizer. */
export function recurrentModel(m: ModelMaker, form: RecurrentForm): OnnxModel {
  m.opset = 17;
  const { op, direction = 'forward', layout = 0 } = form;
  const { batch, inputs, hidden } = EXTENTS;
  const steps = form.steps ?? EXTENTS.steps;
  const directions = direction === 'bidirectional' ? 2 : 1;
  const rows = GATES[op] * hidden;
  const x = scaledInput(m, 'uint8', layout === 0 ? [steps, batch, inputs] : [batch, steps, inputs], 0.01, 128);
  const weights = (columns: number) =>
    form.weights === 'float'
      ? floats(m, [directions, rows, columns], -0.6, 0.6)
      : scaledWeights(m, 'int8', [directions, rows, columns], form.weights === 'rows' ? 1 : undefined, false).float;
  const operands = [x.float, weights(inputs), weights(hidden)];
  operands.push(form.bias === false ? '' : floats(m, [directions, 2 * rows], -0.5, 0.5));
  operands.push(form.lengths === true ? m.tensor('int32', [batch], new Array<number>(batch).fill(steps)) : '');
  const state = layout === 0 ? [directions, batch, hidden] : [batch, directions, hidden];
  const initial = (): string => {
    if (form.initial === 'given') return scaledInput(m, 'uint8', state, 0.008, 128).float;
    const zeros = new Array<number>(directions * batch * hidden).fill(0);
    return form.initial === 'zero' ? m.tensor('float32', state, zeros) : '';
  };
  operands.push(initial(), ...(op === 'LSTM' ? [initial()] : []));
  const attributes = { hidden_size: hidden, direction, ...(layout === 1 ? { layout } : {}), ...form.attributes };
  const results = m.nodes(op, operands, op === 'LSTM' ? 3 : 2, attributes);
  results.forEach((y, i) => {
    quantizedOutput(m, y, 'uint8', i === 0 ? 4 : 3, 0.01, 128);
  });
  return m.model('recurrent');
}

const OPS = ['LSTM', 'GRU', 'RNN'] as const;

/** By name; the runtime computes all of them in float32. */
export const RECURRENT_FORMS: ReadonlyMap<string, RecurrentForm> = new Map<string, RecurrentForm>([
  ...OPS.flatMap((op): [string, RecurrentForm][] => [
    [`${op}`, { op }],
    [`${op}, one scale per row`, { op, weights: 'rows' }],
    [`${op}, float weights`, { op, weights: 'float' }],
    [`${op}, reverse`, { op, direction: 'reverse', lengths: true }],
    [`${op}, bidirectional, first states`, { op, direction: 'bidirectional', initial: 'given' }],
    [`${op}, first states of zero, no bias`, { op, initial: 'zero', bias: false }],
    [`${op}, one step`, { op, steps: 1, initial: 'given' }],
  ]),
  ['GRU, linear_before_reset', { op: 'GRU', attributes: { linear_before_reset: 1 } }],
  [
    'GRU, linear_before_reset, bidirectional',
    { op: 'GRU', direction: 'bidirectional', initial: 'given', attributes: { linear_before_reset: 1 } },
  ],
]);
