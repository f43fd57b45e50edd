/**
 * Weights to symmetric codes, one scale for each output channel. With 8 bits the largest weight of a channel is the largest code; with fewer,
 * the scale is the one of 24 steps down from there that leaves the least square error: few codes are better spent on the many than on the largest.
 */
import { roundHalfEven } from '../graph/ops/op.ts';

export interface QuantizedWeights {
  /** -(2^(bits-1) - 1) .. 2^(bits-1) - 1, in the order of the weights. */
  readonly codes: Int32Array;
  /** One a channel; value = code · scale in float32. */
  readonly scales: Float32Array;
  /** What the codes stand for. */
  readonly values: Float32Array;
}

/** Scales tried: 1, 1 - 1/32, .. 9/32 of that of the largest weight. */
const STEPS = 24;

/** `weights` are channel after channel. A channel of zeros has scale 1. */
export function quantizeWeights(weights: Float32Array, channels: number, bits: number): QuantizedWeights {
  const size = weights.length / channels;
  const most = 2 ** (bits - 1) - 1;
  const code = (v: number, scale: number): number =>
    Math.max(-most, Math.min(most, roundHalfEven(Math.fround(v / scale))));
  const error = (channel: Float32Array, scale: number): number =>
    channel.reduce((sum, v) => sum + (v - code(v, scale) * scale) ** 2, 0);
  const scales = Float32Array.from({ length: channels }, (_, c) => {
    const channel = weights.subarray(c * size, (c + 1) * size);
    const full = Math.fround(channel.reduce((m, v) => Math.max(m, Math.abs(v)), 0) / most);
    // A subnormal scale would lose the ratio that it stands for.
    if (full < 2 ** -120) return 1;
    const tried = Array.from({ length: bits < 8 ? STEPS : 1 }, (_, i) => Math.fround(full * (1 - i / 32)));
    return tried
      .map((scale) => ({ scale, error: error(channel, scale) }))
      .reduce((best, next) => (next.error < best.error ? next : best)).scale;
  });
  const codes = Int32Array.from(weights, (v, i) => code(v, scales[Math.floor(i / size)]!));
  const values = Float32Array.from(codes, (c, i) => c * scales[Math.floor(i / size)]!);
  return { codes, scales, values };
}
