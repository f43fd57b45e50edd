/** QONNX models in the forms in which Brevitas, QONNX and converters from QKeras write them. */
import { type AttributeInput, makeTensor, type OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import { floats } from './form-models.ts';
import type { Spelling } from './lower-qonnx.ts';
import type { ModelMaker } from './pattern-models.ts';

export interface QuantForm {
  readonly domain?: string;
  readonly op?: 'Quant' | 'IntQuant' | 'BipolarQuant';
  readonly bits?: number;
  readonly signed?: number;
  readonly narrow?: number;
  readonly zero?: number;
  readonly mode?: string;
  /** Shape of the scale; one drawn value in each element. */
  readonly scaleShape?: readonly number[];
  /** A scale that is not drawn. */
  readonly scale?: number;
  /** Scale, zero point and width as Constant nodes, not initializers. */
  readonly nodes?: boolean;
}

const GENERAL = 'qonnx.custom_op.general';

/** A quantizer of `value`; scales are drawn so that the levels span about [-1, 1]. */
export function quant(m: ModelMaker, value: string, form: QuantForm = {}): string {
  const { domain = GENERAL, op = 'Quant', bits = 4, signed = 1, narrow = 0, zero = 0, mode = 'ROUND' } = form;
  const shape = form.scaleShape ?? [];
  const number = (dims: readonly number[], values: readonly number[]) =>
    form.nodes === true
      ? m.node('Constant', [], { value: makeTensor('', 'float32', dims, values) })
      : m.tensor('float32', dims, values);
  const count = shape.reduce((n, d) => n * d, 1);
  const draw = () => form.scale ?? m.scale(1.5 / 2 ** bits, 2.5 / 2 ** bits);
  const scale = number(shape, Array.from({ length: count }, draw));
  const name = domain === '' ? op : `${domain}:${op}`;
  if (op === 'BipolarQuant') return m.node(name, [value, scale]);
  const attributes: Record<string, AttributeInput> = { signed, narrow, rounding_mode: mode };
  return m.node(name, [value, scale, number([], [zero]), number([], [bits])], attributes);
}

function finish(m: ModelMaker, y: string, rank: number, domain = GENERAL): OnnxModel {
  m.output(y, 'float32', rank);
  return m.model('form', domain === '' ? [] : [{ domain, version: 1 }]);
}

/** Quantized dense layer with ReLU: quantizers of activations and of weights as stated. */
export function dense(activations: QuantForm, weights: QuantForm, domain = GENERAL): (m: ModelMaker) => OnnxModel {
  return (m) => {
    const x = quant(m, m.input('float32', [2, 6]), { domain, ...activations });
    const w = quant(m, floats(m, [6, 5]), { domain, bits: 3, narrow: 1, ...weights });
    const y = quant(m, m.node('Relu', [m.node('MatMul', [x, w])]), { domain, signed: 0, bits: 4, scale: 0.3 });
    return finish(m, y, 2, domain);
  };
}

function batchNorm(m: ModelMaker, value: string, channels: number): string {
  const list = (low: number) => floats(m, [channels], low, low + 1.5);
  return m.node('BatchNormalization', [value, list(-0.5), list(-0.7), list(-0.7), list(0.5)]);
}

interface ConvForm {
  readonly shape?: readonly number[];
  readonly w?: readonly number[];
  readonly attributes?: Record<string, AttributeInput>;
  readonly bias?: 'none' | 'float' | 'quant' | 'wide';
  readonly after?: (m: ModelMaker, y: string) => string;
}

/** Brevitas: weights with a scale per channel, batch norm, ReLU, Quant. */
export function conv({ shape = [1, 3, 7, 7], w = [4, 3, 3, 3], attributes = {}, bias = 'none', after }: ConvForm) {
  return (m: ModelMaker): OnnxModel => {
    const [o = 1, ...rest] = w;
    const weights = quant(m, floats(m, w), { narrow: 1, scaleShape: [o, ...rest.map(() => 1)] });
    const inputs = [quant(m, m.input('float32', shape), {}), weights];
    if (bias === 'float') inputs.push(floats(m, [o]));
    if (bias === 'quant') inputs.push(quant(m, floats(m, [o]), { bits: 8 }));
    if (bias === 'wide') inputs.push(quant(m, floats(m, [o]), { bits: 32, scale: 0.0013 }));
    const normal = batchNorm(m, m.node('Conv', inputs, attributes), o);
    const y = quant(m, m.node('Relu', [normal]), { signed: 0, scale: 0.21 });
    return finish(m, after === undefined ? y : after(m, y), shape.length);
  };
}

/** Brevitas' TruncAvgPool2d: the sum of the window, low bits dropped. */
function truncatedMean(m: ModelMaker): OnnxModel {
  const scale = m.scale(0.05, 0.15);
  const x = quant(m, m.input('float32', [1, 3, 4, 4]), { signed: 0, scale });
  const mean = m.node('AveragePool', [x], { kernel_shape: [4, 4] });
  const number = (v: number) => m.tensor('float32', [], [v]);
  const sum = m.node('Mul', [mean, number(16)]);
  return finish(m, m.node(`${GENERAL}:Trunc`, [sum, number(scale), number(0), number(8), number(4)]), 4);
}

/** QKeras: integers with scale 1 and the scale in a Mul, weights with a scale per output. */
function scalesApart(m: ModelMaker): OnnxModel {
  const factor = (dims: readonly number[]) => floats(m, dims, 0.05, 0.15);
  const x = m.node('Mul', [
    quant(m, m.node('Div', [m.input('float32', [2, 6]), factor([])]), { scale: 1 }),
    factor([]),
  ]);
  const w = m.node('Mul', [quant(m, floats(m, [6, 4], -7, 7), { scale: 1 }), factor([4])]);
  const y = m.node('Clip', [m.node('MatMul', [x, w]), m.tensor('float32', [], [0]), m.tensor('float32', [], [0.9])]);
  return finish(m, quant(m, y, { signed: 0, scale: m.scale(0.05, 0.07) }), 2);
}

/** Weights whose quantizer an optimizer has folded: whole numbers in float32. */
function foldedWeights(m: ModelMaker): OnnxModel {
  const w = m.tensor(
    'float32',
    [6, 4],
    Array.from({ length: 24 }, () => m.random.int(-4, 3)),
  );
  const y = m.node('Mul', [m.node('MatMul', [quant(m, m.input('float32', [2, 6])), w]), floats(m, [4], 0.1, 0.3)]);
  return finish(m, quant(m, y, { scale: 0.27 }), 2);
}

/** Brevitas with a quantizer of the accumulators. */
function wideSums(m: ModelMaker): OnnxModel {
  const sums = m.node('MatMul', [quant(m, m.input('float32', [2, 6])), quant(m, floats(m, [6, 5]))]);
  const wide = quant(m, sums, { bits: 24, scale: 0.003 });
  const shifted = quant(m, wide, { bits: 20, scale: 0.006, zero: 5, mode: 'FLOOR' });
  return finish(m, quant(m, m.node('Relu', [shifted]), { signed: 0, scale: 0.21 }), 2);
}

/** Ascending thresholds of each row. */
function thresholds(m: ModelMaker, rows: number, count: number, low: number, high: number): string {
  const row = (): number[] =>
    Array.from({ length: count }, () => Math.round(m.scale(low, high) * 64) / 64).sort((a, b) => a - b);
  return m.tensor('float32', [rows, count], Array.from({ length: rows }, row).flat());
}

/** FINN: quantizers with what lies before them as thresholds, weights as whole numbers in float32. */
function thresholded(shape: readonly number[], signs: boolean): (m: ModelMaker) => OnnxModel {
  return (m) => {
    const multi = (x: string, t: string, scale: number, offset: number, type: string): string =>
      m.node(`${GENERAL}:MultiThreshold`, [x, t], {
        out_dtype: type,
        out_scale: { type: 'float', value: scale },
        out_bias: { type: 'float', value: offset },
        data_layout: shape.length === 4 ? 'NCHW' : 'NC',
      });
    const weights = (dims: readonly number[]): string =>
      m.tensor(
        'float32',
        dims,
        Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => m.random.int(-2, 1)),
      );
    const first = multi(m.input('float32', shape), thresholds(m, 1, 31, 0, 1), 1, -16, 'INT5');
    const c = shape[1] ?? 1;
    const sums =
      shape.length === 4 ? m.node('Conv', [first, weights([8, c, 3, 3])]) : m.node('MatMul', [first, weights([c, 8])]);
    const second = signs
      ? multi(sums, thresholds(m, 8, 1, -9, 9), 2, -1, 'BIPOLAR')
      : multi(sums, thresholds(m, 8, 15, -60, 60), 0.5, 0.25, 'UINT4');
    const last =
      shape.length === 4
        ? m.node('Conv', [second, weights([3, 8, 1, 1])])
        : m.node('MatMul', [second, weights([8, 3])]);
    return finish(m, last, shape.length);
  };
}

