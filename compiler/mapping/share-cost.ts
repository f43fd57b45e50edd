/**
 * What a kernel's largest share costs its core, by itself: cycles with weights in place for every number of macro-planes that they may take, and
 * what it costs when they come in again. Rough on purpose: as one tile, without transfers.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel, MatmulKernel } from '../lower/kernel.ts';
import { at } from '../lower/layout.ts';
import type { Scored } from './matmul.ts';
import { macrosOf, scoreMappings } from './matmul.ts';
import type { TilePlan } from './tiles.ts';

/** Dispatch, semaphores and start-up of a kernel on a core. */
const KERNEL_CYCLES = 64;

/** Cycles when weights stay on so many macro-planes. */
interface Stay {
  readonly cells: number;
  readonly cycles: number;
}

export interface ShareCost {
  /** Cycles when weights do not stay, their writes not counted. */
  readonly cycles: number;
  /** Bytes of weights that one inference writes then, on one core. */
  readonly writeBytes: number;
  /** Bytes of all its weights, once. */
  readonly weightBytes: number;
  /** Fewest macro-planes first, each faster than those before; empty where there are no weights. */
  readonly stays: readonly Stay[];
}

/** @param part of the kernel's output that the share is, for work that is not in its shape */
export function costShare(share: Kernel, part: number, machine: Machine): ShareCost {
  const { vector } = machine.core;
  const elements = product(share.shape);
  if (share.kind === 'copy') return { cycles: KERNEL_CYCLES, writeBytes: 0, weightBytes: 0, stays: [] };
  if (share.kind === 'plain') {
    const work = (share.stages * elements) / vector.lanes + (share.layer.macs * part) / vector.windowMacLanes;
    return { cycles: work + KERNEL_CYCLES, writeBytes: 0, weightBytes: 0, stays: [] };
  }
  const behind = ((share.stages - 1) * elements) / vector.lanes;
  const all = mappingsOf(share, machine);
  const written = all.reduce((a, b) => (b.cost.totalCycles < a.cost.totalCycles ? b : a));
  const { mapping, cost } = written;
  const tileBytes = (mapping.kTile * mapping.nTile * share.matmul.weightBits) / 8;
  if (share.matmul.dynamic)
    return { cycles: Math.max(cost.totalCycles, behind) + KERNEL_CYCLES, writeBytes: 0, weightBytes: 0, stays: [] };
  return {
    cycles: Math.max(cost.residentCycles, behind) + KERNEL_CYCLES,
    writeBytes: cost.weightWrites * tileBytes,
    weightBytes: cost.weightTiles * tileBytes,
    stays: staysOf(all).map((s) => ({ ...s, cycles: Math.max(s.cycles, behind) + KERNEL_CYCLES })),
  };
}

/** Cycles with weights on at most `cells` macro-planes, or on as few as they need. */
export function cyclesWithin({ stays, cycles }: ShareCost, cells: number): number {
  let best = stays[0]?.cycles ?? cycles;
  for (const s of stays) if (s.cells <= cells) best = s.cycles;
  return best;
}

/** All mappings of the share as one tile with everything in place. */
function mappingsOf(share: MatmulKernel, machine: Machine): readonly Scored[] {
  const plan: TilePlan = {
    sizes: share.shape,
    order: share.shape.map((_, d) => d),
    summed: null,
    tiles: 1,
    inputs: share.inputs.map(() => null),
    output: null,
    arenaBytes: 0,
    arenaDepth: 1,
    sumsBytes: 0,
    temps: [],
    scratchBytes: 0,
    sharesSums: false,
    costCycles: 0,
  };
  return scoreMappings(share, plan, machine, true);
}

function staysOf(all: readonly Scored[]): Stay[] {
  const stays = all
    .map(({ mapping, cost }) => ({ cells: macrosOf(mapping) * cost.weightTiles, cycles: cost.residentCycles }))
    .sort((a, b) => a.cells - b.cells || a.cycles - b.cycles);
  const out: Stay[] = [];
  for (const s of stays) if (out.length === 0 || s.cycles < at(out, out.length - 1).cycles) out.push(s);
  return out;
}

export function product(list: readonly number[]): number {
  return list.reduce((a, b) => a * b, 1);
}
