/**
 * Joins a kernel with the one that alone reads its result, when the second can work tile by tile on what the first has just
 * made: elementwise chains, softmax, pools whose windows tile their input. The value between them is scratch of one
 * tile and never has a home, and each op keeps its own instructions. Where windows overlap (depthwise convolutions, most pools) behind a matrix
 * product, the rows that two tiles need are computed by both: only for values that would find no home in the scratchpad, whose way out and back costs more.
 */
import { InternalError } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Graph } from '../graph/types.ts';
import type { AccumulatorRing } from './accumulators.ts';
import { joinedLike } from './alike.ts';
import type { JoinPins } from './join-pins.ts';
import type { Emit, Epilogue, Kernel, KernelInput, MatmulKernel, PlainKernel, TempSpec, Tile } from './kernel.ts';
import { partsOf } from './kernel.ts';
import type { Box } from './layout.ts';
import { at, boxLayout, denseLayout } from './layout.ts';
import type { Selected } from './select.ts';
import type { View } from './walk.ts';

/** Share of the scratchpad beyond which a value is taken to find no home there. */
const HOME_SHARE = 0.25;

/**
 * Needs: kernels in graph order.  Gives: fewer kernels, same instructions per element.
 * @param wanted layers that are joined as asked for, whatever pays; the others are joined where that pays, or not at all
 */
export function fuse(
  graph: Graph,
  selected: readonly Selected[],
  machine: Machine,
  wanted?: JoinPins,
  others = true,
): readonly Selected[] {
  const uses = new Map<string, number>();
  const use = (name: string): void => void uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const s of selected) for (const source of sourceNames(s)) use(source);
  graph.outputs.forEach(use);
  const out: Selected[] = [];
  for (const s of selected) {
    const joined =
      s.kind === 'plain' ? joinWithMaker(out, s, uses, machine, (a, b) => wanted?.says(a, b) ?? others) : null;
    if (joined === null) out.push(s);
    else out[joined.index] = joined.kernel;
  }
  wanted?.require(selected, out, graph);
  return inOrder(out);
}

function sourceNames(s: Selected): string[] {
  const sources =
    s.kind === 'alias' ? [s.of] : s.kind === 'join' ? s.parts.map((p) => p.source) : s.inputs.map((i) => i.source);
  return sources.flatMap((source) => (source.kind === 'value' ? [source.name] : []));
}

function joinWithMaker(
  done: readonly Selected[],
  whole: PlainKernel,
  uses: ReadonlyMap<string, number>,
  machine: Machine,
  says: (maker: Kernel, next: PlainKernel) => boolean | 'must',
): { readonly index: number; readonly kernel: Kernel } | null {
  for (let i = 0; i < whole.inputs.length; i++) {
    const { source } = at(whole.inputs, i);
    if (source.kind !== 'value' || uses.get(source.name) !== 1) continue;
    const index = done.findIndex((s) => s.output === source.name);
    const maker = done[index];
    if (maker === undefined || (maker.kind !== 'plain' && maker.kind !== 'matmul')) continue;
    const next = isMatrix(maker, whole, i) ? asMatrix(whole, i) : whole;
    const input = at(next.inputs, i);
    const reach = input.chain ?? input.halo;
    if (reach === undefined || maker.shape.length !== next.shape.length) continue;
    const wish = says(maker, next);
    if (wish === false || (input.chain === undefined && !mayHalo(maker))) continue;
    if (wish !== 'must' && input.chain === undefined && !worthHalo(maker, machine)) continue;
    const grain = input.chain === undefined ? haloGrain(maker, next) : commonGrain(maker, next, reach);
    if (grain === null) continue;
    return {
      index,
      kernel: maker.kind === 'plain' ? joinPlain(maker, next, i, grain) : joinMatmul(maker, next, i, grain),
    };
  }
  return null;
}

/** Whether `next` works on the codes of one matrix, each by itself, that a product makes without the dim of one in front of it. */
function isMatrix(maker: Kernel, next: PlainKernel, joined: number): boolean {
  const codes = maker.format.coding !== 'float' && next.format.coding !== 'float';
  const alone = next.inputs.every(({ source }, i) => i === joined || source.kind === 'constant');
  const rank = maker.shape.length;
  return maker.kind === 'matmul' && rank === 2 && next.shape.length === 3 && next.shape[0] === 1 && codes && alone;
}

