/**
 * Depthwise convolution (one input channel a group) as window multiply-accumulates of the vector unit, then the drain. On
 * the arrays it would use one column per output and a few rows; here both zero points are operands' fills, so nothing is folded.
 */
import type { LayerSymbol } from '../../../isa/program.ts';
import type { Window } from '../../graph/types.ts';
import type { AccumulatorRing } from '../accumulators.ts';
import type { ConstantTensor } from '../constants.ts';
import type { Emit, PlainKernel, Source, Tile } from '../kernel.ts';
import { NO_TEMPS, plainDims } from '../kernel.ts';
import type { Box, Factor } from '../layout.ts';
import { at, boxLayout } from '../layout.ts';
import { splitBox } from '../split.ts';
import type { Format } from '../walk.ts';
import { walk, walkGroups } from '../walk.ts';
import type { Records } from './integer.ts';
import { recordsNeed } from './matmul.ts';
import { windowHalo, windowLoops, windowNeed } from './window.ts';

export interface DepthwiseSpec {
  readonly name: string;
  readonly layer: LayerSymbol;
  readonly source: Source;
  readonly input: readonly number[];
  readonly inputZero: number;
  readonly window: Window;
  /** Outputs per input channel. */
  readonly multiplier: number;
  /** Weights minus zero points, [outputs, kh * kw]. */
  readonly weights: ConstantTensor;
  readonly records: Records;
  readonly parameters: ConstantTensor;
  readonly output: string;
  readonly shape: readonly number[];
  readonly format: Format;
  readonly grain: readonly number[];
}

export function depthwiseKernel(spec: DepthwiseSpec): PlainKernel {
  const { multiplier } = spec;
  const channels = (start: number, count: number): readonly [number, number] => [
    start / multiplier,
    count / multiplier,
  ];
  return {
    kind: 'plain',
    accumulates: true,
    name: spec.name,
    layer: spec.layer,
    output: spec.output,
    shape: spec.shape,
    format: spec.format,
    temps: NO_TEMPS,
    stages: 1,
    grain: spec.grain.map((g, d) => (d === 1 ? Math.min(at(spec.shape, 1), leastMultiple(g, multiplier)) : g)),
    inputs: [
      {
        source: spec.source,
        need: windowNeed(spec.window, spec.input, channels),
        accepts: plainDims,
        ...(multiplier === 1 ? { halo: windowHalo(spec.window, spec.input) } : {}),
      },
      {
        source: { kind: 'constant', constant: spec.parameters },
        need: recordsNeed(spec.records.channels, spec.records.words, 1),
        accepts: () => true,
      },
      {
        source: { kind: 'constant', constant: spec.weights },
        need: (box) => ({
          start: [at(box.start, 1), 0],
          count: [at(box.count, 1), spec.window.kernel[0] * spec.window.kernel[1]],
        }),
        accepts: () => true,
      },
    ],
    emit: (tile, emit, accumulators) => emitTile(spec, tile, emit, accumulators),
  };
}

function leastMultiple(a: number, b: number): number {
  let m = a;
  while (m % b !== 0) m += a;
  return m;
}

/** A tile is drained part by part, beside the sums of the next: so many parts where the accumulators would hold more, and sums that are worth two instructions. */
const MOST_PARTS = 4;
const LEAST_SUMS = 2048;

function emitTile(spec: DepthwiseSpec, tile: Tile, emit: Emit, accumulators: AccumulatorRing): void {
  const most = spec.multiplier > 1 ? at(tile.box.count, 1) * at(tile.box.count, 2) * at(tile.box.count, 3) : Infinity;
  const part = Math.max(LEAST_SUMS, Math.ceil(tile.box.count.reduce((a, b) => a * b, 1) / MOST_PARTS));
  for (const box of splitBox(tile.box, [0, 2, 3, 1], Math.min(accumulators.capacity, most, part)))
    emitPart(spec, tile, box, emit, accumulators);
}

function emitPart(spec: DepthwiseSpec, tile: Tile, box: Box, emit: Emit, accumulators: AccumulatorRing): void {
  const [x, params, weights] = [at(tile.inputs, 0), at(tile.inputs, 1), at(tile.inputs, 2)];
  const held = at(tile.boxes, 0);
  const channels = at(box.count, 1);
  const m = at(box.count, 0) * at(box.count, 2) * at(box.count, 3);
  const acc = accumulators.next(`${spec.name}.acc`, m, channels);

  const inputBox: Box = {
    start: [at(box.start, 0) - at(held.start, 0), at(box.start, 1) / spec.multiplier - at(held.start, 1), 0, 0],
    count: [at(box.count, 0), channels / spec.multiplier, at(held.count, 2), at(held.count, 3)],
  };
  const part = within(x.layout, inputBox);
  const loops = windowLoops({ ...x, layout: part }, spec.window, box, held);
  const perChannel: Factor[] = [
    ...at(part.dims, 1),
    ...(spec.multiplier > 1 ? [{ count: spec.multiplier, stride: 0 }] : []),
  ];
  const a = walkGroups(
    { ...x, layout: part },
    [[...at(part.dims, 0), loops.y, loops.x, ...perChannel], loops.kernel],
    spec.inputZero,
  );

  const own = within(weights.layout, {
    start: [at(box.start, 1) - at(at(tile.boxes, 2).start, 0), 0],
    count: [channels, spec.window.kernel[0] * spec.window.kernel[1]],
  });
  const kernel = at(own.dims, 1);
  const split: Factor[] =
    kernel.length === 0
      ? []
      : [
          { count: spec.window.kernel[0], stride: spec.window.kernel[1] * (kernel[0]?.stride ?? 1) },
          { count: spec.window.kernel[1], stride: kernel[0]?.stride ?? 1 },
        ];
  const b = walk({ ...weights, layout: own }, [[{ count: m, stride: 0 }, ...at(own.dims, 0)], split]);
  emit({
    op: 'vdot',
    dst: walk(acc, [acc.layout.dims.flat()]),
    a: a.tensor,
    b,
    kdims: at(a.dimsOf, 1),
    accumulate: false,
  });
  drainPart(spec, tile, box, acc, params, emit, m);
}

function drainPart(
  spec: DepthwiseSpec,
  tile: Tile,
  box: Box,
  acc: Tile['output'],
  params: Tile['output'],
  emit: Emit,
  m: number,
): void {
  const { records } = spec;
  const channels = at(box.count, 1);
  const inner = within(tile.output.layout, {
    start: box.start.map((s, d) => s - at(tile.box.start, d)),
    count: box.count,
  });
  const dst = walk({ ...tile.output, layout: inner }, [[0, 2, 3, 1].flatMap((d) => at(inner.dims, d))], records.zero);
  const start = at(box.start, 1) - at(at(tile.boxes, 1).start, 0);
  const own =
    records.channels === 1
      ? params.layout
      : within(params.layout, { start: [start, 0], count: [channels, records.words] });
  const perOutput: readonly Factor[] = records.channels === 1 ? [{ count: channels, stride: 0 }] : at(own.dims, 0);
  const walked = walk({ ...params, layout: own }, [[{ count: m, stride: 0 }, ...perOutput], at(own.dims, 1)]);
  const src = walk(acc, [acc.layout.dims.flat()]);
  emit({ op: 'rq', dst, src, params: walked, add: null, kdims: 0, relu: records.relu, mode: records.mode });
}

function within(layout: Tile['output']['layout'], box: Box): Tile['output']['layout'] {
  const part = boxLayout(layout, box);
  if (part === null) throw new RangeError('a depthwise operand was planned in a layout that cannot be cut');
  return part;
}
