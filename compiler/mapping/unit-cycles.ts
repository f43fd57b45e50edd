/** How long each unit works on a kernel, roughly: no start-up, no waiting, no weight writes. */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import { computeCycles } from './tile-work.ts';
import type { TilePlan } from './tiles.ts';

/** Core cycles. */
export interface UnitCycles {
  readonly arrays: number;
  readonly vector: number;
  readonly drain: number;
}

export function unitCycles(kernel: Kernel, plan: TilePlan, machine: Machine): UnitCycles {
  const { vector, drain } = machine.core;
  const { macs, m, k, n } = kernel.layer;
  const elements = product(kernel.shape);
  if (kernel.kind === 'copy') return { arrays: 0, vector: 0, drain: 0 };
  if (kernel.kind === 'plain') {
    const sums = kernel.accumulates === true;
    const work = sums && macs > 0 ? macs / vector.windowMacLanes : elements / vector.lanes;
    return { arrays: 0, vector: work, drain: sums ? elements / drain.lanes : 0 };
  }
  const behind = kernel.epilogue;
  const drained = product(kernel.drained.shape) + (behind?.accumulates === true ? elements : 0);
  const work =
    behind === null ? 0 : behind.accumulates ? (macs - m * k * n) / vector.windowMacLanes : elements / vector.lanes;
  const arrays = computeCycles(kernel, machine, plan.sizes, plan.tiles);
  return { arrays, vector: work, drain: drained / drain.lanes };
}

function product(list: readonly number[]): number {
  return list.reduce((a, b) => a * b, 1);
}
