/** Softmax along one axis: float32 maximum, subtract, exp, float32 sum in index order, one division each. */
import { allocate, isFloat, type OpDefinition, requireThat } from './op.ts';
import { exponential } from './transcendental.ts';

export const softmax: OpDefinition<'softmax'> = {
  doc: 'softmax along an axis',
  arity: [1, 1],
  infer({ axis }, [x]) {
    requireThat(x !== undefined && isFloat(x), 'softmax takes float32');
    requireThat(axis >= 0 && axis < x.shape.length, `axis ${axis} is outside [${x.shape}]`);
    return x;
  },
  reference({ axis }, [x], output) {
    const out = allocate(output);
    const size = output.shape[axis]!;
    const inner = output.shape.slice(axis + 1).reduce((n, d) => n * d, 1);
    for (let line = 0; line < out.length / size; line++) {
      const start = Math.floor(line / inner) * size * inner + (line % inner);
      let max = -Infinity;
      for (let i = 0; i < size; i++) max = Math.max(max, x!.data[start + i * inner]!);
      let sum = 0;
      for (let i = 0; i < size; i++) {
        const e = Math.fround(exponential(Math.fround(x!.data[start + i * inner]! - max)));
        out[start + i * inner] = e;
        sum = Math.fround(sum + e);
      }
      for (let i = 0; i < size; i++) out[start + i * inner] = out[start + i * inner]! / sum;
    }
    return out;
  },
};
