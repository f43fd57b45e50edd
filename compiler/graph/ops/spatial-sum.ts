/** Exact sum over height and width of centred codes: what an integer global average is made of. */
import { allocate, type OpDefinition, requireInt32, requireThat } from './op.ts';

export const spatialSum: OpDefinition<'spatial-sum'> = {
  doc: 'sum over height and width of centred codes',
  arity: [1, 1],
  infer(_, [x]) {
    requireThat(
      x !== undefined && x.element.kind === 'int' && x.shape.length === 4,
      'a spatial sum takes integers with 4 dims',
    );
    return { element: { kind: 'int', bits: 32, coding: 'signed' }, shape: [x.shape[0]!, x.shape[1]!, 1, 1] };
  },
  reference({ xZero }, [x], output) {
    const out = allocate(output);
    const plane = x!.type.shape[2]! * x!.type.shape[3]!;
    for (let i = 0; i < out.length; i++) {
      let sum = 0;
      for (let j = 0; j < plane; j++) sum += x!.data[i * plane + j]! - xZero;
      out[i] = requireInt32(sum);
    }
    return out;
  },
};
