/**
 * How one kernel is cut into tiles and what it stages. Operands at home in the scratchpad are used in place; others are
 * brought in piece by piece, two pieces deep where the machine double-buffers. Tile sizes are searched over halvings of every
 * dim; the cost is the time of the transfers, the first load and the last store once more (nothing overlaps them), and a
 * fixed price for each tile.
 */
import { vectorCycles, weightWriteDemand } from '../../isa/demand/matrix.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Space } from '../../isa/tensor.ts';
import type { Kernel, KernelInput, TempSpec } from '../lower/kernel.ts';
import { channelDim, positionDims } from '../lower/kernels/matmul.ts';
import type { Box, Layout } from '../lower/layout.ts';
import { at, boxLayout, denseLayout, fullBox, memoryOrder, packLike, roundUp, sameBox } from '../lower/layout.ts';
import { ranges } from '../lower/split.ts';
import { allocate } from './allocate.ts';
import { movedBytes, transferCycles } from './transfer.ts';

/** Where a kernel's operands and its result are, in the order of its inputs. */
export interface Homes {
  readonly inputs: readonly Space[];
  /** Element widths of the operands, in bits. */
  readonly inputBits: readonly number[];
  /** Layouts of the operands under the kernel's shapes; a tile must cut them into walks. */
  readonly layouts: readonly Layout[];
  readonly output: Space;
}

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
  /** Scratch of a tile: one arena, and where in it each piece lies. */
  readonly arenaBytes: number;
  readonly temps: readonly number[];
  readonly scratchBytes: number;
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
  #plans: readonly TilePlan[] | null = null;

  constructor(kernel: Kernel, homes: Homes, machine: Machine) {
    this.#kernel = kernel;
    this.#homes = homes;
    this.#machine = machine;
    this.#whole =
      kernel.kind === 'copy'
        ? copyPlan(kernel, homes, machine)
        : costTiles(kernel, homes, machine, kernel.shape, memoryOrder(kernel.shape.length));
    this.#inPlace =
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

  /** Cheapest first; a plan that another beats in both time and room is left out. */
  #all(): readonly TilePlan[] {
    const { kernel, homes, machine } = { kernel: this.#kernel, homes: this.#homes, machine: this.#machine };
    const sizes = tileSizes(kernel).filter((s) => cuttable(kernel, homes, s));
    const plans = tileOrders(kernel).flatMap((order) => sizes.map((s) => costTiles(kernel, homes, machine, s, order)));
    let least = Number.POSITIVE_INFINITY;
    return plans
      .sort((a, b) => a.costCycles - b.costCycles)
      .filter((plan) => {
        const smaller = plan.scratchBytes < least;
        if (smaller) least = plan.scratchBytes;
        return smaller;
      });
  }
}

