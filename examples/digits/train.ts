/**
 * Training with TensorFlow.js on the CPU. With a precision, weights and activations are quantized in the forward pass and gradients pass straight
 * through. Batch norm uses the batch's own statistics; the averages that the exported files need are measured once, at the end.
 */
import * as tf from '@tensorflow/tfjs';
import { createRandom, type Random } from '../../isa/base/random.ts';
import { type DigitSet, SIZE } from './generate.ts';
import { kernelGradient } from './kernel-gradient.ts';
import { BN_EPSILON, CLASSES, CONVS, FEATURES, type NetworkWeights } from './network.ts';
import { quantizedValues } from './quantize.ts';
import { BATCH, INPUT_STEP, type Precision, type Schedule } from './recipe.ts';

export interface TrainOptions extends Schedule {
  readonly seed: number;
  readonly precision: Precision | undefined;
  /** Weights to start from; drawn from the seed when undefined. */
  readonly from: NetworkWeights | undefined;
  readonly log: (line: string) => void;
}

interface Variables {
  readonly kernels: readonly tf.Variable<tf.Rank.R4>[];
  readonly gammas: readonly tf.Variable[];
  readonly betas: readonly tf.Variable[];
  readonly dense: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable;
}

/** Statistics of one layer over a batch, [out] each. */
interface Moments {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** The library's Adam with a rate that may change between steps. */
class Adam extends tf.AdamOptimizer {
  setRate(rate: number): void {
    this.learningRate = rate;
  }
}

/** Trains on all images, BATCH a step, in an order that the seed decides. */
export async function train(data: DigitSet, options: TrainOptions): Promise<NetworkWeights> {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  const { precision, epochs, learningRate } = options;
  const random = createRandom(options.seed);
  const v = createVariables(random.fork('weights'), options.from);
  const optimizer = new Adam(learningRate, 0.9, 0.999);
  const shuffled = random.fork('order');
  const order = Array.from(data.labels, (_, i) => i);
  const steps = Math.floor(order.length / BATCH);
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, shuffled);
    let total = 0;
    for (let s = 0; s < steps; s++) {
      optimizer.setRate(learningRate * (1 - (epoch * steps + s) / (epochs * steps)));
      total += tf.tidy(() => {
        const { x, y } = batch(data, order.slice(s * BATCH, (s + 1) * BATCH));
        const loss = () => tf.losses.softmaxCrossEntropy(y, forward(v, x, precision).logits) as tf.Scalar;
        return optimizer.minimize(loss, true)!.dataSync()[0]!;
      });
    }
    options.log(`epoch ${epoch + 1}/${epochs}: loss ${(total / steps).toFixed(4)}`);
  }
  return freeze(v, data, precision);
}

