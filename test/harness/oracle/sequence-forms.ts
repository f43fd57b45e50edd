/** Forms in which exporters write the ops of transformers and recurrent nets: products of two activations, norms, activations, look-ups. */

import { float } from '../../../compiler/frontend/onnx/index.ts';
import { around, type Form, floats, unaryForm } from './form-models.ts';
import { type CodeType, type ModelMaker, quantizedOutput, scaledInput, scaledWeights } from './pattern-models.ts';

const MICROSOFT = [{ domain: 'com.microsoft', version: 1 }];

/** MatMul of two scaled inputs; `turned` transposes the second by a node, as keys come. */
function productForm(a: readonly number[], b: readonly number[], rank: number, turned = false): Form {
  return (m) => {
    m.opset = 17;
    const type = m.random.pick(['uint8', 'int8'] as const);
    const x = scaledInput(m, type, a);
    const y = scaledInput(m, m.random.pick(['uint8', 'int8'] as const), b);
    const perm = b.map((_, d) => d);
    perm.splice(-2, 2, b.length - 1, b.length - 2);
    const right = turned ? m.node('Transpose', [y.float], { perm }) : y.float;
    quantizedOutput(m, m.node('MatMul', [x.float, right]), type, rank);
    return m.model('product');
  };
}

/** The operator dialect: scale and zero point behind each operand. */
const operatorProduct: Form = (m) => {
  const parameters = (type: CodeType) => [
    m.tensor('float32', [], [m.scale(0.01, 0.1)]),
    m.tensor(type, [], [m.zero(type)]),
  ];
  const [a, b] = [m.input('uint8', [2, 3, 6]), m.input('uint8', [2, 6, 5])];
  const inputs = [a, ...parameters('uint8'), b, ...parameters('uint8'), ...parameters('uint8')];
  m.output(m.node('QLinearMatMul', inputs), 'uint8', 3);
  return m.model('operator-product');
};

const integerProduct: Form = (m) => {
  const [a, b] = [m.input('uint8', [3, 6]), m.input('uint8', [6, 4])];
  const zero = () => m.tensor('uint8', [], [m.zero('uint8')]);
  m.output(m.node('MatMulInteger', [a, b, zero(), zero()]), 'int32', 2);
  return m.model('integer-product', MICROSOFT);
};

/** Scores of which the queries have no quantizer, as where a recipe leaves attention in float32. */
function floatProductForm(a: readonly number[], b: readonly number[], rank: number): Form {
  return (m) => {
    m.opset = 17;
    const x = m.node('Tanh', [scaledInput(m, 'uint8', a, 0.02, 128).float]);
    const y = scaledInput(m, 'int8', b, 0.01, 3).float;
    quantizedOutput(m, m.node('MatMul', [x, y]), 'uint8', rank, 0.05, 128);
    return m.model('float-product');
  };
}

/** Heads of queries and keys from rows, scores, softmax in 256ths, context, rows again. */
const attention: Form = (m) => {
  const [tokens, heads, width] = [5, 2, 4];
  const rows = () => scaledInput(m, 'uint8', [1, tokens, heads * width], m.scale(0.01, 0.05), 128).float;
  const split = (x: string, perm: readonly number[]) => {
    const shape = m.tensor('int64', [4], [1, tokens, heads, width]);
    return m.node('Transpose', [m.node('Reshape', [x, shape])], { perm: [...perm] });
  };
  const [q, k, v] = [split(rows(), [0, 2, 1, 3]), split(rows(), [0, 2, 3, 1]), split(rows(), [0, 2, 1, 3])];
  const scores = around(m, m.node('MatMul', [q, k]), 120);
  const scale = m.tensor('float32', [], [1 / 256]);
  const zero = m.tensor('uint8', [], [0]);
  const shares = m.node('QuantizeLinear', [m.node('Softmax', [scores], { axis: -1 }), scale, zero]);
  const context = around(m, m.node('MatMul', [m.node('DequantizeLinear', [shares, scale, zero]), v]), 128);
  const back = m.node('Transpose', [context], { perm: [0, 2, 1, 3] });
  const flat = m.node('Reshape', [back, m.tensor('int64', [3], [1, tokens, heads * width])]);
  quantizedOutput(m, flat, 'uint8', 3);
  return m.model('attention');
};

