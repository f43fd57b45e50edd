/**
 * How one kernel is cut into tiles and what it stages. Operands at home in the scratchpad are used in place; others are
 * brought in piece by piece, two pieces deep where the machine double-buffers. Tile sizes are searched over halvings of every
 * dim; the cost is the time of the transfers, the first load and the last store once more (nothing overlaps them), and a
 * fixed price for each tile.
 */
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import { channelDim } from '../lower/kernels/matmul.ts';
import { at, denseLayout, memoryOrder, roundUp } from '../lower/layout.ts';
import { type Cut, type Homes, type InputPiece, measureCut, stageAlign } from './cuts.ts';
import type { KernelPins } from './pinned.ts';
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
  readonly tiles: number;
  /** Null for an operand that is used where it lies. */
  readonly inputs: readonly (Stage | null)[];
  readonly output: Stage | null;
  /** Scratch of a tile, an arena for each of `arenaDepth` tiles in turn, and where in it each piece lies. */
  readonly arenaBytes: number;
  readonly arenaDepth: number;
  readonly temps: readonly number[];
  readonly scratchBytes: number;
  /** Whether arrays and vector unit have accumulators of their own, because layers run side by side. */
  readonly sharesSums: boolean;
  readonly costCycles: number;
}

/** Price of one more tile: dispatch, semaphores and unit start-up that do not overlap; keeps tiles from being crumbs. */
const TILE_CYCLES = 64;

/**
 * All plans of one kernel with its operands at given homes, made when first asked for: what differs between two questions is
 * the room that there is, not what a plan costs.
 */
export class TileChoices {
  readonly #kernel: Kernel;
  readonly #homes: Homes;
  readonly #machine: Machine;
  readonly #whole: TilePlan;
  readonly #inPlace: boolean;
  readonly #cuts: () => readonly Cut[];
  readonly #pins: KernelPins | undefined;
  #plans: readonly TilePlan[] | null = null;

  /** `cuts` gives all cuts of the kernel that pins allow, whatever the homes. */
  constructor(kernel: Kernel, homes: Homes, machine: Machine, cuts: () => readonly Cut[], pins?: KernelPins) {
    this.#cuts = cuts;
    this.#pins = pins;
    this.#kernel = kernel;
    this.#homes = homes;
    this.#machine = machine;
    this.#whole =
      kernel.kind === 'copy'
        ? copyPlan(kernel, homes, machine)
        : costTiles(kernel, homes, machine, kernel.shape, memoryOrder(kernel.shape.length));
    this.#inPlace =
      !pinsTiles(pins) &&
      homes.output === 'spad' &&
      kernel.inputs.every((input, i) => input.source.kind === 'constant' || homes.inputs[i] === 'spad');
  }

  /** Cheapest plan within `budgetBytes` of scratchpad, or null. Copies need no scratchpad. */
  within(budgetBytes: number): TilePlan | null {
    if (this.#kernel.kind === 'copy') return this.#whole;
    if (this.#inPlace && this.#whole.scratchBytes <= budgetBytes) return this.#whole;
    this.#plans ??= this.#all();
    return this.#plans.find((plan) => plan.scratchBytes <= budgetBytes) ?? null;
  }

  /** Every plan, cheapest first. */
  every(): readonly TilePlan[] {
    const { kernel, homes, machine } = { kernel: this.#kernel, homes: this.#homes, machine: this.#machine };
    const orders = this.#pins?.order === undefined ? tileOrders(kernel) : [this.#pins.order];
    const plans = this.#cuts().flatMap((cut) => orders.map((order) => costCut(kernel, homes, machine, cut, order)));
    return plans.sort((a, b) => a.costCycles - b.costCycles);
  }

  /** Cheapest first; a plan that another beats in both time and room is left out. */
  #all(): readonly TilePlan[] {
    let least = Number.POSITIVE_INFINITY;
    return this.every().filter((plan) => {
      const smaller = plan.scratchBytes < least;
      if (smaller) least = plan.scratchBytes;
      return smaller;
    });
  }
}

/** Whether how a kernel is cut is pinned, in whole or in part. */
export function pinsTiles(pins: KernelPins | undefined): boolean {
  return pins?.sizes !== undefined || pins?.order !== undefined;
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
    tiles: 1,
    inputs: homes.inputs.map(() => null),
    output: null,
    arenaBytes: 0,
    arenaDepth: 1,
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
  return costCut(kernel, homes, machine, measureCut(kernel, homes, machine, sizes), order);
}

function costCut(kernel: Kernel, homes: Homes, machine: Machine, cut: Cut, order: readonly number[]): TilePlan {
  const { sizes, parts, tiles, arenaBytes, temps } = cut;
  const deep = machine.capabilities.doubleBuffering ? 2 : 1;
  // The arrays drain the next tile while the vector unit works on what was drained of this one.
  const arenaDepth = kernel.kind === 'matmul' && kernel.epilogue !== null && tiles > 1 ? deep : 1;
  let scratchBytes = arenaBytes * arenaDepth;
  let costCycles = tiles * TILE_CYCLES;
  const align = stageAlign(machine);
  const inputs = cut.inputs.map((piece, i): Stage | null => {
    const home = at(homes.inputs, i);
    if (home === 'spad') return null;
    const loads = countLoads(piece, parts, order);
    const depth = loads > 1 ? deep : 1;
    scratchBytes += roundUp(piece.sizeBytes, align) * depth;
    costCycles += (loads + 1) * transferCycles(machine, home, piece.movedBytes[home === 'dram' ? 'dram' : 'buffer']);
    return { sizeBytes: piece.sizeBytes, depth, loads };
  });
  const { sizeBytes, movedBytes } = cut.output;
  const output: Stage | null =
    homes.output === 'spad' ? null : { sizeBytes, depth: tiles > 1 ? deep : 1, loads: tiles };
  if (output !== null) {
    scratchBytes += roundUp(sizeBytes, align) * output.depth;
    const moved = movedBytes[homes.output === 'dram' ? 'dram' : 'buffer'];
    costCycles += (tiles + 1) * transferCycles(machine, homes.output, moved);
  }
  costCycles += cut.workCycles;
  costCycles += rewriteCycles(kernel, machine, parts, order);
  return {
    ...{ sizes, order, tiles, inputs, output, arenaBytes, arenaDepth, temps, scratchBytes, costCycles },
    sharesSums: false,
  };
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

/** Weights that do not stay in the arrays are written again for every tile of positions inside which they are used. */
function rewriteCycles(kernel: Kernel, machine: Machine, parts: readonly number[], order: readonly number[]): number {
  if (kernel.kind !== 'matmul' || kernel.matmul.dynamic) return 0;
  const channel = channelDim(kernel);
  const { k, n, groups, weightBits } = kernel.matmul;
  const bytes = (k * n * groups * weightBits * kernel.matmul.parts.length) / 8;
  const positions = parts.reduce((p, c, d) => (d === channel ? p : p * c), 1);
  const outermost = order[0] === channel;
  const share = outermost ? at(parts, channel) : 1;
  const { matrix } = machine.core;
  const g = matrixGeometry(matrix);
  const cellBits = (g.planes * g.macros * g.rows * g.columns * weightBits) / g.columnsPerWeight(weightBits);
  return (bytes * 8) / share <= cellBits ? 0 : (positions - 1) * transferCycles(machine, 'dram', bytes);
}
