/** Softmax along one axis: maximum, subtract, exp, sum in index order, divide; five vector instructions, one rounding each. */
import type { NodeOf } from '../../graph/types.ts';
import type { PlainKernel } from '../kernel.ts';
import { fewFactors } from '../kernel.ts';
import type { Layout } from '../layout.ts';
import { at, memoryOrder } from '../layout.ts';
import type { View } from '../walk.ts';
import { plainLoops, walk, walkable, walkGroups } from '../walk.ts';
import type { NodeContext } from './context.ts';
import { FLOAT, freeGrain } from './context.ts';
import { loopsOf, walksBroadcast } from './pointwise.ts';

export function softmaxKernel(cx: NodeContext, node: NodeOf<'softmax'>): PlainKernel {
  const { axis } = node.attributes;
  const { shape } = cx.output;
  const order = memoryOrder(shape.length);
  const lines = order.filter((d) => d !== axis);
  const grain = freeGrain(shape, FLOAT.bits).map((g, d) => (d === axis ? at(shape, d) : g));
  return {
    kind: 'plain',
    name: node.name,
    layer: cx.layer(),
    output: node.output,
    shape,
    format: FLOAT,
    grain,
    inputs: [
      {
        source: cx.source(cx.input(0)),
        need: (box) => box,
        accepts: fewFactors,
        walks: walksLines(axis),
        chain: (counts) => counts,
        lastStage: 0,
      },
    ],
    stages: 3,
    temps: (counts) => {
      const line = counts.map((c, d) => (d === axis ? 1 : c));
      const temp = (suffix: string, s: readonly number[], first: number, last: number) => ({
        name: `${node.name}.${suffix}`,
        shape: s,
        format: FLOAT,
        first,
        last,
      });
      return [
        temp('max', line, 0, 0),
        temp('shifted', counts, 0, 1),
        temp('exp', counts, 1, 2),
        temp('sum', line, 2, 2),
      ];
    },
    emit: ({ inputs, output, temps, box }, emit) => {
      const [x, max, shifted, exp, sum] = [at(inputs, 0), at(temps, 0), at(temps, 1), at(temps, 2), at(temps, 3)];
      const all = (view: View) => walk(view, [loopsOf(view, box.count, order)]);
      const one = (view: View) => walk(view, [plainLoops(view.layout, lines)]);
      const along = (view: View) => {
        const found = walkGroups(view, [plainLoops(view.layout, lines), at(view.layout.dims, axis)]);
        return { a: found.tensor, kdims: at(found.dimsOf, 1) };
      };
      emit({ op: 'vred', dst: one(max), ...along(x), reduction: 'max' });
      emit({ op: 'vsub', dst: all(shifted), a: all(x), b: all(max) });
      emit({ op: 'vfun', dst: all(exp), a: all(shifted), fn: 'exp' });
      emit({ op: 'vred', dst: one(sum), ...along(exp), reduction: 'sum' });
      emit({ op: 'vdiv', dst: all(output), a: all(exp), b: all(sum) });
    },
  };
}

/** Whether a piece can be walked in memory order, and line by line along an axis. */
export function walksLines(axis: number): (piece: Layout, counts: readonly number[]) => boolean {
  return (piece, counts) => {
    const lines = memoryOrder(counts.length).filter((d) => d !== axis);
    return walksBroadcast(piece, counts) && walkable(piece, [plainLoops(piece, lines), at(piece.dims, axis)]);
  };
}
