/** UNIDIRECTIONAL_SEQUENCE_LSTM: whole sequences against the reference, code by code, and on the machines; what is left out is refused. */
import { expect, it } from 'vitest';
import { checkTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { CODES, type ModelSpec, makeTflite, OPTIONS, type TensorSpec } from './make.ts';
import { testOperators } from './operators.ts';
import { codes, type Draw, size, whole } from './single-op.ts';

function lstm(r: Draw): ModelSpec {
  const [batch, steps, inputs, units] = [whole(r, 1, 2), whole(r, 1, 4), whole(r, 2, 6), whole(r, 2, 5)];
  const timeMajor = r() < 0.5;
  const real = (low: number, high: number): number => Math.fround(low + r() * (high - low));
  const shape = (last: number) => (timeMajor ? [steps, batch, last] : [batch, steps, last]);
  const weights = (name: string, k: number): TensorSpec => ({
    name,
    shape: [units, k],
    type: 'int8',
    scale: [real(0.004, 0.03)],
    data: codes(r, size([units, k]), -127, 127),
  });
  const bias = (name: string): TensorSpec => ({
    name,
    shape: [units],
    type: 'int32',
    data: codes(r, units, -3000, 3000),
  });
  const state: TensorSpec = {
    name: 'h',
    shape: [batch, units],
    type: 'int8',
    scale: [real(0.006, 0.01)],
    zero: [whole(r, -20, 20)],
  };
  const cell: TensorSpec = {
    name: 'c',
    shape: [batch, units],
    type: 'int16',
    scale: [2 ** -whole(r, 9, 12)],
    zero: [0],
  };
  const x: TensorSpec = {
    name: 'x',
    shape: shape(inputs),
    type: 'int8',
    scale: [real(0.01, 0.05)],
    zero: [whole(r, -60, 60)],
  };
  const tensors = [
    x,
    ...['wi', 'wf', 'wc', 'wo'].map((n) => weights(n, inputs)),
    ...['ri', 'rf', 'rc', 'ro'].map((n) => weights(n, units)),
    ...['bi', 'bf', 'bc', 'bo'].map(bias),
    state,
    cell,
    { ...state, name: 'y', shape: shape(units) },
  ];
  const operands = [0, 1, 2, 3, 4, 5, 6, 7, 8, -1, -1, -1, 9, 10, 11, 12, -1, -1, 13, 14, -1, -1, -1, -1];
  const clip = r() < 0.3 ? 1.5 : 0;
  const fields = [
    [0, 'int8', 4],
    [1, 'float', clip],
    [3, 'bool', timeMajor ? 1 : 0],
  ] as const;
  return {
    tensors,
    operators: [
      {
        code: CODES.UNIDIRECTIONAL_SEQUENCE_LSTM,
        inputs: operands,
        outputs: [15],
        options: { type: OPTIONS.lstm, fields },
      },
    ],
    inputs: [0],
    outputs: [15],
  };
}

testOperators([['UNIDIRECTIONAL_SEQUENCE_LSTM', lstm]]);

it('peepholes, projections and layer norms are refused', () => {
  const spec = lstm(() => 0.4);
  const operator = spec.operators[0]!;
  const inputs = operator.inputs.map((t, i) => (i === 16 ? 1 : t));
  const { issues } = checkTflite(makeTflite({ ...spec, operators: [{ ...operator, inputs }] }));
  expect(issues[0]?.message).toContain('peepholes, a projection');
});
