/** Same elements in row-major order, another shape. The target shape travels as the node's declared result. */
import { type OpDefinition, requireThat } from './op.ts';

export const reshape: OpDefinition<'reshape'> = {
  doc: 'same elements in row-major order, another shape',
  arity: [1, 1],
  infer(_, [x]) {
    requireThat(x !== undefined, 'reshape needs an input');
    return x;
  },
  reference: (_, [x]) => x!.data.slice(),
};
