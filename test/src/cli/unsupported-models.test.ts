/** Files that people have and that cannot run: each refusal names the node, what binds, and what to do, on one screen. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';
import {
  makeModel,
  makeNode,
  makeTensor,
  makeValue,
  type OnnxNode,
  subgraphAttribute,
  writeModel,
} from '../../../compiler/frontend/onnx/index.ts';
import { expectRefusal, qnpu, scratchFolder } from './rig.ts';

const folder = scratchFolder();
const many = (count: number): number[] => Array.from({ length: count }, (_, i) => (i % 7) - 3);
const weights = [
  makeTensor('s', 'float32', [], [0.05]),
  makeTensor('z', 'int8', [], [0]),
  makeTensor('w', 'int8', [4, 3, 3, 3], many(108)),
  makeTensor('wf', 'float32', [4, 3, 3, 3], many(108)),
  makeTensor('w3', 'int8', [4, 3, 3, 3, 3], many(324)),
  makeTensor('most', 'int64', [1], [10]),
  makeTensor('trips', 'int64', [], [4]),
  makeTensor('yes', 'bool', [], [1]),
  makeTensor('boxes', 'float32', [1, 36, 4], many(144)),
  makeTensor('flat', 'int64', [3], [1, 4, 36]),
];
const quantized = (from: string, to: string): OnnxNode[] => [
  makeNode('QuantizeLinear', [from, 's', 'z'], [`${to}.codes`]),
  makeNode('DequantizeLinear', [`${to}.codes`, 's', 'z'], [to]),
];
/** A quantized convolution from 'x' to 'h' [1, 4, 6, 6]. */
const body: readonly OnnxNode[] = [
  ...quantized('x', 'xq'),
  makeNode('DequantizeLinear', ['w', 's', 'z'], ['wq']),
  makeNode('Conv', ['xq', 'wq'], ['c'], {}, 'backbone/conv'),
  ...quantized('c', 'h'),
];
const branch = (op: string) =>
  subgraphAttribute({
    name: op,
    nodes: [makeNode(op, ['h'], [`${op}.out`])],
    initializers: [],
    inputs: [],
    outputs: [{ name: `${op}.out`, dataType: 'float32' }],
    valueInfo: [],
  });

const last = (op: string, inputs: readonly string[], attributes: Parameters<typeof makeNode>[3] = {}) => [
  ...body,
  makeNode(op, inputs, ['y'], attributes, 'head/last'),
];
interface Case {
  readonly nodes: readonly OnnxNode[];
  readonly says: readonly RegExp[];
  readonly shape: readonly (number | string)[];
}

const cases: readonly (readonly [
  name: string,
  nodes: readonly OnnxNode[],
  says: readonly RegExp[],
  shape?: Case['shape'],
])[] = [
  [
    'a detector that ends in NonMaxSuppression',
    [
      ...body,
      makeNode('Reshape', ['h', 'flat'], ['scores']),
      makeNode('NonMaxSuppression', ['boxes', 'scores', 'most'], ['y'], {}, 'head/last'),
    ],
    [/NonMaxSuppression/, /known only when it runs/, /--outputs scores/],
  ],
  [
    'a float network',
    [makeNode('Conv', ['x', 'wf'], ['y'], {}, 'head/last')],
    [/float weights \('wf'\)/, /--quantize w8a8/],
  ],
  [
    'a picture of any size',
    last('Relu', ['h']),
    [/input 'x'/, /dims 2 \('height'\), 3 \('width'\) are dynamic/, /--dims 'height=<size>' --dims 'width=<size>'/],
    [1, 3, 'height', 'width'],
  ],
  [
    'a convolution of volumes',
    [
      ...quantized('x', 'xq'),
      makeNode('DequantizeLinear', ['w3', 's', 'z'], ['wq']),
      makeNode('Conv', ['xq', 'wq'], ['y'], {}, 'head/last'),
    ],
    [/data of rank 5/, /expected: 1-D or 2-D/],
    [1, 3, 8, 8, 8],
  ],
  ['a loop', last('Loop', ['trips', 'yes', 'h'], { body: branch('Relu') }), [/Loop/, /unroll/, /--outputs h/]],
  [
    'a branch that data choose',
    [
      ...body,
      makeNode('ReduceMax', ['h'], ['top'], { keepdims: 0 }),
      makeNode('Greater', ['top', 's'], ['bright']),
      makeNode('If', ['bright'], ['y'], { then_branch: branch('Relu'), else_branch: branch('Neg') }, 'head/last'),
    ],
    [/If/, /computed when it runs/, /--outputs bright,h/],
  ],
  ['regions of interest', last('RoiAlign', ['h', 'boxes', 'most']), [/RoiAlign/, /computed places/, /--outputs h/]],
  ['a grid of samples', last('GridSample', ['h', 'h']), [/GridSample/, /computed places/, /--outputs h/]],
  ['places that are not zero', last('NonZero', ['h']), [/NonZero/, /known only when it runs/, /--outputs h/]],
  [
    'an op of a tool',
    last('mmdeploy:TRTBatchedNMS', ['h']),
    [/TRTBatchedNMS of domain 'mmdeploy'/, /compiler\/README/, /--outputs h/],
  ],
  ['an inverse', last('Det', ['h']), [/op Det/, /compiler\/README/, /--outputs h/]],
];

it.each(cases.map(([name, nodes, says, shape = [1, 3, 8, 8]]): [string, Case] => [name, { nodes, says, shape }]))(
  '%s',
  async (_, { nodes, says, shape }) => {
    const model = makeModel({
      name: 'net',
      opset: 16,
      nodes,
      initializers: weights,
      inputs: [makeValue('x', 'float32', shape)],
      outputs: [{ name: 'y', dataType: 'float32' }],
      extraOpsets: [{ domain: 'mmdeploy', version: 1 }],
    });
    const path = join(folder, 'net.onnx');
    writeFileSync(path, writeModel(model));
    const outcome = await qnpu('run', path);
    const node = shape.includes('height') ? [] : [/head\/last/];
    expectRefusal(outcome, ...node, ...says, /expected: /, /try: /);
  },
);
