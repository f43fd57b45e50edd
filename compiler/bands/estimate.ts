/**
 * What a planned network takes, roughly, kernel by kernel: the busiest of arrays, vector unit, drain, link and DRAM, and a start. Layers one after the
 * other, and weights from DRAM whenever the arrays hold them no longer.
 */
import { cellBytes } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Space } from '../../isa/tensor.ts';
import type { Kernel } from '../lower/kernel.ts';
import { weightBytesOf } from '../lower/kernels/matmul.ts';
import type { WeightTable } from '../lower/kernels/matmul-spec.ts';
import { at, denseLayout } from '../lower/layout.ts';
import type { HomePlan } from '../mapping/homes.ts';
import type { Storage } from '../mapping/storage.ts';
import type { TilePlan } from '../mapping/tiles.ts';
import { dramBytesPerCycle } from '../mapping/transfer.ts';
import { type UnitCycles, unitCycles } from '../mapping/unit-cycles.ts';

/** Weights of other widths are taken to lie as densely. */
export const WEIGHT_BITS = 8;

/** Cycles of one more kernel that do not overlap: dispatch, the first piece, the last result. */
export const START_CYCLES = 400;

/** Bytes that an operand (by its buffer) or the result brings or takes over a kernel. */
export interface Moved {
  readonly buffer: number;
  readonly space: Space;
  readonly bytes: number;
}

export interface KernelTime {
  readonly units: UnitCycles;
  readonly moved: readonly Moved[];
  /** Bytes of weights that are written into the arrays. */
  readonly weightBytes: number;
}

/** By kernel; null where it does not run. */
export function kernelTimes(storage: Storage, homes: HomePlan, machine: Machine): readonly (KernelTime | null)[] {
  const written = new LeastRecent(cellBytes(machine, WEIGHT_BITS));
  return storage.kernels.map((kernel, k) => {
    const plan = at(homes.plans, k);
    if (plan === null) return null;
    const weightBytes = written.writes(kernel);
    return { units: unitCycles(kernel, plan, machine), moved: movedBy(storage, homes, k, plan), weightBytes };
  });
}

/** Weights in the arrays, the least recently used given up for others. */
class LeastRecent {
  readonly #capacity: number;
  readonly #held = new Map<WeightTable | undefined, number>();

  constructor(capacityBytes: number) {
    this.#capacity = capacityBytes;
  }

  /** Bytes that the kernel's weights take to write: none where they are there. */
  writes(kernel: Kernel): number {
    const bytes = weightBytesOf(kernel);
    if (kernel.kind !== 'matmul' || bytes === 0) return 0;
    const [weights] = kernel.matmul.parts;
    const there = this.#held.delete(weights);
    this.#held.set(weights, bytes);
    let total = [...this.#held.values()].reduce((a, b) => a + b, 0);
    for (const [oldest, own] of this.#held) {
      if (total <= this.#capacity) break;
      this.#held.delete(oldest);
      total -= own;
    }
    return there ? 0 : bytes;
  }
}

function movedBy(storage: Storage, homes: HomePlan, k: number, plan: TilePlan): readonly Moved[] {
  const kernel = at(storage.kernels, k);
  const { inputs, output } = homes.placesOf(k);
  const bytes = denseLayout(kernel.shape, kernel.format.bits).sizeBytes;
  const result = { buffer: at(storage.outputs, k).buffer, space: output, bytes };
  const operands = kernel.inputs.flatMap(({ source }, i): Moved[] => {
    const stored = source.kind === 'value' ? storage.values.get(source.name) : undefined;
    if (stored === undefined) return [];
    const stage = plan.inputs[i] ?? null;
    const brought = stage === null ? bytes / kernel.inputs.length : stage.loads * stage.sizeBytes;
    return [{ buffer: stored.buffer, space: at(inputs, i), bytes: brought }];
  });
  return [result, ...operands].filter((m) => m.space !== 'spad');
}

/** Cycles of a kernel whose rows are computed `factor` times over, moving what it moves. */
export function cyclesOf({ units, moved, weightBytes }: KernelTime, machine: Machine, factor = 1): number {
  const link = machine.interconnect.linkBits / 8;
  const sum = (all: readonly Moved[]) => all.reduce((n, m) => n + m.bytes, 0);
  const near = (sum(moved) + weightBytes) / link;
  const far = (sum(moved.filter((m) => m.space === 'dram')) + weightBytes) / dramBytesPerCycle(machine);
  return Math.max(Math.max(units.arrays, units.vector, units.drain) * factor, near, far);
}
