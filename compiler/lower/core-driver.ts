/**
 * One core's part of the memory plan: for every kernel, tile by tile of its own box, brings in the pieces that are not at home in the
 * scratchpad, lets the kernel emit its instructions, stores the result, and sends other cores what they need of it. The next tile's pieces are
 * asked for before this tile computes when they have a second slot.
 */
import { InternalError } from '../../isa/base/errors.ts';
import { maskOf } from '../../isa/instructions/destinations.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { KernelPlaces, MemoryPlan } from '../mapping/addresses.ts';
import { stageAlign } from '../mapping/cuts.ts';
import { copySource } from '../mapping/shares.ts';
import type { Storage, Stored } from '../mapping/storage.ts';
import { operandLayout } from '../mapping/storage.ts';
import { type Slice, slicedBox, slicesOf } from '../mapping/summed.ts';
import type { Stage, TilePlan } from '../mapping/tiles.ts';
import type { Send, Work } from '../mapping/work.ts';
import { AccumulatorRing, type AccumulatorUse } from './accumulators.ts';
import type { ConstantPool, ConstantTensor } from './constants.ts';
import type { Step, WeightTile } from './draft.ts';
import type { Half } from './halves.ts';
import { halvesOf, interleave, reads } from './halves.ts';
import type { CopyKernel, Emit, Kernel, MatmulKernel, PlainKernel, Tile } from './kernel.ts';
import { emitCopy, emitPieces } from './kernels/copy.ts';
import type { MatmulMapping } from './kernels/matmul.ts';
import { accumulatorsOf, emitMatmul } from './kernels/matmul.ts';
import type { WeightTable } from './kernels/matmul-spec.ts';
import type { Box } from './layout.ts';
import { at, boxLayout, denseLayout, fullBox, memoryOrder, packLike, roundUp, sameBox } from './layout.ts';
import { splitBox, tilesOf } from './split.ts';
import type { View } from './walk.ts';

/** Pieces that a network input is loaded in, and the smallest worth a transfer of its own. */
const LOAD_STRIPES = 4;
const LEAST_STRIPE_BYTES = 2048;

/** DMA channels by purpose, so that loads, stores and constants do not queue behind each other. */
export interface Channels {
  readonly load: number;
  readonly store: number;
  readonly constants: number;
  readonly move: number;
  /** For weights alone, because their copies run far ahead; null where the other purposes leave none. */
  readonly weights: number | null;
}

export function channelsOf(machine: Machine): Channels {
  const { channels } = machine.core.dma;
  const own = channels > 3;
  return { load: 0, store: 1 % channels, constants: 2 % channels, move: 0, weights: own ? 3 : null };
}

export interface DriverInput {
  readonly storage: Storage;
  readonly memory: MemoryPlan;
  /** Per kernel the mapping of matrix products, null for the others. */
  readonly mappings: readonly (MatmulMapping | null)[];
  readonly machine: Machine;
  readonly constants: ConstantPool;
}

/** What the cores of one program have in common. */
export interface Shared extends DriverInput {
  /** Takes a finished step into the program. */
  readonly push: (step: Step) => void;
  /** Weight tiles by what they hold: cores and bands with the same tile read the same bytes. */
  readonly tiles: Map<WeightTable, Map<string, WeightTile>>;
  readonly residentLoads: Set<Step>;
}

/** A piece of an operand in a slot of its ring. */
interface Held {
  readonly box: Box;
  readonly view: View;
  readonly slot: number;
}

/** One staged operand: a ring of slots, and the pieces in those that may still be used, newest last. */
interface Ring {
  readonly base: number;
  readonly slotBytes: number;
  readonly stage: Stage;
  /** Whether pieces behind the newest are used again. */
  readonly keeps: boolean;
  held: readonly Held[];
}

/** A tile of a kernel, or one slice of what it sums. */
interface Turn {
  readonly box: Box;
  /** Number of its tile. */
  readonly t: number;
  readonly slice: Slice | null;
  /** Whether it is the first and the last slice of its tile. */
  readonly first: boolean;
  readonly last: boolean;
}

/** A core's part of one kernel, tile by tile. */
interface Job {
  readonly kernel: PlainKernel | MatmulKernel;
  readonly k: number;
  readonly plan: TilePlan;
  readonly places: KernelPlaces;
  readonly turns: readonly Turn[];
  readonly sends: readonly Send[];
  readonly layer: number;
}

