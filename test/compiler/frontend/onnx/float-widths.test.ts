/** Models in float16, bfloat16 and float64: computed in float32, with a note. */
import { describe, expect, it } from 'vitest';
import {
  type DataType,
  importModel,
  makeNode,
  makeTensor,
  makeValue,
  type OnnxTensor,
  readModel,
  tensorValues,
  writeModel,
} from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { randomInput } from '../../../harness/oracle/compare.ts';
import { MAIN_PRESETS } from '../../../harness/presets.ts';
import { model } from './small-models.ts';

/** 1/16, 1/32, 1, -1.5, 0.25 and their like: exact in each width. Bits after IEEE 754 and the bfloat16 format. */
const BITS: Readonly<Record<string, readonly [half: number, brain: number]>> = {
  '0.0625': [0x2c00, 0x3d80],
  '0.03125': [0x2800, 0x3d00],
  '1': [0x3c00, 0x3f80],
  '-1.5': [0xbe00, 0xbfc0],
  '0.25': [0x3400, 0x3e80],
};

function tensor(name: string, type: DataType, dims: readonly number[], values: readonly number[]): OnnxTensor {
  if (type === 'float32' || type === 'float64') return makeTensor(name, type, dims, values);
  const words = Uint16Array.from(values, (v) => BITS[String(v)]![type === 'float16' ? 0 : 1]);
  return { name, dims, dataType: type, raw: new Uint8Array(words.buffer) };
}

/** Quantizers with scales of the type, a bias of the type, and casts to it and back. */
function network(type: DataType, number: number) {
  const initializers = [
    tensor('s', type, [], [0.0625]),
    makeTensor('z', 'uint8', [], [128]),
    makeTensor('w', 'int8', [4, 3], [1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12]),
    tensor('ws', type, [], [0.03125]),
    makeTensor('wz', 'int8', [], [0]),
    tensor('b', type, [3], [1, -1.5, 0.25]),
  ];
  const nodes = [
    makeNode('QuantizeLinear', ['x', 's', 'z'], ['q']),
    makeNode('DequantizeLinear', ['q', 's', 'z'], ['d']),
    makeNode('DequantizeLinear', ['w', 'ws', 'wz'], ['wd']),
    makeNode('MatMul', ['d', 'wd'], ['m']),
    makeNode('Cast', ['m'], ['m32'], { to: 1 }),
    makeNode('Cast', ['m32'], ['m16'], { to: number }),
    makeNode('Add', ['m16', 'b'], ['a']),
    makeNode('QuantizeLinear', ['a', 's', 'z'], ['y']),
  ];
  const parts = {
    opset: 19,
    initializers,
    inputs: [makeValue('x', type, [2, 4])],
    outputs: [makeValue('y', 'uint8', [2, 3])],
  };
  return readModel(writeModel(model(nodes, parts)));
}

describe('floats of other widths', () => {
  const plain = importModel(network('float32', 1)).graph;
  const x = randomInput(plain, 'x', createRandom(1), -4, 4);
  const wanted = interpret(plain, new Map([['x', x]])).get('y')!.data;

  it.each([
    ['float16', 10],
    ['bfloat16', 16],
    ['float64', 11],
  ] as const)('%s', (type, number) => {
    const { graph, notes } = importModel(network(type, number));
    expect(notes.filter((n) => n.startsWith(`${type} is computed in float32`))).toHaveLength(1);
    expect(interpret(graph, new Map([['x', x]])).get('y')!.data).toEqual(wanted);
    expect(new Set(wanted).size).toBeGreaterThan(3);
    checkGraph(runPasses(graph), MAIN_PRESETS['edge-dcim-28nm']!, seeded(1));
  });
});

it('bfloat16 and float16 decode as their formats say', () => {
  const values = [0.0625, 0.03125, 1, -1.5, 0.25];
  for (const type of ['float16', 'bfloat16'] as const)
    expect(Array.from(tensorValues(tensor('t', type, [5], values)))).toEqual(values);
});
