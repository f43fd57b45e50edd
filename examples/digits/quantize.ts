/** Symmetric weight quantizers with one step per output channel, used in training, in the plain forward pass and in the exporters. */
import { halfEven } from '../../isa/numerics/special.ts';

export interface QuantizedWeights {
  /** In the order of the weights: -1 or +1 at one bit, else -(2^(bits-1) - 1) .. 2^(bits-1) - 1. */
  readonly codes: Float32Array;
  /** [channels], float32 and above 0. */
  readonly steps: Float32Array;
}

/** Quantizes a tensor whose last axis has `channels` output channels. */
export function quantizeWeights(w: Float32Array, channels: number, bits: number): QuantizedWeights {
  const steps = Float32Array.from({ length: channels }, (_, c) => {
    const magnitudes = w.filter((_, i) => i % channels === c).map(Math.abs);
    return Math.max(stepOf(magnitudes, bits), 1e-8);
  });
  const top = 2 ** (bits - 1) - 1;
  const code = (x: number) => (bits === 1 ? (x >= 0 ? 1 : -1) : Math.min(top, Math.max(-top, halfEven(x))));
  return { codes: w.map((v, i) => code(v / steps[i % channels]!)), steps };
}

/** codes x step, as float32. */
export function quantizedValues(w: Float32Array, channels: number, bits: number): Float32Array {
  const { codes, steps } = quantizeWeights(w, channels, bits);
  return codes.map((c, i) => c * steps[i % channels]!);
}

/**
 * Binary: the mean magnitude, which is the least-squares step (XNOR-Net). Ternary: 1.2 means, so that what is below 0.6 means becomes 0 (TWN takes
 * 0.7). Wider: the largest magnitude gets the largest code.
 */
function stepOf(magnitudes: Float32Array, bits: number): number {
  if (bits > 2) return magnitudes.reduce((a, b) => Math.max(a, b), 0) / (2 ** (bits - 1) - 1);
  const mean = magnitudes.reduce((a, b) => a + b, 0) / magnitudes.length;
  return bits === 1 ? mean : 1.2 * mean;
}