function shuffle(order: number[], random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.int(0, i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
}

function createVariables(random: Random, from: NetworkWeights | undefined): Variables {
  // Sum of twelve uniform numbers: a normal deviate for this purpose, without logarithms.
  const deviate = () => Array.from({ length: 12 }, () => random.real()).reduce((a, b) => a + b) - 6;
  const normal = (n: number, deviation: number) => Float32Array.from({ length: n }, () => deviation * deviate());
  const vector = (n: number, value: number, given?: Float32Array) =>
    tf.variable(tf.tensor1d(given ?? new Float32Array(n).fill(value)));
  return {
    kernels: CONVS.map((c, i) => {
      const kernel = normal(9 * c.inChannels * c.outChannels, Math.sqrt(2 / (9 * c.inChannels)));
      return tf.variable(tf.tensor4d(from?.convs[i]?.kernel ?? kernel, [3, 3, c.inChannels, c.outChannels]));
    }),
    gammas: CONVS.map((c, i) => vector(c.outChannels, 1, from?.convs[i]?.gamma)),
    betas: CONVS.map((c, i) => vector(c.outChannels, 0.3, from?.convs[i]?.beta)),
    dense: tf.variable(
      tf.tensor2d(from?.dense ?? normal(FEATURES * CLASSES, Math.sqrt(1 / FEATURES)), [FEATURES, CLASSES]),
    ),
    bias: vector(CLASSES, 0, from?.bias),
  };
}

/** x: [picked, SIZE, SIZE, 1]; y: one-hot, [picked, CLASSES]. */
function batch(data: DigitSet, picked: readonly number[]): { x: tf.Tensor4D; y: tf.Tensor2D } {
  const pixels = SIZE * SIZE;
  const x = new Float32Array(picked.length * pixels);
  picked.forEach((image, i) => {
    x.set(data.images.subarray(image * pixels, (image + 1) * pixels), i * pixels);
  });
  const labels = tf.tensor1d(
    picked.map((i) => data.labels[i]!),
    'int32',
  );
  return {
    x: tf.tensor4d(
      x.map((p) => p * INPUT_STEP),
      [picked.length, SIZE, SIZE, 1],
    ),
    y: tf.oneHot(labels, CLASSES).toFloat() as tf.Tensor2D,
  };
}

function forward(
  v: Variables,
  x: tf.Tensor4D,
  precision: Precision | undefined,
): { logits: tf.Tensor2D; moments: Moments[] } {
  const moments: Moments[] = [];
  let a = x;
  CONVS.forEach((c, i) => {
    const sum = convolve(a, weights(v.kernels[i]!, precision), c.stride);
    const { mean, variance } = tf.moments(sum, [0, 1, 2]);
    moments.push({ mean, variance });
    const factor = v.gammas[i]!.div(variance.add(BN_EPSILON).sqrt());
    a = activations(sum.mul(factor).add(v.betas[i]!.sub(mean.mul(factor))), precision);
    if (c.pool) a = tf.maxPool(a, 2, 2, 'valid');
  });
  const features = a.reshape<tf.Tensor2D>([-1, FEATURES]);
  return { logits: features.matMul(weights(v.dense, precision)).add(v.bias), moments };
}

/** tf.conv2d with "same" padding and a quicker gradient. */
export function convolve(x: tf.Tensor4D, kernel: tf.Tensor4D, stride: 1 | 2): tf.Tensor4D {
  const op = tf.customGrad((a, w, save) => {
    const [input, weight] = [a as tf.Tensor4D, w as tf.Tensor4D];
    (save as tf.GradSaveFunc)([input, weight]);
    return {
      value: tf.conv2d(input, weight, stride, 'same'),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [sx, sw] = saved as [tf.Tensor4D, tf.Tensor4D];
        const [images, size, , channels] = sx.shape;
        const data = (t: tf.Tensor) => t.dataSync() as Float32Array;
        const dw = kernelGradient(data(sx), [images, size, channels], data(dy), sw.shape[3], stride);
        return [tf.conv2dTranspose(dy as tf.Tensor4D, sw, sx.shape, stride, 'same'), tf.tensor4d(dw, sw.shape)];
      },
    };
  });
  return op(x, kernel) as tf.Tensor4D;
}

/** Quantized per output channel (the last axis); the gradient passes unchanged. */
function weights<T extends tf.Tensor>(w: T, precision: Precision | undefined): T {
  if (precision === undefined) return w;
  const values = quantizedValues(w.dataSync() as Float32Array, w.shape.at(-1)!, precision.weightBits);
  return tf.customGrad(() => ({ value: tf.tensor(values, w.shape), gradFunc: (dy: tf.Tensor) => dy }))(w) as T;
}

/** ReLU and, with a precision, rounding to its codes; the gradient passes where nothing was clipped. */
function activations(x: tf.Tensor4D, precision: Precision | undefined): tf.Tensor4D {
  if (precision === undefined) return tf.relu(x);
  const { activationBits, activationStep } = precision;
  const top = (2 ** activationBits - 1) * activationStep;
  const quantized = tf.customGrad((value, save) => {
    const input = value as tf.Tensor4D;
    (save as tf.GradSaveFunc)([input]);
    return {
      value: tf.round(tf.div(tf.clipByValue(input, 0, top), activationStep)).mul(activationStep),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        dy.mul(tf.logicalAnd(saved[0]!.greaterEqual(0), saved[0]!.lessEqual(top)).toFloat()),
    };
  });
  return quantized(x) as tf.Tensor4D;
}

/** The weights, with batch norm's averages over the first images of the set. */
function freeze(v: Variables, data: DigitSet, precision: Precision | undefined): NetworkWeights {
  const rounds = 20;
  const floats = (t: tf.Tensor) => Float32Array.from(t.dataSync());
  const averages = CONVS.map((c) => ({
    mean: new Float32Array(c.outChannels),
    variance: new Float32Array(c.outChannels),
  }));
  for (let r = 0; r < rounds; r++) {
    tf.tidy(() => {
      const picked = Array.from({ length: BATCH }, (_, i) => r * BATCH + i);
      forward(v, batch(data, picked).x, precision).moments.forEach((m, i) => {
        for (const name of ['mean', 'variance'] as const)
          m[name].dataSync().forEach((value, c) => {
            averages[i]![name][c] = averages[i]![name][c]! + value / rounds;
          });
      });
    });
  }
  return {
    convs: averages.map((average, i) => ({
      kernel: floats(v.kernels[i]!),
      gamma: floats(v.gammas[i]!),
      beta: floats(v.betas[i]!),
      ...average,
    })),
    dense: floats(v.dense),
    bias: floats(v.bias),
  };
}