/** The plan that needs the least scratchpad: what a capacity error quotes. */
export function smallestPlan(kernel: Kernel, homes: Homes, machine: Machine): TilePlan {
  const sizes = kernel.shape.map((size, d) => Math.min(size, at(kernel.grain, d)));
  return costTiles(kernel, homes, machine, sizes, memoryOrder(kernel.shape.length));
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
    temps: [],
    scratchBytes: 0,
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

/** All combinations of halved dims, multiples of the grain. */
function tileSizes(kernel: Kernel): number[][] {
  let all: number[][] = [[]];
  kernel.shape.forEach((size, d) => {
    const grain = at(kernel.grain, d);
    const options: number[] = [];
    for (let parts = 1; ; parts *= 2) {
      const cut = Math.min(size, roundUp(Math.ceil(size / parts), grain));
      if (cut !== options.at(-1)) options.push(cut);
      if (cut <= grain) break;
    }
    all = all.flatMap((sizes) => options.map((o) => [...sizes, o]));
  });
  return all;
}

export function costTiles(
  kernel: Kernel,
  homes: Homes,
  machine: Machine,
  sizes: readonly number[],
  order: readonly number[],
): TilePlan {
  const parts = kernel.shape.map((size, d) => Math.ceil(size / at(sizes, d)));
  const tiles = parts.reduce((a, b) => a * b, 1);
  const deep = machine.capabilities.doubleBuffering ? 2 : 1;
  let scratchBytes = 0;
  let costCycles = tiles * TILE_CYCLES;
  const align = stageAlign(machine);
  const inputs = kernel.inputs.map((input, i): Stage | null => {
    const home = at(homes.inputs, i);
    if (home === 'spad') return null;
    const need = largestNeed(input, kernel.shape, sizes, parts);
    const sizeBytes = stagedBytes(at(homes.layouts, i), need, at(homes.inputBits, i));
    const loads = countLoads(input, kernel.shape, sizes, parts, order);
    const depth = loads > 1 ? deep : 1;
    scratchBytes += roundUp(sizeBytes, align) * depth;
    costCycles +=
      (loads + 1) *
      transferCycles(machine, home, movedFrom(at(homes.layouts, i), need, at(homes.inputBits, i), home, machine));
    return { sizeBytes, depth, loads };
  });
  const outputBytes = denseLayout(sizes, kernel.format.bits).sizeBytes;
  const output: Stage | null =
    homes.output === 'spad' ? null : { sizeBytes: outputBytes, depth: tiles > 1 ? deep : 1, loads: tiles };
  if (output !== null) {
    scratchBytes += roundUp(outputBytes, align) * output.depth;
    const whole = denseLayout(kernel.shape, kernel.format.bits).layout;
    const moved = movedFrom(whole, fullBox(sizes), kernel.format.bits, homes.output, machine);
    costCycles += (tiles + 1) * transferCycles(machine, homes.output, moved);
  }
  const { arenaBytes, temps } = planArena(kernel.temps(sizes), align);
  scratchBytes += arenaBytes;
  return {
    sizes,
    order,
    tiles,
    inputs,
    output,
    arenaBytes,
    temps,
    scratchBytes,
    costCycles:
      costCycles + computeCycles(kernel, machine, sizes, tiles) + rewriteCycles(kernel, machine, parts, order),
  };
}

/** Scratch pieces that live in different stages share bytes. */
function planArena(
  temps: readonly TempSpec[],
  align: number,
): { readonly arenaBytes: number; readonly temps: readonly number[] } {
  const blocks = temps.map((t) => ({
    name: t.name,
    sizeBytes: roundUp(denseLayout(t.shape, t.format.bits).sizeBytes, align),
    first: t.first,
    last: t.last,
  }));
  const placed = allocate(blocks, Number.MAX_SAFE_INTEGER, align);
  return {
    arenaBytes: placed.reduce((most, p) => Math.max(most, (p.address ?? 0) + p.block.sizeBytes), 0),
    temps: placed.map((p) => p.address ?? 0),
  };
}

/** Bytes of a piece as it is staged: packed, in the memory order of its home. */
function stagedBytes(layout: Layout, box: Box, bits: number): number {
  const piece = boxLayout(layout, box);
  return piece === null ? Infinity : packLike(piece, bits).sizeBytes;
}

/** Bytes that the far memory moves for a piece. */
function movedFrom(layout: Layout, box: Box, bits: number, home: Space, machine: Machine): number {
  const piece = boxLayout(layout, box);
  const wordBytes = home === 'dram' ? machine.dram.burstBytes : machine.buffer.portBits / 8;
  return piece === null ? Infinity : movedBytes(piece, bits, wordBytes);
}

/** Staged pieces start on a scratchpad word. */
export function stageAlign(machine: Machine): number {
  return Math.max(1, Math.min(64, machine.core.scratchpad.portBits / 8));
}

/** Cycles of the arrays for all tiles: a tile of few outputs leaves columns idle, spare macros take other positions. */
function computeCycles(kernel: Kernel, machine: Machine, sizes: readonly number[], tiles: number): number {
  if (kernel.kind !== 'matmul') return 0;
  const { k, n, groups, inputBits, weightBits, parts, dynamic } = kernel.matmul;
  const { matrix } = machine.core;
  const geometry = matrixGeometry(matrix);
  const outputs = Math.min(n, at(sizes, channelDim(kernel)));
  const perMacro = Math.max(1, Math.floor(geometry.columns / geometry.columnsPerWeight(weightBits)));
  const macros = Math.ceil(k / geometry.rows) * Math.ceil(outputs / perMacro);
  const used = Math.min(outputs * geometry.columnsPerWeight(weightBits), geometry.columns);
  const steps = vectorCycles(matrix, inputBits, Math.min(k, matrix.rows), used);
  const positions = positionDims(kernel).reduce((p, d) => p * at(sizes, d), 1);
  const vectors = Math.ceil(positions / Math.max(1, Math.floor(geometry.macros / macros)));
  if (dynamic) {
    // Every tile writes its matrices, and computes meanwhile where there is a second plane.
    const gridK = Math.min(geometry.macros, Math.ceil(k / geometry.rows));
    const gridN = Math.ceil(outputs / perMacro);
    const write = weightWriteDemand({ k, n: outputs, weightBits, gridK, gridN }, machine).cycles;
    const compute = vectors * Math.ceil(macros / geometry.macros) * steps;
    return tiles * at(sizes, 0) * (geometry.planes > 1 ? Math.max(write, compute) : write + compute);
  }
  const groupsInTile = Math.min(groups, Math.ceil(at(sizes, channelDim(kernel)) / n));
  return tiles * vectors * Math.ceil(macros / geometry.macros) * steps * parts.length * groupsInTile;
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

/** Whether tiles of these sizes cut every operand into pieces that a walk can describe; dims are cut independently. */
export function cuttable(kernel: Kernel, homes: Homes, sizes: readonly number[]): boolean {
  return kernel.inputs.every((input, i) => {
    const layout = at(homes.layouts, i);
    if (layout.dims.every((factors) => factors.length <= 1)) return true;
    return kernel.shape.every((size, d) =>
      ranges(0, size, at(sizes, d)).every((r) => {
        const start = kernel.shape.map((_, e) => (e === d ? r.start : 0));
        const count = kernel.shape.map((_, e) => (e === d ? r.count : at(sizes, e)));
        return boxLayout(layout, input.need({ start, count })) !== null;
      }),
    );
  });
}

/**
 * A box as large as the largest piece of an operand, dim by dim: needs are separable, so it is enough to move along one dim at a
 * time. Inner tiles are all alike; the first and last few may be clipped by a border.
 */
function largestNeed(
  input: KernelInput,
  shape: readonly number[],
  sizes: readonly number[],
  parts: readonly number[],
): Box {
  const first = input.need({ start: shape.map(() => 0), count: sizes });
  const start = [...first.start];
  const count = [...first.count];
  shape.forEach((size, d) => {
    const last = at(parts, d) - 1;
    for (const p of new Set([1, 2, last >> 1, last - 1, last])) {
      if (p < 1 || p > last) continue;
      const from = p * at(sizes, d);
      const box = {
        start: shape.map((_, e) => (e === d ? from : 0)),
        count: sizes.map((c, e) => (e === d ? Math.min(c, size - from) : c)),
      };
      const need = input.need(box);
      need.count.forEach((c, e) => {
        if (c <= at(count, e)) return;
        count[e] = c;
        start[e] = at(need.start, e);
      });
    }
  });
  return { start, count };
}

/** How often the needed piece changes when tiles run in `order`: once for every step of the innermost dim that it depends on. */
function countLoads(
  input: KernelInput,
  shape: readonly number[],
  sizes: readonly number[],
  parts: readonly number[],
  order: readonly number[],
): number {
  const first: Box = { start: shape.map(() => 0), count: sizes };
  const base = input.need(first);
  let loads = 1;
  let inner = 1;
  for (const d of order) {
    inner *= at(parts, d);
    if (at(parts, d) === 1) continue;
    const step = at(sizes, d);
    const moved: Box = {
      start: first.start.map((s, i) => (i === d ? step : s)),
      count: first.count.map((c, i) => (i === d ? Math.min(c, at(shape, d) - step) : c)),
    };
    if (!sameBox(input.need(moved), base)) loads = inner;
  }
  return loads;
}
