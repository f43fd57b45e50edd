/** Joins tensors along an axis; any element type. */
import { sizeOf } from '../types.ts';
import { allocate, type OpDefinition, requireThat } from './op.ts';

export const concat: OpDefinition<'concat'> = {
  doc: 'joins tensors along an axis',
  arity: [1, 64],
  infer({ axis }, inputs) {
    const first = inputs[0];
    requireThat(first !== undefined && axis >= 0 && axis < first.shape.length, `axis ${axis} is outside the input`);
    for (const x of inputs) {
      requireThat(JSON.stringify(x.element) === JSON.stringify(first.element), 'joined tensors need one element type');
      requireThat(
        x.shape.length === first.shape.length && x.shape.every((d, i) => i === axis || d === first.shape[i]),
        `joined shapes [${first.shape}] and [${x.shape}] differ outside axis ${axis}`,
      );
    }
    return {
      element: first.element,
      shape: first.shape.map((d, i) => (i === axis ? inputs.reduce((n, x) => n + x.shape[axis]!, 0) : d)),
    };
  },
  reference({ axis }, inputs, output) {
    const out = allocate(output);
    const inner = sizeOf(output.shape.slice(axis + 1));
    const outer = sizeOf(output.shape.slice(0, axis));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const x of inputs) {
        const run = x.type.shape[axis]! * inner;
        for (let i = 0; i < run; i++) out[at++] = x.data[o * run + i]!;
      }
    }
    return out;
  },
};
