/**
 * Estimated core cycles of splits: time of a kernel's largest share, and of what a tensor's makers and readers pass between cores. Rough on purpose:
 * it ranks splits of one network. Leaves out overlap of transfers and work, port conflicts, and what tiles cost (mapping/tiles.ts).
 */
import { matrixGeometry, usablePlanes } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Box } from '../lower/layout.ts';
import { at } from '../lower/layout.ts';
import type { ShareCost } from './share-cost.ts';
import { costShare, cyclesWithin, product } from './share-cost.ts';
import type { Split } from './shares.ts';
import { shareKernel } from './shares.ts';
import type { Storage } from './storage.ts';
import { dramBytesPerCycle, streamBytesPerCycle, transferCycles } from './transfer.ts';
import type { Need } from './work.ts';
import { needsOf, workOf } from './work.ts';

/** Share of the scratchpad that a tensor may have to be thought at home there. */
const HOME_SHARE = 0.4;
/** Kernel `k` alone: macro-planes that its weights need at least, cycles with room for so many copies of them, and transfers. */
export interface KernelPart {
  readonly least: number;
  /** 0 where the weights do not stay. */
  readonly cyclesIn: (room: number) => number;
  readonly passedCycles: number;
  /** In which its weights come from DRAM. */
  readonly streamCycles: number;
}

/**
 * Cycles of kernels one after the other. Weights that do not stay stream in behind them: those of a kernel from the start of the one before it on, so
 * that a kernel ends no earlier than its last weights.
 */
export function inSequence(kernels: readonly { readonly cycles: number; readonly streamCycles: number }[]): number {
  let [end, before, streamed] = [0, 0, 0];
  for (const { cycles, streamCycles } of kernels) {
    const start = end;
    if (streamCycles > 0) streamed = Math.max(streamed, before) + streamCycles;
    end = Math.max(start + cycles, streamed);
    before = start;
  }
  return end;
}

export class SplitCosts {
  readonly #storage: Storage;
  readonly #machine: Machine;
  readonly #options: readonly (readonly Split[])[];
  readonly #costs = new Map<string, ShareCost>();
  readonly #between = new Map<string, number>();
  /** Kernels that write and that read each buffer. */
  readonly #makers: readonly (readonly number[])[];
  readonly #readers: readonly (readonly number[])[];
  /** By kernel the buffers that pass between cores behind it: those it is the last to write, and inputs of which it is the first reader. */
  readonly #passedBy: readonly (readonly number[])[];
  #roomFor: readonly number[] | null = null;
  #lastRoom = 0;
  readonly #ringBytes: number;
  /** Macro-planes of a core; 0 where weights may not stay. */
  readonly #cells: number;

