/** What lives from run to run: SVDF, and variables of streaming networks. */
import { expect, it } from 'vitest';
import { checkTflite, importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { seeded } from '../../../harness/differential.ts';
import { CODES, type ModelSpec, makeTflite, OPTIONS, type TensorSpec } from './make.ts';
import { testOperators } from './operators.ts';
import { codes, type Draw, scale, size, tensor, whole } from './single-op.ts';

function svdf(r: Draw): ModelSpec {
  const [batch, inputs, units, rank, memory] = [
    whole(r, 1, 2),
    whole(r, 2, 9),
    whole(r, 1, 5),
    whole(r, 1, 2),
    whole(r, 1, 8),
  ];
  const filters = units * rank;
  const bias = r() < 0.7;
  const weights = (name: string, shape: readonly number[], type: 'int8' | 'int16', most: number): TensorSpec => ({
    name,
    shape,
    type,
    scale: [scale(r) / 20],
    zero: [0],
    data: codes(r, size(shape), -most, most),
  });
  const state: TensorSpec = {
    name: 'state',
    shape: [batch, filters * memory],
    type: 'int16',
    scale: [scale(r) / 50],
    zero: [0],
    variable: true,
  };
  const tensors: TensorSpec[] = [
    tensor(r, [batch, inputs], 'int8', 'x'),
    weights('features', [filters, inputs], 'int8', 127),
    weights('times', [filters, memory], 'int16', 3000),
    state,
    tensor(r, [batch, units], 'int8', 'y'),
    { name: 'bias', shape: [units], type: 'int32', data: codes(r, units, -90000, 90000) },
  ];
  const options = {
    type: OPTIONS.svdf,
    fields: [
      [0, 'int32', rank],
      [1, 'int8', 1],
    ] as const,
  };
  const operator = { code: CODES.SVDF, inputs: [0, 1, 2, bias ? 5 : -1, 3], outputs: [4], options };
  return { tensors, operators: [operator], inputs: [0], outputs: [4] };
}

testOperators([['SVDF', svdf]]);

const quantized = { type: 'int8', scale: [0.05], zero: [3] } as const;
const [TAPS, CHANNELS, FRAMES] = [3, 2, 6];

/** A convolution over time: the last frames of the run before are joined with the new one, as streaming converters write it. */
function streaming(frames: number, kept: boolean): ModelSpec {
  const [r, all] = [seeded(4), kept ? TAPS - 1 + frames : frames];
  const ints = (name: string, data: readonly number[]): TensorSpec => ({
    name,
    shape: [data.length],
    type: 'int32',
    data,
  });
  const image = (name: string, rows: number): TensorSpec => ({ name, shape: [1, rows, 1, CHANNELS], ...quantized });
  const handle: TensorSpec = { name: 'handle', shape: [], type: 'resource' };
  const weights: TensorSpec = {
    name: 'w',
    shape: [2, TAPS, 1, CHANNELS],
    type: 'int8',
    scale: [0.02],
    data: codes(r, 12, -127, 127),
  };
  const convolution = {
    code: CODES.CONV_2D,
    inputs: [kept ? 3 : 0, 7],
    outputs: [8],
    options: {
      type: OPTIONS.conv,
      fields: [
        [0, 'int8', 1],
        [1, 'int32', 1],
        [2, 'int32', 1],
      ] as const,
    },
  };
  const keeping = [
    {
      code: CODES.VAR_HANDLE,
      inputs: [],
      outputs: [1],
      options: { type: OPTIONS.varHandle, fields: [[1, 'string', 'stream']] as const },
    },
    { code: CODES.READ_VARIABLE, inputs: [1], outputs: [2] },
    {
      code: CODES.CONCATENATION,
      inputs: [2, 0],
      outputs: [3],
      options: { type: OPTIONS.concatenation, fields: [[0, 'int32', 1]] as const },
    },
    { code: CODES.SLICE, inputs: [3, 5, 6], outputs: [4] },
    { code: CODES.ASSIGN_VARIABLE, inputs: [1, 4], outputs: [] },
  ];
  return {
    tensors: [
      image('x', frames),
      handle,
      image('old', TAPS - 1),
      image('both', all),
      image('last', TAPS - 1),
      ints('begin', [0, frames, 0, 0]),
      ints('size', [1, TAPS - 1, 1, CHANNELS]),
      weights,
      { name: 'y', shape: [1, all - TAPS + 1, 1, 2], type: 'int8', scale: [0.1], zero: [-5] },
    ],
    operators: [...(kept ? keeping : []), convolution],
    inputs: [0],
    outputs: [8],
  };
}

it('variables: frame by frame is the whole sequence at once', () => {
  const { graph, notes } = importTflite(makeTflite(streaming(1, true)));
  expect([graph.inputs, graph.outputs]).toEqual([
    ['x', 'stream'],
    ['y', 'stream.next'],
  ]);
  expect(notes.filter((n) => n.includes("'stream' lives from run to run"))).toHaveLength(1);
  const frames = Int32Array.from(codes(seeded(9), FRAMES * CHANNELS, -128, 127));
  let state: ArrayLike<number> = frames.slice(0, (TAPS - 1) * CHANNELS);
  const found: number[] = [];
  for (let at = TAPS - 1; at < FRAMES; at++) {
    const x = frames.slice(at * CHANNELS, (at + 1) * CHANNELS);
    const values = interpret(
      graph,
      new Map([
        ['x', x],
        ['stream', Int32Array.from(state)],
      ]),
    );
    found.push(...values.get('y')!.data);
    state = values.get('stream.next')!.data;
  }
  const whole = importTflite(makeTflite(streaming(FRAMES, false))).graph;
  expect(found).toEqual(Array.from(interpret(whole, new Map([['x', frames]])).get('y')!.data));
  expect(new Set(found).size).toBeGreaterThan(3);
});

it('a network that ends before its variables has none', () => {
  const bytes = makeTflite(streaming(1, true));
  expect(importTflite(bytes, { outputs: ['both'] }).graph.outputs).toEqual(['both', 'stream.next']);
  expect(importTflite(makeTflite(streaming(4, false))).graph.inputs).toEqual(['x']);
});

it('SVDF of other types is refused', () => {
  const spec = svdf(seeded(2));
  const tensors = spec.tensors.map((t) => (t.name === 'times' ? { ...t, type: 'int8' as const } : t));
  expect(checkTflite(makeTflite({ ...spec, tensors })).issues[0]?.message).toContain('SVDF of int8, int8, int8');
});
