/**
 * How one kernel is cut into tiles and what it stages. Operands at home in the scratchpad are used in place; others are
 * brought in piece by piece, two pieces deep where the machine double-buffers. Tile sizes are searched over halvings of every
 * dim (cuts.ts); prices.ts says what each costs.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import { channelDim } from '../lower/kernels/matmul.ts';
import { at, denseLayout, memoryOrder } from '../lower/layout.ts';
import { allCuts, cuttable, type Homes, measureCut } from './cuts.ts';
import type { KernelPins } from './pinned.ts';
import { CutPrices } from './prices.ts';
import { type Scratch, scratchInSums } from './scratch.ts';
import { transferCycles } from './transfer.ts';

/** A staged operand: `depth` pieces of `sizeBytes`. */
export interface Stage {
  readonly sizeBytes: number;
  readonly depth: number;
  /** Pieces that are brought in over the whole kernel. */
  readonly loads: number;
}

export interface TilePlan {
  /** Output elements of a tile per dim, and the dims outermost first. */
  readonly sizes: readonly number[];
  readonly order: readonly number[];
  /** Elements of the summed axis of a product that are there at once (summed.ts); null: all. */
  readonly summed: number | null;
  readonly tiles: number;
  /** Null for an operand that is used where it lies. */
  readonly inputs: readonly (Stage | null)[];
  readonly output: Stage | null;
  /** Scratch of a tile in the scratchpad, an arena for each of `arenaDepth` tiles in turn, and where each piece lies. */
  readonly arenaBytes: number;
  readonly arenaDepth: number;
  /** Bytes of accumulators that scratch takes. */
  readonly sumsBytes: number;
  readonly temps: Scratch['temps'];
  readonly scratchBytes: number;
  /** Whether arrays and vector unit have accumulators of their own, because layers run side by side. */
  readonly sharesSums: boolean;
  readonly costCycles: number;
}

/**
 * All plans of one kernel with its operands at given homes, made when first asked for: what differs between two questions is
 * the room that there is, not what a plan costs.
 */
export class TileChoices {
  readonly #kernel: Kernel;
  readonly #homes: Homes;
  readonly #prices: () => CutPrices;
  /** The whole kernel as one tile, where it is a copy or nothing needs staging. */
  readonly #whole: TilePlan | null;
  #best: readonly TilePlan[] | null = null;

  /** `prices` are those of all cuts that pins allow (`allPrices`). */
  constructor(kernel: Kernel, homes: Homes, machine: Machine, prices: () => CutPrices, pins?: KernelPins) {
    this.#kernel = kernel;
    this.#homes = homes;
    this.#prices = prices;
    const inPlace =
      kernel.kind !== 'copy' &&
      !pinsTiles(pins) &&
      homes.output === 'spad' &&
      cuttable(kernel, homes, machine, kernel.shape) &&
      kernel.inputs.every((input, i) => input.source.kind === 'constant' || homes.inputs[i] === 'spad');
    const oneTile = inPlace ? costTiles(kernel, homes, machine, kernel.shape, memoryOrder(kernel.shape.length)) : null;
    const waits = oneTile?.sumsBytes === 0 && wantsSums(kernel, machine);
    this.#whole = kernel.kind === 'copy' ? copyPlan(kernel, homes, machine) : waits ? null : oneTile;
  }

  /** Cheapest plan within `budgetBytes` of scratchpad, or null. Copies need no scratchpad. */
  within(budgetBytes: number): TilePlan | null {
    if (this.#kernel.kind === 'copy') return this.#whole;
    if (this.#whole !== null && this.#whole.scratchBytes <= budgetBytes) return this.#whole;
    this.#best ??= this.#prices().best(this.#homes);
    return this.#best.find((plan) => plan.scratchBytes <= budgetBytes) ?? null;
  }

  /** Every plan, cheapest first. */
  every(): readonly TilePlan[] {
    const prices = this.#prices();
    const plans = prices.usable(this.#homes).map((way) => prices.plan(way, this.#homes));
    return plans.sort((a, b) => a.costCycles - b.costCycles);
  }
}

/** Prices of all cuts of a kernel that pins allow, in all orders. Throws InputError where pins leave none. */
export function allPrices(kernel: Kernel, homes: Homes, machine: Machine, pins?: KernelPins): CutPrices {
  const orders = pins?.order === undefined ? tileOrders(kernel) : [pins.order];
  return new CutPrices(kernel, machine, allCuts(kernel, homes, machine, pins), orders);
}

/** Whether a kernel has scratch that is better off in the accumulators. */
function wantsSums(kernel: Kernel, machine: Machine): boolean {
  return scratchInSums(kernel, machine) && kernel.temps(kernel.shape).some((t) => t.format.bits === 32);
}

/** Whether how a kernel is cut is pinned, in whole or in part. */
export function pinsTiles(pins: KernelPins | undefined): boolean {
  return pins?.sizes !== undefined || pins?.order !== undefined || pins?.summed !== undefined;
}

/** The plan that needs the least scratchpad: what a capacity error quotes. */
export function smallestPlan(kernel: Kernel, homes: Homes, machine: Machine, pins?: KernelPins): TilePlan {
  const sizes = kernel.shape.map((size, d) => pins?.sizes?.[d] ?? Math.min(size, at(kernel.grain, d)));
  return costTiles(kernel, homes, machine, sizes, pins?.order ?? memoryOrder(kernel.shape.length));
}

function copyPlan(kernel: Kernel, homes: Homes, machine: Machine): TilePlan {
  const bytes = denseLayout(kernel.shape, kernel.format.bits).sizeBytes;
  const sources = homes.inputs.map((h) => transferCycles(machine, h, bytes / homes.inputs.length));
  const costCycles = Math.max(
    transferCycles(machine, homes.output, bytes),
    sources.reduce((a, b) => a + b, 0),
  );
  return {
    sizes: kernel.shape,
    order: memoryOrder(kernel.shape.length),
    summed: null,
    tiles: 1,
    inputs: homes.inputs.map(() => null),
    output: null,
    arenaBytes: 0,
    arenaDepth: 1,
    sumsBytes: 0,
    temps: [],
    scratchBytes: 0,
    sharesSums: false,
    costCycles,
  };
}

/** Memory order; for matrix products also with the outputs outermost, so that weights are written once. */
function tileOrders(kernel: Kernel): readonly (readonly number[])[] {
  const order = memoryOrder(kernel.shape.length);
  if (kernel.kind !== 'matmul') return [order];
  const channel = channelDim(kernel);
  const rest = order.filter((d) => d !== channel);
  return [
    [...rest, channel],
    [channel, ...rest],
  ];
}

/** The plan of one cut; `order` only decides how often operands are loaded and weights written. */
export function costTiles(
  kernel: Kernel,
  homes: Homes,
  machine: Machine,
  sizes: readonly number[],
  order: readonly number[],
): TilePlan {
  const cut = measureCut(kernel, homes, machine, sizes);
  return new CutPrices(kernel, machine, [cut], [order]).plan(0, homes);
}
