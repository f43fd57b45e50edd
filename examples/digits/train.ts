/**
 * Training with TensorFlow.js on the CPU: float first, then each recipe from the float weights with quantizers in the forward pass and straight-through
 * gradients. Batch norm's averages are measured again at the end with the quantized weights.
 */
import * as tf from '@tensorflow/tfjs';
import { createRandom } from '../../isa/base/random.ts';
import { type DigitSet, SIZE } from './generate.ts';
import { BN_EPSILON, CLASSES, CONVS, FEATURES, type NetworkWeights, type Recipe } from './network.ts';
import { quantizedValues } from './quantize.ts';

const BATCH = 50;

interface Variables {
  readonly kernels: tf.Variable[];
  readonly gammas: tf.Variable[];
  readonly betas: tf.Variable[];
  readonly dense: tf.Variable;
  readonly bias: tf.Variable;
}

type Averages = { mean: tf.Tensor; variance: tf.Tensor }[];

export interface TrainOptions {
  readonly epochs: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly recipe?: Recipe;
  readonly from?: NetworkWeights;
  readonly log: (line: string) => void;
}

export async function train(data: DigitSet, options: TrainOptions): Promise<NetworkWeights> {
  await tf.setBackend('cpu');
  const v = createVariables(options.seed, options.from);
  const optimizer = tf.train.adam(options.learningRate);
  const random = createRandom(options.seed + 1);
  const order = Array.from(data.labels, (_, i) => i);
  const steps = Math.floor(order.length / BATCH);
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.int(0, i);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    let total = 0;
    for (let s = 0; s < steps; s++) {
      const picked = order.slice(s * BATCH, (s + 1) * BATCH);
      const [x, y] = batch(data, picked);
      const loss = optimizer.minimize(
        () => tf.tidy(() => tf.losses.softmaxCrossEntropy(y, forward(v, x, options.recipe, undefined)) as tf.Scalar),
        true,
      );
      total += loss!.dataSync()[0]!;
      tf.dispose([x, y, loss!]);
    }
    options.log(`epoch ${epoch + 1}/${options.epochs}: loss ${(total / steps).toFixed(4)}`);
  }
  return freeze(v, measureAverages(v, data, options.recipe));
}

function createVariables(seed: number, from: NetworkWeights | undefined): Variables {
  const random = createRandom(seed);
  const normal = (n: number, deviation: number) =>
    Float32Array.from(
      { length: n },
      () => deviation * (Array.from({ length: 12 }, () => random.real()).reduce((s, r) => s + r, 0) - 6),
    );
  const kernels = CONVS.map((c, i) =>
    tf.variable(
      tf.tensor4d(
        from?.convs[i]?.kernel ?? normal(9 * c.inChannels * c.outChannels, Math.sqrt(2 / (9 * c.inChannels))),
        [3, 3, c.inChannels, c.outChannels],
      ),
    ),
  );
  const vector = (n: number, value: number, given: Float32Array | undefined) =>
    tf.variable(tf.tensor1d(given ?? new Float32Array(n).fill(value)));
  return {
    kernels,
    gammas: CONVS.map((c, i) => vector(c.outChannels, 1, from?.convs[i]?.gamma)),
    betas: CONVS.map((c, i) => vector(c.outChannels, 0.3, from?.convs[i]?.beta)),
    dense: tf.variable(
      tf.tensor2d(from?.dense ?? normal(FEATURES * CLASSES, Math.sqrt(1 / FEATURES)), [FEATURES, CLASSES]),
    ),
    bias: vector(CLASSES, 0, from?.bias),
  };
}

function batch(data: DigitSet, picked: readonly number[]): [tf.Tensor4D, tf.Tensor2D] {
  const pixels = SIZE * SIZE;
  const x = new Float32Array(picked.length * pixels);
  picked.forEach((from, i) => {
    for (let p = 0; p < pixels; p++) x[i * pixels + p] = data.images[from * pixels + p]! / 256;
  });
  const labels = tf.tensor1d(
    picked.map((i) => data.labels[i]!),
    'int32',
  );
  const y = tf.oneHot(labels, CLASSES).toFloat() as tf.Tensor2D;
  labels.dispose();
  return [tf.tensor4d(x, [picked.length, SIZE, SIZE, 1]), y];
}

