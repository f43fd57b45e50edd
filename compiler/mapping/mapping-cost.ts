/**
 * What a mapping of a matrix product costs, by the machine's own demand. A product cut into tiles is a few numbers here; products with equal ones have the same mappings
 * at the same costs, whatever kernels they are of. The layer takes the longest of array time, weight writes and drain when planes overlap them, else their sum. The
 * drain of one accumulator tile runs beside the arrays on the next, so that only a last one stands alone.
 */
import { matmulDemand, weightWriteDemand } from '../../isa/demand/matrix.ts';
import { matrixGeometry, usablePlanes } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { AccumulatorRing } from '../lower/accumulators.ts';
import type { MatmulKernel } from '../lower/kernel.ts';
import type { MatmulMapping } from '../lower/kernels/matmul.ts';
import { accumulatorsOf, channelDim, PIECES, positionDims } from '../lower/kernels/matmul.ts';
import { at, byteGroup } from '../lower/layout.ts';
import type { TilePlan } from './tiles.ts';
import { transferCycles } from './transfer.ts';

/** Dispatch, semaphores and pipeline of one more accumulator tile, beside the drain's own start-up. */
const ROUND_CYCLES = 5;

export interface MappingCost {
  /** Cycles of the arrays, of weight writes and of the drain over the whole layer, without overlap. */
  readonly arrayCycles: number;
  readonly writeCycles: number;
  readonly drainCycles: number;
  /** Cycles of the layer when its weights are in place: arrays beside the drain, and what of the shorter one stands alone. */
  readonly residentCycles: number;
  readonly totalCycles: number;
  /** Weight tiles of the layer, and how often one is written. */
  readonly weightTiles: number;
  readonly weightWrites: number;
}

/** Where weights that are not in the arrays come from. */
export type WeightHome = 'dram' | 'buffer';

/** A product that is to be mapped, cut into tiles. */
export interface Product {
  readonly k: number;
  /** Rows of the summed axis in a slice of the activations, whose tiles are summed whole; null: all. */
  readonly summed: number | null;
  readonly n: number;
  readonly groups: number;
  readonly dynamic: boolean;
  readonly inputBits: number;
  readonly weightBits: number;
  /** Times that the product is accumulated, because weights are wider than the arrays'. */
  readonly parts: number;
  /** Tiles along the positions, and output positions that the arrays compute for one. */
  readonly positionTiles: number;
  readonly positions: number;
  /** Outputs of a tile; whether those of one pass all positions before those of the next, and what cuts of them are multiples of. */
  readonly outputs: number;
  readonly outputsOutermost: boolean;
  readonly aligned: number;
  /** Accumulators of a half of them, and all. */
  readonly capacity: number;
  readonly whole: number;
}

export function productOf(kernel: MatmulKernel, plan: TilePlan, machine: Machine): Product {
  const { k, n, groups, dynamic, inputBits, weightBits, parts } = kernel.matmul;
  const channel = channelDim(kernel);
  const dims = positionDims(kernel);
  const box = { start: plan.sizes.map(() => 0), count: plan.sizes };
  const drained = kernel.epilogue === null ? box : kernel.epilogue.need(box);
  const outputs = Math.min(n, at(plan.sizes, channel));
  const group = byteGroup(kernel.drained.format.bits);
  const { capacity, whole } = new AccumulatorRing(machine, accumulatorsOf(kernel, plan));
  return {
    k,
    summed: plan.summed,
    n,
    groups,
    dynamic,
    inputBits,
    weightBits,
    parts: parts.length,
    positionTiles: dims.reduce((tiles, d) => tiles * Math.ceil(at(kernel.shape, d) / at(plan.sizes, d)), 1),
    positions: dims.reduce((count, d) => count * at(drained.count, d), 1),
    outputs,
    outputsOutermost: plan.order[0] === channel,
    aligned: !dynamic && groups > 1 && n % group !== 0 ? outputs : group,
    capacity,
    whole,
  };
}

