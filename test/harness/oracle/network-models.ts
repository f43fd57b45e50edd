/** Whole small networks with random sizes: a residual CNN in the QuantizeLinear dialect, and QONNX networks of few bits. */
import type { AttributeInput, OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import {
  CODE_RANGES,
  type CodeType,
  type ModelMaker,
  quantizedOutput,
  scaledBias,
  scaledInput,
  scaledWeights,
} from './pattern-models.ts';

interface Activation {
  readonly float: string;
  readonly scale: number;
}

/** QuantizeLinear and DequantizeLinear in the middle of a network. */
function requantized(m: ModelMaker, value: string, type: CodeType, relu: boolean): Activation {
  const scale = m.scale(0.05, 0.4);
  const zero = m.tensor(type, [], [relu ? CODE_RANGES[type][0] : m.zero(type)]);
  const s = m.tensor('float32', [], [scale]);
  const codes = m.node('QuantizeLinear', [value, s, zero], {}, 'q');
  return { float: m.node('DequantizeLinear', [codes, s, zero], {}, 'f'), scale };
}

function convolution(
  m: ModelMaker,
  x: Activation,
  w: CodeType,
  dims: readonly [number, number, number, number],
  attributes: Record<string, AttributeInput>,
): string {
  const weights = scaledWeights(m, w, dims, m.random.pick([undefined, 0]), false);
  const bias = scaledBias(m, x.scale, weights.scales, dims[0]);
  return m.node('Conv', [x.float, weights.float, bias], attributes);
}

/** Stem, a residual block (one branch depthwise), max pooling, global average, classifier. */
export function residualNetwork(m: ModelMaker, type: CodeType, w: CodeType): OnnxModel {
  const r = m.random;
  if (!w.endsWith('4')) m.opset = 19;
  const [c, size, classes] = [r.int(2, 6), r.int(6, 10), r.int(2, 8)];
  const image = scaledInput(
    m,
    type,
    [1, 3, size, size],
    m.scale(0.01, 0.05),
    r.pick([CODE_RANGES[type][0], m.zero(type)]),
  );
  const stem = m.node('Relu', [
    convolution(m, image, w, [c, 3, 3, 3], { pads: [1, 1, 1, 1], strides: [r.int(1, 2), 1] }),
  ]);
  const x = requantized(m, stem, type, true);
  const left = requantized(
    m,
    m.node('Relu', [convolution(m, x, w, [c, 1, 3, 3], { pads: [1, 1, 1, 1], group: c })]),
    type,
    true,
  );
  const right = requantized(m, convolution(m, left, w, [c, c, 1, 1], {}), type, false);
  const sum = requantized(m, m.node('Relu', [m.node('Add', [x.float, right.float])]), type, true);
  const pooled = m.node('MaxPool', [sum.float], { kernel_shape: [2, 2], strides: [2, 2] });
  const mean = requantized(m, m.node('GlobalAveragePool', [pooled]), type, true);
  const flat = m.node('Flatten', [mean.float]);
  const fc = scaledWeights(m, w, [classes, c], 0, false);
  const logits = m.node('Gemm', [flat, fc.float, scaledBias(m, mean.scale, fc.scales, classes)], { transB: 1 });
  quantizedOutput(m, logits, type, 2);
  return m.model('residual');
}

const QONNX = [{ domain: 'qonnx.custom_op.general', version: 1 }];

interface Widths {
  readonly weights: number;
  readonly activations: number;
}

function quant(
  m: ModelMaker,
  value: string,
  bits: number,
  signed: boolean,
  scale: readonly number[],
  dims: readonly number[],
): string {
  const bipolar = bits === 1 && signed;
  const s = m.tensor('float32', dims, scale, 's');
  if (bipolar) return m.node('qonnx.custom_op.general:BipolarQuant', [value, s], {}, 'q');
  const inputs = [value, s, m.tensor('float32', [], [0]), m.tensor('float32', [], [bits])];
  const attributes = {
    signed: signed ? 1 : 0,
    narrow: signed ? m.random.int(0, 1) : 0,
    rounding_mode: m.random.pick(['ROUND', 'FLOOR', 'CEIL']),
  };
  return m.node('qonnx.custom_op.general:Quant', inputs, attributes, 'q');
}

function quantWeights(m: ModelMaker, dims: readonly number[], bits: number): string {
  const size = dims.reduce((n, d) => n * d, 1);
  const values = Array.from({ length: size }, () => Math.fround((m.random.real() - 0.5) * 2));
  const conv = dims.length === 4 && m.random.int(0, 1) === 1;
  const channels = conv ? (dims[0] ?? 1) : 1;
  const scale = Array.from({ length: channels }, () => m.scale(0.8 / 2 ** bits, 2 / 2 ** bits));
  return quant(m, m.tensor('float32', dims, values, 'w'), bits, true, scale, conv ? [channels, 1, 1, 1] : []);
}

function batchNorm(m: ModelMaker, value: string, channels: number): string {
  const list = (low: number, high: number) =>
    m.tensor(
      'float32',
      [channels],
      Array.from({ length: channels }, () => m.scale(low, high)),
    );
  return m.node('BatchNormalization', [value, list(-1, 2), list(-1, 1), list(-1, 1), list(0.1, 2)]);
}

/** Quantized image, two convolutions with batch norm and ReLU, average pool, classifier with a float result. */
export function qonnxNetwork(m: ModelMaker, bits: Widths): OnnxModel {
  const r = m.random;
  const [c, size, classes] = [r.int(2, 5), r.int(5, 8), r.int(2, 6)];
  const image = quant(m, m.input('float32', [1, 2, size, size]), 4, true, [m.scale(0.1, 0.2)], []);
  const bias = m.tensor(
    'float32',
    [c],
    Array.from({ length: c }, () => m.scale(-1, 1)),
  );
  const first = m.node('Conv', [image, quantWeights(m, [c, 2, 3, 3], bits.weights), bias], { pads: [1, 1, 1, 1] });
  const signed = bits.activations === 1;
  const active = (v: string) => (signed ? v : m.node('Relu', [v]));
  const x = quant(m, active(batchNorm(m, first, c)), bits.activations, signed, [m.scale(0.1, 0.6)], []);
  const second = m.node('Conv', [
    m.node('MaxPool', [x], { kernel_shape: [2, 2] }),
    quantWeights(m, [c, c, 2, 2], bits.weights),
  ]);
  const y = quant(m, active(batchNorm(m, second, c)), bits.activations, signed, [m.scale(0.1, 0.6)], []);
  const flat = m.node('Flatten', [y]);
  const features = c * (size - 2) ** 2;
  const out = m.node('MatMul', [
    flat,
    m.node('Transpose', [quantWeights(m, [classes, features], bits.weights)], { perm: [1, 0] }),
  ]);
  m.output(out, 'float32', 2);
  return m.model('qonnx', QONNX);
}
