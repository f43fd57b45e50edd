/**
 * The trained networks as ONNX, five ways: float; QDQ with int8 weights and with int4 weights (batch norm folded, activations calibrated on training
 * images); QONNX W2A4 and W1A2 (batch norm left in the graph, as quantization-aware exporters do). Input: pixels 0 .. 255 as float32.
 */
import { float, makeModel, makeNode, makeScalar, makeTensor, makeValue } from '../../compiler/frontend/onnx/build.ts';
import { writeModel } from '../../compiler/frontend/onnx/index.ts';
import type { OnnxNode, OnnxTensor } from '../../compiler/frontend/onnx/model.ts';
import { evaluate } from './evaluate.ts';
import { type DigitSet, SIZE } from './generate.ts';
import {
  BN_EPSILON,
  CLASSES,
  CONVS,
  FEATURES,
  FINAL_SIZE,
  INPUT_STEP,
  type NetworkWeights,
  RECIPES,
  type Recipe,
} from './network.ts';
import { quantizeTensor } from './quantize.ts';

const QONNX = 'qonnx.custom_op.general';

/** File name to bytes. */
export function exportModels(
  nets: { float: NetworkWeights; w2a4: NetworkWeights; w1a2: NetworkWeights },
  calibration: DigitSet,
): Record<string, Uint8Array> {
  return {
    'digits-float.onnx': floatModel(nets.float),
    'digits-int8.qdq.onnx': qdqModel(nets.float, calibration, 8),
    'digits-int4.qdq.onnx': qdqModel(nets.float, calibration, 4),
    'digits-w2a4.qonnx.onnx': qonnxModel(nets.w2a4, RECIPES.w2a4),
    'digits-w1a2.qonnx.onnx': qonnxModel(nets.w1a2, RECIPES.w1a2),
  };
}

/** Nodes and initializers as they accumulate. */
class Draft {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];

  tensor(
    name: string,
    type: 'float32' | 'int8' | 'uint8' | 'int4' | 'int32',
    dims: readonly number[],
    values: ArrayLike<number>,
  ): string {
    this.initializers.push(makeTensor(name, type, dims, values));
    return name;
  }

  scalar(name: string, type: 'float32' | 'int8' | 'uint8', value: number): string {
    this.initializers.push(makeScalar(name, type, value));
    return name;
  }

  node(op: string, inputs: readonly string[], output: string, attributes: Parameters<typeof makeNode>[3] = {}): string {
    this.nodes.push(makeNode(op, inputs, [output], attributes));
    return output;
  }

  finish(name: string, output: string, qonnx: boolean): Uint8Array {
    return writeModel(
      makeModel({
        name,
        nodes: this.nodes,
        initializers: this.initializers,
        inputs: [makeValue('image', 'float32', [1, 1, SIZE, SIZE])],
        outputs: [makeValue(output, 'float32', [1, CLASSES])],
        opset: qonnx ? 13 : 21,
        ...(qonnx ? { extraOpsets: [{ domain: QONNX, version: 1 }] } : {}),
      }),
    );
  }
}

/** TensorFlow's "same": at stride 2 an even size pads only behind. */
function convAttributes(stride: number): Parameters<typeof makeNode>[3] {
  return { kernel_shape: [3, 3], strides: [stride, stride], pads: stride === 1 ? [1, 1, 1, 1] : [0, 0, 1, 1] };
}

/** 3 x 3 x in x out to out x in x 3 x 3. */
function toOihw(kernel: ArrayLike<number>, cin: number, cout: number): Float32Array {
  const out = new Float32Array(kernel.length);
  for (let p = 0; p < 9; p++)
    for (let i = 0; i < cin; i++)
      for (let o = 0; o < cout; o++) out[(o * cin + i) * 9 + p] = kernel[(p * cin + i) * cout + o]!;
  return out;
}

/** Rows from (height, width, channel) to (channel, height, width), as ONNX flattens. */
function toChw(dense: ArrayLike<number>): Float32Array {
  const channels = FEATURES / (FINAL_SIZE * FINAL_SIZE);
  const out = new Float32Array(dense.length);
  for (let p = 0; p < FINAL_SIZE * FINAL_SIZE; p++) {
    for (let c = 0; c < channels; c++)
      for (let k = 0; k < CLASSES; k++)
        out[(c * FINAL_SIZE * FINAL_SIZE + p) * CLASSES + k] = dense[(p * channels + c) * CLASSES + k]!;
  }
  return out;
}

/** The first layer takes pixels, not pixel / 256. */
function inputFactor(layer: number): number {
  return layer === 0 ? INPUT_STEP : 1;
}

