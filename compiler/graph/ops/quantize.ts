/**
 * float32 to codes: ONNX QuantizeLinear (round, then add the zero point, then clip) and QONNX Quant (add the zero point, clip, then
 * round), each step one float32 operation.
 */
import type { Rounding } from '../vocabulary.ts';
import { allocate, channelOf, clamp, isFloat, type OpDefinition, requireThat, roundHalfEven } from './op.ts';

export const quantize: OpDefinition<'quantize'> = {
  doc: 'float32 to codes',
  arity: [1, 1],
  infer({ scale, zeroPoint, axis }, [x], element) {
    requireThat(x !== undefined && isFloat(x), 'quantize takes float32');
    requireThat(element !== undefined && element.kind === 'int', 'quantize gives integers');
    for (const n of [scale.length, zeroPoint.length]) {
      requireThat(n === 1 || n === x.shape[axis], `${n} scales or zero points for axis ${axis} of [${x.shape}]`);
    }
    return { element, shape: x.shape };
  },
  reference({ scale, zeroPoint, axis, rounding, min, max, order }, [x], output) {
    const out = allocate(output);
    const channel = channelOf(output.shape, axis);
    for (let i = 0; i < out.length; i++) {
      const c = channel(i);
      const zero = zeroPoint.length === 1 ? zeroPoint[0]! : zeroPoint[c]!;
      const scaled = Math.fround(x!.data[i]! / (scale.length === 1 ? scale[0]! : scale[c]!));
      out[i] =
        order === 'round-then-zero'
          ? clamp(roundTo(scaled, rounding) + zero, min, max)
          : roundTo(clamp(Math.fround(scaled + zero), min, max), rounding);
    }
    return out;
  },
};

/** Rounding by QONNX's names (away-from-zero = UP, toward-zero = DOWN). */
export function roundTo(x: number, rounding: Rounding): number {
  switch (rounding) {
    case 'half-even':
      return roundHalfEven(x);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'toward-zero':
      return Math.trunc(x);
    case 'away-from-zero':
      return Math.sign(x) * Math.ceil(Math.abs(x));
    case 'half-up':
      return Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
    case 'half-down':
      return Math.sign(x) * Math.ceil(Math.abs(x) - 0.5);
  }
}