  /** @param ringBytes of a core's part of the global buffer, weights of a layer that stay until their last write */
  constructor(storage: Storage, machine: Machine, options: readonly (readonly Split[])[], ringBytes: number) {
    this.#storage = storage;
    this.#machine = machine;
    this.#options = options;
    this.#ringBytes = ringBytes;
    const read = storage.kernels.map((k) => [
      ...new Set(
        k.inputs.flatMap(({ source }) => {
          const stored = source.kind === 'value' ? storage.values.get(source.name) : undefined;
          return stored === undefined ? [] : [stored.buffer];
        }),
      ),
    ]);
    const all = storage.kernels.map((_, k) => k);
    this.#makers = storage.buffers.map((b) => all.filter((k) => at(storage.outputs, k).buffer === b.id));
    this.#readers = storage.buffers.map((b) => all.filter((k) => at(read, k).includes(b.id)));
    const passer = storage.buffers.map((b) => at(this.#makers, b.id).at(-1) ?? at(this.#readers, b.id)[0]);
    this.#passedBy = all.map((k) => storage.buffers.flatMap((b) => (passer[b.id] === k ? [b.id] : [])));
    const g = matrixGeometry(machine.core.matrix);
    this.#cells = machine.capabilities.weightResidency ? g.macros * usablePlanes(machine) : 0;
  }

  /** Cycles of the kernels one after the other. */
  total(chosen: readonly number[]): number {
    const stays = this.#room(chosen) > 0;
    return inSequence(
      chosen.map((option, k) => ({
        cycles: this.own(chosen, k) + this.#passed(chosen, k),
        streamCycles: stays ? 0 : this.#streaming(k, option),
      })),
    );
  }

  #passed(chosen: readonly number[], k: number): number {
    return at(this.#passedBy, k).reduce((sum, buffer) => sum + this.moved(chosen, buffer), 0);
  }

  /** Cycles of kernel `k`'s largest share on its core, given that all kernels are cut as chosen. */
  own(chosen: readonly number[], k: number): number {
    const cost = this.#costOf(k, at(chosen, k));
    return cyclesIn(cost, this.#room(chosen));
  }

  /** What kernel `k` adds to a run of kernels on cores of their own. */
  partOf(chosen: readonly number[], k: number): KernelPart {
    const cost = this.#costOf(k, at(chosen, k));
    return {
      least: leastCells(cost),
      cyclesIn: (room) => cyclesIn(cost, room),
      passedCycles: this.#passed(chosen, k),
      streamCycles: this.#streaming(k, at(chosen, k)),
    };
  }

  /** Room for copies of weights where they need `least` macro-planes at least; 0 when they do not fit. */
  roomFor(least: number): number {
    if (least === 0) return 1;
    return least > this.#cells ? 0 : this.#cells / least;
  }

  /** Room for copies of weights: macro-planes of a core for each that the weights need at least; 0 when they do not all fit. */
  #room(chosen: readonly number[]): number {
    if (this.#roomFor === chosen) return this.#lastRoom;
    const needed = chosen.reduce((sum, option, k) => sum + leastCells(this.#costOf(k, option)), 0);
    this.#roomFor = chosen;
    this.#lastRoom = this.roomFor(needed);
    return this.#lastRoom;
  }

  /** Cycles in which weights come in: all cores share DRAM, and one has only so many requests in flight. */
  #streaming(k: number, option: number): number {
    const { writeBytes, weightBytes } = this.#costOf(k, option);
    const cores = at(at(this.#options, k), option).boxes.length;
    // What the ring in the buffer holds is written again from there (lower/staging.ts).
    const held = weightBytes <= this.#ringBytes;
    const bytes = held ? weightBytes : writeBytes;
    const all = (bytes * cores) / dramBytesPerCycle(this.#machine);
    return Math.max(
      all,
      bytes / streamBytesPerCycle(this.#machine),
      (8 * writeBytes) / this.#machine.interconnect.linkBits,
    );
  }

  #costOf(k: number, option: number): ShareCost {
    const key = `${k} ${option}`;
    const known = this.#costs.get(key);
    if (known !== undefined) return known;
    const kernel = at(this.#storage.kernels, k);
    const share = shareKernel(kernel, at(at(this.#options, k), option));
    const cost = costShare(share, product(share.shape) / product(kernel.shape), this.#machine);
    this.#costs.set(key, cost);
    return cost;
  }

  /** Cycles in which a buffer's bytes pass between cores, or to and from shared memory. */
  moved(chosen: readonly number[], buffer: number): number {
    const makers = at(this.#makers, buffer);
    const readers = at(this.#readers, buffer);
    const key = `${buffer}:${[...makers, ...readers].map((k) => at(chosen, k)).join()}`;
    const cycles = this.#between.get(key) ?? this.#pass(chosen, buffer, makers, readers);
    this.#between.set(key, cycles);
    return cycles;
  }

  #pass(chosen: readonly number[], buffer: number, makers: readonly number[], readers: readonly number[]): number {
    const splitOf = (k: number): Split => at(at(this.#options, k), at(chosen, k));
    const needs = readers.flatMap((k) =>
      splitOf(k).boxes.flatMap((box, core) =>
        needsOf(this.#storage, k, core, box).flatMap((n) => (n.buffer === buffer ? [n.need] : [])),
      ),
    );
    return this.#isNear(buffer)
      ? makers.reduce((sum, k) => sum + this.#sent(k, splitOf(k), needs), 0)
      : this.#shared(buffer, needs, makers.length > 0);
  }

  #isNear(buffer: number): boolean {
    const { fixed, sizeBytes } = at(this.#storage.buffers, buffer);
    return fixed === null && sizeBytes <= this.#machine.core.scratchpad.sizeBytes * HOME_SHARE;
  }

  /** The busiest core's copies to others; what several cores load for themselves comes from shared memory. */
  #sent(k: number, split: Split, needs: readonly Need[]): number {
    const spaceOf = (b: number) => (this.#isNear(b) ? 'spad' : 'dram');
    const { bits } = at(this.#storage.outputs, k).format;
    const works = workOf(this.#storage, k, split, needs, spaceOf);
    const bytes = (box: Box): number => (product(box.count) * bits) / 8;
    const link = this.#machine.interconnect.linkBits / 8;
    const kernel = at(this.#storage.kernels, k);
    const loads =
      kernel.kind === 'copy' && works.every((w) => w.sends.length === 0)
        ? works.reduce((sum, w) => sum + transferCycles(this.#machine, 'dram', bytes(w.box)), 0)
        : 0;
    const sends = works.map((w) =>
      w.sends.reduce((sum, s) => sum + transferCycles(this.#machine, 'buffer', 0) + bytes(s.box) / link, 0),
    );
    return loads + Math.max(0, ...sends);
  }

  /** One port for all: written once, read by every core that needs it. */
  #shared(buffer: number, needs: readonly Need[], written: boolean): number {
    const { sizeBytes } = at(this.#storage.buffers, buffer);
    const space = sizeBytes > this.#machine.buffer.sizeBytes ? 'dram' : 'buffer';
    const whole = needs.reduce((most, n) => Math.max(most, product(n.layout.dims.map(sizeOf))), 1);
    const read = needs.reduce((sum, n) => sum + (sizeBytes * product(n.box.count)) / whole, 0);
    return transferCycles(this.#machine, space, (written ? sizeBytes : 0) + read);
  }
}

function sizeOf(factors: readonly { readonly count: number }[]): number {
  return product(factors.map((f) => f.count));
}

/** With room for so many copies of the weights, 0 where they do not stay. */
function cyclesIn(cost: ShareCost, room: number): number {
  return room === 0 ? cost.cycles : cyclesWithin(cost, room * leastCells(cost));
}

/** Fewest macro-planes that a share's weights need. */
function leastCells(cost: ShareCost): number {
  return cost.stays[0]?.cells ?? 0;
}
