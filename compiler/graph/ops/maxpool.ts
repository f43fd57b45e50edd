/** Maximum over a 2-D window, codes or float32; padding never wins. */
import { allocate, type OpDefinition, requireThat } from './op.ts';
import { eachWindow, pooledType } from './window.ts';

export const maxpool: OpDefinition<'maxpool'> = {
  doc: 'maximum over a window; padding never wins',
  arity: [1, 1],
  infer: ({ window }, [x]) => pooledType(x, window),
  reference({ window }, [x], output) {
    const out = allocate(output);
    eachWindow(x!.type, window, output, (at, offsets) => {
      requireThat(offsets.length > 0, 'a pooling window lies wholly in the padding');
      out[at] = offsets.reduce((m, o) => Math.max(m, x!.data[o]!), -Infinity);
    });
    return out;
  },
};
