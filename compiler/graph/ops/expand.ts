/** Repeats axes of extent 1, and adds leading ones, until the shape is that of the node's declared result. */
import { broadcastIndex, broadcastShape } from './broadcast.ts';
import { allocate, type OpDefinition, requireThat } from './op.ts';

export const expand: OpDefinition<'expand'> = {
  doc: 'repeats axes of extent 1',
  arity: [1, 1],
  infer({ shape }, [x]) {
    requireThat(x !== undefined, 'expand needs an input');
    requireThat(
      broadcastShape(x.shape, shape).join() === shape.join(),
      `[${x.shape}] does not broadcast to [${shape}]`,
    );
    return { element: x.element, shape };
  },
  reference(_, [x], output) {
    const out = allocate(output);
    const from = broadcastIndex(x!.type, output);
    for (let i = 0; i < out.length; i++) out[i] = x!.data[from(i)]!;
    return out;
  },
};