/** `next` without the dim in front. */
function asMatrix(next: PlainKernel, joined: number): PlainKernel {
  const outer = ({ start, count }: Box): Box => ({ start: [0, ...start], count: [1, ...count] });
  const inner = ({ start, count }: Box): Box => ({ start: start.slice(1), count: count.slice(1) });
  const image = (view: View): View => ({ ...view, layout: { ...view.layout, dims: [[], ...view.layout.dims] } });
  const inputs = next.inputs.map(({ chain, halo: _, need, ...input }, i): KernelInput => {
    if (i !== joined) return { ...input, need: (box) => need(outer(box)) };
    const along = chain === undefined ? {} : { chain: (c: readonly number[]) => chain([1, ...c]).slice(1) };
    return { ...input, ...along, need: (box) => inner(need(outer(box))) };
  });
  return {
    ...next,
    shape: next.shape.slice(1),
    grain: next.grain.slice(1),
    inputs,
    temps: (counts) => next.temps([1, ...counts]),
    emit: (tile, emit, accumulators) => {
      const own = <T>(list: readonly T[], change: (item: T) => T) => list.map((x, i) => (i === joined ? change(x) : x));
      const views = { inputs: own(tile.inputs, image), boxes: own(tile.boxes, outer), output: image(tile.output) };
      next.emit({ ...tile, ...views, box: outer(tile.box) }, emit, accumulators);
    },
  };
}

/** Whether rows between tiles can be made twice: by a product whose accumulators nothing shares yet. */
function mayHalo(maker: Kernel): boolean {
  return maker.kind === 'matmul' && maker.epilogue?.accumulates !== true && !maker.matmul.dynamic;
}

/** Whether a product's result is better computed in part twice than sent out of the scratchpad and back. */
function worthHalo(maker: Kernel, machine: Machine): boolean {
  const { sizeBytes } = denseLayout(maker.shape, maker.format.bits);
  return sizeBytes > machine.core.scratchpad.sizeBytes * HOME_SHARE;
}

/** As `commonGrain`, where boxes overlap: the maker must start and end anywhere along the window's dims, and the channels are the same. */
function haloGrain(maker: Kernel, next: PlainKernel): number[] | null {
  if (at(maker.grain, 2) !== 1 || at(maker.grain, 3) !== 1 || at(maker.shape, 1) !== at(next.shape, 1)) return null;
  const channels = at(next.shape, 1);
  let g = at(next.grain, 1);
  while (g % at(maker.grain, 1) !== 0 && g < channels) g += at(next.grain, 1);
  return next.grain.map((own, d) => (d === 1 ? Math.min(g, channels) : own));
}

/** Cuts of the result that are legal for both; null when only the whole would be. */
function commonGrain(maker: Kernel, next: PlainKernel, chain: NonNullable<KernelInput['chain']>): number[] | null {
  const scale = chain(next.shape.map(() => 1));
  const grain = next.grain.map((own, d) => {
    let g = own;
    while ((g * at(scale, d)) % at(maker.grain, d) !== 0 && g < at(next.shape, d)) g += own;
    return Math.min(g, at(next.shape, d));
  });
  return maker.shape.every((size, d) => size >= at(scale, d) * at(next.shape, d)) ? grain : null;
}

/** Operands of `next` without the joined one, and how to put a tile of it back together. */
function remaining(next: PlainKernel, joined: number) {
  const inputs = next.inputs.filter((_, i) => i !== joined);
  const rebuild = (tile: Tile, firstInput: number, firstTemp: number, made: View, box: Box): Tile => {
    const views = tile.inputs.slice(firstInput, firstInput + inputs.length);
    const boxes = tile.boxes.slice(firstInput, firstInput + inputs.length);
    return {
      box: tile.box,
      output: tile.output,
      temps: tile.temps.slice(firstTemp),
      inputs: [...views.slice(0, joined), made, ...views.slice(joined)],
      boxes: [...boxes.slice(0, joined), box, ...boxes.slice(joined)],
    };
  };
  return { inputs, rebuild };
}

function shifted(temps: readonly TempSpec[], by: number): TempSpec[] {
  return temps.map((t) => ({ ...t, first: t.first + by, last: t.last + by }));
}

/** Inputs of the maker see the output box through the joined operand. */
function through(inputs: readonly KernelInput[], need: (box: Box) => Box): KernelInput[] {
  return inputs.map(({ chain: _, halo: __, lastStage: ___, ...input }) => ({
    ...input,
    need: (box) => input.need(need(box)),
  }));
}

function base(maker: Kernel, next: PlainKernel, joined: number) {
  const matrixLike = maker.layer.macs > 0 ? maker.layer : next.layer;
  return {
    name: next.name,
    output: next.output,
    shape: next.shape,
    format: next.format,
    stages: maker.stages + next.stages,
    like: joinedLike(maker, next, joined),
    parts: [...partsOf(maker), ...partsOf(next)],
    layer: {
      ...matrixLike,
      macs: maker.layer.macs + next.layer.macs,
      name: matrixLike.macs > 0 ? matrixLike.name : next.name,
      op: `${maker.layer.op}+${next.layer.op}`,
    },
  };
}