/** A norm between quantizers; `from` is its axis, shift where `centred`. */
function normForm(op: string, shape: readonly number[], from: number, shift: boolean, opset = 17): Form {
  return (m) => {
    m.opset = opset;
    const x = scaledInput(m, 'uint8', shape);
    const vector = (low: number) => floats(m, shape.slice(from), low, low + 1);
    const inputs = [x.float, vector(0.5), ...(shift ? [vector(-0.5)] : [])];
    const y = m.node(op, inputs, { axis: from - shape.length, epsilon: float(1e-6) });
    quantizedOutput(m, y, 'uint8', shape.length, 0.02, 128);
    return m.model('norm', MICROSOFT);
  };
}

/** An activation between quantizers; the whole range of codes is in the input. */
function activationForm(make: (m: ModelMaker, x: string) => string, opset = 17): Form {
  return (m) => {
    m.opset = opset;
    const x = scaledInput(m, 'int8', [2, 128], m.scale(0.02, 0.06), m.random.int(-20, 20));
    quantizedOutput(m, make(m, x.float), 'int8', 2, m.scale(0.02, 0.05), m.random.int(-20, 20));
    return m.model('activation', MICROSOFT);
  };
}

/** A node between quantizers whose result is of a few units. */
function normLike(make: (m: ModelMaker, x: string) => string, shape: readonly number[], opset = 17): Form {
  return (m) => {
    m.opset = opset;
    const x = scaledInput(m, 'uint8', shape, 0.02, 128);
    quantizedOutput(m, make(m, x.float), 'uint8', shape.length, m.scale(0.03, 0.06), 128);
    return m.model('norm-like');
  };
}

function reduceForm(op: string, shape: readonly number[], axes: readonly number[], scale: number, keepdims = 1): Form {
  return (m) => {
    // Axes are an attribute of all but ReduceSum up to opset 17.
    m.opset = 17;
    const x = scaledInput(m, 'uint8', shape, 0.02, 128);
    const inputs = op === 'ReduceSum' ? [x.float, m.tensor('int64', [axes.length], axes)] : [x.float];
    const y = m.node(op, inputs, { keepdims, ...(op === 'ReduceSum' ? {} : { axes: [...axes] }) });
    quantizedOutput(m, y, 'uint8', shape.length - (keepdims === 1 ? 0 : axes.length), scale, 50);
    return m.model('reduce');
  };
}

/** Gelu as PyTorch exports it before opset 20. */
function spelledGelu(m: ModelMaker, x: string): string {
  const scalar = (v: number) => m.tensor('float32', [], [v]);
  const erf = m.node('Erf', [m.node('Div', [x, scalar(Math.SQRT2)])]);
  return m.node('Mul', [m.node('Mul', [x, m.node('Add', [erf, scalar(1)])]), scalar(0.5)]);
}

