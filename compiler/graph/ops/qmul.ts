/**
 * Product of two quantized tensors as ONNX Runtime's QLinearMul computes it, one float32 rounding per operation:
 * v = ((aScale * (a - aZero)) * (bScale * (b - bZero))) / scale, code = saturate(half-even(v + zeroPoint)). The zero point is added before
 * rounding, as in `qadd`.
 */
import type { QuantizedPair } from '../types.ts';
import { roundHalfEven } from './op.ts';
import { quantizedPair } from './quantized-pair.ts';

export const qmul = quantizedPair(
  'quantized product, element by element, with two scales',
  'a quantized product',
  quantizedProduct,
);

/** Code of one pair before saturation. */
export function quantizedProduct(q: QuantizedPair, a: number, b: number): number {
  const left = Math.fround(q.aScale * Math.fround(a - q.aZero));
  const right = Math.fround(q.bScale * Math.fround(b - q.bZero));
  const product = Math.fround(Math.fround(left * right) / q.scale);
  return roundHalfEven(Math.fround(product + q.zeroPoint));
}