function batchNorm(d: Draft, net: NetworkWeights, layer: number, input: string): string {
  const w = net.convs[layer]!;
  const n = w.gamma.length;
  const { name } = CONVS[layer]!;
  const parts = [
    ['gamma', w.gamma],
    ['beta', w.beta],
    ['mean', w.mean],
    ['variance', w.variance],
  ] as const;
  const names = parts.map(([part, data]) => d.tensor(`${name}.${part}`, 'float32', [n], data));
  return d.node('BatchNormalization', [input, ...names], `${name}.normal`, { epsilon: float(BN_EPSILON) });
}

function floatModel(net: NetworkWeights): Uint8Array {
  const d = new Draft();
  let x = 'image';
  CONVS.forEach((c, i) => {
    const kernel = toOihw(net.convs[i]!.kernel, c.inChannels, c.outChannels).map((v) => v * inputFactor(i));
    d.tensor(`${c.name}.weight`, 'float32', [c.outChannels, c.inChannels, 3, 3], kernel);
    x = d.node('Conv', [x, `${c.name}.weight`], `${c.name}.sum`, convAttributes(c.stride));
    x = d.node('Relu', [batchNorm(d, net, i, x)], `${c.name}.relu`);
    if (c.pool) x = d.node('MaxPool', [x], `${c.name}.pool`, { kernel_shape: [2, 2], strides: [2, 2] });
  });
  x = d.node('Flatten', [x], 'features', { axis: 1 });
  d.tensor('dense.weight', 'float32', [FEATURES, CLASSES], toChw(net.dense));
  d.tensor('dense.bias', 'float32', [CLASSES], net.bias);
  d.node('Gemm', [x, 'dense.weight', 'dense.bias'], 'logits');
  return d.finish('digits-float', 'logits', false);
}

function qonnxModel(net: NetworkWeights, recipe: Recipe): Uint8Array {
  const d = new Draft();
  const zero = d.scalar('zero', 'float32', 0);
  const eight = d.scalar('bits.input', 'float32', 8);
  const activation = d.scalar('bits.activation', 'float32', recipe.activationBits);
  const weight = d.scalar('bits.weight', 'float32', recipe.weightBits);
  const pixel = d.scalar('step.input', 'float32', 1);
  const step = d.scalar('step.activation', 'float32', recipe.activationStep);
  const quant = (x: string, scale: string, bits: string, signed: number, output: string) =>
    d.node(`${QONNX}:Quant`, [x, scale, zero, bits], output, { signed, narrow: signed, rounding_mode: 'ROUND' });
  const quantizeWeights = (
    name: string,
    dims: readonly number[],
    values: Float32Array,
    steps: Float32Array,
    stepDims: readonly number[],
  ) => {
    d.tensor(name, 'float32', dims, values);
    d.tensor(`${name}.step`, 'float32', stepDims, steps);
    return recipe.weightBits === 1
      ? d.node(`${QONNX}:BipolarQuant`, [name, `${name}.step`], `${name}.q`)
      : quant(name, `${name}.step`, weight, 1, `${name}.q`);
  };
  let x = quant('image', pixel, eight, 0, 'image.q');
  CONVS.forEach((c, i) => {
    const { codes, steps } = quantizeTensor(net.convs[i]!.kernel, c.outChannels, recipe.weightBits);
    const factor = steps.map((s) => s * inputFactor(i));
    const kernel = toOihw(
      codes.map((v, at) => v * factor[at % c.outChannels]!),
      c.inChannels,
      c.outChannels,
    );
    const w = quantizeWeights(`${c.name}.weight`, [c.outChannels, c.inChannels, 3, 3], kernel, factor, [
      c.outChannels,
      1,
      1,
      1,
    ]);
    x = d.node('Conv', [x, w], `${c.name}.sum`, convAttributes(c.stride));
    x = d.node('Relu', [batchNorm(d, net, i, x)], `${c.name}.relu`);
    x = quant(x, step, activation, 0, `${c.name}.q`);
    if (c.pool) x = d.node('MaxPool', [x], `${c.name}.pool`, { kernel_shape: [2, 2], strides: [2, 2] });
  });
  x = d.node('Flatten', [x], 'features', { axis: 1 });
  const { codes, steps } = quantizeTensor(net.dense, CLASSES, recipe.weightBits);
  const dense = toChw(codes.map((v, at) => v * steps[at % CLASSES]!));
  const w = quantizeWeights('dense.weight', [FEATURES, CLASSES], dense, steps, [1, CLASSES]);
  x = d.node('MatMul', [x, w], 'dense.sum');
  d.tensor('dense.bias', 'float32', [CLASSES], net.bias);
  d.node('Add', [x, 'dense.bias'], 'logits');
  return d.finish(`digits-${recipe.name}`, 'logits', true);
}

