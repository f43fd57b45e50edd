/**
 * Product of two quantized tensors as ONNX Runtime's QLinearMul computes it, one float32 rounding per operation:
 * v = ((aScale * (a - aZero)) * (bScale * (b - bZero))) / scale, code = saturate(half-even(v + zeroPoint)). The zero point is added before
 * rounding, as in `qadd`.
 */
import type { OpAttributes } from '../types.ts';
import { integerRange } from '../types.ts';
import { broadcastIndex, broadcastShape } from './broadcast.ts';
import { allocate, clamp, type OpDefinition, requireThat, roundHalfEven } from './op.ts';

export const qmul: OpDefinition<'qmul'> = {
  doc: 'quantized product, element by element, with two scales',
  arity: [2, 2],
  infer(_, [a, b], element) {
    requireThat(a?.element.kind === 'int' && b?.element.kind === 'int', 'a quantized product takes integers');
    requireThat(element !== undefined && element.kind === 'int', 'a quantized product gives integers');
    return { element, shape: broadcastShape(a.shape, b.shape) };
  },
  reference(attributes, [a, b], output) {
    const out = allocate(output);
    const range = integerRange(output.element as Extract<typeof output.element, { kind: 'int' }>);
    const ia = broadcastIndex(a!.type, output);
    const ib = broadcastIndex(b!.type, output);
    for (let i = 0; i < out.length; i++)
      out[i] = clamp(quantizedProduct(attributes, a!.data[ia(i)]!, b!.data[ib(i)]!), range.min, range.max);
    return out;
  },
};

/** Code of one pair before saturation. */
export function quantizedProduct(q: OpAttributes['qmul'], a: number, b: number): number {
  const left = Math.fround(q.aScale * Math.fround(a - q.aZero));
  const right = Math.fround(q.bScale * Math.fround(b - q.bZero));
  const product = Math.fround(Math.fround(left * right) / q.scale);
  return roundHalfEven(Math.fround(product + q.zeroPoint));
}
