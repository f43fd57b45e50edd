/**
 * Sum of two quantized tensors as ONNX Runtime's portable QLinearAdd computes it, one float32 rounding per operation:
 * v = (aScale * (a - aZero) + bScale * (b - bZero)) / scale, code = saturate(half-even(v + zeroPoint)). The zero point is added before
 * rounding. Held against the runtime for all pairs of 8-bit codes; lowering looks for an instruction with the same codes (lower/pairs.ts).
 */
import type { OpAttributes } from '../types.ts';
import { integerRange } from '../types.ts';
import { broadcastIndex, broadcastShape } from './broadcast.ts';
import { allocate, clamp, type OpDefinition, requireThat, roundHalfEven } from './op.ts';

export const qadd: OpDefinition<'qadd'> = {
  doc: 'quantized sum with two scales',
  arity: [2, 2],
  infer(_, [a, b], element) {
    requireThat(a?.element.kind === 'int' && b?.element.kind === 'int', 'a quantized sum takes integers');
    requireThat(element !== undefined && element.kind === 'int', 'a quantized sum gives integers');
    return { element, shape: broadcastShape(a.shape, b.shape) };
  },
  reference(attributes, [a, b], output) {
    const out = allocate(output);
    const range = integerRange(output.element as Extract<typeof output.element, { kind: 'int' }>);
    const ia = broadcastIndex(a!.type, output);
    const ib = broadcastIndex(b!.type, output);
    for (let i = 0; i < out.length; i++)
      out[i] = clamp(quantizedSum(attributes, a!.data[ia(i)]!, b!.data[ib(i)]!), range.min, range.max);
    return out;
  },
};

/** Code of one pair before saturation. */
export function quantizedSum(q: OpAttributes['qadd'], a: number, b: number): number {
  const left = Math.fround(q.aScale * Math.fround(a - q.aZero));
  const right = Math.fround(q.bScale * Math.fround(b - q.bZero));
  const sum = Math.fround(Math.fround(left + right) / q.scale);
  return roundHalfEven(Math.fround(sum + q.zeroPoint));
}
