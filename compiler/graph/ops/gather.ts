/** Rows of a constant table, one for each index: embeddings. An index outside the table is an error. */
import { sizeOf } from '../types.ts';
import { allocate, type OpDefinition, OpError, requireThat } from './op.ts';

export const gather: OpDefinition<'gather'> = {
  doc: 'rows of a table by computed indices',
  arity: [2, 2],
  infer(_, [table, index]) {
    requireThat(table !== undefined && table.shape.length >= 1, 'a look-up needs a table with rows');
    requireThat(index?.element.kind === 'int', 'indices must be integers');
    return { element: table.element, shape: [...index.shape, ...table.shape.slice(1)] };
  },
  reference(_, [table, index], output) {
    const out = allocate(output);
    const rows = table!.type.shape[0]!;
    const row = sizeOf(table!.type.shape.slice(1));
    index!.data.forEach((i: number, at: number) => {
      if (i < 0 || i >= rows) throw new OpError(`index ${i} is outside the ${rows} rows of the table`);
      out.set(table!.data.subarray(i * row, (i + 1) * row), at * row);
    });
    return out;
  },
};
