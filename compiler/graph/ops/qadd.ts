/**
 * Sum of two quantized tensors as ONNX Runtime's portable QLinearAdd computes it, one float32 rounding per operation:
 * v = (aScale * (a - aZero) + bScale * (b - bZero)) / scale, code = saturate(half-even(v + zeroPoint)). The zero point is added before
 * rounding. Held against the runtime for all pairs of 8-bit codes; lowering looks for an instruction with the same codes (lower/pairs.ts).
 */
import type { QuantizedPair } from '../types.ts';
import { roundHalfEven } from './op.ts';
import { quantizedPair } from './quantized-pair.ts';

export const qadd = quantizedPair('quantized sum with two scales', 'a quantized sum', quantizedSum);

/** Code of one pair before saturation. */
export function quantizedSum(q: QuantizedPair, a: number, b: number): number {
  const left = Math.fround(q.aScale * Math.fround(a - q.aZero));
  const right = Math.fround(q.bScale * Math.fround(b - q.bZero));
  const sum = Math.fround(Math.fround(left + right) / q.scale);
  return roundHalfEven(Math.fround(sum + q.zeroPoint));
}
