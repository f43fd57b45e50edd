/** The largest elements and their places, paddings that repeat, softmax over several axes: as classifiers and detectors end. */
import { around, type Form, floats } from './form-models.ts';
import { type ModelMaker, quantizedOutput, scaledInput } from './pattern-models.ts';

type Make = (m: ModelMaker, x: string) => string;

/** Few different codes, so that many elements are equal; `make` gives an integer result. */
function places(shape: readonly number[], rank: number, make: Make, opset = 13): Form {
  return (m) => {
    m.opset = opset;
    const x = m.node('Cast', [m.input('uint8', shape)], { to: 1 });
    const few = m.node('Floor', [m.node('Mul', [x, m.tensor('float32', [], [0.03])])]);
    m.output(make(m, around(m, few, 128)), 'int64', rank);
    return m.model('places');
  };
}

/** Both results of TopK; values with their sign. */
function top(shape: readonly number[], k: number, attributes: Record<string, number>): Form {
  return (m) => {
    m.opset = 13;
    const x = scaledInput(m, 'int8', shape, 0.3, 5);
    const rounded = m.node('Round', [m.node('Mul', [x.float, m.tensor('float32', [], [0.1])])]);
    const [values, at] = m.nodes('TopK', [rounded, m.tensor('int64', [1], [k])], 2, attributes);
    m.output(values!, 'float32', shape.length);
    m.output(at!, 'int64', shape.length);
    return m.model('top');
  };
}

/** Of minus infinity, which masks leave. */
const masked: Form = (m) => {
  const x = scaledInput(m, 'uint8', [6, 5], 0.1, 100);
  const low = m.tensor('float32', [], [Number.NEGATIVE_INFINITY]);
  const chosen = m.node('Where', [m.node('Greater', [x.float, m.tensor('float32', [], [5])]), x.float, low]);
  const [values, at] = m.nodes('TopK', [chosen, m.tensor('int64', [1], [4])], 2);
  m.output(values!, 'float32', 2);
  m.output(at!, 'int64', 2);
  return m.model('masked');
};

function padded(
  mode: string,
  shape: readonly number[],
  pads: readonly number[],
  type: 'codes' | 'float' = 'codes',
): Form {
  return (m) => {
    m.opset = 19;
    const x = scaledInput(m, 'uint8', shape);
    const from = type === 'codes' ? x.float : m.node('Tanh', [x.float]);
    const y = m.node('Pad', [from, m.tensor('int64', [pads.length], pads)], { mode });
    if (type === 'codes') quantizedOutput(m, y, 'uint8', shape.length, x.scale, x.zero);
    else quantizedOutput(m, y, 'uint8', shape.length, 1 / 128, 128);
    return m.model('padded');
  };
}

/** Before opset 13 all axes from the named one on are one. */
function flatSoftmax(op: string, shape: readonly number[], axis: number): Form {
  return (m) => {
    m.opset = 11;
    const x = scaledInput(m, 'uint8', shape, 0.05, 128);
    quantizedOutput(
      m,
      m.node(op, [x.float], { axis }),
      'uint8',
      shape.length,
      op === 'Softmax' ? 1 / 256 : 0.05,
      op === 'Softmax' ? 0 : 255,
    );
    return m.model('softmax');
  };
}

/** By name; every one equals the oracle, values and places. */
export const SELECTION_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ...['ArgMax', 'ArgMin'].flatMap((op): [string, Form][] => [
    [`${op} of the classes`, places([4, 12], 1, (m, x) => m.node(op, [x], { axis: -1, keepdims: 0 }))],
    [`${op} of the first axis`, places([7, 9], 2, (m, x) => m.node(op, [x]))],
    [
      `${op} of channels, the last of the equal`,
      places([2, 5, 3, 4], 4, (m, x) => m.node(op, [x], { axis: 1, select_last_index: 1 })),
    ],
    [`${op} of one element`, places([9, 1], 1, (m, x) => m.node(op, [x], { axis: 1, keepdims: 0 }))],
  ]),
  [
    'ArgMax of softmax',
    places([4, 10], 1, (m, x) => m.node('ArgMax', [m.node('Softmax', [x])], { axis: 1, keepdims: 0 })),
  ],
  [
    'ArgMax of codes',
    (m) => {
      m.opset = 13;
      m.output(m.node('ArgMax', [m.input('uint8', [6, 300])], { axis: 1 }), 'int64', 2);
      return m.model('codes');
    },
  ],
  ['TopK, 1', top([4, 10], 1, {})],
  ['TopK, 5 of 10', top([3, 10], 5, {})],
  ['TopK, all', top([6, 4], 4, { axis: 1 })],
  ['TopK, the least of channels', top([2, 6, 3, 3], 3, { axis: 1, largest: 0 })],
  ['TopK of minus infinity', masked],
  [
    'Hardmax',
    (m) => {
      m.opset = 13;
      const x = m.node('Round', [scaledInput(m, 'int8', [9, 12], 0.03).float]);
      m.output(m.node('Hardmax', [x], { axis: 0 }), 'float32', 2);
      return m.model('hardmax');
    },
  ],
  ['Pad, edge', padded('edge', [1, 2, 4, 5], [0, 0, 2, 1, 0, 0, 3, 0])],
  ['Pad, reflect', padded('reflect', [1, 2, 4, 5], [0, 0, 3, 1, 0, 0, 2, 4])],
  ['Pad, wrap', padded('wrap', [1, 2, 4, 5], [0, 0, 2, 1, 0, 0, 3, 0])],
  ['Pad, reflect, of floats', padded('reflect', [1, 2, 6, 5], [0, 1, 1, 1, 0, 0, 1, 1], 'float')],
  ['Softmax of an image, opset 11', flatSoftmax('Softmax', [3, 4, 3, 3], 1)],
  ['Softmax of two axes, opset 11', flatSoftmax('Softmax', [2, 3, 6, 4], 2)],
  ['LogSoftmax of an image, opset 11', flatSoftmax('LogSoftmax', [3, 4, 3, 3], 1)],
  [
    'LeakyRelu with slopes above 1 and below 0',
    (m) => {
      const x = scaledInput(m, 'int8', [2, 60]);
      const steep = m.node('LeakyRelu', [x.float], { alpha: { type: 'float', value: 1.5 } });
      const turned = m.node('LeakyRelu', [steep], { alpha: { type: 'float', value: -0.25 } });
      m.output(m.node('Add', [turned, floats(m, [])]), 'float32', 2);
      return m.model('leaky');
    },
  ],
]);