interface Folded {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** Batch norm folded into the kernel (out x in x 3 x 3) and a bias. */
function fold(net: NetworkWeights, layer: number): Folded {
  const c = CONVS[layer]!;
  const w = net.convs[layer]!;
  const factor = w.gamma.map((g, o) => g / Math.sqrt(w.variance[o]! + BN_EPSILON));
  const per = c.inChannels * 9;
  return {
    kernel: toOihw(w.kernel, c.inChannels, c.outChannels).map(
      (v, i) => v * factor[Math.floor(i / per)]! * inputFactor(layer),
    ),
    bias: w.beta.map((b, o) => b - w.mean[o]! * factor[o]!),
  };
}

/** ReLU keeps activations at or above 0, so codes are uint8 with zero point 0; the logits are int8 around 0. */
function qdqModel(net: NetworkWeights, calibration: DigitSet, weightBits: 8 | 4): Uint8Array {
  const d = new Draft();
  const type = weightBits === 8 ? 'int8' : 'int4';
  const steps = activationSteps(net, calibration);
  const zero = d.scalar('zero.u8', 'uint8', 0);
  const requantize = (x: string, step: number, name: string) => {
    const scale = d.scalar(`${name}.step`, 'float32', step);
    d.node('QuantizeLinear', [x, scale, zero], `${name}.codes`);
    return d.node('DequantizeLinear', [`${name}.codes`, scale, zero], `${name}.q`);
  };
  const weights = (
    name: string,
    dims: readonly number[],
    values: Float32Array,
    axis: number,
    inputStep: number,
    bias: Float32Array,
  ): [string, string] => {
    const { codes, scales } = perChannel(values, dims, axis, weightBits);
    d.tensor(`${name}.codes`, type, dims, codes);
    d.tensor(`${name}.step`, 'float32', [dims[axis]!], scales);
    d.node('DequantizeLinear', [`${name}.codes`, `${name}.step`], name, { axis });
    const biasScale = scales.map((s) => Math.fround(s * Math.fround(inputStep)));
    d.tensor(
      `${name}.bias.codes`,
      'int32',
      [bias.length],
      bias.map((b, o) => Math.round(b / biasScale[o]!)),
    );
    d.tensor(`${name}.bias.step`, 'float32', [bias.length], biasScale);
    return [name, d.node('DequantizeLinear', [`${name}.bias.codes`, `${name}.bias.step`], `${name}.bias`, { axis: 0 })];
  };
  let x = requantize('image', 1, 'image');
  let inputStep = 1;
  CONVS.forEach((c, i) => {
    const folded = fold(net, i);
    const [w, b] = weights(
      `${c.name}.weight`,
      [c.outChannels, c.inChannels, 3, 3],
      folded.kernel,
      0,
      inputStep,
      folded.bias,
    );
    x = d.node('Conv', [x, w, b], `${c.name}.sum`, convAttributes(c.stride));
    x = d.node('Relu', [x], `${c.name}.relu`);
    inputStep = steps[i]!;
    x = requantize(x, inputStep, c.name);
    if (c.pool)
      x = requantize(
        d.node('MaxPool', [x], `${c.name}.pool`, { kernel_shape: [2, 2], strides: [2, 2] }),
        inputStep,
        `${c.name}.pooled`,
      );
  });
  x = d.node('Flatten', [x], 'features', { axis: 1 });
  x = requantize(x, inputStep, 'features');
  const [w, b] = weights('dense.weight', [FEATURES, CLASSES], toChw(net.dense), 1, inputStep, net.bias);
  x = d.node('Gemm', [x, w, b], 'dense.sum');
  const scale = d.scalar('logits.step', 'float32', 0.25);
  const signedZero = d.scalar('zero.s8', 'int8', 0);
  d.node('QuantizeLinear', [x, scale, signedZero], 'logits.codes');
  d.node('DequantizeLinear', ['logits.codes', scale, signedZero], 'logits');
  return d.finish(`digits-${type}`, 'logits', false);
}

/** Largest activation of each layer over the calibration images, over 255. */
function activationSteps(net: NetworkWeights, calibration: DigitSet): number[] {
  const largest = CONVS.map(() => 0);
  evaluate(net, calibration, undefined, (layer, max) => {
    largest[layer] = Math.max(largest[layer]!, max);
  });
  return largest.map((m) => Math.fround(m / 255));
}

/** Symmetric codes per channel of `axis`, scaled by the largest magnitude. */
function perChannel(
  values: Float32Array,
  dims: readonly number[],
  axis: number,
  bits: number,
): { codes: Float32Array; scales: Float32Array } {
  const inner = dims.slice(axis + 1).reduce((n, v) => n * v, 1);
  const channel = (i: number) => Math.floor(i / inner) % dims[axis]!;
  const top = 2 ** (bits - 1) - 1;
  const scales = new Float32Array(dims[axis]!);
  values.forEach((v, i) => {
    scales[channel(i)] = Math.max(scales[channel(i)]!, Math.abs(v) / top);
  });
  return { codes: values.map((v, i) => Math.max(-top, Math.min(top, Math.round(v / scales[channel(i)]!)))), scales };
}
