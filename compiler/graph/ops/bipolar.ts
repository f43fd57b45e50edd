/** float32 to +1 and -1; zero is positive, as QONNX has it. */
import { allocate, isFloat, type OpDefinition, requireThat } from './op.ts';

export const bipolar: OpDefinition<'bipolar'> = {
  doc: '+1 where x >= 0, else -1',
  arity: [1, 1],
  infer(_, [x]) {
    requireThat(x !== undefined && isFloat(x), 'bipolar quantization takes float32');
    return { element: { kind: 'int', bits: 1, coding: 'bipolar' }, shape: x.shape };
  },
  reference(_, [x], output) {
    const out = allocate(output);
    for (let i = 0; i < out.length; i++) out[i] = x!.data[i]! >= 0 ? 1 : -1;
    return out;
  },
};
