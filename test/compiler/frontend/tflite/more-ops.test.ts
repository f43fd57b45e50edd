/** Operators that pick, repeat, turn and reduce, functions of one code, products of two operands. */
import { expect, it } from 'vitest';
import { importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { CODES, type ModelSpec, makeTflite, OPTIONS } from './make.ts';
import { testOperators } from './operators.ts';
import { MORE_EXACT } from './single-op-more.ts';

testOperators(MORE_EXACT);

it('GATHER by computed indices takes rows of a constant table', () => {
  const table = { name: 't', shape: [7, 3], type: 'int8', scale: [0.5], zero: [3] } as const;
  const spec: ModelSpec = {
    tensors: [
      { ...table, data: Array.from({ length: 21 }, (_, i) => i - 10) },
      { name: 'i', shape: [2, 2], type: 'int32' },
      { ...table, name: 'y', shape: [2, 2, 3] },
    ],
    operators: [{ code: CODES.GATHER, inputs: [0, 1], outputs: [2], options: { type: OPTIONS.gather, fields: [] } }],
    inputs: [1],
    outputs: [2],
  };
  const { graph } = importTflite(makeTflite(spec));
  const found = interpret(graph, new Map([['i', Int32Array.of(6, 0, 3, 6)]])).get(graph.outputs[0]!)!.data;
  expect(Array.from(found)).toEqual([8, 9, 10, -10, -9, -8, -1, 0, 1, 8, 9, 10]);
});
