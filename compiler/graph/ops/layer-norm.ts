/**
 * Normalization over the last axis, each step one float32 operation: mean = sum / K, d = x - mean, variance = sum of d * d / K,
 * y = d * (1 / sqrt(variance + epsilon)) * gamma + beta; sums in index order. Root-mean-square normalization leaves the mean out: d = x.
 */
import { allocate, isFloat, type OpDefinition, requireThat } from './op.ts';

export const layerNorm: OpDefinition<'layer-norm'> = {
  doc: 'layer or root-mean-square normalization over the last axis',
  arity: [2, 3],
  infer({ epsilon }, [x, gamma, beta]) {
    requireThat(x !== undefined && isFloat(x) && x.shape.length > 0, 'a norm takes float32 with an axis');
    requireThat(epsilon >= 0, `epsilon is ${epsilon}`);
    const features = x.shape.at(-1);
    for (const p of [gamma, beta]) {
      const fits = p === undefined || (isFloat(p) && p.shape.length === 1 && p.shape[0] === features);
      requireThat(fits, `scale and shift must be float32 [${features}]`);
    }
    return x;
  },
  reference({ epsilon, centred }, [x, gamma, beta], output) {
    const out = allocate(output);
    const k = output.shape.at(-1)!;
    const d = new Float32Array(k);
    for (let at = 0; at < out.length; at += k) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum = Math.fround(sum + x!.data[at + i]!);
      const mean = centred ? Math.fround(sum / k) : 0;
      let squares = 0;
      for (let i = 0; i < k; i++) {
        d[i] = x!.data[at + i]! - mean;
        squares = Math.fround(squares + Math.fround(d[i]! * d[i]!));
      }
      const variance = Math.fround(Math.fround(squares / k) + Math.fround(epsilon));
      const factor = Math.fround(1 / Math.fround(Math.sqrt(variance)));
      for (let i = 0; i < k; i++) {
        const scaled = Math.fround(Math.fround(d[i]! * factor) * gamma!.data[i]!);
        out[at + i] = beta === undefined ? scaled : scaled + beta.data[i]!;
      }
    }
    return out;
  },
};
