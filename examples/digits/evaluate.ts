/** The network in plain loops, with batch norm's averages: for calibration, and for the accuracy that the exported files are held against. */
import { halfEven } from '../../isa/numerics/special.ts';
import { type DigitSet, SIZE } from './generate.ts';
import {
  BN_EPSILON,
  CLASSES,
  CONVS,
  type ConvLayer,
  type ConvWeights,
  FEATURES,
  type NetworkWeights,
} from './network.ts';
import { quantizedValues } from './quantize.ts';
import { INPUT_STEP, type Precision } from './recipe.ts';

/** What one image makes of the network. */
export interface Inference {
  /** Result of each layer of CONVS, (height, width, channel). */
  readonly activations: readonly Float32Array[];
  /** [CLASSES]. */
  readonly logits: Float32Array;
}

/** How many images of the set get their label, the first largest logit being the answer. */
export function countCorrect(net: NetworkWeights, data: DigitSet, precision?: Precision): number {
  let correct = 0;
  for (const [i, { logits }] of inferAll(net, data, precision).entries())
    if (logits.indexOf(Math.max(...logits)) === data.labels[i]) correct += 1;
  return correct;
}

/** Runs every image of the set. */
export function inferAll(net: NetworkWeights, data: DigitSet, precision?: Precision): Inference[] {
  const weights = (w: Float32Array, channels: number) =>
    precision === undefined ? w : quantizedValues(w, channels, precision.weightBits);
  const convs = CONVS.map((c, i) => ({ ...net.convs[i]!, kernel: weights(net.convs[i]!.kernel, c.outChannels) }));
  const dense = weights(net.dense, CLASSES);
  return Array.from(data.labels, (_, n) => {
    const pixels = data.images.subarray(n * SIZE * SIZE, (n + 1) * SIZE * SIZE);
    let a: Float32Array = Float32Array.from(pixels, (p) => p * INPUT_STEP);
    const activations = CONVS.map((c, i) => {
      const sum = convolve(a, c, convs[i]!.kernel);
      activate(sum, convs[i]!, precision);
      a = c.pool ? pool(sum, c.outChannels) : sum;
      return a;
    });
    return { activations, logits: linear(a, dense, net.bias) };
  });
}

/** "Same" padding as TensorFlow's: at stride 2 an even size pads only behind. */
function convolve(a: Float32Array, layer: ConvLayer, kernel: Float32Array): Float32Array {
  const { inChannels, outChannels, stride } = layer;
  const size = Math.sqrt(a.length / inChannels);
  const before = stride === 1 ? 1 : 0;
  const n = size / stride;
  const out = new Float32Array(n * n * outChannels);
  for (let p = 0; p < n * n; p++) {
    for (let tap = 0; tap < 9; tap++) {
      const y = Math.floor(p / n) * stride - before + Math.floor(tap / 3);
      const x = (p % n) * stride - before + (tap % 3);
      if (y < 0 || y >= size || x < 0 || x >= size) continue;
      for (let c = 0; c < inChannels; c++) {
        const value = a[(y * size + x) * inChannels + c]!;
        const from = (tap * inChannels + c) * outChannels;
        for (let o = 0; o < outChannels; o++)
          out[p * outChannels + o] = out[p * outChannels + o]! + value * kernel[from + o]!;
      }
    }
  }
  return out;
}

/** Batch norm, ReLU and the activation quantizer, in place. */
function activate(a: Float32Array, w: ConvWeights, precision: Precision | undefined): void {
  const channels = w.gamma.length;
  for (let i = 0; i < a.length; i++) {
    const c = i % channels;
    const normal = (a[i]! - w.mean[c]!) / Math.sqrt(w.variance[c]! + BN_EPSILON);
    const value = Math.max(0, normal * w.gamma[c]! + w.beta[c]!);
    a[i] = precision === undefined ? value : quantized(value, precision);
  }
}

function quantized(value: number, { activationBits, activationStep }: Precision): number {
  return Math.min(2 ** activationBits - 1, halfEven(value / activationStep)) * activationStep;
}

function pool(a: Float32Array, channels: number): Float32Array {
  const size = Math.sqrt(a.length / channels);
  const n = size / 2;
  return Float32Array.from({ length: a.length / 4 }, (_, i) => {
    const c = i % channels;
    const x = 2 * (Math.floor(i / channels) % n);
    const y = 2 * Math.floor(i / channels / n);
    const at = (dy: number, dx: number) => a[((y + dy) * size + x + dx) * channels + c]!;
    return Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
  });
}

function linear(features: Float32Array, dense: Float32Array, bias: Float32Array): Float32Array {
  const out = Float32Array.from(bias);
  for (let f = 0; f < FEATURES; f++)
    for (let k = 0; k < CLASSES; k++) out[k] = out[k]! + features[f]! * dense[f * CLASSES + k]!;
  return out;
}
