/**
 * Estimated core cycles of splits: time of a kernel's largest share, and of what a tensor's makers and readers pass between cores. Rough on purpose:
 * it ranks splits of one network. Leaves out overlap of transfers and work, port conflicts, and what tiles cost (mapping/tiles.ts).
 */
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import type { Box } from '../lower/layout.ts';
import { at } from '../lower/layout.ts';
import type { Split } from './shares.ts';
import { shareKernel } from './shares.ts';
import type { Storage } from './storage.ts';
import { costTiles } from './tiles.ts';
import { dramBytesPerCycle, streamBytesPerCycle, transferCycles } from './transfer.ts';
import type { Need } from './work.ts';
import { needsOf, workOf } from './work.ts';

/** Share of the scratchpad that a tensor may have to be thought at home there. */
const HOME_SHARE = 0.4;
/** Dispatch, semaphores and start-up of a kernel on a core. */
const KERNEL_CYCLES = 64;

export class SplitCosts {
  readonly #storage: Storage;
  readonly #machine: Machine;
  readonly #options: readonly (readonly Split[])[];
  readonly #own = new Map<string, number>();
  readonly #between = new Map<string, number>();
  /** Kernels that write and that read each buffer. */
  readonly #makers: readonly (readonly number[])[];
  readonly #readers: readonly (readonly number[])[];
  readonly #buffersOf: readonly (readonly number[])[];
  /** Whether all weights stay in the arrays when no kernel is cut: then they cost nothing. */
  readonly #resident: boolean;

  constructor(storage: Storage, machine: Machine, options: readonly (readonly Split[])[]) {
    this.#storage = storage;
    this.#machine = machine;
    this.#options = options;
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
    this.#buffersOf = all.map((k) => [...new Set([at(storage.outputs, k).buffer, ...at(read, k)])]);
    this.#resident = machine.capabilities.weightResidency && this.#fits();
  }

  total(chosen: readonly number[]): number {
    return (
      chosen.reduce((sum, option, k) => sum + this.own(k, option), 0) +
      this.#storage.buffers.reduce((sum, b) => sum + this.moved(chosen, b.id), 0)
    );
  }

  /** What the estimate changes by when kernel `k` takes another option. */
  change(chosen: readonly number[], k: number, option: number): number {
    const other = chosen.map((o, i) => (i === k ? option : o));
    const cost = (c: readonly number[]): number =>
      this.own(k, at(c, k)) + at(this.#buffersOf, k).reduce((sum, b) => sum + this.moved(c, b), 0);
    return cost(other) - cost(chosen);
  }

  /** Cycles of the largest share, weights that do not stay included. */
  own(k: number, option: number): number {
    const key = `${k} ${option}`;
    const known = this.#own.get(key);
    if (known !== undefined) return known;
    const split = at(at(this.#options, k), option);
    const share = shareKernel(at(this.#storage.kernels, k), split);
    const cycles = Math.max(this.#compute(share, k), this.#weights(share, split)) + KERNEL_CYCLES;
    this.#own.set(key, cycles);
    return cycles;
  }

  #compute(share: Kernel, k: number): number {
    const { drain, vector } = this.#machine.core;
    const elements = product(share.shape);
    if (share.kind === 'copy') return 0;
    if (share.kind === 'plain') {
      const part = elements / product(at(this.#storage.kernels, k).shape);
      return (share.stages * elements) / vector.lanes + (share.layer.macs * part) / vector.windowMacLanes;
    }
    const inputs = share.inputs.map(() => 'spad' as const);
    const homes = { inputs, inputBits: [], layouts: [], output: 'spad' } as const;
    const order = share.shape.map((_, d) => d);
    const arrays = costTiles(share, homes, this.#machine, share.shape, order).costCycles;
    return Math.max(arrays, product(share.drained.shape) / drain.lanes, ((share.stages - 1) * elements) / vector.lanes);
  }

  /** Loading weights that do not stay: all cores share DRAM, each writes its own arrays. */
  #weights(share: Kernel, split: Split): number {
    if (share.kind !== 'matmul' || this.#resident) return 0;
    const { k, n, groups, weightBits, parts } = share.matmul;
    const bytes = (k * n * groups * weightBits * parts.length) / 8;
    const all = (bytes * split.boxes.length) / dramBytesPerCycle(this.#machine);
    return Math.max(all, bytes / streamBytesPerCycle(this.#machine));
  }

  #fits(): boolean {
    const g = matrixGeometry(this.#machine.core.matrix);
    const macros = this.#storage.kernels.reduce((sum, kernel) => {
      if (kernel.kind !== 'matmul') return sum;
      const { k, n, groups, weightBits, parts } = kernel.matmul;
      const own = Math.ceil(k / g.rows) * Math.ceil((n * g.columnsPerWeight(weightBits)) / g.columns);
      return sum + own * groups * parts.length;
    }, 0);
    return macros <= g.macros * (this.#machine.capabilities.weightPlanes ? g.planes : 1);
  }

  /** Cycles in which a buffer's bytes pass between cores, or to and from shared memory. */
  moved(chosen: readonly number[], buffer: number): number {
    const makers = at(this.#makers, buffer);
    const readers = at(this.#readers, buffer);
    const key = `${buffer}:${[...makers, ...readers].map((k) => at(chosen, k)).join()}`;
    const known = this.#between.get(key);
    if (known !== undefined) return known;
    const splitOf = (k: number): Split => at(at(this.#options, k), at(chosen, k));
    const needs = readers.flatMap((k) =>
      splitOf(k).boxes.flatMap((box, core) =>
        needsOf(this.#storage, k, core, box).flatMap((n) => (n.buffer === buffer ? [n.need] : [])),
      ),
    );
    const cycles = this.#isNear(buffer)
      ? makers.reduce((sum, k) => sum + this.#sent(k, splitOf(k), needs), 0)
      : this.#shared(buffer, needs, makers.length > 0);
    this.#between.set(key, cycles);
    return cycles;
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

function product(list: readonly number[]): number {
  return list.reduce((a, b) => a * b, 1);
}
