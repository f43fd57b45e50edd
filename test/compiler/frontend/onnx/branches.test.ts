/** If nodes with known conditions: the branch that is taken, against ONNX Runtime, which takes it when it runs. */
import { describe, expect, it } from 'vitest';
import {
  importModel,
  makeNode,
  makeTensor,
  makeValue,
  type OnnxNode,
  type OnnxTensor,
  subgraphAttribute,
} from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compareWithOracle } from '../../../harness/oracle/compare.ts';
import { MAIN_PRESETS } from '../../../harness/presets.ts';
import { model, refusal, scalar } from './small-models.ts';

const branch = (nodes: readonly OnnxNode[], output: string, initializers: readonly OnnxTensor[] = []) =>
  subgraphAttribute({
    name: 'branch',
    nodes,
    initializers,
    inputs: [],
    outputs: [{ name: output, dataType: 'float32' }],
    valueInfo: [],
  });

const choice = (condition: string, then: ReturnType<typeof branch>, other: typeof then, output: string) =>
  makeNode('If', [condition], [output], { then_branch: then, else_branch: other });

const constants = [
  scalar('s', 'float32', 0.02),
  scalar('z', 'uint8', 128),
  scalar('yes', 'bool', 1),
  makeTensor('axis', 'int64', [1], [1]),
  makeTensor('one', 'int64', [1], [1]),
  makeTensor(
    'w',
    'float32',
    [4, 4],
    Array.from({ length: 16 }, (_, i) => (i - 8) / 8),
  ),
];

/** x [3, n, 4] in codes, some nodes from 'h' to 'r', and codes again. */
function made(nodes: readonly OnnxNode[]) {
  const ends = [
    makeNode('QuantizeLinear', ['r', 's', 'z'], ['q']),
    makeNode('DequantizeLinear', ['q', 's', 'z'], ['y']),
  ];
  return model([makeNode('DequantizeLinear', ['x', 's', 'z'], ['h']), ...nodes, ...ends], {
    inputs: [makeValue('x', 'uint8', [3, 'n', 4])],
    outputs: [{ name: 'y', dataType: 'float32' }],
    initializers: constants,
  });
}

/** As PyTorch writes squeeze(1): the axis goes where its extent is 1. */
const squeeze = (from: string, to: string, stem = ''): OnnxNode[] => [
  makeNode('Shape', [from], [`shape${stem}`]),
  makeNode('Gather', [`shape${stem}`, 'axis'], [`extent${stem}`]),
  makeNode('Equal', [`extent${stem}`, 'one'], [`flat${stem}`]),
  choice(
    `flat${stem}`,
    branch([makeNode('Squeeze', [from, 'axis'], ['squeezed'])], 'squeezed'),
    branch([makeNode('Identity', [from], ['kept'])], 'kept'),
    to,
  ),
];

const nested = () =>
  choice(
    'yes',
    branch(
      [
        makeNode('Relu', ['h'], ['inner']),
        choice(
          'no',
          branch([makeNode('Neg', ['inner'], ['n'])], 'n'),
          branch([makeNode('Abs', ['inner'], ['p'])], 'p'),
          'deep',
        ),
      ],
      'deep',
      [scalar('no', 'bool', 0)],
    ),
    branch([makeNode('Neg', ['h'], ['m'])], 'm'),
    'r',
  );

const cases: readonly (readonly [string, number, ReturnType<typeof made>])[] = [
  ['an axis that is squeezed', 1, made(squeeze('h', 'r'))],
  ['an axis that stays', 2, made(squeeze('h', 'r'))],
  [
    'two nodes whose branches use the same names',
    1,
    made([
      ...squeeze('h', 'a'),
      makeNode('MatMul', ['a', 'w'], ['b']),
      makeNode('Unsqueeze', ['b', 'axis'], ['c']),
      ...squeeze('c', 'r', '2'),
    ]),
  ],
  ['a branch in a branch', 2, made([nested()])],
  [
    'what only the other branch reads',
    2,
    made([
      makeNode('Neg', ['h'], ['unread']),
      choice(
        'yes',
        branch([makeNode('Relu', ['h'], ['t'])], 't'),
        branch([makeNode('Abs', ['unread'], ['u'])], 'u'),
        'r',
      ),
    ]),
  ],
];

describe('If with a known condition', () => {
  it.each(cases)('%s', async (_, n, one) => {
    const all = await compareWithOracle(one, createRandom(1), 3, 'all', { dims: { n } });
    expect(all.elements).toBeGreaterThanOrEqual(36);
    expect(all).toMatchObject({ different: 0, first: '' });
    const { graph, notes } = importModel(one, { dims: { n } });
    expect(notes.join()).toMatch(/known at import: the branch taken stands in its place/);
    checkGraph(runPasses(graph), MAIN_PRESETS['edge-dcim-28nm']!, seeded(1));
  });

  it('the output of the network', () => {
    const only = model([choice('yes', branch([makeNode('Relu', ['x'], ['t'])], 't'), branch([], 'x'), 'y')], {
      initializers: constants,
    });
    expect(importModel(only).graph.outputs).toEqual(['y']);
  });
});

it('a computed condition is refused, with its node and what to do', () => {
  const nodes = [
    makeNode('ReduceSum', ['h'], ['sum'], { keepdims: 0 }),
    makeNode('Greater', ['sum', 's'], ['positive']),
    choice('positive', branch([makeNode('Relu', ['h'], ['t'])], 't'), branch([], 'h'), 'r'),
  ];
  const [found] = refusal(() => importModel(made(nodes), { dims: { n: 2 } })).diagnostics;
  expect(found).toMatchObject({
    where: "node 'If_r' (If)",
    message: expect.stringContaining('its condition is computed when it runs'),
  });
  expect(found?.hint).toMatch(/--outputs positive,h/);
});
