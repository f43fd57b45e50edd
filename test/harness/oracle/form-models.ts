/**
 * One small model for each form in which exporters write the supported ops and that the random patterns leave out: 1-D data,
 * operands the other way round, bias shapes, missing inputs, integer Clip, constants in the middle, chains of shape arithmetic.
 */
import { type AttributeInput, float, makeTensor, type OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import {
  type CodeType,
  type ModelMaker,
  quantizedOutput,
  type Scaled,
  scaledBias,
  scaledInput,
  scaledWeights,
} from './pattern-models.ts';

/** Of a node. */
export type Attributes = Record<string, AttributeInput>;
export type Form = (m: ModelMaker) => OnnxModel;

export function floats(m: ModelMaker, dims: readonly number[], low = -1, high = 1): string {
  const count = dims.reduce((n, d) => n * d, 1);
  return m.tensor(
    'float32',
    dims,
    Array.from({ length: count }, () => m.scale(low, high)),
  );
}

/** A Constant node. */
export function constant(
  m: ModelMaker,
  type: 'int64' | 'float32' | CodeType,
  dims: readonly number[],
  values: readonly number[],
) {
  return m.node('Constant', [], { value: makeTensor('', type, dims, values) });
}

/** QuantizeLinear and DequantizeLinear with one scale, as quantize_static writes them around every op. */
export function around(m: ModelMaker, value: string, zero = 0, type: CodeType = 'uint8'): string {
  const scale = m.tensor('float32', [], [m.scale(0.02, 0.2)]);
  const at = m.tensor(type, [], [zero]);
  return m.node('DequantizeLinear', [m.node('QuantizeLinear', [value, scale, at]), scale, at]);
}

/** One op on a scaled input, then a quantizer. */
export function unaryForm(
  shape: readonly number[],
  make: (m: ModelMaker, x: Scaled) => string,
  rank = shape.length,
): Form {
  return (m) => {
    const type = m.random.pick(['uint8', 'int8'] as const);
    const x = scaledInput(m, type, shape, m.scale(0.01, 0.1));
    const y = make(m, x);
    if (m.random.int(0, 1) === 1) quantizedOutput(m, y, type, rank, x.scale, x.zero);
    else quantizedOutput(m, y, type, rank);
    return m.model('form');
  };
}

export function withOpset(opset: number, form: Form): Form {
  return (m) => {
    m.opset = opset;
    return form(m);
  };
}

function convForm(shape: readonly number[], w: readonly number[], attributes: Attributes, after = false): Form {
  return (m) => {
    const x = scaledInput(m, 'uint8', shape);
    const weights = scaledWeights(m, 'int8', w, m.random.pick([undefined, 0]), false);
    const bias = scaledBias(m, x.scale, weights.scales, w[0] ?? 1);
    const y = m.node('Conv', [x.float, weights.float, bias], attributes);
    quantizedOutput(m, after ? m.node('Relu', [y]) : y, 'uint8', shape.length);
    return m.model('conv');
  };
}

/** Attributes, input and weights of a transposed convolution. */
function transposedForm(
  shape: readonly number[],
  w: readonly number[],
  attributes: Attributes,
  perChannel = true,
): Form {
  return (m) => {
    const x = scaledInput(m, 'uint8', shape);
    const outputs = (w[1] ?? 1) * ((attributes.group as number | undefined) ?? 1);
    const weights = scaledWeights(m, 'int8', w, perChannel ? 1 : undefined, false);
    const y = m.node('ConvTranspose', [x.float, weights.float, floats(m, [outputs])], attributes);
    quantizedOutput(m, y, 'uint8', shape.length, 0.2, 100);
    return m.model('transposed');
  };
}

type BiasForm = 'none' | 'int32' | 'float' | readonly number[];

function gemmForm(attributes: Attributes, bias: BiasForm): Form {
  return (m) => {
    const [rows, k, n] = [3, 6, 5];
    const x = scaledInput(m, 'uint8', attributes.transA === 1 ? [k, rows] : [rows, k]);
    const turned = attributes.transB === 1;
    const weights = scaledWeights(
      m,
      'int8',
      turned ? [n, k] : [k, n],
      m.random.pick([undefined, turned ? 0 : 1]),
      false,
    );
    const inputs = [x.float, weights.float];
    if (bias === 'int32') inputs.push(scaledBias(m, x.scale, weights.scales, n));
    else if (bias !== 'none') inputs.push(floats(m, bias === 'float' ? [n] : bias));
    quantizedOutput(m, m.node('Gemm', inputs, attributes), 'uint8', 2);
    return m.model('gemm');
  };
}

/** A product whose float result, with a float bias, is the model's: the runtime leaves it in float32 and adds in its own order. */
export const floatTail: Form = (m) => {
  const x = scaledInput(m, 'uint8', [3, 48]);
  const weights = scaledWeights(m, 'int8', [5, 48], 0, false);
  m.output(m.node('Gemm', [x.float, weights.float, floats(m, [5])], { transB: 1 }), 'float32', 2);
  return m.model('float-tail');
};

/** Activations of 16 bits: products stay integer here, the runtime computes them in float32. */
export function wideForm(type: CodeType, op: 'Conv' | 'Gemm'): Form {
  return (m) => {
    const conv = op === 'Conv';
    const x = scaledInput(m, type, conv ? [1, 3, 5, 5] : [2, 6], m.scale(0.0001, 0.001));
    const weights = scaledWeights(m, 'int8', conv ? [4, 3, 3, 3] : [6, 4], undefined, false);
    quantizedOutput(m, m.node(op, [x.float, weights.float]), type, conv ? 4 : 2, m.scale(0.0005, 0.005));
    return m.model('wide');
  };
}

function matmulForm(shape: readonly number[], w: readonly number[], rank: number, left = false): Form {
  return (m) => {
    const x = scaledInput(m, 'uint8', shape);
    const weights = scaledWeights(m, 'int8', w, undefined, false);
    const y = m.node('MatMul', left ? [weights.float, x.float] : [x.float, weights.float]);
    quantizedOutput(m, y, 'uint8', rank);
    return m.model('matmul');
  };
}

function batchNorm(m: ModelMaker, value: string, channels: number): string {
  const list = (low: number) => floats(m, [channels], low, low + 2);
  return m.node('BatchNormalization', [value, list(-1), list(-1), list(-1), list(0.1)]);
}

/** Brevitas' QuantizeLinear, Clip, DequantizeLinear for fewer than 8 bits, on activations and on weights. */
function clippedQuantizers(low: number, high: number, type: CodeType): Form {
  return (m) => {
    const scale = m.tensor('float32', [], [m.scale(0.08, 0.12)]);
    const zero = m.tensor(type, [], [0]);
    const limited = (codes: string, of: CodeType, from: number, to: number) =>
      m.node('Clip', [codes, m.tensor(of, [], [from]), m.tensor(of, [], [to])]);
    const codes = limited(m.node('QuantizeLinear', [m.input('float32', [1, 2, 5, 5]), scale, zero]), type, low, high);
    const x = m.node('DequantizeLinear', [codes, scale, zero]);
    const ws = floats(m, [3], 0.1, 0.2);
    const wz = m.tensor('int8', [3], [0, 0, 0]);
    const weights = limited(m.node('QuantizeLinear', [floats(m, [3, 2, 3, 3]), ws, wz], { axis: 0 }), 'int8', -7, 7);
    const w = m.node('DequantizeLinear', [weights, ws, wz], { axis: 0 });
    const y = m.node('QuantizeLinear', [
      m.node('Relu', [m.node('Conv', [x, w])]),
      m.tensor('float32', [], [0.2]),
      zero,
    ]);
    m.output(limited(y, type, 0, 7), type, 4);
    return m.model('qcdq');
  };
}

const pool = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
const CHANNELS = [3, 1, 1];

/** An op with a float constant of each broadcast shape. */
function arithmetic(op: string): [string, Form][] {
  return [[], CHANNELS, [4], [1, 3, 4, 4]].map((dims) => [
    `${op} by a constant [${dims}]`,
    unaryForm([1, 3, 4, 4], (m, x) => m.node(op, [x.float, floats(m, dims, 0.3, 2)])),
  ]);
}

/** PyTorch's view(size(0), -1). */
const view: Form = unaryForm(
  [2, 3, 4, 4],
  (m, x) => {
    const size = m.node('Gather', [m.node('Shape', [x.float]), constant(m, 'int64', [], [0])], { axis: 0 });
    const target = [m.node('Unsqueeze', [size, constant(m, 'int64', [1], [0])]), constant(m, 'int64', [1], [-1])];
    return m.node('Reshape', [x.float, m.node('Concat', target, { axis: 0 })]);
  },
  2,
);

/** PyTorch's pads: ConstantOfShape, Concat, Reshape, Slice backwards, Transpose, Reshape, Cast. */
const torchPad: Form = unaryForm([1, 2, 5, 5], (m, x) => {
  const ints = (dims: readonly number[], values: readonly number[]) => constant(m, 'int64', dims, values);
  const zeros = m.node('ConstantOfShape', [ints([1], [4])], { value: makeTensor('', 'int64', [1], [0]) });
  const pairs = m.node('Reshape', [
    m.node('Concat', [ints([4], [1, 2, 0, 1]), zeros], { axis: 0 }),
    ints([2], [-1, 2]),
  ]);
  const back = m.node('Slice', [pairs, ints([1], [-1]), ints([1], [-(2 ** 53)]), ints([1], [0]), ints([1], [-1])]);
  const flat = m.node('Reshape', [m.node('Transpose', [back], { perm: [1, 0] }), ints([1], [-1])]);
  return m.node('Pad', [x.float, m.node('Cast', [flat], { to: 7 })]);
});

/** Half of the height and width, by float arithmetic on the shape. */
const shapeArithmetic: Form = unaryForm([2, 3, 4, 6], (m, x) => {
  const ints = (values: readonly number[]) => constant(m, 'int64', [values.length], values);
  const size = m.node('Cast', [m.node('Shape', [x.float])], { to: 1 });
  const half = m.node('Floor', [m.node('Div', [size, constant(m, 'float32', [], [2])])]);
  const ends = m.node('Slice', [m.node('Cast', [half], { to: 7 }), ints([2]), ints([4])]);
  return m.node('Slice', [x.float, ints([0, 0]), ends, ints([2, 3])]);
});

/** onnxruntime's quantize_static of a residual network: float in, quantizers around every op, codes out. */
const quantizeStatic: Form = withOpset(13, (m) => {
  const w = (dims: readonly number[]) => scaledWeights(m, 'int8', dims, 0, false).float;
  const x = around(m, m.input('float32', [1, 3, 8, 8]), 114);
  const first = around(
    m,
    m.node('Relu', [m.node('Conv', [x, w([4, 3, 3, 3]), floats(m, [4])], { pads: [1, 1, 1, 1] })]),
  );
  const second = around(m, m.node('Conv', [first, w([4, 4, 3, 3]), floats(m, [4])], { pads: [1, 1, 1, 1] }), 128);
  const sum = around(m, m.node('Relu', [m.node('Add', [second, first])]));
  const pooled = around(m, m.node('MaxPool', [sum], { kernel_shape: [2, 2], strides: [2, 2] }));
  const flat = around(m, m.node('Flatten', [around(m, m.node('GlobalAveragePool', [pooled]))]));
  quantizedOutput(m, m.node('Gemm', [flat, w([5, 4]), floats(m, [5])], { transB: 1 }), 'uint8', 2);
  return m.model('static');
});

/** keras2onnx: channels-last data turned before and after each convolution, a dense layer as MatMul and Add. */
const channelsLast: Form = withOpset(13, (m) => {
  const w = (dims: readonly number[], axis: number) => scaledWeights(m, 'int8', dims, axis, false).float;
  const x = m.node('Transpose', [around(m, m.input('float32', [1, 8, 8, 3]), 114)], { perm: [0, 3, 1, 2] });
  const attributes = { auto_pad: 'SAME_UPPER', strides: [2, 2] };
  const y = around(m, m.node('Relu', [m.node('Conv', [x, w([4, 3, 3, 3], 0), floats(m, [4])], attributes)]));
  const back = m.node('Transpose', [y], { perm: [0, 2, 3, 1] });
  const flat = around(m, m.node('Reshape', [back, constant(m, 'int64', [2], [-1, 64])]));
  const dense = m.node('Add', [m.node('MatMul', [flat, w([64, 5], 1)]), floats(m, [5])]);
  m.output(around(m, dense, 100), 'float32', 2);
  return m.model('channels-last');
});

/** The feed-forward half of a transformer: rows of a batch, products with biases, a residual sum. */
const feedForward: Form = withOpset(13, (m) => {
  const w = (dims: readonly number[]) => scaledWeights(m, 'int8', dims, m.random.pick([undefined, 1]), false).float;
  const x = around(m, m.input('float32', [1, 4, 6]), 128);
  const hidden = around(m, m.node('Relu', [m.node('Add', [m.node('MatMul', [x, w([6, 8])]), floats(m, [8])])]));
  const back = around(m, m.node('Add', [m.node('MatMul', [hidden, w([8, 6])]), floats(m, [6])]), 120);
  m.output(around(m, m.node('Add', [back, x]), 128), 'float32', 3);
  return m.model('feed-forward');
});

/** 1-D networks: convolution, depthwise, pools, dense. */
const line: Form = withOpset(13, (m) => {
  const w = (dims: readonly number[]) => scaledWeights(m, 'int8', dims, 0, false).float;
  const x = around(m, m.input('float32', [1, 2, 24]), 128);
  const first = m.node('Relu', [m.node('Conv', [x, w([4, 2, 3]), floats(m, [4])], { pads: [1, 1], strides: [2] })]);
  const wide = around(m, m.node('Conv', [around(m, first), w([4, 1, 3])], { group: 4, auto_pad: 'SAME_LOWER' }), 99);
  const pooled = m.node('MaxPool', [wide], { kernel_shape: [2], strides: [2], ceil_mode: 1 });
  const mean = around(m, m.node('GlobalAveragePool', [pooled]), 100);
  const flat = m.node('Squeeze', [mean, constant(m, 'int64', [1], [2])]);
  quantizedOutput(m, m.node('Gemm', [flat, w([5, 4]), floats(m, [5])], { transB: 1 }), 'uint8', 2);
  return m.model('line');
});

/** The runtime multiplies floats here, in an order of its own; codes may differ where two are right. */
export const TRANSPOSED_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['4x4, stride 2', transposedForm([1, 3, 5, 4], [3, 4, 4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] })],
  ['2x2, stride 2', transposedForm([2, 3, 3, 4], [3, 4, 2, 2], { strides: [2, 2] }, false)],
  [
    '3x3, stride 2, output_padding',
    transposedForm([1, 3, 5, 4], [3, 4, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }),
  ],
  ['stride 1', transposedForm([1, 3, 5, 4], [3, 4, 3, 3], { pads: [1, 1, 1, 1] })],
  ['one pixel', transposedForm([2, 9, 1, 1], [9, 4, 4, 4], {})],
  ['a row of pixels', transposedForm([1, 5, 1, 6], [5, 2, 3, 4], { strides: [2, 2], pads: [0, 1, 1, 0] })],
  ['strides of 3 and 2', transposedForm([1, 3, 4, 5], [3, 2, 5, 3], { strides: [3, 2], pads: [2, 0, 1, 1] })],
  ['a stride larger than the kernel', transposedForm([1, 3, 4, 4], [3, 2, 2, 1], { strides: [3, 2] })],
  ['dilated', transposedForm([1, 3, 4, 5], [3, 2, 3, 3], { strides: [2, 1], dilations: [2, 2], pads: [1, 2, 1, 2] })],
  [
    'dilated by 3 with a stride of 2',
    transposedForm([1, 3, 6, 5], [3, 2, 3, 2], { strides: [2, 2], dilations: [3, 1] }),
  ],
  ['large pads', transposedForm([1, 3, 6, 6], [3, 2, 2, 2], { strides: [2, 2], pads: [3, 2, 3, 4] })],
  ['grouped', transposedForm([1, 6, 4, 4], [6, 2, 4, 4], { strides: [2, 2], pads: [1, 1, 1, 1], group: 3 })],
  ['depthwise', transposedForm([1, 6, 4, 4], [6, 1, 3, 3], { strides: [2, 2], pads: [1, 1, 0, 0], group: 6 })],
  ['1-D', transposedForm([1, 3, 7], [3, 4, 4], { strides: [2], pads: [1, 1] })],
  ['SAME_UPPER', transposedForm([1, 3, 4, 4], [3, 2, 3, 3], { strides: [2, 2], auto_pad: 'SAME_UPPER' })],
  ['SAME_LOWER', transposedForm([1, 3, 4, 4], [3, 2, 3, 3], { strides: [2, 2], auto_pad: 'SAME_LOWER' })],
  ['output_shape', transposedForm([1, 3, 4, 4], [3, 2, 3, 3], { strides: [2, 2], output_shape: [8, 8] })],
]);

