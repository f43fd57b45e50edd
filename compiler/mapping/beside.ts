/**
 * Layers side by side: where a layer that keeps the vector unit busy stands next to one of the arrays, each made in stripes of rows, one works on the rows that the other has
 * made already (lower/beside.ts finds the order). All that both touch needs an address to itself meanwhile, so it is done where the scratchpad has room.
 * The estimate takes the busiest unit of both layers for their time; it leaves out start-up, weight writes and transfers.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import { AccumulatorRing } from '../lower/accumulators.ts';
import type { Kernel } from '../lower/kernel.ts';
import { at, memoryOrder, roundUp } from '../lower/layout.ts';
import { cuttable, type Homes } from './cuts.ts';
import type { HomePlan } from './homes.ts';
import type { KernelPins, Pins } from './pinned.ts';
import type { Storage } from './storage.ts';
import { weightsStay } from './stripes.ts';
import { costTiles, pinsTiles, type TilePlan } from './tiles.ts';
import { type UnitCycles, unitCycles } from './unit-cycles.ts';

/** A layer and the one in front of it: whether they run side by side, and what was expected. */
export interface Beside {
  readonly on: boolean;
  readonly apartCycles: number;
  readonly besideCycles: number;
  /** Why it cannot be; '' where it can. */
  readonly against: string;
  /** Why it is not, where it can be and nobody asked; '' where it is. */
  readonly because: string;
}

const NO_GAIN = 'too little gained for what it takes to start';
const ARRAYS_PINNED = 'arrays of the mapping file are for tiles as they are; pin beside too';

/** Least share of two layers' time, and least cycles, that must be gained: the estimate knows nothing of start-up. */
const LEAST_GAIN = 0.05;
const LEAST_CYCLES = 32;
/** Rows: the dim of images along which stripes are cut, and into how many; cycles that one must take. */
const ROWS = 2;
const MOST_STRIPES = 4;
const STRIPE_CYCLES = 40;
/** Accumulators that the vector unit must find for itself, else all share the same. */
const LEAST_SUMS = 256;

/** Kernels that run, in order. */
export function running({ plans }: HomePlan): readonly number[] {
  return plans.flatMap((plan, k) => (plan === null ? [] : [k]));
}

/** Estimates by kernel; null for the first, and where one of the two does not work in the scratchpad alone. */
export function besideWays(storage: Storage, homes: HomePlan, machine: Machine, pins?: Pins): (Beside | null)[] {
  const out: (Beside | null)[] = homes.plans.map(() => null);
  const order = running(homes);
  const times = order.map((k) => {
    const [kernel, plan] = [at(storage.kernels, k), at(homes.plans, k)];
    const own = plan === null ? null : stripes(kernel, plan, homes.placesOf(k), machine, pins?.kernels[k]);
    return own !== null && inRows(kernel, own) ? timesOf(kernel, own, machine) : null;
  });
  order.forEach((k, i) => {
    const [front, own] = [times[i - 1] ?? null, times[i] ?? null];
    if (front === null || own === null) return;
    const apartCycles = alone(front) + alone(own);
    const besideCycles = Math.max(front.arrays + own.arrays, front.vector + own.vector, front.drain + own.drain);
    const gain = apartCycles - besideCycles;
    const pays = (vectorBound(front) || vectorBound(own)) && gain > LEAST_CYCLES && gain > LEAST_GAIN * apartCycles;
    const pinned = [at(order, i - 1), k].some((n) => pins?.kernels[n]?.arrays !== undefined);
    const because = pays ? (pinned ? ARRAYS_PINNED : '') : NO_GAIN;
    out[k] = { on: because === '', apartCycles, besideCycles, against: '', because };
  });
  return out;
}

/** Whether a kernel makes its rows some at a time. */
function inRows(kernel: Kernel, { sizes, tiles }: TilePlan): boolean {
  return tiles > 1 && sizes.every((size, d) => d >= ROWS || size === at(kernel.shape, d));
}

interface Times extends UnitCycles {
  /** Parts whose sums are drained while the next are made. */
  readonly parts: number;
}

