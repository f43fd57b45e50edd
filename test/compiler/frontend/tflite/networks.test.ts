/** Small networks as converters write them: shapes computed in the file, parts that nothing needs, heads that are left to the host. */
import { describe, expect, it } from 'vitest';
import { checkTflite, importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { randomInputs, seeded } from '../../../harness/differential.ts';
import { CODES, type ModelSpec, makeTflite, OPTIONS, type TensorSpec } from './make.ts';

const ints = (name: string, data: readonly number[], shape: readonly number[] = [data.length]): TensorSpec => ({
  name,
  shape,
  type: 'int32',
  data,
});
const computed = (name: string, shape: readonly number[]): TensorSpec => ({ name, shape, type: 'int32' });
const codes = (name: string, shape: readonly number[]): TensorSpec => ({
  name,
  shape,
  type: 'int8',
  scale: [0.1],
  zero: [2],
});

/** A TRANSPOSE_CONV whose result shape the file computes from the batch of its input, as Keras with an open batch converts. */
function upsampling(known: boolean): ModelSpec {
  const weights: TensorSpec = {
    name: 'w',
    shape: [2, 2, 2, 3],
    type: 'int8',
    scale: [0.02],
    data: Array.from({ length: 24 }, (_, i) => (i * 37) % 100),
  };
  const options = (type: number, fields: readonly (readonly [number, 'int32' | 'int8', number])[]) => ({
    options: { type, fields },
  });
  const shape = known ? ints('shape', [1, 6, 8, 2]) : computed('shape', [4]);
  return {
    tensors: [
      codes('x', [1, 3, 4, 3]),
      computed('all', [4]),
      ints('begin', [0]),
      ints('end', [1]),
      ints('step', [1]),
      computed('batch', []),
      ints('h', [6], []),
      ints('w8', [8], []),
      ints('c', [2], []),
      shape,
      weights,
      codes('y', [1, 6, 8, 2]),
    ],
    operators: [
      ...(known
        ? []
        : [
            { code: CODES.SHAPE, inputs: [0], outputs: [1] },
            {
              code: CODES.STRIDED_SLICE,
              inputs: [1, 2, 3, 4],
              outputs: [5],
              ...options(OPTIONS.stridedSlice, [[4, 'int32', 1]]),
            },
            { code: CODES.PACK, inputs: [5, 6, 7, 8], outputs: [9], ...options(OPTIONS.pack, [[0, 'int32', 4]]) },
          ]),
      {
        code: CODES.TRANSPOSE_CONV,
        inputs: [9, 10, 0],
        outputs: [11],
        ...options(OPTIONS.transposeConv, [
          [0, 'int8', 0],
          [1, 'int32', 2],
          [2, 'int32', 2],
        ]),
      },
    ],
    inputs: [0],
    outputs: [11],
  };
}

describe('shapes that the file computes', () => {
  it('are constants: the result shape of TRANSPOSE_CONV', () => {
    const [given, found] = [true, false].map((known) => {
      const { graph } = importTflite(makeTflite(upsampling(known)));
      return Array.from(interpret(graph, randomInputs(graph, seeded(3))).get(graph.outputs[0]!)!.data);
    });
    expect(found).toEqual(given);
    expect(new Set(found).size).toBeGreaterThan(5);
  });

  it('FILL and RANGE give constants that operators take', () => {
    const float = (name: string, shape: readonly number[]): TensorSpec => ({ name, shape, type: 'float32' });
    const spec: ModelSpec = {
      tensors: [
        codes('x', [2, 3]),
        float('f', [2, 3]),
        ints('dims', [2, 3]),
        { ...float('value', []), data: [0.5] },
        float('filled', [2, 3]),
        float('sum', [2, 3]),
        ints('start', [2], []),
        ints('limit', [-1], []),
        ints('delta', [-1], []),
        computed('places', [3]),
        float('picked', [2, 3]),
      ],
      operators: [
        { code: CODES.DEQUANTIZE, inputs: [0], outputs: [1] },
        { code: CODES.FILL, inputs: [2, 3], outputs: [4] },
        { code: CODES.ADD, inputs: [1, 4], outputs: [5], options: { type: OPTIONS.add, fields: [] } },
        { code: CODES.RANGE, inputs: [6, 7, 8], outputs: [9] },
        {
          code: CODES.GATHER,
          inputs: [5, 9],
          outputs: [10],
          options: { type: OPTIONS.gather, fields: [[0, 'int32', 1]] },
        },
      ],
      inputs: [0],
      outputs: [10],
    };
    const { graph } = importTflite(makeTflite(spec));
    const x = Int32Array.of(2, 12, 22, -8, 2, 32);
    const found = interpret(graph, new Map([['x', x]])).get(graph.outputs[0]!)!.data;
    expect(Array.from(found)).toEqual([2.5, 1.5, 0.5, 3.5, 0.5, -0.5].map(Math.fround));
  });
});

/** Two branches: one into a custom head, one that no output needs and nobody could run. */
const DETECTOR: ModelSpec = {
  tensors: [
    codes('x', [1, 4]),
    codes('boxes', [1, 4]),
    codes('scores', [1, 4]),
    codes('found', [1, 4]),
    codes('dead', [1, 4]),
  ],
  operators: [
    { code: CODES.RELU, inputs: [0], outputs: [1] },
    { code: CODES.RELU6, inputs: [0], outputs: [2] },
    { code: CODES.UNIQUE, inputs: [0], outputs: [4] },
    { code: CODES.CUSTOM, custom: 'TFLite_Detection_PostProcess', inputs: [1, 2], outputs: [3] },
  ],
  inputs: [0],
  outputs: [3],
};

describe('the end of a network', () => {
  const bytes = makeTflite(DETECTOR);

  it('may be named tensors; a refusal says which; what no output needs is left out', () => {
    const { issues } = checkTflite(bytes);
    expect(issues.map((i) => i.where)).toEqual(["operator 3 (TFLite_Detection_PostProcess, 'found')"]);
    expect(issues[0]?.hint).toContain("--outputs 'boxes,scores'");
    const { graph } = importTflite(bytes, { outputs: ['boxes', 'scores'] });
    expect(graph.outputs).toEqual(['boxes', 'scores']);
    expect(graph.nodes.map((n) => n.op)).toEqual(['lut', 'lut']);
    expect(checkTflite(bytes, { outputs: ['scores'] })).toMatchObject({ supported: true });
  });

  it('at a tensor that nothing makes is an error with a name that is near', () => {
    expect(() => importTflite(bytes, { outputs: ['boxs'] })).toThrow("no operator makes a tensor called 'boxs'");
    expect(checkTflite(bytes, { outputs: ['boxs'] }).issues[0]?.hint).toBe("did you mean 'boxes'?");
    expect(checkTflite(bytes, { outputs: ['x'] }).supported).toBe(false);
  });
});

it('float activations with weights of codes are refused as what they are', () => {
  const data = Array.from({ length: 12 }, (_, i) => i - 6);
  const spec: ModelSpec = {
    tensors: [
      { name: 'x', shape: [1, 4], type: 'float32' },
      { name: 'w', shape: [3, 4], type: 'int8', scale: [0.1], data },
      { name: 'y', shape: [1, 3], type: 'float32' },
    ],
    operators: [{ code: CODES.FULLY_CONNECTED, inputs: [0, 1, -1], outputs: [2] }],
    inputs: [0],
    outputs: [2],
  };
  const { issues } = checkTflite(makeTflite(spec));
  expect(issues[0]?.message).toBe('float activations with int8 weights (dynamic-range quantization)');
  expect(issues[0]?.hint).toContain('a representative dataset');
  const [operator] = spec.operators;
  const unknown = checkTflite(makeTflite({ ...spec, operators: [{ ...operator!, code: 205 }] }));
  expect(unknown.issues[0]?.message).toBe('operator number 205 is not supported');
});
