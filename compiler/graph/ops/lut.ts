/** A function of a code, by table; one table, or one per channel of an axis. */
import { type IntegerType, integerRange } from '../types.ts';
import { allocate, channelOf, type OpDefinition, requireThat } from './op.ts';

/** Number of codes a table must cover: 2^bits, from the lowest code; bipolar and ternary tables cover -1 .. +1. */
export function tableEntries(t: IntegerType): number {
  const { min, max } = integerRange(t);
  return max - min + 1;
}

export const lut: OpDefinition<'lut'> = {
  doc: 'table look-up by code',
  arity: [1, 1],
  infer({ table, axis }, [x], element) {
    requireThat(
      x !== undefined && x.element.kind === 'int' && x.element.bits <= 16,
      'a table look-up takes codes of at most 16 bits',
    );
    requireThat(element !== undefined, 'a table look-up needs a result type');
    const entries = tableEntries(x.element);
    requireThat(
      table.length === entries || table.length === entries * x.shape[axis]!,
      `the table has ${table.length} entries, expected ${entries} a channel`,
    );
    return { element, shape: x.shape };
  },
  reference({ table, axis }, [x], output) {
    const out = allocate(output);
    const type = x!.type.element as IntegerType;
    const entries = tableEntries(type);
    const { min } = integerRange(type);
    const channel = table.length === entries ? () => 0 : channelOf(output.shape, axis);
    for (let i = 0; i < out.length; i++) out[i] = table[channel(i) * entries + x!.data[i]! - min]!;
    return out;
  },
};
