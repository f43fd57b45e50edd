/** Permutes axes; any element type. */
import { allocate, eachIndex, type OpDefinition, requireThat, stridesOf } from './op.ts';

export const transpose: OpDefinition<'transpose'> = {
  doc: 'permutes axes: output axis i is input axis perm[i]',
  arity: [1, 1],
  infer({ perm }, [x]) {
    requireThat(
      x !== undefined && [...perm].sort((a, b) => a - b).every((p, i) => p === i) && perm.length === x.shape.length,
      `[${perm}] does not permute [${x?.shape}]`,
    );
    return { element: x.element, shape: perm.map((p) => x.shape[p]!) };
  },
  reference({ perm }, [x], output) {
    const out = allocate(output);
    const strides = stridesOf(x!.type.shape);
    eachIndex(output.shape, (at, index) => {
      out[at] = x!.data[index.reduce((n, v, i) => n + v * strides[perm[i]!]!, 0)]!;
    });
    return out;
  },
};
