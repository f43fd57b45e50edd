/**
 * Where the scratch of a tile lies. Float chains along lines (softmax, normalization) read and write four bytes an element at every step, which the scratchpad's
 * port gives to half of the lanes: their scratch lies in the accumulators, whose port is wide, where it fits there. Kernels that sum there, and images, whose
 * chains run beside arrays that sum there, keep theirs in the scratchpad.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Space } from '../../isa/tensor.ts';
import type { Kernel, TempSpec } from '../lower/kernel.ts';
import { at, denseBytes, roundUp } from '../lower/layout.ts';
import { allocate } from './allocate.ts';

/** Scratch of one tile: bytes of the arena in the scratchpad and of accumulators, and where each piece lies: from the arena's start, or an address. */
export interface Scratch {
  readonly arenaBytes: number;
  readonly sumsBytes: number;
  readonly temps: readonly { readonly space: Space; readonly offset: number }[];
  /** Cycles that lanes wait for scratch at the scratchpad's port. */
  readonly portCycles: number;
}

/** Accumulators that hold a float, or any other number of scratch as wide. */
const WORD_BITS = 32;
/** Rank of images. */
const IMAGES = 4;

/** Whether scratch of a kernel may lie in the accumulators. */
export function scratchInSums(kernel: Kernel, { core }: Machine): boolean {
  if (kernel.kind !== 'plain' || kernel.accumulates === true || kernel.shape.length >= IMAGES) return false;
  return core.accumulators.widthBits === WORD_BITS && core.accumulators.portBits > core.scratchpad.portBits;
}

const NO_SCRATCH: Scratch = { arenaBytes: 0, sumsBytes: 0, temps: [], portCycles: 0 };

/** Pieces that live in different stages share bytes. */
export function planScratch(kernel: Kernel, sizes: readonly number[], machine: Machine, align: number): Scratch {
  const temps = kernel.temps(sizes);
  if (temps.length === 0) return NO_SCRATCH;
  const { accumulators, scratchpad, vector } = machine.core;
  const wide = temps.map((t) => scratchInSums(kernel, machine) && t.format.bits === WORD_BITS);
  const pack = (inSums: boolean) =>
    planArena(
      temps,
      wide.map((w) => w === inSums),
      align,
    );
  const sums = pack(true);
  if (sums.bytes <= accumulators.sizeBytes) {
    const arena = pack(false);
    const base = accumulators.sizeBytes - sums.bytes;
    return {
      arenaBytes: arena.bytes,
      sumsBytes: sums.bytes,
      temps: wide.map((w, i) =>
        w ? { space: 'acc', offset: base + at(sums.at, i) } : { space: 'spad', offset: at(arena.at, i) },
      ),
      portCycles: 0,
    };
  }
  const all = planArena(
    temps,
    temps.map(() => true),
    align,
  );
  const elements = temps.reduce((n, t, i) => (wide[i] ? n + t.shape.reduce((a, b) => a * b, 1) : n), 0);
  const portCycles = elements * Math.max(0, WORD_BITS / scratchpad.portBits - 1 / vector.lanes);
  return {
    arenaBytes: all.bytes,
    sumsBytes: 0,
    temps: all.at.map((offset) => ({ space: 'spad', offset })),
    portCycles,
  };
}

function planArena(temps: readonly TempSpec[], own: readonly boolean[], align: number) {
  const blocks = temps.flatMap((t, i) =>
    own[i]
      ? [
          {
            name: t.name,
            sizeBytes: roundUp(denseBytes(t.shape, t.format.bits), align),
            first: t.first,
            last: t.last,
          },
        ]
      : [],
  );
  const placed = allocate(blocks, Number.MAX_SAFE_INTEGER, align);
  let next = 0;
  return {
    bytes: placed.reduce((most, p) => Math.max(most, (p.address ?? 0) + p.block.sizeBytes), 0),
    at: own.map((o) => (o ? (placed[next++]?.address ?? 0) : 0)),
  };
}