function joinPlain(maker: PlainKernel, next: PlainKernel, joined: number, grain: readonly number[]): PlainKernel {
  const { need, chain, lastStage } = at(next.inputs, joined);
  const { inputs, rebuild } = remaining(next, joined);
  const between = (counts: readonly number[]): TempSpec[] => {
    const made = chain?.(counts) ?? counts;
    return [
      ...maker.temps(made),
      {
        name: maker.output,
        shape: made,
        format: maker.format,
        first: maker.stages - 1,
        last: maker.stages + (lastStage ?? next.stages - 1),
      },
    ];
  };
  return {
    ...base(maker, next, joined),
    kind: 'plain',
    accumulates: maker.accumulates === true || next.accumulates === true,
    grain,
    inputs: [...through(maker.inputs, need), ...inputs],
    temps: (counts) => [...between(counts), ...shifted(next.temps(counts), maker.stages)],
    emit: (tile, emit, accumulators) => {
      const made = need(tile.box);
      const ownTemps = maker.temps(made.count).length;
      const view = at(tile.temps, ownTemps);
      const own = maker.inputs.length;
      maker.emit(
        {
          box: made,
          inputs: tile.inputs.slice(0, own),
          boxes: tile.boxes.slice(0, own),
          output: view,
          temps: tile.temps.slice(0, ownTemps),
        },
        emit,
        accumulators,
      );
      next.emit(rebuild(tile, own, ownTemps + 1, view, made), emit, accumulators);
    },
  };
}

function joinMatmul(maker: MatmulKernel, next: PlainKernel, joined: number, grain: readonly number[]): MatmulKernel {
  const { need, chain, halo, lastStage } = at(next.inputs, joined);
  const { inputs, rebuild } = remaining(next, joined);
  const counts = (c: readonly number[]): readonly number[] => (chain ?? halo)?.(c) ?? c;
  const before = maker.epilogue;
  const firstInput = before?.firstInput ?? maker.inputs.length;
  const own = maker.inputs.length - firstInput;
  const epilogue: Epilogue = {
    firstInput,
    accumulates: next.accumulates === true || before?.accumulates === true,
    need: (box) => (before === null ? need(box) : before.need(need(box))),
    emit: (tile: Tile, drained: View, emit: Emit, accumulators: AccumulatorRing) => {
      const made = need(tile.box);
      if (before === null) {
        next.emit(rebuild(tile, own, 1, drained, made), emit, accumulators);
        return;
      }
      const ownTemps = maker.temps(made.count).length;
      const view = trimmed(at(tile.temps, ownTemps), made);
      before.emit(
        { ...tile, box: made, output: view, temps: tile.temps.slice(0, ownTemps) },
        trimmed(drained, before.need(made)),
        emit,
        accumulators,
      );
      next.emit(rebuild(tile, own, ownTemps + 1, view, made), emit, accumulators);
    },
  };
  const made = (c: readonly number[]): TempSpec => ({
    name: maker.output,
    shape: counts(c),
    format: maker.format,
    first: maker.stages - 1,
    last: maker.stages + (lastStage ?? next.stages - 1),
  });
  return {
    ...base(maker, next, joined),
    kind: 'matmul',
    grain,
    matmul: maker.matmul,
    drained: maker.drained,
    epilogue,
    inputs: [...through(maker.inputs, need), ...inputs],
    temps: (c) => [...maker.temps(counts(c)), made(c), ...shifted(next.temps(c), maker.stages)],
  };
}

/** Scratch has room for the largest tile; at a border a window needs less of it, and elementwise work walks all that it gets. */
function trimmed(view: View, { count }: Box): View {
  const layout = boxLayout(view.layout, { start: count.map(() => 0), count });
  if (layout === null) throw new InternalError(`${view.name} cannot be cut to [${count}]`);
  return { ...view, layout };
}

/** Joined kernels move back to where all of their operands have been made. */
function inOrder(selected: readonly Selected[]): Selected[] {
  const makers = new Map(selected.map((s) => [s.output, s]));
  const out: Selected[] = [];
  const placed = new Set<Selected>();
  const place = (s: Selected): void => {
    if (placed.has(s)) return;
    placed.add(s);
    for (const name of sourceNames(s)) {
      const maker = makers.get(name);
      if (maker !== undefined) place(maker);
    }
    out.push(s);
  };
  selected.forEach(place);
  return out;
}
