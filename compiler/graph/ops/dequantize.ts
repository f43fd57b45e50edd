/** Codes to float32: float32(code - zero) times scale, one rounding each. */
import { allocate, channelOf, type OpDefinition, requireThat } from './op.ts';

export const dequantize: OpDefinition<'dequantize'> = {
  doc: 'codes to float32',
  arity: [1, 1],
  infer({ scale, zeroPoint, axis }, [x]) {
    requireThat(x !== undefined && x.element.kind === 'int', 'dequantize takes integers');
    for (const n of [scale.length, zeroPoint.length]) {
      requireThat(n === 1 || n === x.shape[axis], `${n} scales or zero points for axis ${axis} of [${x.shape}]`);
    }
    return { element: { kind: 'float32' }, shape: x.shape };
  },
  reference({ scale, zeroPoint, axis }, [x], output) {
    const out = allocate(output);
    const channel = channelOf(output.shape, axis);
    for (let i = 0; i < out.length; i++) {
      const c = channel(i);
      const zero = zeroPoint.length === 1 ? zeroPoint[0]! : zeroPoint[c]!;
      out[i] = Math.fround(x!.data[i]! - zero) * (scale.length === 1 ? scale[0]! : scale[c]!);
    }
    return out;
  },
};
