/** Every op that folds on known numbers, against ONNX Runtime: a sum of the folded constant and of an input shows it. */
import { expect, it } from 'vitest';
import {
  type AttributeInput,
  type DataType,
  float,
  importModel,
  makeTensor,
} from '../../../../compiler/frontend/onnx/index.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { compareWithOracle } from '../../../harness/oracle/compare.ts';
import { ModelMaker, scaledInput } from '../../../harness/oracle/pattern-models.ts';

type Make = (m: ModelMaker) => string;

const known = (m: ModelMaker, type: DataType, dims: readonly number[], values: readonly number[]): string =>
  m.node('Constant', [], { value: makeTensor('', type, dims, values) });
const ints = (m: ModelMaker, values: readonly number[]): string => known(m, 'int64', [values.length], values);
const int = (m: ModelMaker, value: number): string => known(m, 'int64', [], [value]);
const reals = (m: ModelMaker, dims: readonly number[], low = -2, high = 2): string =>
  known(
    m,
    'float32',
    dims,
    Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => m.scale(low, high)),
  );
const NUMBERS = [-7, -3, -1, 0, 2, 5, 7, 12];
const some = (m: ModelMaker): string => ints(m, NUMBERS);

const unary = (op: string, low = -2, high = 2): [string, Make] => [
  op,
  (m) => m.node(op, [reals(m, [3, 4], low, high)]),
];
const binary = (op: string): [string, Make] => [
  op,
  (m) => m.node(op, [reals(m, [3, 1, 2], 0.5, 2), reals(m, [4, 1], 0.5, 2)]),
];
const whole = (op: string, attributes = {}): [string, Make] => [
  `${op} of whole numbers`,
  (m) => m.node(op, [some(m), ints(m, [3, -2, 2, 5, -3, 3, 4, 5])], attributes),
];
const compared = (op: string): [string, Make] => [op, (m) => m.node(op, [some(m), ints(m, [3, -3, 2, 0, 2, 3, 7, 5])])];
const reduced = (op: string, attributes: Record<string, AttributeInput>, opset = 17): [string, Make] => [
  `${op} ${JSON.stringify(attributes)}`,
  (m) => {
    m.opset = opset;
    return m.node(op, [reals(m, [2, 3, 4])], attributes);
  },
];
const flags = (m: ModelMaker, values: readonly number[]): string => known(m, 'bool', [values.length], values);
const logic = (op: string): [string, Make] => [op, (m) => m.node(op, [flags(m, [0, 0, 1, 1]), flags(m, [0, 1, 0, 1])])];

const bits = (m: ModelMaker, op: string): string => {
  m.opset = 18;
  return m.node(op, [ints(m, [12, 5, -7, 255]), ints(m, [10, 3, 6, 16])]);
};
const shifted = (m: ModelMaker, direction: string): string => {
  const [a, b] = [known(m, 'uint8', [3], [3, 129, 255]), known(m, 'uint8', [], [3])];
  return m.node('BitShift', [a, b], { direction });
};

