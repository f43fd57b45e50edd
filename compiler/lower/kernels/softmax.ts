/** Softmax along one axis: maximum, subtract, exp, sum in index order, divide; five vector instructions, one rounding each. */
import type { NodeOf } from '../../graph/types.ts';
import type { PlainKernel } from '../kernel.ts';
import { at, memoryOrder } from '../layout.ts';
import type { View } from '../walk.ts';
import { plainLoops, walk } from '../walk.ts';
import type { NodeContext } from './context.ts';
import { FLOAT, freeGrain } from './context.ts';
import { alongLines, lineInput, linesOf, lineTemp } from './lines.ts';
import { loopsOf } from './pointwise.ts';

export function softmaxKernel(cx: NodeContext, node: NodeOf<'softmax'>): PlainKernel {
  const { axis } = node.attributes;
  const { shape } = cx.output;
  const order = memoryOrder(shape.length);
  const lines = linesOf(shape.length, axis);
  const grain = freeGrain(shape, FLOAT.bits).map((g, d) => (d === axis ? at(shape, d) : g));
  return {
    kind: 'plain',
    name: node.name,
    layer: cx.layer(),
    output: node.output,
    shape,
    format: FLOAT,
    grain,
    inputs: [lineInput(cx, axis, 0)],
    stages: 3,
    temps: (counts) => {
      const line = counts.map((c, d) => (d === axis ? 1 : c));
      return [
        lineTemp(cx, 'max', line, 0, 0),
        lineTemp(cx, 'shifted', counts, 0, 1),
        lineTemp(cx, 'exp', counts, 1, 2),
        lineTemp(cx, 'sum', line, 2, 2),
      ];
    },
    emit: ({ inputs, output, temps, box }, emit) => {
      const [x, max, shifted, exp, sum] = [at(inputs, 0), at(temps, 0), at(temps, 1), at(temps, 2), at(temps, 3)];
      const all = (view: View) => walk(view, [loopsOf(view, box.count, order)]);
      const one = (view: View) => walk(view, [plainLoops(view.layout, lines)]);
      const along = (view: View) => alongLines(view, lines, axis);
      emit({ op: 'vred', dst: one(max), ...along(x), reduction: 'max' });
      emit({ op: 'vsub', dst: all(shifted), a: all(x), b: all(max) });
      emit({ op: 'vfun', dst: all(exp), a: all(shifted), fn: 'exp' });
      emit({ op: 'vred', dst: one(sum), ...along(exp), reduction: 'sum' });
      emit({ op: 'vdiv', dst: all(output), a: all(exp), b: all(sum) });
    },
  };
}