/** A last layer that stayed float. */
function floatTail(m: ModelMaker): OnnxModel {
  const x = quant(m, m.input('float32', [2, 6]));
  const y = m.node('Relu', [m.node('MatMul', [x, quant(m, floats(m, [6, 5]))])]);
  return finish(m, quant(m, m.node('MatMul', [quant(m, y, { signed: 0 }), floats(m, [5, 3])]), { bits: 3 }), 2);
}

export const QONNX_FORMS: ReadonlyMap<string, readonly [Spelling, (m: ModelMaker) => OnnxModel]> = new Map([
  ...['qonnx.custom_op.general', 'onnx.brevitas', 'finn.custom_op.general', 'onnx.custom_op.general', ''].flatMap(
    (domain) =>
      [false, true].map((nodes): [string, [Spelling, (m: ModelMaker) => OnnxModel]] => [
        `domain '${domain}', parameters in ${nodes ? 'nodes' : 'initializers'}`,
        ['integer', dense({ nodes }, { nodes }, domain)],
      ]),
  ),
  ...['ROUND', 'CEIL', 'FLOOR', 'ROUND_TO_ZERO', 'UP', 'DOWN', 'HALF_UP', 'HALF_DOWN', 'floor'].map(
    (mode): [string, [Spelling, (m: ModelMaker) => OnnxModel]] => [
      `rounding mode ${mode}`,
      ['integer', dense({ mode }, { mode })],
    ],
  ),
  ...[2, 3, 5, 8].flatMap((bits) =>
    [0, 1].flatMap((signed) =>
      [0, 1].map((narrow): [string, [Spelling, (m: ModelMaker) => OnnxModel]] => [
        `${bits} bits, signed ${signed}, narrow ${narrow}`,
        ['integer', dense({ bits, signed, narrow }, { bits, signed, narrow })],
      ]),
    ),
  ),
  [
    'one unsigned bit',
    ['integer', dense({ bits: 1, signed: 0, scale: 0.5 }, { bits: 1, signed: 0, narrow: 0, scale: 0.5 })],
  ],
  ['BipolarQuant', ['integer', dense({ op: 'BipolarQuant', scale: 0.5 }, { op: 'BipolarQuant', scale: 0.25 })]],
  ['IntQuant', ['integer', dense({ op: 'IntQuant' }, { op: 'IntQuant' })]],
  ['a zero point', ['integer', dense({ zero: 3, signed: 0 }, {})]],
  ['Conv, per channel, batch norm, padded', ['integer', conv({ attributes: { pads: [1, 1, 1, 1] } })]],
  ['Conv, float bias', ['integer', conv({ bias: 'float' })]],
  ['Conv, quantized bias', ['integer', conv({ bias: 'quant' })]],
  ['Conv, depthwise', ['integer', conv({ w: [3, 1, 3, 3], attributes: { group: 3 } })]],
  [
    'Conv of 1-D data, MaxPool of 1-D data',
    [
      'integer',
      conv({
        shape: [1, 2, 16],
        w: [4, 2, 3],
        bias: 'float',
        attributes: { pads: [1, 1] },
        after: (m, y) => m.node('MaxPool', [y], { kernel_shape: [2], strides: [2] }),
      }),
    ],
  ],
  [
    'Conv, GlobalAveragePool, Quant',
    ['integer', conv({ after: (m, y) => quant(m, m.node('GlobalAveragePool', [y]), { signed: 0, scale: 0.083 }) })],
  ],
  ['Conv, bias of 32 bits', ['integer', conv({ bias: 'wide' })]],
  ['sums of 24 bits', ['integer', wideSums]],
  ['thresholds and signs', ['plain', thresholded([2, 12], true)]],
  ['thresholds of images', ['plain', thresholded([1, 3, 6, 6], false)]],
  ['AveragePool, Mul, Trunc', ['plain', truncatedMean]],
  ['scales apart from integers', ['plain', scalesApart]],
  ['folded weights', ['plain', foldedWeights]],
  ['a float layer', ['plain', floatTail]],
]);
