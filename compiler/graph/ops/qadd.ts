/**
 * Sum of two quantized tensors as ONNX Runtime computes QLinearAdd: with ra = aScale / scale and rb = bScale / scale in float32
 * and c = zeroPoint - (ra * aZero + rb * bZero), code = saturate(half-even((a*ra + c) + b*rb)), one rounding per operation.
 */
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
    const { ra, rb, c } = qaddConstants(attributes);
    const range = integerRange(output.element as Extract<typeof output.element, { kind: 'int' }>);
    const ia = broadcastIndex(a!.type, output);
    const ib = broadcastIndex(b!.type, output);
    for (let i = 0; i < out.length; i++) {
      const left = Math.fround(Math.fround(a!.data[ia(i)]! * ra) + c);
      const sum = Math.fround(left + Math.fround(b!.data[ib(i)]! * rb));
      out[i] = clamp(roundHalfEven(sum), range.min, range.max);
    }
    return out;
  },
};

/** The three float32 constants of the sum. */
export function qaddConstants(q: {
  aScale: number;
  aZero: number;
  bScale: number;
  bZero: number;
  scale: number;
  zeroPoint: number;
}) {
  const ra = Math.fround(q.aScale / q.scale);
  const rb = Math.fround(q.bScale / q.scale);
  const zeros = Math.fround(Math.fround(ra * q.aZero) + Math.fround(rb * q.bZero));
  return { ra, rb, c: Math.fround(q.zeroPoint - zeros) };
}
