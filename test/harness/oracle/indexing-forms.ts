/** Elements by known places, one-hot words, triangles, arithmetic of whole numbers, and reductions that few models have. */
import { constant, type Form, floats, unaryForm } from './form-models.ts';
import { type ModelMaker, quantizedOutput, scaledInput } from './pattern-models.ts';

const ints = (m: ModelMaker, dims: readonly number[], values: readonly number[]): string =>
  m.tensor('int64', dims, values);

function at(opset: number, form: Form): Form {
  return (m) => {
    m.opset = opset;
    return form(m);
  };
}

/** Words of 0 .. 255 as int64, and an int64 result. */
function numbers(shape: readonly number[], rank: number, make: (m: ModelMaker, x: string) => string): Form {
  return at(17, (m) => {
    const x = m.node('Cast', [m.input('uint8', shape)], { to: 7 });
    m.output(make(m, x), 'int64', rank);
    return m.model('numbers');
  });
}

/** RoBERTa's positions: a running count of the words that are none of padding. */
const positions = numbers([3, 7], 2, (m, x) => {
  const one = constant(m, 'int64', [], [1]);
  const few = m.node('Div', [x, constant(m, 'int64', [], [80])]);
  const mask = m.node('Cast', [m.node('Not', [m.node('Equal', [few, one])])], { to: 6 });
  const counted = m.node('Mul', [m.node('CumSum', [mask, constant(m, 'int64', [], [1])]), mask]);
  return m.node('Add', [m.node('Cast', [counted], { to: 7 }), one]);
});

function words(axis: number, values: readonly [number, number]): Form {
  return at(13, (m) => {
    const x = m.node('Cast', [m.input('uint8', [2, 5])], { to: 7 });
    const few = m.node('Sub', [m.node('Div', [x, constant(m, 'int64', [], [40])]), constant(m, 'int64', [], [3])]);
    m.output(m.node('OneHot', [few, ints(m, [1], [4]), m.tensor('float32', [2], values)], { axis }), 'float32', 3);
    return m.model('words');
  });
}

/** A float result of a few units behind a quantizer. */
function units(make: (m: ModelMaker, x: string) => string, shape: readonly number[], rank: number, opset = 17): Form {
  return at(opset, (m) => {
    const x = scaledInput(m, 'uint8', shape, 0.02, 128);
    quantizedOutput(m, make(m, x.float), 'uint8', rank, 0.03, 128);
    return m.model('units');
  });
}

/** By name; every one equals the oracle bit for bit. */
export const INDEXING_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  [
    'GatherND of rows',
    unaryForm([2, 4, 6], (m, x) => m.node('GatherND', [x.float, ints(m, [3, 2], [0, 1, 1, 3, 0, -2])]), 2),
  ],
  [
    'GatherND of elements',
    unaryForm(
      [3, 4],
      (m, x) => m.node('GatherND', [x.float, ints(m, [2, 4, 2], [0, 1, 2, 2, 1, 0, 2, 3, 0, 0, 1, 1, 2, 2, 0, 3])]),
      2,
    ),
  ],
  [
    'GatherElements',
    unaryForm([3, 5], (m, x) => m.node('GatherElements', [x.float, ints(m, [2, 3], [2, 0, -1, 4, 1, 1])], { axis: 1 })),
  ],
  [
    'ScatterND of rows',
    unaryForm([5, 4], (m, x) =>
      m.node('ScatterND', [
        x.float,
        ints(m, [2, 1], [3, 0]),
        m.node('Slice', [m.node('Mul', [x.float, x.float]), ints(m, [1], [0]), ints(m, [1], [2])]),
      ]),
    ),
  ],
  [
    'ScatterND of a detector, columns rewritten',
    unaryForm([1, 4, 6], (m, x) => {
      const part = m.node('Slice', [x.float, ints(m, [1], [1]), ints(m, [1], [3]), ints(m, [1], [1])]);
      const places = Array.from({ length: 12 }, (_, i) => [0, 1 + Math.floor(i / 6), i % 6]).flat();
      return m.node('ScatterND', [x.float, ints(m, [1, 2, 6, 3], places), m.node('Mul', [part, floats(m, [1, 1, 6])])]);
    }),
  ],
  ['OneHot', words(-1, [0, 1])],
  ['OneHot of the first axis, two values', words(0, [-2, 3.5])],
  [
    'Trilu',
    at(
      17,
      unaryForm([2, 5, 6], (m, x) => m.node('Trilu', [x.float])),
    ),
  ],
  [
    'Trilu, lower, shifted',
    at(
      17,
      unaryForm([2, 5, 6], (m, x) => m.node('Trilu', [x.float, ints(m, [], [-1])], { upper: 0 })),
    ),
  ],
  ['positions of words', positions],
  [
    'whole numbers',
    numbers([2, 9], 2, (m, x) => {
      const n = (v: number): string => constant(m, 'int64', [], [v]);
      const turned = m.node('Sub', [n(100), x]);
      return m.node('Div', [m.node('Max', [m.node('Abs', [turned]), m.node('Neg', [m.node('Mul', [x, n(3)])])]), n(7)]);
    }),
  ],
  ['lengths', numbers([4, 9], 1, (m, x) => m.node('ReduceSum', [x, ints(m, [1], [1])], { keepdims: 0 }))],
  ['Mean', unaryForm([2, 9], (m, x) => m.node('Mean', [x.float, floats(m, [9]), x.float]))],
  [
    'CastLike',
    at(
      17,
      unaryForm([2, 9], (m, x) =>
        m.node('CastLike', [
          m.node('CastLike', [m.node('Greater', [x.float, floats(m, [])]), ints(m, [], [0])]),
          x.float,
        ]),
      ),
    ),
  ],
  [
    'IsInf',
    at(
      17,
      unaryForm([2, 9], (m, x) =>
        m.node('Cast', [m.node('IsInf', [m.node('Div', [x.float, m.node('Relu', [x.float])])])], { to: 1 }),
      ),
    ),
  ],
  ['LpNormalization, 2', units((m, x) => m.node('LpNormalization', [x], { axis: 1 }), [3, 40], 2)],
  ['LpNormalization, 1', units((m, x) => m.node('LpNormalization', [x], { axis: -1, p: 1 }), [3, 4, 5], 3)],
  ['ReduceLogSumExp', units((m, x) => m.node('ReduceLogSumExp', [x], { axes: [1] }), [6, 9], 2)],
  [
    'ReduceLogSum',
    units(
      (m, x) =>
        m.node('ReduceLogSum', [m.node('Abs', [m.node('Add', [x, floats(m, [], 0.5, 1)])])], {
          axes: [1],
          keepdims: 0,
        }),
      [6, 9],
      1,
    ),
  ],
  ['ReduceProd', units((m, x) => m.node('ReduceProd', [x], { axes: [-1] }), [9, 4], 2)],
]);
