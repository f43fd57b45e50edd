/** Layer and root-mean-square normalization over the last axis: sums of rows, then elementwise steps, one rounding each. */
import type { NodeOf } from '../../graph/types.ts';
import type { KernelInput, PlainKernel } from '../kernel.ts';
import { broadcastNeed, fewFactors } from '../kernel.ts';
import { at, memoryOrder } from '../layout.ts';
import type { View } from '../walk.ts';
import { walk } from '../walk.ts';
import type { NodeContext } from './context.ts';
import { FLOAT, freeGrain } from './context.ts';
import { alongLines, lineInput, linesOf, lineTemp } from './lines.ts';
import { loopsOf, walksBroadcast } from './pointwise.ts';

export function layerNormKernel(cx: NodeContext, node: NodeOf<'layer-norm'>): PlainKernel {
  const { epsilon, centred } = node.attributes;
  const { shape } = cx.output;
  const axis = shape.length - 1;
  const features = at(shape, axis);
  const order = memoryOrder(shape.length);
  const lines = linesOf(shape.length, axis);
  const parameters = [
    cx.operand(1),
    cx.scalar('count', features, FLOAT),
    cx.scalar('epsilon', epsilon, FLOAT),
    cx.scalar('one', 1, FLOAT),
    ...(node.inputs.length > 2 ? [cx.operand(2)] : []),
  ];
  return {
    kind: 'plain',
    name: node.name,
    layer: cx.layer(),
    output: node.output,
    shape,
    format: FLOAT,
    grain: freeGrain(shape, FLOAT.bits).map((g, d) => (d === axis ? features : g)),
    inputs: [
      lineInput(cx, axis, centred ? 0 : 2),
      ...parameters.map(
        (p): KernelInput => ({
          source: p.source,
          need: broadcastNeed(p.shape, shape.length),
          accepts: fewFactors,
          walks: walksBroadcast,
        }),
      ),
    ],
    stages: node.inputs.length > 2 ? 5 : 4,
    temps: (counts) => {
      const line = counts.map((c, d) => (d === axis ? 1 : c));
      return [
        lineTemp(cx, 'sum', line, 0, 2),
        lineTemp(cx, 'mean', line, 0, 1),
        ...(centred ? [lineTemp(cx, 'centred', counts, 0, 2)] : []),
        lineTemp(cx, 'squares', counts, 1, 1),
        lineTemp(cx, 'scaled', counts, 2, 3),
        ...(node.inputs.length > 2 ? [lineTemp(cx, 'weighted', counts, 3, 4)] : []),
      ];
    },
    emit: ({ inputs, output, temps, box }, emit) => {
      const [x, gamma, count, eps, one] = [0, 1, 2, 3, 4].map((i) => at(inputs, i)) as [View, View, View, View, View];
      const [sum, mean] = [at(temps, 0), at(temps, 1)];
      const [squares, scaled] = [at(temps, centred ? 3 : 2), at(temps, centred ? 4 : 3)];
      const rows = box.count.map((c, i) => (i === axis ? 1 : c));
      const all = (view: View) => walk(view, [loopsOf(view, box.count, order)]);
      const row = (view: View) => walk(view, [loopsOf(view, rows, lines)]);
      const along = (view: View) => alongLines(view, lines, axis);
      let centre = x;
      if (centred) {
        emit({ op: 'vred', dst: row(sum), ...along(x), reduction: 'sum' });
        emit({ op: 'vdiv', dst: row(mean), a: row(sum), b: row(count) });
        centre = at(temps, 2);
        emit({ op: 'vsub', dst: all(centre), a: all(x), b: all(mean) });
      }
      emit({ op: 'vmul', dst: all(squares), a: all(centre), b: all(centre) });
      emit({ op: 'vred', dst: row(sum), ...along(squares), reduction: 'sum' });
      emit({ op: 'vdiv', dst: row(mean), a: row(sum), b: row(count) });
      emit({ op: 'vadd', dst: row(sum), a: row(mean), b: row(eps) });
      emit({ op: 'vsqrt', dst: row(mean), a: row(sum) });
      emit({ op: 'vdiv', dst: row(sum), a: row(one), b: row(mean) });
      emit({ op: 'vmul', dst: all(scaled), a: all(centre), b: all(sum) });
      const shift = inputs[5];
      if (shift === undefined) {
        emit({ op: 'vmul', dst: all(output), a: all(scaled), b: all(gamma) });
        return;
      }
      const weighted = at(temps, temps.length - 1);
      emit({ op: 'vmul', dst: all(weighted), a: all(scaled), b: all(gamma) });
      emit({ op: 'vadd', dst: all(output), a: all(weighted), b: all(shift) });
    },
  };
}
