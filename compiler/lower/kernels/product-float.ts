/** float32 product of two computed matrices as multiply-accumulates of the vector unit, in the graph's order of sum. */
import type { NodeOf } from '../../graph/types.ts';
import type { PlainKernel } from '../kernel.ts';
import { NO_TEMPS, plainDims } from '../kernel.ts';
import { at, memoryOrder } from '../layout.ts';
import { plainLoops, walk, walkGroups } from '../walk.ts';
import type { NodeContext } from './context.ts';
import { FLOAT, freeGrain } from './context.ts';

export function productFloatKernel(cx: NodeContext, node: NodeOf<'product-float'>): PlainKernel {
  const { shape } = cx.output;
  const [batch, m, n] = [at(shape, 0), at(shape, 1), at(shape, 2)];
  const k = at(cx.inputType(0).shape, 2);
  return {
    kind: 'plain',
    name: node.name,
    layer: { name: node.name, op: node.op, m: batch * m, k, n, macs: batch * m * k * n },
    output: node.output,
    shape,
    format: FLOAT,
    grain: freeGrain(shape, FLOAT.bits),
    temps: NO_TEMPS,
    stages: 1,
    inputs: [
      {
        source: cx.source(cx.input(0)),
        need: ({ start, count }) => ({
          start: [at(start, 0), at(start, 1), 0],
          count: [at(count, 0), at(count, 1), k],
        }),
        accepts: plainDims,
      },
      {
        source: cx.source(cx.input(1)),
        need: ({ start, count }) => ({
          start: [at(start, 0), 0, at(start, 2)],
          count: [at(count, 0), k, at(count, 2)],
        }),
        accepts: plainDims,
      },
    ],
    emit: ({ inputs, output, box }, emit) => {
      const [x, y] = [at(inputs, 0), at(inputs, 1)];
      const dims = (view: typeof x, d: number) => at(view.layout.dims, d);
      const rows = { count: at(box.count, 1), stride: 0 };
      const columns = { count: at(box.count, 2), stride: 0 };
      const a = walkGroups(x, [[...dims(x, 0), ...dims(x, 1), columns], dims(x, 2)]);
      const b = walk(y, [[...dims(y, 0), rows, ...dims(y, 2)], dims(y, 1)]);
      const dst = walk(output, [plainLoops(output.layout, memoryOrder(3))]);
      emit({ op: 'vdot', dst, a: a.tensor, b, kdims: at(a.dimsOf, 1), accumulate: false });
    },
  };
}
