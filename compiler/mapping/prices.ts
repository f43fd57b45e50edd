/**
 * What every cut of a kernel costs in every order of its tiles, wherever operands and result lie: numbers made once a kernel, of which a search for homes adds up a few.
 * The cost is the time of the transfers, the first load and the last store once more (nothing overlaps them), a fixed price for each tile, and what arrays and drain
 * do beyond the least.
 */
import { cellBytes } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import { channelDim, weightBytesOf } from '../lower/kernels/matmul.ts';
import { at, roundUp } from '../lower/layout.ts';
import type { Cut, Homes, InputPiece, Piece } from './cuts.ts';
import { stageAlign } from './cuts.ts';
import type { Stage, TilePlan } from './tiles.ts';
import { type Transfer, transferCycles, transferOf } from './transfer.ts';

/** Price of one more tile: dispatch, semaphores and unit start-up that do not overlap; keeps tiles from being crumbs. */
const TILE_CYCLES = 64;

/** Numbers of a way that no home changes, in front of those of its pieces. */
const FIXED = 4;
const [ARENA_BYTES, TILES_CYCLES, WORK_CYCLES, REWRITE_CYCLES] = [0, 1, 2, 3];
/** Numbers of a piece: bytes of its slots in the scratchpad, cycles to bring it in from either home, over the whole kernel. */
const PIECE = 3;
const [SLOT_BYTES, BUFFER_CYCLES, DRAM_CYCLES] = [0, 1, 2];

/** One cut in one order. */
interface Way {
  readonly cut: Cut;
  readonly order: readonly number[];
}

/** Ways to cut a kernel, numbered by cut, then by order, with their prices. */
export class CutPrices {
  readonly #kernel: Kernel;
  readonly #machine: Machine;
  readonly #ways: readonly Way[];
  /** Numbers of all ways, and of those without slices. */
  readonly #all: readonly number[];
  readonly #whole: readonly number[];
  /** By way: the fixed ones, then those of each operand, then those of the result. */
  readonly #numbers: Float64Array;
  readonly #stride: number;

