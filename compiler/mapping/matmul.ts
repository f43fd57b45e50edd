/**
 * Mapping of one matrix product: how K and N are split over the macros, how many replicas, how many outputs are drained at
 * once and so how many positions fit the accumulators. Every legal grid is costed with the machine's own demand; the
 * layer takes the longest of array time, weight writes and drain when planes overlap them, else their sum. The drain of one
 * accumulator tile runs beside the arrays on the next, so that only a last one stands alone.
 */
import { CapacityError } from '../../isa/base/errors.ts';
import { matmulDemand, weightWriteDemand } from '../../isa/demand/matrix.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { AccumulatorRing } from '../lower/accumulators.ts';
import type { MatmulKernel } from '../lower/kernel.ts';
import type { MatmulMapping } from '../lower/kernels/matmul.ts';
import { accumulatorsOf, channelDim, PIECES, positionDims } from '../lower/kernels/matmul.ts';
import { at, byteGroup, roundUp } from '../lower/layout.ts';
import { evenSize } from '../lower/split.ts';
import { type ArraysLimits, refuseArrays } from './array-pins.ts';
import type { ArraysDecision } from './decisions.ts';
import type { KernelPins } from './pinned.ts';
import type { TilePlan } from './tiles.ts';
import { transferCycles } from './transfer.ts';

/** Fewer positions at once are not worth their instructions. */
const LEAST_POSITIONS = 8;
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

export interface MappingChoice {
  readonly mapping: MatmulMapping;
  readonly cost: MappingCost;
  readonly chosenBecause: string;
  /** Whether its weights stay in the arrays, and where they come from if not. */
  readonly stays: boolean;
  readonly home: WeightHome;
  readonly runnersUp: readonly { readonly mapping: MatmulMapping; readonly cost: MappingCost }[];
}

export interface Scored {
  readonly mapping: MatmulMapping;
  readonly cost: MappingCost;
}

/** Where weights that are not in the arrays come from. */
export type WeightHome = 'dram' | 'buffer';

/**
 * Every legal mapping of a kernel cut into `plan`'s tiles that pins allow, cheapest first. Throws CapacityError, or InputError where only pins are in the way.
 * @param replicas whether weights may be copied to spare macros
 */
export function scoreMappings(
  kernel: MatmulKernel,
  plan: TilePlan,
  machine: Machine,
  replicas: boolean,
  home: WeightHome = 'dram',
  pins?: KernelPins,
): readonly Scored[] {
  const scored = candidates({ kernel, plan, machine }, replicas, pins?.arrays ?? {}).map(
    (mapping): Scored => ({ mapping, cost: costMapping(kernel, plan, mapping, machine, home) }),
  );
  if (scored.length === 0 && pins?.arrays !== undefined) {
    const best = at(scoreMappings(kernel, plan, machine, replicas), 0).mapping;
    refuseArrays(pins, best, arraysLimits({ kernel, plan, machine }));
  }
  if (scored.length === 0) refuse(kernel, machine);
  return scored.sort(
    (a, b) =>
      a.cost.totalCycles - b.cost.totalCycles ||
      macrosOf(a.mapping) - macrosOf(b.mapping) ||
      a.cost.arrayCycles - b.cost.arrayCycles,
  );
}

/** The cheapest mapping of one layer by itself. @param scored its mappings with weights that come from `home`, cheapest first */
export function cheapest(scored: readonly Scored[], home: WeightHome, pins?: KernelPins): MappingChoice {
  const from = home === 'buffer' ? ' from the global buffer' : '';
  const state = pinned(`weights are written as they are needed${from}`, pins);
  return { ...explain(at(scored, 0), scored, state), home };
}

/** What a mapping file has to do with a choice. */
export function pinned(state: string, pins: KernelPins | undefined): string {
  return pins?.arrays === undefined ? state : `${state}; as the mapping file says`;
}

/** A choice with its reason; `scored` is the list that it was taken from. */
export function explain(chosen: Scored, scored: readonly Scored[], state: string, stays = false): MappingChoice {
  const rest = scored.filter((s) => s !== chosen);
  const second = rest.find(
    (s) => macrosOf(s.mapping) !== macrosOf(chosen.mapping) || s.mapping.gridK !== chosen.mapping.gridK,
  );
  const chosenBecause = `${reason(chosen, second)}; ${state}`;
  return { ...chosen, chosenBecause, stays, home: 'dram', runnersUp: rest.slice(0, 3) };
}

