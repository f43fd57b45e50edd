/**
 * Runs the memory plan: for every kernel, tile by tile, brings in the pieces that are not at home in the scratchpad, lets the
 * kernel emit its instructions, and stores the result. The next tile's pieces are asked for before this tile computes when
 * they have a second slot. The order emitted here is correct one instruction at a time; order.ts makes it overlap.
 */
import { InternalError, UnsupportedError } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { KernelPlaces, MemoryPlan } from '../mapping/addresses.ts';
import type { Storage, Stored } from '../mapping/storage.ts';
import { operandLayout } from '../mapping/storage.ts';
import type { Stage, TilePlan } from '../mapping/tiles.ts';
import { stageAlign } from '../mapping/tiles.ts';
import { AccumulatorRing } from './accumulators.ts';
import type { ConstantPool, ConstantTensor } from './constants.ts';
import type { Step, WeightTile } from './draft.ts';
import type { Emit, Kernel, KernelInput, Tile } from './kernel.ts';
import { emitPieces } from './kernels/copy.ts';
import type { MatmulMapping } from './kernels/matmul.ts';
import { emitMatmul } from './kernels/matmul.ts';
import type { Box } from './layout.ts';
import { at, boxLayout, denseLayout, fullBox, packLike, roundUp, sameBox } from './layout.ts';
import { tilesOf } from './split.ts';
import type { View } from './walk.ts';

/** DMA channels by purpose, so that loads, stores and constants do not queue behind each other. */
export interface Channels {
  readonly load: number;
  readonly store: number;
  readonly constants: number;
  readonly move: number;
}

export function channelsOf(machine: Machine): Channels {
  const { channels } = machine.core.dma;
  return { load: 0, store: 1 % channels, constants: 2 % channels, move: 3 % channels };
}

export interface DriverInput {
  readonly storage: Storage;
  readonly memory: MemoryPlan;
  /** Per kernel the mapping of matrix products, null for the others. */
  readonly mappings: readonly (MatmulMapping | null)[];
  readonly machine: Machine;
  readonly constants: ConstantPool;
}

export interface DriverOutput {
  readonly steps: readonly Step[];
  /** Steps that bring resident constants into the scratchpad: not needed where they are from the run before. */
  readonly residentLoads: ReadonlySet<Step>;
  /** Kernels that emitted something, in order: the report's layers. */
  readonly layers: readonly Kernel[];
}

/** One staged operand: a ring of slots and which box the newest holds. */
interface Ring {
  readonly base: number;
  readonly slotBytes: number;
  readonly stage: Stage;
  slot: number;
  held: Box | null;
  view: View | null;
}

/** Steps of one program. Every one is kept, ordered and simulated: beyond this the host runs out of memory before the answer. */
const MAX_STEPS = 1_000_000;

function tooLong(kernel: Kernel | undefined, machine: Machine): UnsupportedError {
  const { m = 0, k = 0, n = 0, name = '' } = kernel?.layer ?? {};
  const message = `the program for ${machine.name} would have more than ${MAX_STEPS} instructions`;
  const where = `layer '${name}'${m > 0 ? `, ${m}x${k}x${n}` : ''}`;
  const hint = 'a larger machine (core.matrix, core.scratchpad.sizeBytes), or a smaller input (--dims)';
  return new UnsupportedError(message, {
    diagnostics: [{ code: 'E-COMPILE-SIZE', message, where, expected: 'tiles that are large enough to be few', hint }],
  });
}

export function drive(input: DriverInput): DriverOutput {
  return new Driver(input).run();
}

class Driver {
  readonly #in: DriverInput;
  readonly #channels: Channels;
  readonly #accumulators: AccumulatorRing;
  readonly #steps: Step[] = [];
  readonly #residentLoads = new Set<Step>();
  readonly #broughtIn = new Set<ConstantTensor>();
  readonly #layers: Kernel[] = [];
  readonly #tiles = new Map<string, WeightTile>();
  readonly #rings: (readonly (Ring | null)[])[] = [];
  readonly #align: number;

  constructor(input: DriverInput) {
    this.#in = input;
    this.#channels = channelsOf(input.machine);
    this.#accumulators = new AccumulatorRing(input.machine);
    this.#align = stageAlign(input.machine);
  }