/** The runtime computes these in float32 in an order of its own: last bits differ, codes next to a step could; of thousands none does. */
export const FLOAT_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['LayerNormalization', normForm('LayerNormalization', [2, 3, 48], 2, true)],
  ['LayerNormalization without shift', normForm('LayerNormalization', [2, 3, 48], 2, false)],
  ['LayerNormalization of two axes', normForm('LayerNormalization', [3, 4, 12], 1, true)],
  ['SimplifiedLayerNormalization', normForm('SimplifiedLayerNormalization', [2, 3, 48], 2, false)],
  ['MatMul of float heads', floatProductForm([2, 3, 8, 16], [2, 3, 16, 8], 4)],
  ['MatMul of floats by one matrix', floatProductForm([6, 8, 16], [16, 10], 3)],
  ['Erf', activationForm((m, x) => m.node('Erf', [x]))],
  ['Gelu', activationForm((m, x) => m.node('Gelu', [x]), 20)],
  ['Gelu by tanh', activationForm((m, x) => m.node('Gelu', [x], { approximate: 'tanh' }), 20)],
  ['Gelu spelled out', activationForm(spelledGelu)],
  ['com.microsoft.Gelu', activationForm((m, x) => m.node('com.microsoft:Gelu', [x]))],
  ['com.microsoft.FastGelu', activationForm((m, x) => m.node('com.microsoft:FastGelu', [x]))],
  ['com.microsoft.BiasGelu', activationForm((m, x) => m.node('com.microsoft:BiasGelu', [x, floats(m, [128])]))],
  ['com.microsoft.QuickGelu', activationForm((m, x) => m.node('com.microsoft:QuickGelu', [x]))],
  ['x sigmoid(x)', activationForm((m, x) => m.node('Mul', [x, m.node('Sigmoid', [x])]))],
  [
    'x sigmoid(x) with quantizers between',
    activationForm((m, x) => m.node('Mul', [x, around(m, m.node('Sigmoid', [x]))])),
  ],
  ...['Elu', 'Celu', 'Selu', 'ThresholdedRelu', 'Softsign', 'Softplus'].map((op): [string, Form] => [
    op,
    activationForm((m, x) => m.node(op, [x])),
  ]),
  ['Elu with a slope', activationForm((m, x) => m.node('Elu', [x], { alpha: float(0.5) }))],
  ['Mish', activationForm((m, x) => m.node('Mish', [x]), 18)],
  ['Mish spelled out', activationForm((m, x) => m.node('Mul', [x, m.node('Tanh', [m.node('Softplus', [x])])]))],
  ...['ReduceSum', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'].flatMap((op): [string, Form][] => [
    [`${op} of the last axis`, reduceForm(op, [4, 20, 9], [-1], 0.1)],
    [`${op} of the image, dropped`, reduceForm(op, [2, 24, 3, 3], [2, 3], 0.1, 0)],
  ]),
  ['ReduceSum of the first axis', reduceForm('ReduceSum', [5, 90], [0], 0.1)],
  ['LogSoftmax', normLike((m, x) => m.node('LogSoftmax', [x], { axis: -1 }), [4, 30])],
  ['LogSoftmax of channels', normLike((m, x) => m.node('LogSoftmax', [x], { axis: 1 }), [2, 5, 4, 4])],
  ['CumSum', normLike((m, x) => m.node('CumSum', [x, m.tensor('int64', [], [1])]), [3, 9, 5])],
  [
    'CumSum backwards, exclusive',
    normLike((m, x) => m.node('CumSum', [x, m.tensor('int64', [], [-1])], { reverse: 1, exclusive: 1 }), [3, 9, 5]),
  ],
  [
    'InstanceNormalization',
    normLike((m, x) => m.node('InstanceNormalization', [x, floats(m, [5], 0.5, 1), floats(m, [5])]), [2, 5, 4, 4]),
  ],
  [
    'GroupNormalization by channel',
    normLike(
      (m, x) => m.node('GroupNormalization', [x, floats(m, [6], 0.5, 1), floats(m, [6])], { num_groups: 3 }),
      [2, 6, 4, 4],
      21,
    ),
  ],
  [
    'GroupNormalization by group',
    normLike(
      (m, x) => m.node('GroupNormalization', [x, floats(m, [3], 0.5, 1), floats(m, [3])], { num_groups: 3 }),
      [2, 6, 4, 4],
      18,
    ),
  ],
  ...(
    [
      [5, 0.75],
      [3, 0.5],
    ] as const
  ).map(([size, beta]): [string, Form] => [
    `LRN over ${size} channels, beta ${beta}`,
    normLike(
      (m, x) => m.node('LRN', [x], { size, alpha: float(0.5), beta: float(beta), bias: float(1) }),
      [1, 9, 4, 4],
    ),
  ]),
  ['RMSNormalization', normForm('RMSNormalization', [2, 3, 48], 2, false, 23)],
]);

/** Words by number: a byte each, made the type that Gather takes. */
function tokens(m: ModelMaker, shape: readonly number[], type: 6 | 7 = 7): string {
  return m.node('Cast', [m.input('uint8', shape)], { to: type });
}