/** Cycles of a mapping, its weights in place or written. */
export function costOf({ cost }: Scored, stays: boolean): number {
  return stays ? cost.residentCycles : cost.totalCycles;
}

export function macrosOf(m: MatmulMapping): number {
  return m.gridK * m.gridN * m.replicas;
}

function reason(best: Scored, second: Scored | undefined): string {
  const { arrayCycles, writeCycles, drainCycles } = best.cost;
  const bound =
    arrayCycles >= Math.max(writeCycles, drainCycles)
      ? 'the arrays'
      : writeCycles >= drainCycles
        ? 'weight writes'
        : 'the drain';
  const shape = `${best.mapping.gridK} x ${best.mapping.gridN} macros x ${best.mapping.replicas}`;
  if (second === undefined) return `${shape}: the only grid that fits; ${bound} set the time`;
  const other = `${second.mapping.gridK} x ${second.mapping.gridN} x ${second.mapping.replicas}`;
  const gain = second.cost.totalCycles - best.cost.totalCycles;
  return gain > 0
    ? `${shape}: ${Math.round(gain)} cycles fewer than ${other}; ${bound} set the time`
    : `${shape}: as fast as ${other} with fewer macros; ${bound} set the time`;
}

/** A product that is to be mapped. */
interface Product {
  readonly kernel: MatmulKernel;
  readonly plan: TilePlan;
  readonly machine: Machine;
}

function candidates(product: Product, replicas: boolean, pins: ArraysDecision): MatmulMapping[] {
  const { kernel, machine } = product;
  const spec = kernel.matmul;
  const geometry = matrixGeometry(machine.core.matrix);
  const limits = arraysLimits(product);
  const { perMacro } = limits;
  const out: MatmulMapping[] = [];
  for (const gridK of within(upTo(limits.gridK), pins.gridK, limits.gridK)) {
    const mostN = Math.min(Math.floor(geometry.macros / gridK), limits.gridN);
    for (const gridN of within(upTo(mostN), pins.gridN, mostN)) {
      const most = Math.min(Math.floor(geometry.macros / (gridK * gridN)), limits.positions);
      const rows = gridK * geometry.rows;
      for (const copies of within(replicas ? powersUpTo(most) : [1], pins.replicas, most)) {
        for (const kTile of within([evenSize(spec.k, rows)], pins.tileK, Math.min(spec.k, rows))) {
          const widest = gridN * perMacro;
          const even = new Set([evenSize(spec.n, widest), evenSize(limits.outputs, widest)]);
          for (const nTile of within([...even], pins.tileN, Math.min(spec.n, widest))) {
            for (const nChunk of chunks(limits, nTile, pins.outputs)) {
              if (pins.tileN !== undefined && nTile > nChunk) continue;
              for (const positions of accumulatorTiles(limits, nChunk, machine, pins.positions))
                out.push({ gridK, gridN, replicas: copies, kTile, nTile: Math.min(nTile, nChunk), nChunk, positions });
            }
          }
        }
      }
    }
  }
  return out;
}

/** The options, or the pinned one where it is not above `most`. */
function within(options: readonly number[], pin: number | undefined, most: number): readonly number[] {
  if (pin === undefined) return options;
  return pin <= most ? [pin] : [];
}

function upTo(most: number): number[] {
  return Array.from({ length: Math.max(0, most) }, (_, i) => i + 1);
}

/**
 * Positions summed together: as many as fit half of the accumulators, or a half, a quarter, an eighth of the tile, so that the drain runs beside the arrays; or
 * all accumulators, in pieces, which writes weights least often.
 */
function accumulatorTiles(
  { capacity, whole, positions: all }: ArraysLimits,
  nChunk: number,
  machine: Machine,
  pin: number | undefined,
): readonly number[] {
  const most = Math.floor(capacity / nChunk);
  if (most < 1) return [];
  const cuts = machine.capabilities.doubleBuffering ? [2, 4, 8].map((parts) => Math.ceil(all / parts)) : [];
  const smaller = new Set(cuts.filter((p) => p < Math.min(most, all) && p >= LEAST_POSITIONS));
  const inPieces = Math.floor(whole / nChunk);
  return within([most, ...smaller, ...(most < all && inPieces > most ? [inPieces] : [])], pin, inPieces);
}