const FOLDS: readonly (readonly [string, Make])[] = [
  ...['Neg', 'Abs', 'Floor', 'Ceil', 'Round', 'Sign', 'Relu'].map((op) => unary(op)),
  unary('Sqrt', 0, 4),
  unary('Reciprocal', 0.5, 2),
  ...['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max'].map(binary),
  ...['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Min', 'Max'].map((op) => whole(op)),
  whole('Mod', { fmod: 1 }),
  ...['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'].map(compared),
  ...['And', 'Or', 'Xor'].map(logic),
  ['Not', (m) => m.node('Not', [flags(m, [0, 1])])],
  ['Mod of floats', (m) => m.node('Mod', [reals(m, [9], -4, 4), reals(m, [9], 0.5, 1)], { fmod: 1 })],
  ['Pow', (m) => m.node('Pow', [reals(m, [5]), known(m, 'float32', [], [2])])],
  ['square root as a power', (m) => m.node('Pow', [reals(m, [5], 0.5, 2), known(m, 'float32', [], [0.5])])],
  [
    'IsNaN',
    (m) =>
      m.node('IsNaN', [m.node('Div', [known(m, 'float32', [3], [0, 1, -1]), known(m, 'float32', [3], [0, 1, 0])])]),
  ],
  ['Clip', (m) => m.node('Clip', [reals(m, [9]), known(m, 'float32', [], [-0.5]), known(m, 'float32', [], [0.75])])],
  ['Clip without min', (m) => m.node('Clip', [reals(m, [9]), '', known(m, 'float32', [], [0.75])])],
  ['Where', (m) => m.node('Where', [flags(m, [1, 0, 1]), reals(m, [2, 1]), reals(m, [3])])],
  ['Cast of floats', (m) => m.node('Cast', [reals(m, [9], -9, 9)], { to: 7 })],
  ['Cast to bool', (m) => m.node('Cast', [some(m)], { to: 9 })],
  [
    'ConstantOfShape',
    (m) => m.node('ConstantOfShape', [ints(m, [2, 3])], { value: makeTensor('', 'int64', [1], [7]) }),
  ],
  ['ConstantOfShape of zeros', (m) => m.node('ConstantOfShape', [ints(m, [2, 3])])],
  ['value_int', (m) => m.node('Constant', [], { value_int: 5 })],
  ['value_float', (m) => m.node('Constant', [], { value_float: float(0.75) })],
  ['value_ints', (m) => m.node('Constant', [], { value_ints: [3, 1, 4] })],
  ['value_floats', (m) => m.node('Constant', [], { value_floats: { type: 'floats', value: [0.5, 0.25] } })],
  ['Shape', (m) => m.node('Shape', [reals(m, [2, 3, 4])])],
  ['Shape from start to end', (m) => m.node('Shape', [reals(m, [2, 3, 4])], { start: -2, end: -1 })],
  ['Size', (m) => m.node('Size', [reals(m, [2, 3, 4])])],
  ['Range', (m) => m.node('Range', [int(m, 3), int(m, -8), int(m, -3)])],
  [
    'Range of floats',
    (m) =>
      m.node(
        'Range',
        ['float32', 'float32', 'float32'].map((t, i) => known(m, t as DataType, [], [[0.5, 3, 0.75][i]!])),
      ),
  ],
  ['Gather', (m) => m.node('Gather', [reals(m, [2, 5, 3]), known(m, 'int64', [2, 2], [0, -1, 3, 1])], { axis: 1 })],
  ['GatherND', (m) => m.node('GatherND', [reals(m, [2, 5, 3]), known(m, 'int64', [2, 2], [0, -1, 1, 3])])],
  [
    'GatherElements',
    (m) => m.node('GatherElements', [reals(m, [2, 5]), known(m, 'int64', [2, 3], [0, -1, 3, 1, 1, 2])], { axis: 1 }),
  ],
  ['ScatterND', (m) => m.node('ScatterND', [reals(m, [4, 3]), known(m, 'int64', [2, 1], [3, 0]), reals(m, [2, 3])])],
  ['NonZero', (m) => m.node('NonZero', [known(m, 'int64', [2, 3, 2], [1, 0, 0, 2, 0, 0, 3, 4, 0, 0, 0, 5])])],
  [
    'OneHot',
    (m) =>
      m.node('OneHot', [known(m, 'int64', [2, 3], [0, 3, -1, 2, 9, 1]), int(m, 4), known(m, 'float32', [2], [-1, 2])], {
        axis: 1,
      }),
  ],
  ['EyeLike', (m) => m.node('EyeLike', [reals(m, [3, 5])], { k: 1 })],
  ['Concat', (m) => m.node('Concat', [reals(m, [2, 1, 3]), reals(m, [2, 2, 3])], { axis: 1 })],
  ['Reshape', (m) => m.node('Reshape', [reals(m, [2, 6]), ints(m, [0, -1, 3])])],
  ['Flatten', (m) => m.node('Flatten', [reals(m, [2, 3, 4])], { axis: 2 })],
  ['Unsqueeze', (m) => m.node('Unsqueeze', [reals(m, [2, 3]), ints(m, [0, -1])])],
  ['Squeeze', (m) => m.node('Squeeze', [reals(m, [1, 3, 1, 2])])],
  ['Squeeze of an axis', (m) => m.node('Squeeze', [reals(m, [1, 3, 1, 2]), ints(m, [-2])])],
  ['Transpose', (m) => m.node('Transpose', [reals(m, [2, 3, 4])], { perm: [2, 0, 1] })],
  [
    'Slice',
    (m) =>
      m.node('Slice', [
        reals(m, [5, 6]),
        ints(m, [-1, 1]),
        ints(m, [-(2 ** 40), 5]),
        ints(m, [0, 1]),
        ints(m, [-2, 2]),
      ]),
  ],
  ['Expand', (m) => m.node('Expand', [reals(m, [3, 1]), ints(m, [2, 1, 4])])],
  ['Tile', (m) => m.node('Tile', [reals(m, [2, 3]), ints(m, [2, 2])])],
  [
    'Split',
    (m) =>
      m.node('Concat', m.nodes('Split', [reals(m, [2, 7, 2]), ints(m, [3, 4])], 2, { axis: 1 }).reverse(), { axis: 1 }),
  ],
  [
    'Split of whole numbers',
    (m) => m.node('Concat', m.nodes('Split', [some(m), ints(m, [3, 5])], 2, { axis: 0 }).reverse(), { axis: 0 }),
  ],
  ['TopK of whole numbers', (m) => m.nodes('TopK', [some(m), ints(m, [3])], 2)[0]!],
  ['Trilu', (m) => m.node('Trilu', [reals(m, [2, 4, 5]), int(m, -1)], { upper: 0 })],
  ['CumSum', (m) => m.node('CumSum', [some(m), int(m, 0)], { reverse: 1, exclusive: 1 })],
  [
    'MatMul',
    (m) =>
      m.node('MatMul', [
        known(m, 'float32', [2, 3], [1, 2, 3, 4, 5, 6]),
        known(m, 'float32', [2, 3, 2], [1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6]),
      ]),
  ],
  ['other powers', (m) => m.node('Pow', [known(m, 'float32', [3], [4, 1, 0.25]), known(m, 'float32', [], [2.5])])],
  ['other powers of 0', (m) => m.node('Pow', [known(m, 'float32', [2], [0, 3]), known(m, 'float32', [], [2.5])])],
  ['other powers of whole numbers', (m) => m.node('Pow', [ints(m, [2, 3]), known(m, 'float32', [], [2.5])])],
  ['Max of three', (m) => m.node('Max', [reals(m, [4]), reals(m, [4]), reals(m, [2, 1])])],
  ['Min of three whole numbers', (m) => m.node('Min', [some(m), int(m, 6), int(m, 1)])],
  ['Max of one', (m) => m.node('Max', [reals(m, [4])])],
  ['mask of Dropout', (m) => m.nodes('Dropout', [reals(m, [4])], 2)[1]!],
  ['BitwiseAnd', (m) => bits(m, 'BitwiseAnd')],
  ['BitwiseOr', (m) => bits(m, 'BitwiseOr')],
  ['BitwiseXor', (m) => bits(m, 'BitwiseXor')],
  ['BitShift to the right', (m) => shifted(m, 'RIGHT')],
  ['BitShift to the left', (m) => shifted(m, 'LEFT')],
  // Without a fold of their own.
  ['CastLike', (m) => m.node('CastLike', [reals(m, [7], -9, 9), int(m, 1)])],
  ['ReduceL2', (m) => m.node('ReduceL2', [known(m, 'float32', [2, 2], [3, 4, -6, 8])], { axes: [1] })],
  ['ArgMax', (m) => m.node('ArgMax', [reals(m, [3, 5])], { axis: 1 })],
  ['TopK', (m) => m.node('Concat', [m.nodes('TopK', [reals(m, [3, 5]), ints(m, [2])], 2)[0]!], { axis: 0 })],
  ['places of TopK', (m) => m.node('Gather', [reals(m, [9]), m.nodes('TopK', [reals(m, [9]), ints(m, [4])], 2)[1]!])],
  ['Pad', (m) => m.node('Pad', [reals(m, [2, 3]), ints(m, [1, 0, 0, 2]), known(m, 'float32', [], [0.5])])],
  ['MaxPool', (m) => m.node('MaxPool', [reals(m, [1, 2, 4, 4])], { kernel_shape: [2, 2] })],
  ['DepthToSpace', (m) => m.node('DepthToSpace', [reals(m, [1, 8, 2, 2])], { blocksize: 2 })],
  [
    'BatchNormalization',
    (m) => {
      const [zeros, ones] = [known(m, 'float32', [3], [0, 0, 0]), known(m, 'float32', [3], [1, 1, 1])];
      const parameters = [known(m, 'float32', [3], [2, 0.5, -1]), zeros, zeros, ones];
      return m.node('BatchNormalization', [reals(m, [1, 3, 4]), ...parameters], { epsilon: float(0) });
    },
  ],
  reduced('ReduceMax', { axes: [-1] }),
  reduced('ReduceMin', { axes: [0, 2], keepdims: 0 }),
  reduced('ReduceProd', { axes: [1] }),
  [
    'ReduceProd of a shape',
    (m) => {
      m.opset = 17;
      return m.node('ReduceProd', [m.node('Shape', [reals(m, [2, 3, 4])])], { keepdims: 0 });
    },
  ],
  [
    'ReduceSum of whole numbers',
    (m) => m.node('ReduceSum', [known(m, 'int64', [2, 3], [1, 2, 3, 4, 5, 6]), ints(m, [1])], { keepdims: 0 }),
  ],
  [
    'ReduceMean of whole sums',
    (m) => {
      m.opset = 17;
      return m.node('ReduceMean', [known(m, 'float32', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8])], { axes: [1] });
    },
  ],
];

it.each(FOLDS)('%s', async (_, make) => {
  const m = new ModelMaker(createRandom(1));
  m.opset = 17;
  const constant = make(m);
  const x = scaledInput(m, 'uint8', [1], 0.5, 0);
  m.output(m.node('Add', [m.node('Cast', [constant], { to: 1 }), x.float]), 'float32', 1);
  const made = m.model('fold');
  const rank = importModel(made).graph.values.get(importModel(made).graph.outputs[0]!)!.shape.length;
  const fitted = {
    ...made,
    graph: { ...made.graph, outputs: [{ ...made.graph.outputs[0]!, shape: new Array<null>(rank).fill(null) }] },
  };
  const ops = importModel(fitted)
    .graph.nodes.map((n) => n.op)
    .filter((op) => op !== 'reshape');
  expect(ops).toEqual(['dequantize', 'binary']);
  const compared = await compareWithOracle(fitted, createRandom(2), 1, 'disabled');
  expect(compared).toMatchObject({ different: 0, first: '' });
  expect(compared.elements).toBeGreaterThan(0);
});
