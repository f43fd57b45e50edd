/** Surrounds a tensor with a constant; any element type. */
import { allocate, eachIndex, type OpDefinition, requireThat, stridesOf } from './op.ts';

export const pad: OpDefinition<'pad'> = {
  doc: 'surrounds with a constant',
  arity: [1, 1],
  infer({ before, after }, [x]) {
    requireThat(
      x !== undefined && before.length === x.shape.length && after.length === x.shape.length,
      'pads must name every axis',
    );
    requireThat(
      [...before, ...after].every((p) => p >= 0),
      'negative pads are not supported: use Slice',
    );
    return { element: x.element, shape: x.shape.map((d, i) => d + before[i]! + after[i]!) };
  },
  reference({ before, value }, [x], output) {
    const out = allocate(output).fill(value);
    const strides = stridesOf(output.shape);
    eachIndex(x!.type.shape, (at, index) => {
      out[index.reduce((n, v, i) => n + (v + before[i]!) * strides[i]!, 0)] = x!.data[at]!;
    });
    return out;
  },
};