function powersUpTo(most: number): number[] {
  const out: number[] = [];
  for (let r = 1; r <= most; r *= 2) out.push(r);
  if (most > 1 && !out.includes(most)) out.push(most);
  return out;
}

/** Outputs drained at once: they end on whole bytes, because no two instructions write the same byte. */
function chunks(
  { capacity, outputs, aligned }: ArraysLimits,
  nTile: number,
  pin: number | undefined,
): readonly number[] {
  if (pin !== undefined) return pin === outputs || (pin < outputs && pin % aligned === 0) ? [pin] : [];
  const least = Math.min(outputs, roundUp(nTile, aligned));
  const few = Math.min(outputs, roundUp(Math.floor(capacity / aligned) * aligned, aligned));
  return [...new Set([least, Math.min(outputs, aligned), few])].filter((outputsAtOnce) => outputsAtOnce > 0);
}

/** What a product can have at most. */
function arraysLimits({ kernel, plan, machine }: Product): ArraysLimits {
  const { k, n, weightBits, dynamic, groups } = kernel.matmul;
  const { matrix } = machine.core;
  const { columns, columnsPerWeight, macros, rows } = matrixGeometry(matrix);
  const perMacro = Math.floor(columns / columnsPerWeight(weightBits));
  const fanIn = matrix.kind === 'systolic' ? 1 : matrix.macroAdder.fanIn;
  const outputs = Math.min(n, at(plan.sizes, channelDim(kernel)));
  const group = byteGroup(kernel.drained.format.bits);
  const accumulators = new AccumulatorRing(machine, accumulatorsOf(kernel, plan));
  return {
    machine: machine.name,
    macros,
    rows,
    perMacro,
    gridK: perMacro < 1 ? 0 : Math.min(fanIn, macros, Math.ceil(k / rows)),
    gridN: Math.min(macros, Math.ceil(n / Math.max(1, perMacro))),
    positions: tilePositions(kernel, plan),
    outputs,
    aligned: !dynamic && groups > 1 && n % group !== 0 ? outputs : group,
    capacity: accumulators.capacity,
    whole: accumulators.whole,
    k,
    n,
  };
}

/** Output positions that the arrays compute for one tile. */
function tilePositions(kernel: MatmulKernel, plan: TilePlan): number {
  const box = { start: plan.sizes.map(() => 0), count: plan.sizes };
  const drained = kernel.epilogue === null ? box : kernel.epilogue.need(box);
  return positionDims(kernel).reduce((n, d) => n * at(drained.count, d), 1);
}