  run(): DriverOutput {
    const { storage, memory } = this.#in;
    const running = storage.kernels.flatMap((kernel, k) => (memory.homes.plans[k] === null ? [] : [{ kernel, k }]));
    for (const { kernel, k } of running) {
      this.#layers.push(kernel);
      this.#rings[k] = this.#makeRings(kernel, k);
    }
    running.forEach(({ kernel, k }, layer) => {
      if (layer === 0) this.#prologue(kernel, k, layer);
      const next = running[layer + 1];
      if (next !== undefined && memory.kernels[next.k]?.prologueAt === k)
        this.#prologue(next.kernel, next.k, layer + 1);
      this.#body(kernel, k, layer);
      if (next !== undefined && memory.kernels[next.k]?.prologueAt !== k)
        this.#prologue(next.kernel, next.k, layer + 1);
    });
    return { steps: this.#steps, residentLoads: this.#residentLoads, layers: this.#layers };
  }

  #emitter(layer: number): Emit {
    return (step) => {
      if (this.#steps.push({ ...step, layer } as Step) > MAX_STEPS)
        throw tooLong(this.#layers[layer], this.#in.machine);
    };
  }

  #makeRings(kernel: Kernel, k: number): (Ring | null)[] {
    const plan = at(this.#in.memory.homes.plans, k);
    const places = at(this.#in.memory.kernels, k);
    return kernel.inputs.map((_, i) => {
      const stage = plan?.inputs[i] ?? null;
      const base = places?.inputs[i] ?? null;
      if (stage === null || base === null) return null;
      return { base, stage, slotBytes: roundUp(stage.sizeBytes, this.#align), slot: -1, held: null, view: null };
    });
  }

  /** Constants that stay, for good or for the whole kernel. */
  #prologue(kernel: Kernel, k: number, layer: number): void {
    for (const { source } of kernel.inputs) if (source.kind === 'constant') this.#bringResident(source.constant, layer);
    if (kernel.kind === 'copy') return;
    kernel.inputs.forEach((input, i) => {
      const ring = at(this.#rings, k)[i] ?? null;
      if (ring === null || input.source.kind !== 'constant' || ring.stage.loads > 1) return;
      this.#bring(kernel, i, ring, input.need(fullBox(kernel.shape)), layer);
    });
  }

  /** Loads a resident constant to its place before its first use. */
  #bringResident(constant: ConstantTensor, layer: number): void {
    const base = this.#in.memory.constants.get(constant);
    if (base === undefined || this.#broughtIn.has(constant)) return;
    this.#broughtIn.add(constant);
    const before = this.#steps.length;
    const inDram = this.#constantInDram(constant);
    emitPieces(this.#residentView(constant, base), inDram, this.#emitter(layer), this.#channels.constants);
    for (const step of this.#steps.slice(before)) this.#residentLoads.add(step);
  }

  #constantInDram(constant: ConstantTensor): View {
    const { name, role, layout, stored: format } = constant;
    return { name, space: 'dram', base: this.#in.constants.place(constant), format, role, layout };
  }

  #residentView({ name, format, role, layout }: ConstantTensor, base: number): View {
    return { name, space: 'spad', base, format, role, layout };
  }

  #body(kernel: Kernel, k: number, layer: number): void {
    const plan = at(this.#in.memory.homes.plans, k);
    const places = at(this.#in.memory.kernels, k);
    if (plan === null || places === null) throw new InternalError(`${kernel.name} has no plan`);
    if (kernel.kind === 'copy') {
      const inputs = kernel.inputs.map((_, i) => this.#home(kernel, i));
      kernel.emit(
        this.#stored(at(this.#in.storage.outputs, k)),
        inputs,
        this.#emitter(layer),
        this.#copyChannel(kernel),
      );
      return;
    }
    const boxes = tilesOf(fullBox(kernel.shape), plan.sizes, plan.order);
    boxes.forEach((box, t) => {
      const inputs = kernel.inputs.map((input, i) => this.#operand(kernel, k, i, input, box, layer));
      const next = boxes[t + 1];
      if (next !== undefined) this.#prefetch(kernel, k, next, layer);
      const output = this.#outputTile(kernel, k, places, plan, box, t);
      const temps = kernel.temps(box.count).map(
        (temp, i): View => ({
          name: temp.name,
          space: 'spad',
          base: (places.arena ?? 0) + at(plan.temps, i),
          format: temp.format,
          role: 'activations',
          layout: denseLayout(temp.shape, temp.format.bits).layout,
        }),
      );
      const tile: Tile = { box, inputs: inputs.map((x) => x.view), boxes: inputs.map((x) => x.box), output, temps };
      this.#compute(kernel, k, tile, layer);
      if (plan.output !== null) this.#store(k, output, box, layer);
    });
  }

  #compute(kernel: Kernel, k: number, tile: Tile, layer: number): void {
    const emit = this.#emitter(layer);
    if (kernel.kind === 'plain') kernel.emit(tile, emit, this.#accumulators);
    if (kernel.kind !== 'matmul') return;
    const mapping = at(this.#in.mappings, k);
    if (mapping === null) throw new InternalError(`${kernel.name} has no mapping`);
    const weights = {
      tile: (key: string, make: () => WeightTile): WeightTile => {
        const tileOf = this.#tiles.get(key) ?? make();
        this.#tiles.set(key, tileOf);
        return tileOf;
      },
      place: (bytes: Uint8Array): number => this.#in.constants.placeBytes(bytes),
    };
    const cx = { kernel, mapping, layer, weights, accumulators: this.#accumulators, emit };
    if (kernel.epilogue === null) {
      emitMatmul(cx, tile);
      return;
    }
    const drained = at(tile.temps, 0);
    emitMatmul(cx, { ...tile, box: kernel.epilogue.need(tile.box), output: drained });
    kernel.epilogue.emit(tile, drained, emit, this.#accumulators);
  }

  /** The piece of an operand for one output box: where it lies, or staged. */
  #operand(
    kernel: Kernel,
    k: number,
    i: number,
    input: KernelInput,
    box: Box,
    layer: number,
  ): { readonly view: View; readonly box: Box } {
    const need = input.need(box);
    const ring = at(this.#rings, k)[i] ?? null;
    if (ring === null) return { view: this.#piece(this.#home(kernel, i), need), box: need };
    if (ring.held === null || !covers(ring.held, need)) this.#bring(kernel, i, ring, need, layer);
    if (ring.view === null || ring.held === null)
      throw new InternalError(`operand ${i} of ${kernel.name} was not staged`);
    if (sameBox(ring.held, need)) return { view: ring.view, box: need };
    return { view: this.#piece(ring.view, relative(need, ring.held)), box: need };
  }

  #prefetch(kernel: Kernel, k: number, next: Box, layer: number): void {
    kernel.inputs.forEach((input, i) => {
      const ring = at(this.#rings, k)[i] ?? null;
      const need = input.need(next);
      if (ring === null || ring.stage.depth < 2 || (ring.held !== null && covers(ring.held, need))) return;
      this.#bring(kernel, i, ring, need, layer);
    });
  }

  /** Copies one piece into the next slot of the ring. */
  #bring(kernel: Kernel, i: number, ring: Ring, box: Box, layer: number): void {
    const home = this.#home(kernel, i);
    const src = this.#piece(home, box);
    const { source } = at(kernel.inputs, i);
    const format = source.kind === 'constant' ? source.constant.format : src.format;
    const packed = packLike(src.layout, format.bits);
    if (packed.sizeBytes > ring.slotBytes) throw new InternalError(`operand ${i} of ${kernel.name} outgrew its slot`);
    ring.slot = (ring.slot + 1) % ring.stage.depth;
    ring.held = box;
    ring.view = { ...src, format, space: 'spad', base: ring.base + ring.slot * ring.slotBytes, layout: packed.layout };
    const channel = source.kind === 'constant' ? this.#channels.constants : this.#channels.load;
    emitPieces(ring.view, src, this.#emitter(layer), channel);
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

  #store(k: number, staged: View, box: Box, layer: number): void {
    const home = this.#piece(this.#stored(at(this.#in.storage.outputs, k)), box);
    emitPieces(home, staged, this.#emitter(layer), this.#channels.store);
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

/** Whether a held piece contains a needed one. */
function covers(held: Box, need: Box): boolean {
  return held.start.every(
    (s, d) => s <= at(need.start, d) && at(need.start, d) + at(need.count, d) <= s + at(held.count, d),
  );
}

function relative(box: Box, frame: Box): Box {
  return { start: box.start.map((s, d) => s - at(frame.start, d)), count: box.count };
}
