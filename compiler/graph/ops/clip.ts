/** float32 clipped to constant bounds. */
import { allocate, clamp, isFloat, type OpDefinition, requireThat } from './op.ts';

export const clip: OpDefinition<'clip'> = {
  doc: 'float32 clipped to [min, max]',
  arity: [1, 1],
  infer({ min, max }, [x]) {
    requireThat(x !== undefined && isFloat(x), 'clip takes float32');
    requireThat(min <= max, `clip bounds [${min}, ${max}] are empty`);
    return x;
  },
  reference({ min, max }, [x], output) {
    const out = allocate(output);
    for (let i = 0; i < out.length; i++) out[i] = clamp(x!.data[i]!, min, max);
    return out;
  },
};
