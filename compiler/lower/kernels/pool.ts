/**
 * Pools and reductions on the vector unit. Integer maxima pad with the lowest code; float maxima have no such code, so
 * their border windows are clipped instead. Averages are a sum in window order and one division, as the graph says.
 */
import { codeRange } from '../../../isa/tensor.ts';
import { paddedCount } from '../../graph/ops/avgpool.ts';
import type { NodeOf, Window } from '../../graph/types.ts';
import type { Emit, PlainKernel, Tile } from '../kernel.ts';
import { formatOf, NO_TEMPS, plainDims, refuseUnless } from '../kernel.ts';
import type { Box } from '../layout.ts';
import { at, boxLayout, memoryOrder } from '../layout.ts';
import type { View } from '../walk.ts';
import { plainLoops, walk, walkGroups } from '../walk.ts';
import type { NodeContext } from './context.ts';
import { FLOAT, freeGrain } from './context.ts';
import { loopsOf } from './pointwise.ts';
import { borderRuns, windowHalo, windowLoops, windowNeed } from './window.ts';

const SAME_CHANNELS = (start: number, count: number): readonly [number, number] => [start, count];
const IMAGE_ORDER = memoryOrder(4);

function poolBase(cx: NodeContext, window: Window) {
  const format = formatOf(cx.output);
  const input = cx.inputType(0).shape;
  return {
    kind: 'plain',
    name: cx.node.name,
    layer: cx.layer(),
    output: cx.node.output,
    shape: cx.output.shape,
    format,
    grain: freeGrain(cx.output.shape, format.bits),
    inputs: [
      {
        source: cx.source(cx.input(0)),
        need: windowNeed(window, input, SAME_CHANNELS),
        accepts: plainDims,
        ...(chained(window) ?? { halo: windowHalo(window, input) }),
      },
    ],
    temps: NO_TEMPS,
    stages: 1,
  } as const;
}

/** Windows that tile the input can be pooled as the input is made. */
function chained(window: Window) {
  const { kernel, strides, dilations, pads } = window;
  const tiles =
    pads.every((p) => p === 0) &&
    dilations.every((d) => d === 1) &&
    kernel[0] === strides[0] &&
    kernel[1] === strides[1];
  if (!tiles) return null;
  return {
    chain: (c: readonly number[]): readonly number[] => [
      at(c, 0),
      at(c, 1),
      at(c, 2) * kernel[0],
      at(c, 3) * kernel[1],
    ],
  };
}

/** Output loops [n, y, x, c] of a box and the window walk of its input. */
function windowWalk(view: View, window: Window, out: Box, held: Box, fill: number) {
  const loops = windowLoops(view, window, out, held);
  const m = [...at(view.layout.dims, 0), loops.y, loops.x, ...at(view.layout.dims, 1)];
  const found = walkGroups(view, [m, loops.kernel], fill);
  return { tensor: found.tensor, kdims: at(found.dimsOf, 1) };
}

export function maxpoolKernel(cx: NodeContext, node: NodeOf<'maxpool'>): PlainKernel {
  const { window } = node.attributes;
  const base = poolBase(cx, window);
  if (base.format.coding === 'float')
    return { ...base, emit: (tile, emit) => clippedMax(window, cx.inputType(0).shape, tile, emit) };
  const lowest = codeRange(base.format.coding, base.format.bits).min;
  return {
    ...base,
    emit: (tile, emit) => {
      const a = windowWalk(at(tile.inputs, 0), window, tile.box, at(tile.boxes, 0), lowest);
      const dst = walk(tile.output, [plainLoops(tile.output.layout, IMAGE_ORDER)], lowest);
      emit({ op: 'vred', dst, a: a.tensor, kdims: a.kdims, reduction: 'max' });
    },
  };
}