/** A table in codes, as quantize_static leaves it, or in floats. */
function embeddingForm(table: 'codes' | 'columns' | 'floats', shape: readonly number[]): Form {
  return (m) => {
    m.opset = 17;
    const rows =
      table === 'floats'
        ? floats(m, [256, 6])
        : scaledWeights(m, 'uint8', [256, 6], table === 'codes' ? undefined : 1, table === 'codes').float;
    const picked = m.node('Gather', [rows, tokens(m, shape, m.random.pick([6, 7] as const))], { axis: 0 });
    quantizedOutput(m, picked, 'uint8', shape.length + 1);
    return m.model('embedding');
  };
}

function bools(m: ModelMaker, dims: readonly number[]): string {
  const count = dims.reduce((n, d) => n * d, 1);
  const values = Array.from({ length: count }, () => m.random.int(0, 1));
  return m.tensor('bool', dims, values);
}

/** Scores, the future masked out, softmax. */
const causal: Form = (m) => {
  m.opset = 17;
  const x = scaledInput(m, 'uint8', [1, 2, 4, 4], 0.05);
  const mask = m.tensor(
    'bool',
    [1, 1, 4, 4],
    Array.from({ length: 16 }, (_, i) => Number(i % 4 <= Math.floor(i / 4))),
  );
  const masked = m.node('Where', [mask, x.float, m.tensor('float32', [], [Number.NEGATIVE_INFINITY])]);
  quantizedOutput(m, m.node('Softmax', [masked], { axis: -1 }), 'uint8', 4, 1 / 256, 0);
  return m.model('causal');
};

function atOpset(opset: number, form: Form): Form {
  return (m) => {
    m.opset = opset;
    return form(m);
  };
}

/** Equal to the runtime, element by element. */
export const SEQUENCE_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['MatMul of two activations', productForm([3, 6], [6, 5], 2)],
  ['MatMul of batches', productForm([2, 3, 6], [2, 6, 5], 3)],
  ['MatMul of heads with turned keys', productForm([1, 3, 4, 6], [1, 3, 5, 6], 4, true)],
  ['MatMul with a batch broadcast on the left', productForm([4, 6], [3, 6, 2], 3)],
  ['MatMul with a batch broadcast on the right', productForm([2, 3, 4, 6], [1, 3, 6, 2], 4)],
  ['MatMul of a batch by one matrix', productForm([2, 3, 4, 6], [6, 2], 4)],
  ['MatMul of a vector by a computed matrix', productForm([6], [6, 5], 1)],
  ['MatMul of a computed matrix by a vector', productForm([3, 6], [6], 1)],
  ['QLinearMatMul of two activations', operatorProduct],
  ['MatMulInteger of two activations', integerProduct],
  ['attention', attention],
  ['Gather of words from codes', embeddingForm('codes', [2, 5])],
  ['Gather of words from codes scaled by column', embeddingForm('columns', [5])],
  ['Gather of words from floats', embeddingForm('floats', [1, 3, 2])],
  [
    'Where with a constant condition',
    unaryForm([2, 3, 4], (m, x) => m.node('Where', [bools(m, [3, 1]), x.float, floats(m, [4])])),
  ],
  ['Where to minus infinity', causal],
  ...['ReduceMax', 'ReduceMin'].flatMap((op): [string, Form][] =>
    [
      [`${op} of the last axis`, unaryForm([3, 7, 5], (m, x) => m.node(op, [x.float], { axes: [-1] }))],
      [
        `${op} of all, dropped`,
        unaryForm([2, 3, 4, 5], (m, x) => m.node(op, [x.float], { keepdims: 0, axes: [1, 3] }), 2),
      ],
    ].map(([name, form]): [string, Form] => [name as string, atOpset(13, form as Form)]),
  ),
  ['Tile', unaryForm([2, 3, 4], (m, x) => m.node('Tile', [x.float, m.tensor('int64', [3], [1, 2, 3])]))],
  ['Expand', unaryForm([2, 1, 4], (m, x) => m.node('Expand', [x.float, m.tensor('int64', [4], [3, 1, 5, 1])]), 4)],
]);
