/** float32 convolution as window multiply-accumulates of the vector unit, in the graph's order of sum: channel, row, column. */
import type { NodeOf } from '../../graph/types.ts';
import type { Emit, PlainKernel, Tile } from '../kernel.ts';
import { NO_TEMPS, plainDims, refuseUnless } from '../kernel.ts';
import type { Box, Layout } from '../layout.ts';
import { at, boxLayout, memoryOrder } from '../layout.ts';
import { ranges } from '../split.ts';
import { plainLoops, walk, walkGroups } from '../walk.ts';
import type { NodeContext } from './context.ts';
import { FLOAT, freeGrain } from './context.ts';
import { windowLoops, windowNeed } from './window.ts';

export function convFloatKernel(cx: NodeContext, node: NodeOf<'conv-float'>): PlainKernel {
  const { window, groups } = node.attributes;
  const weights = cx.inputType(1).shape;
  const [o, channels, kh, kw] = [at(weights, 0), at(weights, 1), at(weights, 2), at(weights, 3)];
  const k = channels * kh * kw;
  const perGroup = o / groups;
  const constant = cx.floatWeights(1, [o, k]);
  refuseUnless(constant !== undefined, 'weights are computed at run time; they must be constant');
  const { shape } = cx.output;
  const m = at(shape, 0) * at(shape, 2) * at(shape, 3);
  const inputChannels = (start: number, count: number): readonly [number, number] => {
    const from = Math.floor(start / perGroup);
    return [from * channels, (Math.ceil((start + count) / perGroup) - from) * channels];
  };
  return {
    kind: 'plain',
    name: node.name,
    layer: { name: node.name, op: node.op, m, k, n: o, macs: m * k * o },
    output: node.output,
    shape,
    format: FLOAT,
    grain: freeGrain(shape, FLOAT.bits),
    temps: NO_TEMPS,
    stages: 1,
    inputs: [
      {
        source: cx.source(cx.input(0)),
        need: windowNeed(window, cx.inputType(0).shape, inputChannels),
        accepts: plainDims,
      },
      {
        source: { kind: 'constant', constant },
        need: (box) => ({ start: [at(box.start, 1), 0], count: [at(box.count, 1), k] }),
        accepts: () => true,
      },
    ],
    emit: (tile, emit) => {
      const first = at(tile.box.start, 1);
      const end = first + at(tile.box.count, 1);
      for (let group = Math.floor(first / perGroup); group * perGroup < end; group++) {
        const from = Math.max(first, group * perGroup);
        const count = Math.min(end, (group + 1) * perGroup) - from;
        for (const image of ranges(at(tile.box.start, 0), at(tile.box.count, 0), 1)) {
          const box: Box = {
            start: [image.start, from, at(tile.box.start, 2), at(tile.box.start, 3)],
            count: [1, count, at(tile.box.count, 2), at(tile.box.count, 3)],
          };
          emitPart(node, tile, box, group * channels, channels, emit);
        }
      }
    },
  };
}

/** One image and one group: dst[y, x, o] = sum over c, kh, kw. */
function emitPart(
  node: NodeOf<'conv-float'>,
  tile: Tile,
  box: Box,
  firstChannel: number,
  channels: number,
  emit: Emit,
): void {
  const { window } = node.attributes;
  const [x, weights] = [at(tile.inputs, 0), at(tile.inputs, 1)];
  const held = at(tile.boxes, 0);
  const outputs = at(box.count, 1);
  const part = within(x.layout, {
    start: [at(box.start, 0) - at(held.start, 0), firstChannel - at(held.start, 1), 0, 0],
    count: [1, channels, at(held.count, 2), at(held.count, 3)],
  });
  const view = { ...x, layout: part };
  const loops = windowLoops(view, window, box, held);
  const a = walkGroups(view, [
    [loops.y, loops.x, { count: outputs, stride: 0 }],
    [...at(part.dims, 1), ...loops.kernel],
  ]);
  const own = within(weights.layout, {
    start: [at(box.start, 1) - at(at(tile.boxes, 1).start, 0), 0],
    count: [outputs, channels * window.kernel[0] * window.kernel[1]],
  });
  const b = walk({ ...weights, layout: own }, [
    [{ count: at(box.count, 2) * at(box.count, 3), stride: 0 }, ...at(own.dims, 0)],
    at(own.dims, 1),
  ]);
  const inner = within(tile.output.layout, {
    start: box.start.map((s, d) => s - at(tile.box.start, d)),
    count: box.count,
  });
  const dst = walk({ ...tile.output, layout: inner }, [plainLoops(inner, memoryOrder(4))]);
  emit({ op: 'vdot', dst, a: a.tensor, b, kdims: at(a.dimsOf, 1), accumulate: false });
}

function within(layout: Layout, box: Box): Layout {
  const part = boxLayout(layout, box);
  if (part === null) throw new RangeError('a convolution operand was planned in a layout that cannot be cut');
  return part;
}
