/** Exact sum of 32-bit integers; one that leaves 32 bits is an error. */
import { broadcastIndex, broadcastShape } from './broadcast.ts';
import { allocate, type OpDefinition, requireInt32, requireThat } from './op.ts';

export const addi: OpDefinition<'addi'> = {
  doc: 'exact sum of 32-bit integers, broadcasting',
  arity: [2, 2],
  infer(_, [a, b]) {
    requireThat(a?.element.kind === 'int' && b?.element.kind === 'int', 'an integer sum takes integers');
    return { element: { kind: 'int', bits: 32, coding: 'signed' }, shape: broadcastShape(a.shape, b.shape) };
  },
  reference(_, [a, b], output) {
    const out = allocate(output);
    const ia = broadcastIndex(a!.type, output);
    const ib = broadcastIndex(b!.type, output);
    for (let i = 0; i < out.length; i++) {
      out[i] = requireInt32(a!.data[ia(i)]! + b!.data[ib(i)]!);
    }
    return out;
  },
};