/** One reduction for each way in which the border cuts a window. */
function clippedMax(window: Window, input: readonly number[], tile: Tile, emit: Emit): void {
  const { box } = tile;
  const view = at(tile.inputs, 0);
  for (const y of borderRuns(window, 0, at(input, 2), at(box.start, 2), at(box.count, 2))) {
    for (const x of borderRuns(window, 1, at(input, 3), at(box.start, 3), at(box.count, 3))) {
      const out: Box = {
        start: [at(box.start, 0), at(box.start, 1), y.start, x.start],
        count: [at(box.count, 0), at(box.count, 1), y.count, x.count],
      };
      const part: Window = {
        ...window,
        kernel: [y.length, x.length],
        pads: [window.pads[0] - y.first * window.dilations[0], window.pads[1] - x.first * window.dilations[1], 0, 0],
      };
      const a = windowWalk(view, part, out, at(tile.boxes, 0), 0);
      const inner = boxLayout(tile.output.layout, {
        start: out.start.map((s, i) => s - at(box.start, i)),
        count: out.count,
      });
      refuseUnless(inner !== null, 'a pooled result needs a plain layout');
      const dst = walk({ ...tile.output, layout: inner }, [plainLoops(inner, IMAGE_ORDER)]);
      emit({ op: 'vred', dst, a: a.tensor, kdims: a.kdims, reduction: 'max' });
    }
  }
}

export function avgpoolKernel(cx: NodeContext, node: NodeOf<'avgpool'>): PlainKernel {
  const { window, countIncludePad } = node.attributes;
  const base = poolBase(cx, window);
  const divisors = averageDivisors(window, cx.inputType(0).shape, cx.output.shape, countIncludePad);
  const operand =
    divisors.shape.length === 0
      ? cx.scalar('count', at(divisors.data, 0), FLOAT)
      : cx.image('count', divisors.data, divisors.shape, FLOAT);
  const keep = (box: Box): Box => ({
    start: box.start.map((s, d) => (at(operand.shape, d) === 1 ? 0 : s)),
    count: box.count.map((c, d) => (at(operand.shape, d) === 1 ? 1 : c)),
  });
  return {
    ...base,
    inputs: [...base.inputs, { source: operand.source, need: keep, accepts: plainDims }],
    temps: (counts) => [{ name: `${cx.node.name}.sum`, shape: counts, format: FLOAT, first: 0, last: 0 }],
    emit: (tile, emit) => {
      const a = windowWalk(at(tile.inputs, 0), window, tile.box, at(tile.boxes, 0), 0);
      const sum = at(tile.temps, 0);
      const sums = walk(sum, [plainLoops(sum.layout, IMAGE_ORDER)]);
      emit({ op: 'vred', dst: sums, a: a.tensor, kdims: a.kdims, reduction: 'sum' });
      const count = at(tile.inputs, 1);
      const b = walk(count, [loopsOf(count, tile.box.count, IMAGE_ORDER)]);
      emit({ op: 'vdiv', dst: walk(tile.output, [plainLoops(tile.output.layout, IMAGE_ORDER)]), a: sums, b });
    },
  };
}

/** Divisors of an average: one for all when every window counts the same, else one for each output position. */
function averageDivisors(window: Window, input: readonly number[], output: readonly number[], includePad: boolean) {
  const along = (axis: 0 | 1): number[] => {
    const size = at(input, axis + 2);
    if (includePad)
      return Array.from({ length: at(output, axis + 2) }, (_, o) =>
        paddedCount(o, window, axis, size, window.kernel[axis]),
      );
    return borderRuns(window, axis, size, 0, at(output, axis + 2)).flatMap((r) =>
      Array.from({ length: r.count }, () => r.length),
    );
  };
  const rows = along(0);
  const columns = along(1);
  const data = rows.flatMap((r) => columns.map((c) => r * c));
  const uniform = data.every((v) => v === data[0]);
  return uniform ? { data: [at(data, 0)], shape: [] } : { data, shape: [1, 1, rows.length, columns.length] };
}

export function spatialSumKernel(cx: NodeContext, node: NodeOf<'spatial-sum'>): PlainKernel {
  const input = cx.inputType(0).shape;
  const window: Window = {
    kernel: [at(input, 2), at(input, 3)],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
  };
  const { xZero } = node.attributes;
  return {
    ...poolBase(cx, window),
    emit: (tile, emit) => {
      const a = windowWalk(at(tile.inputs, 0), window, tile.box, at(tile.boxes, 0), xZero);
      const dst = walk(tile.output, [plainLoops(tile.output.layout, IMAGE_ORDER)]);
      emit({ op: 'vred', dst, a: a.tensor, kdims: a.kdims, reduction: 'sum' });
    },
  };
}