/** By name; every one equals the oracle bit for bit. */
export const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['Conv of 1-D data', convForm([1, 3, 16], [4, 3, 3], { pads: [1, 2], strides: [2], dilations: [2] }, true)],
  ['Conv of 1-D data without attributes', convForm([2, 3, 9], [4, 3, 3], {})],
  ['Conv of 1-D data, depthwise, SAME_UPPER', convForm([1, 4, 15], [8, 1, 4], { group: 4, auto_pad: 'SAME_UPPER' })],
  ['Conv, SAME_LOWER with strides', convForm([1, 3, 7, 8], [4, 3, 2, 3], { auto_pad: 'SAME_LOWER', strides: [2, 2] })],
  ['Gemm, transA', gemmForm({ transA: 1 }, 'float')],
  ['Gemm, transA and transB', gemmForm({ transA: 1, transB: 1 }, 'int32')],
  ['Gemm, alpha', gemmForm({ alpha: float(0.7) }, 'float')],
  ['Gemm, beta on an integer bias', gemmForm({ beta: float(0.5) }, 'int32')],
  ['Gemm, beta on a float bias', gemmForm({ beta: float(0.5), transB: 1 }, 'float')],
  ...[[], [1], [1, 5], [3, 1], [3, 5]].map((dims): [string, Form] => [`Gemm, bias [${dims}]`, gemmForm({}, dims)]),
  ['MatMul of a batch', matmulForm([2, 3, 6], [6, 5], 3)],
  ['MatMul of two batch axes', matmulForm([2, 2, 3, 6], [6, 5], 4)],
  ['MatMul of a vector', matmulForm([6], [6, 5], 1)],
  ['MatMul by a vector', matmulForm([3, 6], [6], 1)],
  ['MatMul by weights with a leading 1', matmulForm([2, 3, 6], [1, 6, 5], 3)],
  ['MatMul, constant on the left', matmulForm([6, 3], [5, 6], 2, true)],
  ['MatMul, constant on the left of a batch', matmulForm([2, 6, 3], [5, 6], 3, true)],
  ['BatchNormalization of images', unaryForm([1, 3, 4, 4], (m, x) => batchNorm(m, x.float, 3))],
  ['BatchNormalization of rows', unaryForm([2, 5], (m, x) => batchNorm(m, x.float, 5))],
  ['BatchNormalization of lines', unaryForm([2, 5, 4], (m, x) => batchNorm(m, x.float, 5))],
  ['Clip without min', unaryForm([2, 9], (m, x) => m.node('Clip', [x.float, '', m.tensor('float32', [], [1])]))],
  ['Clip without max', unaryForm([2, 9], (m, x) => m.node('Clip', [x.float, m.tensor('float32', [], [-0.5])]))],
  ['Clip without limits', unaryForm([2, 9], (m, x) => m.node('Clip', [x.float]))],
  [
    'Clip with attributes',
    withOpset(
      10,
      unaryForm([2, 9], (m, x) => m.node('Clip', [x.float], { max: float(6) })),
    ),
  ],
  ['Clip of codes', clippedQuantizers(0, 15, 'uint8')],
  ['Clip of codes to odd limits', clippedQuantizers(-5, 6, 'int8')],
  ...['Add', 'Sub', 'Mul', 'Div'].flatMap(arithmetic),
  ['a constant minus codes', unaryForm([2, 9], (m, x) => m.node('Sub', [floats(m, []), x.float]))],
  ['a sum with itself', unaryForm([2, 9], (m, x) => m.node('Add', [x.float, x.float]))],
  ['a sum of three', unaryForm([2, 9], (m, x) => m.node('Sum', [x.float, x.float, floats(m, [9])]))],
  ['MaxPool, dilated', unaryForm([1, 3, 9, 9], (m, x) => m.node('MaxPool', [x.float], { ...pool, dilations: [2, 1] }))],
  [
    'MaxPool, SAME_UPPER',
    unaryForm([1, 3, 7, 7], (m, x) =>
      m.node('MaxPool', [x.float], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }),
    ),
  ],
  [
    'MaxPool of 1-D data',
    unaryForm([1, 3, 9], (m, x) => m.node('MaxPool', [x.float], { kernel_shape: [2], strides: [2], ceil_mode: 1 })),
  ],
  [
    'AveragePool of 1-D data',
    unaryForm([1, 3, 9], (m, x) => m.node('AveragePool', [x.float], { kernel_shape: [3], strides: [2], pads: [1, 1] })),
  ],
  ...[0, 1].flatMap((count) =>
    [0, 1].map((ceil): [string, Form] => [
      `AveragePool, count_include_pad ${count}, ceil_mode ${ceil}`,
      unaryForm([1, 3, 6, 7], (m, x) =>
        m.node('AveragePool', [x.float], { ...pool, ceil_mode: ceil, count_include_pad: count }),
      ),
    ]),
  ),
  ['GlobalAveragePool of 1-D data', unaryForm([1, 3, 9], (m, x) => m.node('GlobalAveragePool', [x.float]))],
  ['GlobalMaxPool', unaryForm([1, 3, 4, 5], (m, x) => m.node('GlobalMaxPool', [x.float]))],
  [
    'ReduceMean, channels last',
    withOpset(
      13,
      unaryForm([1, 6, 7, 3], (m, x) => m.node('ReduceMean', [x.float], { axes: [1, 2], keepdims: 0 }), 2),
    ),
  ],
  [
    'ReduceMean of the last axis',
    unaryForm([2, 3, 7], (m, x) => m.node('ReduceMean', [x.float, m.tensor('int64', [1], [-1])])),
  ],
  ['Flatten at another axis', unaryForm([2, 3, 4, 4], (m, x) => m.node('Flatten', [x.float], { axis: -2 }), 2)],
  [
    'Reshape with 0 and -1',
    unaryForm([2, 3, 4, 4], (m, x) => m.node('Reshape', [x.float, m.tensor('int64', [3], [0, -1, 8])]), 3),
  ],
  ['Transpose without perm', unaryForm([2, 3, 4], (m, x) => m.node('Transpose', [x.float]))],
  [
    'Squeeze with attributes',
    withOpset(
      11,
      unaryForm([1, 3, 1, 1], (m, x) => m.node('Squeeze', [x.float], { axes: [2, 3] }), 2),
    ),
  ],
  [
    'Unsqueeze from behind',
    unaryForm([2, 3], (m, x) => m.node('Unsqueeze', [x.float, m.tensor('int64', [1], [-1])]), 3),
  ],
  [
    'Pad with a value and axes',
    unaryForm([1, 3, 4, 4], (m, x) =>
      m.node('Pad', [
        x.float,
        m.tensor('int64', [4], [1, 2, 0, 1]),
        m.tensor('float32', [], [0.5]),
        m.tensor('int64', [2], [2, 3]),
      ]),
    ),
  ],
  [
    'Pad with attributes',
    withOpset(
      10,
      unaryForm([1, 3, 4, 4], (m, x) => m.node('Pad', [x.float], { pads: [0, 0, 1, 1, 0, 0, 1, 1] })),
    ),
  ],
  [
    'Slice backwards',
    unaryForm([1, 4, 6, 6], (m, x) =>
      m.node('Slice', [
        x.float,
        m.tensor('int64', [2], [3, -1]),
        m.tensor('int64', [2], [0, -100]),
        m.tensor('int64', [2], [1, 2]),
        m.tensor('int64', [2], [-2, -1]),
      ]),
    ),
  ],
  [
    'Gather of one index',
    unaryForm([1, 4, 6], (m, x) => m.node('Gather', [x.float, m.tensor('int64', [], [-1])], { axis: 1 }), 2),
  ],
  [
    'Gather of scattered indices',
    unaryForm([1, 4, 6], (m, x) => m.node('Gather', [x.float, m.tensor('int64', [3], [2, 0, 3])], { axis: 1 })),
  ],
  [
    'Gather of windows',
    unaryForm(
      [1, 4, 6],
      (m, x) =>
        m.node('Gather', [x.float, m.tensor('int64', [3, 4], [0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5])], { axis: 2 }),
      4,
    ),
  ],
  ['SpaceToDepth', unaryForm([1, 2, 4, 6], (m, x) => m.node('SpaceToDepth', [x.float], { blocksize: 2 }))],
  [
    'Resize by 2, asymmetric',
    withOpset(
      13,
      unaryForm([1, 2, 3, 3], (m, x) =>
        m.node('Resize', [x.float, '', m.tensor('float32', [4], [1, 1, 2, 2])], {
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
      ),
    ),
  ],
  [
    'Resize by 3 to sizes, half_pixel',
    withOpset(
      13,
      unaryForm([1, 2, 3, 4], (m, x) => m.node('Resize', [x.float, '', '', m.tensor('int64', [4], [1, 2, 9, 12])])),
    ),
  ],
  ['HardSigmoid', unaryForm([2, 9], (m, x) => m.node('HardSigmoid', [x.float]))],
  ['HardSwish', unaryForm([2, 9], (m, x) => m.node('HardSwish', [x.float]))],
  ['PRelu', unaryForm([1, 3, 4, 4], (m, x) => m.node('PRelu', [x.float, floats(m, CHANNELS)]))],
  ['view(size(0), -1)', withOpset(13, view)],
  ['a pad as PyTorch writes it', withOpset(13, torchPad)],
  ['arithmetic on shapes', withOpset(13, shapeArithmetic)],
  ['quantize_static', quantizeStatic],
  ['channels last', channelsLast],
  ['feed-forward', feedForward],
  ['1-D network', line],
]);