function timesOf(kernel: Kernel, plan: TilePlan | null, machine: Machine): Times | null {
  if (plan === null || kernel.kind === 'copy' || !worksInPlace(kernel, plan)) return null;
  if (kernel.kind === 'matmul' && kernel.matmul.dynamic) return null;
  const elements = product(kernel.shape);
  const parts = kernel.kind === 'plain' ? Math.ceil(elements / new AccumulatorRing(machine).capacity) : MOST_STRIPES;
  return { ...unitCycles(kernel, plan, machine), parts };
}

/** Whether operands and result lie in the scratchpad. */
function worksInPlace(kernel: Kernel, plan: TilePlan): boolean {
  return (
    plan.output === null &&
    plan.inputs.every((stage, i) => stage === null || at(kernel.inputs, i).source.kind === 'constant')
  );
}

function vectorBound({ arrays, vector, drain }: Times): boolean {
  return vector > Math.max(arrays, drain);
}

/** The busiest unit, and what of the next stands alone at the ends. */
function alone({ arrays, vector, drain, parts }: Times): number {
  const [most = 0, next = 0] = [arrays, vector, drain].sort((a, b) => b - a);
  return most + next / parts;
}

/** Kernels cut into stripes and with accumulators for both units, where they run side by side with the one in front. `beside` by kernel. */
export function cutBeside(
  storage: Storage,
  homes: HomePlan,
  beside: readonly boolean[],
  machine: Machine,
  pins?: Pins,
): HomePlan {
  const plans = [...homes.plans];
  for (const group of groupsOf(homes, beside)) {
    const sharesSums = sumsOnBoth(group.map((k) => at(storage.kernels, k))) && roomForSums(machine);
    for (const k of group) {
      const plan = at(plans, k);
      if (plan === null) continue;
      const own = stripes(at(storage.kernels, k), plan, homes.placesOf(k), machine, pins?.kernels[k]);
      plans[k] = { ...own, sharesSums };
    }
  }
  return { ...homes, plans, beside };
}

/** Runs of kernels of which each but the first runs beside the one in front. */
export function groupsOf(homes: HomePlan, beside: readonly boolean[]): readonly (readonly number[])[] {
  const groups: number[][] = [];
  for (const k of running(homes)) {
    const last = groups.at(-1);
    if (beside[k] === true && last !== undefined) last.push(k);
    else groups.push([k]);
  }
  return groups.filter((group) => group.length > 1);
}

function sumsOnBoth(kernels: readonly Kernel[]): boolean {
  const vector = kernels.some((k) => k.kind === 'plain' && k.accumulates === true);
  return (
    kernels.some((k) => k.kind === 'matmul') &&
    (vector || kernels.some((k) => k.kind === 'matmul' && k.epilogue?.accumulates === true))
  );
}

function roomForSums(machine: Machine): boolean {
  return new AccumulatorRing(machine, 'vector').capacity >= LEAST_SUMS;
}

/** A kernel of one tile cut into stripes of rows that each keep its units busy for a while. */
function stripes(
  kernel: Kernel,
  plan: TilePlan,
  homes: Homes,
  machine: Machine,
  pins: KernelPins | undefined,
): TilePlan {
  const times = timesOf(kernel, plan, machine);
  if (times === null || plan.tiles !== 1 || kernel.shape.length !== 4 || pinsTiles(pins)) return plan;
  if (kernel.kind === 'matmul' && !weightsStay(kernel, machine)) return plan;
  const count = Math.min(MOST_STRIPES, Math.floor(alone(times) / STRIPE_CYCLES));
  const size = at(kernel.shape, ROWS);
  const rows = roundUp(Math.ceil(size / Math.max(1, count)), at(kernel.grain, ROWS));
  if (rows >= size) return plan;
  const sizes = kernel.shape.map((s, d) => (d === ROWS ? rows : s));
  if (!cuttable(kernel, homes, machine, sizes)) return plan;
  const cut = costTiles(kernel, homes, machine, sizes, memoryOrder(kernel.shape.length));
  const more = cut.scratchBytes > plan.scratchBytes || cut.inputs.some((stage) => stage !== null && stage.loads > 1);
  return more ? plan : cut;
}

function product(list: readonly number[]): number {
  return list.reduce((a, b) => a * b, 1);
}