  constructor(kernel: Kernel, machine: Machine, cuts: readonly Cut[], orders: readonly (readonly number[])[]) {
    this.#kernel = kernel;
    this.#machine = machine;
    this.#ways = cuts.flatMap((cut) => orders.map((order) => ({ cut, order })));
    this.#all = this.#ways.map((_, way) => way);
    this.#whole = this.#all.filter((way) => at(this.#ways, way).cut.slices === 1);
    this.#stride = FIXED + PIECE * (kernel.inputs.length + 1);
    this.#numbers = new Float64Array(this.#ways.length * this.#stride);
    const pricing = new Pricing(kernel, machine);
    this.#ways.forEach((way, w) => {
      pricing.write(way, this.#numbers, w * this.#stride);
    });
  }

  /** Ways that make sense at these homes: activations in place need no slices, unless nothing else is allowed. */
  usable({ inputs }: Homes): readonly number[] {
    return inputs[0] === 'spad' && this.#whole.length > 0 ? this.#whole : this.#all;
  }

  /** By operand, then of the result: which of its cycles counts; 0 where it is used in place. */
  #columns({ inputs, output }: Homes): readonly number[] {
    return [...inputs, output].map((home) => (home === 'spad' ? 0 : home === 'dram' ? DRAM_CYCLES : BUFFER_CYCLES));
  }

  #bytes(way: number, columns: readonly number[]): number {
    const row = way * this.#stride;
    let bytes = this.#numbers[row + ARENA_BYTES]!;
    for (let p = 0; p < columns.length; p++)
      if (columns[p] !== 0) bytes += this.#numbers[row + FIXED + p * PIECE + SLOT_BYTES]!;
    return bytes;
  }

  #cycles(way: number, columns: readonly number[]): number {
    const row = way * this.#stride;
    let cycles = this.#numbers[row + TILES_CYCLES]!;
    for (let p = 0; p < columns.length; p++) {
      const column = columns[p]!;
      if (column !== 0) cycles += this.#numbers[row + FIXED + p * PIECE + column]!;
    }
    return cycles + this.#numbers[row + WORK_CYCLES]! + this.#numbers[row + REWRITE_CYCLES]!;
  }

  /** Ways that no other beats in both time and room, cheapest first. Of equals the first counts. */
  best(homes: Homes): readonly TilePlan[] {
    const columns = this.#columns(homes);
    const front: { readonly way: number; readonly cycles: number; readonly bytes: number }[] = [];
    for (const way of this.usable(homes)) {
      const bytes = this.#bytes(way, columns);
      const cycles = this.#cycles(way, columns);
      let behind = front.length;
      while (behind > 0 && front[behind - 1]!.cycles > cycles) behind--;
      if (bytes >= (front[behind - 1]?.bytes ?? Infinity)) continue;
      let end = behind;
      while (end < front.length && front[end]!.bytes >= bytes) end++;
      front.splice(behind, end - behind, { way, cycles, bytes });
    }
    return front.map(({ way }) => this.plan(way, homes));
  }

  /** One way as a plan. */
  plan(way: number, homes: Homes): TilePlan {
    const { cut, order } = at(this.#ways, way);
    const { sizes, summed, tiles } = cut;
    const { arenaBytes, sumsBytes, temps } = cut.scratch;
    const deep = slotsOf(this.#machine);
    const columns = this.#columns(homes);
    const inputs = cut.inputs.map((piece, i): Stage | null => {
      if (homes.inputs[i] === 'spad') return null;
      const loads = loadsOf(cut, order, i, deep);
      return { sizeBytes: piece.sizeBytes, depth: loads > 1 ? deep : 1, loads };
    });
    const output: Stage | null =
      homes.output === 'spad' ? null : { sizeBytes: cut.output.sizeBytes, depth: tiles > 1 ? deep : 1, loads: tiles };
    return {
      sizes,
      order,
      summed,
      tiles,
      inputs,
      output,
      arenaBytes,
      arenaDepth: arenaDepth(this.#kernel, cut, deep),
      sumsBytes,
      temps,
      scratchBytes: this.#bytes(way, columns),
      sharesSums: false,
      costCycles: this.#cycles(way, columns),
    };
  }
}

/** Slots of a piece that changes. */
function slotsOf(machine: Machine): number {
  return machine.capabilities.doubleBuffering ? 2 : 1;
}

/** The arrays drain the next tile while the vector unit works on what was drained of this one. */
function arenaDepth(kernel: Kernel, { tiles }: Cut, deep: number): number {
  return kernel.kind === 'matmul' && kernel.epilogue !== null && tiles > 1 ? deep : 1;
}

/** How often the needed piece changes when tiles run in `order`: once for every step of the innermost dim that it depends on. */
function countLoads(piece: InputPiece, parts: readonly number[], order: readonly number[]): number {
  let loads = 1;
  let inner = 1;
  for (const d of order) {
    inner *= parts[d]!;
    if (piece.movesAlong[d]!) loads = inner;
  }
  return loads;
}

/** Pieces of operand `i` that are brought in over the whole kernel. Slices of the tile before are still there where it had the same positions. */
function loadsOf({ inputs, parts, tiles, slices }: Cut, order: readonly number[], i: number, deep: number): number {
  const whole = countLoads(at(inputs, i), parts, order);
  return i > 0 || slices === 1 ? whole : tiles * slices - (tiles - whole) * Math.min(deep, slices);
}

/** What the prices of a kernel's ways have in common. */
class Pricing {
  readonly #kernel: Kernel;
  readonly #deep: number;
  readonly #align: number;
  readonly #buffer: Transfer;
  readonly #dram: Transfer;
  readonly #rewrites: Rewrites;

  constructor(kernel: Kernel, machine: Machine) {
    this.#kernel = kernel;
    this.#deep = slotsOf(machine);
    this.#align = stageAlign(machine);
    this.#buffer = transferOf(machine, 'buffer');
    this.#dram = transferOf(machine, 'dram');
    this.#rewrites = new Rewrites(kernel, machine);
  }

  /** Writes the row of a way. */
  write({ cut, order }: Way, numbers: Float64Array, row: number): void {
    const deep = this.#deep;
    numbers[row + ARENA_BYTES] = cut.scratch.arenaBytes * arenaDepth(this.#kernel, cut, deep);
    numbers[row + TILES_CYCLES] = cut.tiles * TILE_CYCLES;
    numbers[row + WORK_CYCLES] = cut.workCycles;
    numbers[row + REWRITE_CYCLES] = this.#rewrites.cycles(cut.parts, order);
    let to = row + FIXED;
    for (const [i, input] of cut.inputs.entries()) {
      const loads = loadsOf(cut, order, i, deep);
      this.#piece(input, loads > 1 ? deep : 1, loads, numbers, to);
      to += PIECE;
    }
    this.#piece(cut.output, cut.tiles > 1 ? deep : 1, cut.tiles, numbers, to);
  }

  /** @param transfers of the piece over the whole kernel; one more overlaps nothing */
  #piece({ sizeBytes, movedBytes }: Piece, depth: number, transfers: number, numbers: Float64Array, to: number): void {
    const [buffer, dram] = [this.#buffer, this.#dram];
    numbers[to + SLOT_BYTES] = roundUp(sizeBytes, this.#align) * depth;
    numbers[to + BUFFER_CYCLES] = (transfers + 1) * (buffer.startCycles + movedBytes.buffer / buffer.bytesPerCycle);
    numbers[to + DRAM_CYCLES] = (transfers + 1) * (dram.startCycles + movedBytes.dram / dram.bytesPerCycle);
  }
}

/** Weights that do not stay in the arrays are written again for every tile of positions inside which they are used. */
class Rewrites {
  /** -1 where there are no weights to write again. */
  readonly #channel: number;
  readonly #weightBytes: number;
  readonly #cellBytes: number;
  readonly #writeCycles: number;

  constructor(kernel: Kernel, machine: Machine) {
    this.#weightBytes = weightBytesOf(kernel);
    const constant = kernel.kind === 'matmul' && this.#weightBytes > 0;
    this.#channel = constant ? channelDim(kernel) : -1;
    this.#cellBytes = constant ? cellBytes(machine, kernel.matmul.weightBits) : 0;
    this.#writeCycles = transferCycles(machine, 'dram', this.#weightBytes);
  }

  cycles(parts: readonly number[], order: readonly number[]): number {
    const channel = this.#channel;
    if (channel < 0) return 0;
    const share = order[0] === channel ? at(parts, channel) : 1;
    if (this.#weightBytes / share <= this.#cellBytes) return 0;
    const positions = parts.reduce((p, c, d) => (d === channel ? p : p * c), 1);
    return (positions - 1) * this.#writeCycles;
  }
}
