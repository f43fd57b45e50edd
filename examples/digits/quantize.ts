/** Weight quantizers of the recipes: codes and steps per output channel. */
import { weightStep } from './network.ts';

/** codes x step per channel, as floats. */
export function quantizedValues(w: Float32Array, channels: number, bits: number): Float32Array {
  const { codes, steps } = quantizeTensor(w, channels, bits);
  return codes.map((c, i) => Math.fround(c * steps[i % channels]!));
}

/** Codes (-1, +1 at one bit; narrow two's complement above) and float32 steps per output channel, the last axis. */
export function quantizeTensor(
  w: Float32Array,
  channels: number,
  bits: number,
): { codes: Float32Array; steps: Float32Array } {
  const steps = Float32Array.from({ length: channels }, (_, c) => {
    const own: number[] = [];
    for (let i = c; i < w.length; i += channels) own.push(Math.abs(w[i]!));
    return Math.max(weightStep(own, bits), 1e-8);
  });
  const top = 2 ** (bits - 1) - 1;
  const codes = w.map((v, i) =>
    bits === 1 ? (v >= 0 ? 1 : -1) : Math.min(top, Math.max(-top, Math.round(v / steps[i % channels]!))),
  );
  return { codes, steps };
}
