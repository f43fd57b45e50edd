/** What quantized sums and products have in common: two operands of integers that broadcast, a code for each pair, saturated to the result's type. */
import { type IntegerType, integerRange, type QuantizedPair } from '../types.ts';
import { broadcastIndex, broadcastShape } from './broadcast.ts';
import { allocate, clamp, type OpDefinition, requireThat } from './op.ts';

/**
 * @param what the op in messages, such as `a quantized sum`
 * @param code of one pair, before saturation
 */
export function quantizedPair(
  doc: string,
  what: string,
  code: (q: QuantizedPair, a: number, b: number) => number,
): OpDefinition<'qadd'> & OpDefinition<'qmul'> {
  return {
    doc,
    arity: [2, 2],
    infer(_, [a, b], element) {
      requireThat(a?.element.kind === 'int' && b?.element.kind === 'int', `${what} takes integers`);
      requireThat(element !== undefined && element.kind === 'int', `${what} gives integers`);
      return { element, shape: broadcastShape(a.shape, b.shape) };
    },
    reference(attributes, [a, b], output) {
      const out = allocate(output);
      const range = integerRange(output.element as IntegerType);
      const ia = broadcastIndex(a!.type, output);
      const ib = broadcastIndex(b!.type, output);
      for (let i = 0; i < out.length; i++)
        out[i] = clamp(code(attributes, a!.data[ia(i)]!, b!.data[ib(i)]!), range.min, range.max);
      return out;
    },
  };
}
