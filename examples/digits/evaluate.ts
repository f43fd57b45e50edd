/** Accuracy of the plain network with batch norm's averages, in plain loops: what the exported files should reach. */
import { type DigitSet, SIZE } from './generate.ts';
import { BN_EPSILON, CLASSES, CONVS, FEATURES, type NetworkWeights, type Recipe } from './network.ts';
import { quantizedValues } from './quantize.ts';

/** Images classified correctly. `calibrate` sees the largest activation of each layer. */
export function evaluate(
  net: NetworkWeights,
  data: DigitSet,
  recipe: Recipe | undefined,
  calibrate?: (layer: number, max: number) => void,
): number {
  const kernels = CONVS.map((c, i) =>
    recipe === undefined
      ? net.convs[i]!.kernel
      : quantizedValues(net.convs[i]!.kernel, c.outChannels, recipe.weightBits),
  );
  const dense = recipe === undefined ? net.dense : quantizedValues(net.dense, CLASSES, recipe.weightBits);
  let correct = 0;
  for (let n = 0; n < data.labels.length; n++) {
    let size = SIZE;
    let a: Float32Array = Float32Array.from(
      data.images.subarray(n * SIZE * SIZE, (n + 1) * SIZE * SIZE),
      (p) => p / 256,
    );
    CONVS.forEach((c, i) => {
      const out = convolve(a, size, c.inChannels, c.outChannels, c.stride, kernels[i]!);
      size /= c.stride;
      normalize(out, net, i, recipe);
      a = c.pool ? pool(out, size, c.outChannels) : out;
      if (c.pool) size /= 2;
      calibrate?.(
        i,
        a.reduce((m, v) => Math.max(m, v), 0),
      );
    });
    let best = 0;
    let bestValue = -Infinity;
    for (let k = 0; k < CLASSES; k++) {
      let sum = net.bias[k]!;
      for (let f = 0; f < FEATURES; f++) sum += a[f]! * dense[f * CLASSES + k]!;
      if (sum > bestValue) {
        best = k;
        bestValue = sum;
      }
    }
    if (best === data.labels[n]) correct += 1;
  }
  return correct;
}

/** "Same" padding as TensorFlow's: at stride 2 an even size pads only behind. */
function convolve(
  a: Float32Array,
  size: number,
  cin: number,
  cout: number,
  stride: number,
  kernel: Float32Array,
): Float32Array {
  const n = size / stride;
  const before = stride === 1 ? 1 : 0;
  const out = new Float32Array(n * n * cout);
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      for (let r = 0; r < 3; r++) {
        for (let s = 0; s < 3; s++) {
          const iy = y * stride - before + r;
          const ix = x * stride - before + s;
          if (iy < 0 || iy >= size || ix < 0 || ix >= size) continue;
          for (let c = 0; c < cin; c++) {
            const v = a[(iy * size + ix) * cin + c]!;
            if (v === 0) continue;
            const k = ((r * 3 + s) * cin + c) * cout;
            const o = (y * n + x) * cout;
            for (let e = 0; e < cout; e++) out[o + e] = out[o + e]! + v * kernel[k + e]!;
          }
        }
      }
    }
  }
  return out;
}

function normalize(a: Float32Array, net: NetworkWeights, layer: number, recipe: Recipe | undefined): void {
  const { gamma, beta, mean, variance } = net.convs[layer]!;
  const channels = gamma.length;
  for (let i = 0; i < a.length; i++) {
    const c = i % channels;
    const v = Math.max(0, ((a[i]! - mean[c]!) / Math.sqrt(variance[c]! + BN_EPSILON)) * gamma[c]! + beta[c]!);
    a[i] =
      recipe === undefined
        ? v
        : Math.min(2 ** recipe.activationBits - 1, Math.round(v / recipe.activationStep)) * recipe.activationStep;
  }
}

function pool(a: Float32Array, size: number, channels: number): Float32Array {
  const n = size / 2;
  const out = new Float32Array(n * n * channels);
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      for (let c = 0; c < channels; c++) {
        const at = (dy: number, dx: number) => a[((2 * y + dy) * size + 2 * x + dx) * channels + c]!;
        out[(y * n + x) * channels + c] = Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
      }
    }
  }
  return out;
}