/** Logits; `averages` replaces batch statistics, and `seen` collects them. */
function forward(
  v: Variables,
  x: tf.Tensor4D,
  recipe: Recipe | undefined,
  seen: ((layer: number, mean: tf.Tensor, variance: tf.Tensor) => void) | undefined,
): tf.Tensor2D {
  let a = x;
  CONVS.forEach((c, i) => {
    const kernel =
      recipe === undefined
        ? (v.kernels[i] as unknown as tf.Tensor4D)
        : quantizeWeights(v.kernels[i] as unknown as tf.Tensor4D, recipe.weightBits);
    const sum = tf.conv2d(a, kernel, c.stride, 'same');
    const { mean, variance } = tf.moments(sum, [0, 1, 2]);
    seen?.(i, mean, variance);
    const normal = tf.add(
      tf.mul(tf.div(tf.sub(sum, mean), tf.sqrt(tf.add(variance, BN_EPSILON))), v.gammas[i]!),
      v.betas[i]!,
    );
    let active = tf.relu(normal) as tf.Tensor4D;
    if (recipe !== undefined) active = quantizeActivations(active, recipe);
    a = c.pool ? tf.maxPool(active, 2, 2, 'valid') : active;
  });
  const flat = tf.reshape(a, [a.shape[0], FEATURES]);
  const dense =
    recipe === undefined
      ? (v.dense as unknown as tf.Tensor2D)
      : quantizeWeights(v.dense as unknown as tf.Tensor2D, recipe.weightBits);
  return tf.add(tf.matMul(flat as tf.Tensor2D, dense), v.bias) as tf.Tensor2D;
}

/** Rounds in the forward pass; the gradient passes where the value was not clipped. */
function quantizeActivations(x: tf.Tensor4D, recipe: Recipe): tf.Tensor4D {
  const top = (2 ** recipe.activationBits - 1) * recipe.activationStep;
  const quantize = tf.customGrad((value, save) => {
    const input = value as tf.Tensor4D;
    (save as tf.GradSaveFunc)([input]);
    return {
      value: tf.mul(tf.round(tf.div(tf.clipByValue(input, 0, top), recipe.activationStep)), recipe.activationStep),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        tf.mul(dy, tf.cast(tf.logicalAnd(tf.greaterEqual(saved[0]!, 0), tf.lessEqual(saved[0]!, top)), 'float32')),
    };
  });
  return quantize(x) as tf.Tensor4D;
}

/** Quantized per output channel (the last axis); straight-through gradient. */
function quantizeWeights<T extends tf.Tensor>(w: T, bits: number): T {
  const quantize = tf.customGrad((value) => {
    const input = value as tf.Tensor;
    const channels = input.shape[input.shape.length - 1]!;
    const data = quantizedValues(input.dataSync() as Float32Array, channels, bits);
    return { value: tf.tensor(data, input.shape), gradFunc: (dy: tf.Tensor) => dy };
  });
  return quantize(w) as T;
}

function measureAverages(v: Variables, data: DigitSet, recipe: Recipe | undefined): Averages {
  const sums: Averages = CONVS.map((c) => ({ mean: tf.zeros([c.outChannels]), variance: tf.zeros([c.outChannels]) }));
  const rounds = 10;
  for (let r = 0; r < rounds; r++) {
    const [x, y] = batch(
      data,
      Array.from({ length: 100 }, (_, i) => r * 100 + i),
    );
    tf.dispose(
      forward(v, x, recipe, (layer, mean, variance) => {
        const s = sums[layer]!;
        sums[layer] = {
          mean: tf.add(s.mean, tf.div(mean, rounds)),
          variance: tf.add(s.variance, tf.div(variance, rounds)),
        };
      }),
    );
    tf.dispose([x, y]);
  }
  return sums;
}

function freeze(v: Variables, averages: Averages): NetworkWeights {
  const data = (t: tf.Tensor) => Float32Array.from(t.dataSync());
  return {
    convs: CONVS.map((_, i) => ({
      kernel: data(v.kernels[i]!),
      gamma: data(v.gammas[i]!),
      beta: data(v.betas[i]!),
      mean: data(averages[i]!.mean),
      variance: data(averages[i]!.variance),
    })),
    dense: data(v.dense),
    bias: data(v.bias),
  };
}
