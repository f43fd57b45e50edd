/** The first value where the condition is 1, the second where it is 0; bits pass unchanged, whatever they mean. */
import { broadcastIndex, broadcastShape } from './broadcast.ts';
import { allocate, type OpDefinition, requireThat } from './op.ts';

export const where: OpDefinition<'where'> = {
  doc: 'one of two values by a condition',
  arity: [3, 3],
  infer(_, [condition, a, b]) {
    const { element } = condition ?? {};
    const flags = element?.kind === 'int' && element.bits <= 8 && element.coding === 'unsigned';
    requireThat(condition !== undefined && flags, 'a condition is unsigned codes, 0 or 1');
    requireThat(a !== undefined && b !== undefined, 'a choice needs two values');
    requireThat(JSON.stringify(a.element) === JSON.stringify(b.element), 'both values need one element type');
    return { element: a.element, shape: broadcastShape(condition.shape, broadcastShape(a.shape, b.shape)) };
  },
  reference(_, [condition, a, b], output) {
    const out = allocate(output);
    const [ic, ia, ib] = [condition!, a!, b!].map((t) => broadcastIndex(t.type, output)) as [
      (i: number) => number,
      (i: number) => number,
      (i: number) => number,
    ];
    for (let i = 0; i < out.length; i++) {
      const flag = condition!.data[ic(i)]!;
      requireThat(flag === 0 || flag === 1, `condition ${i} is ${flag}`);
      out[i] = flag === 1 ? a!.data[ia(i)]! : b!.data[ib(i)]!;
    }
    return out;
  },
};
