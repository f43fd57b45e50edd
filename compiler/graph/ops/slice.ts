/** Every steps[i]-th element of axis i from starts[i]; steps may be negative. The result shape travels as the node's declared result. */
import { allocate, eachIndex, type OpDefinition, requireThat, stridesOf } from './op.ts';

export const slice: OpDefinition<'slice'> = {
  doc: 'every steps[i]-th element of axis i from starts[i]',
  arity: [1, 1],
  infer(_, [x]) {
    requireThat(x !== undefined, 'slice needs an input');
    return x;
  },
  reference({ starts, steps }, [x], output) {
    const out = allocate(output);
    const strides = stridesOf(x!.type.shape);
    eachIndex(output.shape, (at, index) => {
      out[at] = x!.data[index.reduce((n, v, i) => n + (starts[i]! + v * steps[i]!) * strides[i]!, 0)]!;
    });
    return out;
  },
};