export class CoreDriver {
  readonly #core: number;
  readonly #in: Shared;
  readonly #channels: Channels;
  readonly #accumulators: Readonly<Record<AccumulatorUse, AccumulatorRing>>;
  readonly #broughtIn = new Set<ConstantTensor>();
  readonly #rings = new Map<number, readonly (Ring | null)[]>();
  readonly #align: number;

  constructor(core: number, shared: Shared) {
    this.#core = core;
    this.#in = shared;
    this.#channels = channelsOf(shared.machine);
    const ring = (use: AccumulatorUse) => new AccumulatorRing(shared.machine, use);
    this.#accumulators = { alone: ring('alone'), arrays: ring('arrays'), vector: ring('vector') };
    this.#align = stageAlign(shared.machine);
  }

  /** @param group kernel that several cores make together, -1 for work of this core alone */
  #emitter(layer: number, group = -1, push = this.#in.push): Emit {
    const site = { core: this.#core, group };
    return (step) => push({ ...step, layer, site } as Step);
  }

  #ringsOf(k: number): readonly (Ring | null)[] {
    const rings = this.#rings.get(k) ?? this.#makeRings(at(this.#in.storage.kernels, k), k);
    this.#rings.set(k, rings);
    return rings;
  }

  #makeRings(kernel: Kernel, k: number): readonly (Ring | null)[] {
    const plan = at(this.#in.memory.homes.plans, k);
    const places = at(this.#in.memory.kernels, k);
    return kernel.inputs.map((_, i) => {
      const stage = plan?.inputs[i] ?? null;
      const base = places?.inputs[i] ?? null;
      if (stage === null || base === null) return null;
      const slotBytes = roundUp(stage.sizeBytes, this.#align);
      return { base, stage, slotBytes, keeps: plan?.summed !== null && i === 0, held: [] };
    });
  }

  /** Constants of kernel `k` that stay, for good or while the kernel makes `share`. */
  prologue(k: number, share: Box, layer: number): void {
    const kernel = at(this.#in.storage.kernels, k);
    for (const { source } of kernel.inputs) if (source.kind === 'constant') this.#bringResident(source.constant, layer);
    if (kernel.kind === 'copy') return;
    kernel.inputs.forEach((input, i) => {
      const ring = this.#ringsOf(k)[i] ?? null;
      if (ring === null || input.source.kind !== 'constant' || ring.stage.loads > 1) return;
      this.#bring(kernel, i, ring, input.need(share), this.#emitter(layer));
    });
  }

  /** Loads a resident constant to its place before its first use. */
  #bringResident(constant: ConstantTensor, layer: number): void {
    const base = this.#in.memory.constants.get(constant);
    if (base === undefined || this.#broughtIn.has(constant)) return;
    this.#broughtIn.add(constant);
    const site = { core: this.#core, group: -1 };
    const emit: Emit = (step) => {
      const load = { ...step, layer, site } as Step;
      this.#in.residentLoads.add(load);
      this.#in.push(load);
    };
    emitPieces(this.#residentView(constant, base), this.#constantInDram(constant), emit, this.#channels.constants);
  }

  #constantInDram(constant: ConstantTensor): View {
    const { name, role, layout, stored: format } = constant;
    return { name, space: 'dram', base: this.#in.constants.place(constant), format, role, layout };
  }

  #residentView({ name, format, role, layout }: ConstantTensor, base: number): View {
    return { name, space: 'spad', base, format, role, layout };
  }

  /** This core's part of kernel `k`, and what others get of it: steps tile by tile. */
  *body(k: number, { box: share, sends }: Work, layer: number, group: number): Generator<readonly Step[]> {
    const kernel = at(this.#in.storage.kernels, k);
    if (kernel.kind === 'copy') {
      const steps: Step[] = [];
      const emit = this.#emitter(layer, group, (step) => void steps.push(step));
      this.#copy(kernel, k, share, emit);
      this.#send(k, share, sends, emit);
      yield steps;
      return;
    }
    const plan = at(this.#in.memory.homes.plans, k);
    const places = at(this.#in.memory.kernels, k);
    if (plan === null || places === null) throw new InternalError(`${kernel.name} has no plan`);
    const turns = tilesOf(share, plan.sizes, plan.order).flatMap((box, t) => {
      const slices = slicesOf(kernel, plan.summed, t);
      return slices.map((slice, s): Turn => ({ box, t, slice, first: s === 0, last: s === slices.length - 1 }));
    });
    const job = { kernel, k, plan, places, turns, sends, layer };
    const halves = halvesOf(kernel, plan);
    for (let turn = 0; turn < turns.length + halves.length - 1; turn++) {
      const streams = halves.map((half, h) => {
        const steps: Step[] = [];
        this.#tile(
          job,
          half,
          turn - h,
          this.#emitter(layer, group, (step) => void steps.push(step)),
        );
        return steps;
      });
      yield interleave(streams);
    }
  }

  /** One half of the turn of this number, if there is such a turn. */
  #tile({ kernel, k, plan, places, turns, sends, layer }: Job, half: Half, number: number, emit: Emit): void {
    const turn = turns[number];
    if (turn === undefined) return;
    const { box, t } = turn;
    const own = kernel.inputs.flatMap((_, i) => (reads(half, i) ? [i] : []));
    const operands = own.map((i) => this.#operand(kernel, k, i, turn, emit));
    const next = turns[number + 1];
    if (next !== undefined) for (const i of own) this.#prefetch(kernel, k, i, next, emit);
    const output = this.#outputTile(kernel, k, places, plan, box, t);
    const tile: Tile = {
      box,
      inputs: operands.map((x) => x.view),
      boxes: operands.map((x) => x.box),
      output,
      temps: temporaries(kernel, places.arena ?? 0, plan, box, t),
    };
    this.#compute(kernel, k, half.part, tile, turn, layer, emit);
    if (half.part === 'product' || !turn.last) return;
    if (plan.output !== null) this.#store(k, output, box, emit);
    this.#send(k, box, sends, emit);
  }

  #copy(kernel: CopyKernel, k: number, share: Box, emit: Emit): void {
    const channel = this.#copyChannel(kernel);
    const output = this.#stored(at(this.#in.storage.outputs, k));
    const stripes = copySource(this.#in.storage, k) === null ? [share] : loadStripes(kernel, share);
    if (stripes.length > 1) {
      for (const stripe of stripes) this.#copy(kernel, k, stripe, emit);
      return;
    }
    if (sameBox(share, fullBox(kernel.shape))) {
      const inputs = kernel.inputs.map((_, i) => this.#home(kernel, i));
      kernel.emit(output, inputs, emit, channel);
      return;
    }
    const layout = copySource(this.#in.storage, k);
    if (layout === null) throw new InternalError(`${kernel.name} was cut, but has no boxes`);
    const from = this.#piece({ ...this.#home(kernel, 0), layout }, share);
    emitCopy(this.#piece(output, share), from, share.count, emit, channel);
  }

  /** Copies what other cores need of a box that lies at home here to the same place there; at once to those that need the same. */
  #send(k: number, made: Box, sends: readonly Send[], emit: Emit): void {
    const together = this.#in.machine.interconnect.multicast;
    const parts: { readonly part: Box; readonly cores: number[] }[] = [];
    for (const { core, box } of sends) {
      const part = overlap(made, box);
      if (part === null) continue;
      const same = together ? parts.find((p) => sameBox(p.part, part)) : undefined;
      if (same === undefined) parts.push({ part, cores: [core] });
      else same.cores.push(core);
    }
    for (const { part, cores } of parts) {
      const view = this.#piece(this.#stored(at(this.#in.storage.outputs, k)), part);
      const there: Emit = (step) => emit(step.op === 'copy' ? sentTo(step, cores) : step);
      emitPieces(view, view, there, this.#channels.store);
    }
  }

  #compute(
    kernel: PlainKernel | MatmulKernel,
    k: number,
    part: Half['part'],
    tile: Tile,
    { slice, first, last }: Turn,
    layer: number,
    emit: Emit,
  ): void {
    const plan = at(this.#in.memory.homes.plans, k);
    if (plan === null) throw new InternalError(`${kernel.name} has no plan`);
    const accumulators = this.#accumulators[accumulatorsOf(kernel, plan)];
    if (kernel.kind === 'plain') {
      kernel.emit(tile, emit, accumulators);
      return;
    }
    const mapping = at(this.#in.mappings, k);
    if (mapping === null) throw new InternalError(`${kernel.name} has no mapping`);
    const { tiles, constants } = this.#in;
    const weights = {
      tile: (of: WeightTable, key: string, make: () => WeightTile): WeightTile => {
        const own = tiles.get(of) ?? new Map<string, WeightTile>();
        tiles.set(of, own);
        const tileOf = own.get(key) ?? make();
        own.set(key, tileOf);
        return tileOf;
      },
      place: (bytes: Uint8Array): number => constants.placeBytes(bytes, 'weights'),
    };
    const cx = { kernel, mapping, layer, weights, accumulators, emit, slice, first, last };
    const { epilogue } = kernel;
    if (epilogue === null) {
      emitMatmul(cx, tile);
      return;
    }
    const drained = at(tile.temps, 0);
    if (part !== 'epilogue') emitMatmul(cx, { ...tile, box: epilogue.need(tile.box), output: drained });
    if (part === 'product') return;
    const from = part === 'whole' ? epilogue.firstInput : 0;
    const own = { ...tile, inputs: tile.inputs.slice(from), boxes: tile.boxes.slice(from) };
    epilogue.emit(own, drained, emit, this.#accumulators.vector);
  }

  /** What a turn needs of an operand. */
  #need(kernel: Kernel, i: number, { box, slice }: Turn): Box {
    const need = at(kernel.inputs, i).need(box);
    return i === 0 ? slicedBox(need, slice) : need;
  }

  /** The piece of an operand for one turn: where it lies, or staged. */
  #operand(kernel: Kernel, k: number, i: number, turn: Turn, emit: Emit): { readonly view: View; readonly box: Box } {
    const need = this.#need(kernel, i, turn);
    const ring = this.#ringsOf(k)[i] ?? null;
    if (ring === null) return { view: this.#piece(this.#home(kernel, i), need), box: need };
    const { view, box } = heldFor(ring, need) ?? this.#bring(kernel, i, ring, need, emit);
    return { view: sameBox(box, need) ? view : this.#piece(view, relative(need, box)), box: need };
  }

  #prefetch(kernel: Kernel, k: number, i: number, next: Turn, emit: Emit): void {
    const ring = this.#ringsOf(k)[i] ?? null;
    const need = this.#need(kernel, i, next);
    if (ring === null || ring.stage.depth < 2 || heldFor(ring, need) !== null) return;
    this.#bring(kernel, i, ring, need, emit);
  }

  /** Copies one piece into the slot of the ring that was used longest ago. */
  #bring(kernel: Kernel, i: number, ring: Ring, box: Box, emit: Emit): Held {
    const home = this.#home(kernel, i);
    const src = this.#piece(home, box);
    const { source } = at(kernel.inputs, i);
    const format = source.kind === 'constant' ? source.constant.format : src.format;
    const packed = packLike(src.layout, format.bits);
    if (packed.sizeBytes > ring.slotBytes) throw new InternalError(`operand ${i} of ${kernel.name} outgrew its slot`);
    const { depth } = ring.stage;
    const oldest = ring.held.length < depth ? undefined : ring.held[0];
    const slot = oldest?.slot ?? ring.held.length;
    const view: View = {
      ...src,
      format,
      space: 'spad',
      base: ring.base + slot * ring.slotBytes,
      layout: packed.layout,
    };
    const held = { box, view, slot };
    ring.held = [...ring.held.filter((h) => h !== oldest), held];
    const channel = source.kind === 'constant' ? this.#channels.constants : this.#channels.load;
    emitPieces(view, src, emit, channel);
    return held;
  }

  #piece(view: View, box: Box): View {
    const layout = boxLayout(view.layout, box);
    if (layout === null) throw new InternalError(`${view.name} cannot be cut at [${box.start}]`);
    return { ...view, layout };
  }

  #outputTile(kernel: Kernel, k: number, places: KernelPlaces, plan: TilePlan, box: Box, t: number): View {
    const home = this.#stored(at(this.#in.storage.outputs, k));
    if (plan.output === null || places.output === null) return this.#piece(home, box);
    const slot = (t % plan.output.depth) * roundUp(plan.output.sizeBytes, this.#align);
    return {
      ...home,
      space: 'spad',
      base: places.output + slot,
      layout: denseLayout(box.count, kernel.format.bits).layout,
    };
  }

  #store(k: number, staged: View, box: Box, emit: Emit): void {
    const home = this.#piece(this.#stored(at(this.#in.storage.outputs, k)), box);
    emitPieces(home, staged, emit, this.#channels.store);
  }

  #copyChannel(kernel: Kernel): number {
    if (kernel.layer.op === 'load') return this.#channels.load;
    return kernel.layer.op === 'store' ? this.#channels.store : this.#channels.move;
  }

  /** An operand where it lives, under the kernel's own shape. */
  #home(kernel: Kernel, i: number): View {
    const { source } = at(kernel.inputs, i);
    if (source.kind === 'constant') {
      const { constant } = source;
      const base = this.#in.memory.constants.get(constant);
      return base === undefined ? this.#constantInDram(constant) : this.#residentView(constant, base);
    }
    const stored = this.#in.storage.values.get(source.name);
    if (stored === undefined) throw new InternalError(`${source.name} has no storage`);
    return { ...this.#stored(stored), layout: operandLayout(this.#in.storage, kernel, i) };
  }

  /** A value at home, named after the buffer whose bytes it is. */
  #stored(stored: Stored): View {
    const { space, base } = at(this.#in.memory.buffers, stored.buffer);
    const { name } = at(this.#in.storage.buffers, stored.buffer);
    return { name, space, base, format: stored.format, role: 'activations', layout: stored.layout };
  }
}

/** A copy into the memories of other cores. */
function sentTo<C extends { readonly core: number; readonly cores: number }>(copy: C, cores: readonly number[]): C {
  const [only] = cores;
  return cores.length === 1 && only !== undefined ? { ...copy, core: only + 1 } : { ...copy, cores: maskOf(cores) };
}

/** A network input comes in by stripes of rows, so that the first layer starts behind the first; pieces of whole bytes, or all at once. */
function loadStripes({ layer, shape, format: { bits } }: CopyKernel, share: Box): readonly Box[] {
  if (layer.op !== 'load') return [share];
  const size = (counts: readonly number[]): number => counts.reduce((n, c) => n * c, 1);
  const most = Math.max(Math.ceil(size(shape) / LOAD_STRIPES), Math.ceil((8 * LEAST_STRIPE_BYTES) / bits));
  const stripes = splitBox(share, memoryOrder(shape.length), most);
  return stripes.every(({ count }) => (size(count) * bits) % 8 === 0) ? stripes : [share];
}

/** Scratch of tile `t`: arenas in turn. */
function temporaries(kernel: Kernel, arena: number, plan: TilePlan, box: Box, t: number): View[] {
  const base = arena + (t % plan.arenaDepth) * plan.arenaBytes;
  return kernel.temps(box.count).map(({ name, shape, format }, i) => ({
    ...{ name, ...placeOf(at(plan.temps, i), base), format, role: 'activations' },
    layout: denseLayout(shape, format.bits).layout,
  }));
}

/** The held piece that contains a needed one, which is the newest from now on; null where there is none. */
function heldFor(ring: Ring, need: Box): Held | null {
  const last = ring.held.length - 1;
  const known = ring.held.find(({ box }, i) => (ring.keeps || i === last) && covers(box, need));
  if (known === undefined) return null;
  ring.held = [...ring.held.filter((h) => h !== known), known];
  return known;
}

function placeOf({ space, offset }: TilePlan['temps'][number], arena: number): Pick<View, 'space' | 'base'> {
  return { space, base: space === 'spad' ? arena + offset : offset };
}

/** Whether a held piece contains a needed one. */
function covers(held: Box, need: Box): boolean {
  return held.start.every(
    (s, d) => s <= at(need.start, d) && at(need.start, d) + at(need.count, d) <= s + at(held.count, d),
  );
}

function relative(box: Box, frame: Box): Box {
  return { start: box.start.map((s, d) => s - at(frame.start, d)), count: box.count };
}

/** What two boxes share, or null. */
function overlap(a: Box, b: Box): Box | null {
  const start = a.start.map((s, d) => Math.max(s, at(b.start, d)));
  const count = a.start.map((s, d) => Math.min(s + at(a.count, d), at(b.start, d) + at(b.count, d)) - at(start, d));
  return count.every((c) => c > 0) ? { start, count } : null;
}