export function costMapping(
  kernel: MatmulKernel,
  plan: TilePlan,
  mapping: MatmulMapping,
  machine: Machine,
  home: WeightHome = 'dram',
): MappingCost {
  const spec = kernel.matmul;
  const { matrix, drain } = machine.core;
  const positionTiles = positionDims(kernel).reduce(
    (n, d) => n * Math.ceil(at(kernel.shape, d) / at(plan.sizes, d)),
    1,
  );
  const m = tilePositions(kernel, plan);
  const subTiles = Math.ceil(m / mapping.positions);
  const kTiles = Math.ceil(spec.k / mapping.kTile);
  const outputs = Math.min(spec.n, at(plan.sizes, channelDim(kernel)));
  const nTilesInTile = Math.ceil(outputs / mapping.nChunk) * Math.ceil(mapping.nChunk / mapping.nTile);
  const nTiles = Math.ceil(spec.n / outputs) * nTilesInTile;
  const weightTiles = kTiles * nTiles * spec.parts.length * spec.groups;
  const rounds = positionTiles * subTiles;
  const shape = {
    k: mapping.kTile,
    n: mapping.nTile,
    weightBits: spec.weightBits,
    gridK: mapping.gridK,
    gridN: mapping.gridN,
  };
  const atOnce = Math.ceil(m / subTiles);
  const demandOf = (positions: number) =>
    matmulDemand(
      {
        ...shape,
        m: positions,
        inputBits: spec.inputBits,
        replicas: mapping.replicas,
        accumulate: kTiles > 1,
        uniqueInputBits: positions * mapping.kTile * spec.inputBits,
      },
      machine,
    );
  const one = demandOf(atOnce);
  const inPieces = atOnce * mapping.nChunk > new AccumulatorRing(machine, accumulatorsOf(kernel, plan)).capacity;
  const pieces = inPieces ? PIECES : 1;
  const cutCycles = inPieces ? pieces * demandOf(Math.ceil(atOnce / pieces)).busyCycles - one.busyCycles : 0;
  const cutTiles = (weightTiles * Math.min(2, kTiles * spec.parts.length)) / (kTiles * spec.parts.length);
  const arrayCycles =
    weightTiles * rounds * (one.busyCycles + (kTiles > 1 ? 0 : one.latencyCycles / Math.max(1, weightTiles * rounds))) +
    rounds * cutTiles * cutCycles;
  const perChunk = kTiles * spec.parts.length * Math.ceil(mapping.nChunk / mapping.nTile);
  const planes = machine.capabilities.weightPlanes ? matrixGeometry(matrix).planes : 1;
  const slots = planes * Math.floor(matrixGeometry(matrix).macros / macrosOf(mapping));
  // With the outputs outermost, those of one tile may stay while all positions pass.
  const staying = plan.order[0] === channelDim(kernel) ? (weightTiles * nTilesInTile) / nTiles : weightTiles;
  const writes =
    staying <= slots && !spec.dynamic
      ? weightTiles
      : perChunk <= slots
        ? weightTiles * positionTiles
        : weightTiles * rounds;
  const tileBytes = (mapping.kTile * mapping.nTile * spec.weightBits) / 8;
  const oneWrite = Math.max(
    weightWriteDemand(shape, machine).cycles,
    transferCycles(machine, spec.dynamic ? 'spad' : home, tileBytes),
  );
  const writeCycles = writes * oneWrite;
  const elements = positionTiles * m * spec.n * spec.groups;
  const turns = rounds * pieces * Math.ceil(spec.n / mapping.nChunk) * spec.groups;
  const drainCycles = Math.ceil(elements / drain.lanes) + turns * drain.startupCycles;
  const exposed = Math.min(arrayCycles, drainCycles) / (machine.capabilities.doubleBuffering ? turns : 1);
  const residentCycles = Math.max(arrayCycles, drainCycles) + exposed + ROUND_CYCLES * turns;
  const totalCycles =
    planes > 1
      ? Math.max(residentCycles, writeCycles) + oneWrite
      : arrayCycles + writeCycles + drainCycles + ROUND_CYCLES * turns;
  return { arrayCycles, writeCycles, drainCycles, residentCycles, totalCycles, weightTiles, weightWrites: writes };
}

function refuse(kernel: MatmulKernel, machine: Machine): never {
  const { matrix, accumulators } = machine.core;
  const geometry = matrixGeometry(matrix);
  const cells = geometry.columnsPerWeight(kernel.matmul.weightBits);
  if (cells > geometry.columns) {
    throw new CapacityError(
      `layer ${kernel.name}: one ${kernel.matmul.weightBits}-bit weight takes ${cells} columns, a macro of ${machine.name} has ${geometry.columns}`,
      {
        needed: cells,
        available: geometry.columns,
        unit: 'columns',
        knob: 'core.matrix.columns',
        code: 'E-CAPACITY-ARRAYS',
      },
    );
  }
  const group = byteGroup(kernel.drained.format.bits);
  const halves = machine.capabilities.doubleBuffering ? 2 : 1;
  throw new CapacityError(
    `layer ${kernel.layer.name}: the accumulators of ${machine.name} hold no ${halves === 2 ? 'two tiles' : 'tile'} of ${group} output${group === 1 ? '' : 's'}`,
    {
      needed: group * halves * (accumulators.widthBits > 32 ? 6 : 4),
      available: accumulators.sizeBytes,
      unit: 'bytes',
      knob: 'core.accumulators.sizeBytes',
      code: 'E-CAPACITY-ACC',
    },
  );
}