export function costMapping(
  product: Product,
  mapping: MatmulMapping,
  machine: Machine,
  home: WeightHome = 'dram',
): MappingCost {
  const { drain } = machine.core;
  const { k, n, groups, parts, positions, positionTiles, outputs } = product;
  const subTiles = Math.ceil(positions / mapping.positions);
  const kTiles = Math.ceil(k / mapping.kTile);
  const nTilesInTile = Math.ceil(outputs / mapping.nChunk) * Math.ceil(mapping.nChunk / mapping.nTile);
  const nTiles = Math.ceil(n / outputs) * nTilesInTile;
  const weightTiles = kTiles * nTiles * parts * groups;
  const rounds = positionTiles * subTiles;
  const atOnce = Math.ceil(positions / subTiles);
  const one = tileDemand(product, mapping, kTiles > 1, atOnce, machine);
  const inPieces = atOnce * mapping.nChunk > product.capacity;
  const pieces = inPieces ? PIECES : 1;
  const cutCycles = inPieces
    ? pieces * tileDemand(product, mapping, kTiles > 1, Math.ceil(atOnce / pieces), machine).busyCycles - one.busyCycles
    : 0;
  const cutTiles = (weightTiles * Math.min(2, kTiles * parts)) / (kTiles * parts);
  const arrayCycles =
    weightTiles * rounds * (one.busyCycles + (kTiles > 1 ? 0 : one.latencyCycles / Math.max(1, weightTiles * rounds))) +
    rounds * cutTiles * cutCycles;
  const perChunk = kTiles * parts * Math.ceil(mapping.nChunk / mapping.nTile);
  const geometry = matrixGeometry(machine.core.matrix);
  const planes = usablePlanes(machine);
  const slots = planes * Math.floor(geometry.macros / (mapping.gridK * mapping.gridN * mapping.replicas));
  // With the outputs outermost, those of one tile may stay while all positions pass.
  const staying = product.outputsOutermost ? (weightTiles * nTilesInTile) / nTiles : weightTiles;
  const writes =
    staying <= slots && !product.dynamic
      ? weightTiles
      : perChunk <= slots
        ? weightTiles * positionTiles
        : weightTiles * rounds;
  const oneWrite = writeCyclesOf(product, mapping, machine, home);
  const writeCycles = writes * oneWrite;
  const elements = positionTiles * positions * n * groups;
  const turns = rounds * pieces * Math.ceil(n / mapping.nChunk) * groups;
  const drainCycles = Math.ceil(elements / drain.lanes) + turns * drain.startupCycles;
  const exposed = Math.min(arrayCycles, drainCycles) / (machine.capabilities.doubleBuffering ? turns : 1);
  const residentCycles = Math.max(arrayCycles, drainCycles) + exposed + ROUND_CYCLES * turns;
  const totalCycles =
    planes > 1
      ? Math.max(residentCycles, writeCycles) + oneWrite
      : arrayCycles + writeCycles + drainCycles + ROUND_CYCLES * turns;
  return { arrayCycles, writeCycles, drainCycles, residentCycles, totalCycles, weightTiles, weightWrites: writes };
}

/** What one weight tile asks of the arrays for `m` positions. */
function tileDemand(product: Product, mapping: MatmulMapping, accumulate: boolean, m: number, machine: Machine) {
  const { inputBits, weightBits } = product;
  const { kTile: k, nTile: n, gridK, gridN, replicas } = mapping;
  const uniqueInputBits = m * k * inputBits;
  return matmulDemand({ m, k, n, inputBits, weightBits, gridK, gridN, replicas, accumulate, uniqueInputBits }, machine);
}

/** Cycles to write one weight tile, or to bring it in where that takes longer. */
function writeCyclesOf(product: Product, mapping: MatmulMapping, machine: Machine, home: WeightHome): number {
  const { weightBits, dynamic } = product;
  const { kTile: k, nTile: n, gridK, gridN } = mapping;
  const { cycles } = weightWriteDemand({ k, n, weightBits, gridK, gridN }, machine);
  return Math.max(cycles, transferCycles(machine, dynamic ? 'spad' : home, (k * n * weightBits) / 8));
}
