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
import { accumulatorsOf, channelDim, positionDims } from '../lower/kernels/matmul.ts';
import { at, byteGroup, roundUp } from '../lower/layout.ts';
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
  readonly runnersUp: readonly { readonly mapping: MatmulMapping; readonly cost: MappingCost }[];
}

export interface Scored {
  readonly mapping: MatmulMapping;
  readonly cost: MappingCost;
}

/** Where weights that are not in the arrays come from. */
export type WeightHome = 'dram' | 'buffer';

/**
 * Every legal mapping of a kernel cut into `plan`'s tiles, cheapest first.
 * @param replicas whether weights may be copied to spare macros
 */
export function scoreMappings(
  kernel: MatmulKernel,
  plan: TilePlan,
  machine: Machine,
  replicas: boolean,
  home: WeightHome = 'dram',
): readonly Scored[] {
  const scored = candidates(kernel, plan, machine, replicas).map(
    (mapping): Scored => ({ mapping, cost: costMapping(kernel, plan, mapping, machine, home) }),
  );
  if (scored.length === 0) refuse(kernel, machine);
  return scored.sort(
    (a, b) =>
      a.cost.totalCycles - b.cost.totalCycles ||
      macrosOf(a.mapping) - macrosOf(b.mapping) ||
      a.cost.arrayCycles - b.cost.arrayCycles,
  );
}

/** The cheapest mapping of one layer by itself. */
export function chooseMapping(
  kernel: MatmulKernel,
  plan: TilePlan,
  machine: Machine,
  replicas: boolean,
  home: WeightHome = 'dram',
): MappingChoice {
  const scored = scoreMappings(kernel, plan, machine, replicas, home);
  const from = home === 'buffer' ? ' from the global buffer' : '';
  return explain(at(scored, 0), scored, `weights are written as they are needed${from}`);
}

/** A choice with its reason; `scored` is the list that it was taken from. */
export function explain(chosen: Scored, scored: readonly Scored[], state: string): MappingChoice {
  const rest = scored.filter((s) => s !== chosen);
  const second = rest.find(
    (s) => macrosOf(s.mapping) !== macrosOf(chosen.mapping) || s.mapping.gridK !== chosen.mapping.gridK,
  );
  return { ...chosen, chosenBecause: `${reason(chosen, second)}; ${state}`, runnersUp: rest.slice(0, 3) };
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

function candidates(kernel: MatmulKernel, plan: TilePlan, machine: Machine, replicas: boolean): MatmulMapping[] {
  const spec = kernel.matmul;
  const { matrix } = machine.core;
  const geometry = matrixGeometry(matrix);
  const perMacro = Math.floor(geometry.columns / geometry.columnsPerWeight(spec.weightBits));
  if (perMacro < 1) return [];
  const fanIn = matrix.kind === 'systolic' ? 1 : matrix.macroAdder.fanIn;
  const out: MatmulMapping[] = [];
  for (let gridK = 1; gridK <= Math.min(fanIn, geometry.macros, Math.ceil(spec.k / geometry.rows)); gridK++) {
    for (let gridN = 1; gridN <= Math.min(Math.floor(geometry.macros / gridK), Math.ceil(spec.n / perMacro)); gridN++) {
      const spare = Math.floor(geometry.macros / (gridK * gridN));
      for (const copies of replicas ? powersUpTo(Math.min(spare, tilePositions(kernel, plan))) : [1]) {
        const kTile = evenTile(spec.k, gridK * geometry.rows);
        const nTile = evenTile(spec.n, gridN * perMacro);
        for (const nChunk of chunks(kernel, plan, nTile, machine)) {
          for (const positions of accumulatorTiles(kernel, plan, nChunk, machine))
            out.push({ gridK, gridN, replicas: copies, kTile, nTile: Math.min(nTile, nChunk), nChunk, positions });
        }
      }
    }
  }
  return out;
}

/** Positions drained together: as many as fit, or a half, a quarter, an eighth of the tile, so that the drain runs beside the arrays. */
function accumulatorTiles(kernel: MatmulKernel, plan: TilePlan, nChunk: number, machine: Machine): number[] {
  const most = Math.floor(new AccumulatorRing(machine, accumulatorsOf(kernel)).capacity / nChunk);
  const all = tilePositions(kernel, plan);
  if (most < 1) return [];
  const cuts = machine.capabilities.doubleBuffering ? [2, 4, 8].map((parts) => Math.ceil(all / parts)) : [];
  return [most, ...new Set(cuts.filter((p) => p < Math.min(most, all) && p >= LEAST_POSITIONS))];
}

function powersUpTo(most: number): number[] {
  const out: number[] = [];
  for (let r = 1; r <= most; r *= 2) out.push(r);
  if (most > 1 && !out.includes(most)) out.push(most);
  return out;
}

function evenTile(total: number, most: number): number {
  return Math.ceil(total / Math.ceil(total / most));
}

/** Outputs drained at once: they end on whole bytes, because no two instructions write the same byte. */
function chunks(kernel: MatmulKernel, plan: TilePlan, nTile: number, machine: Machine): number[] {
  const outputs = Math.min(kernel.matmul.n, at(plan.sizes, channelDim(kernel)));
  const capacity = new AccumulatorRing(machine, accumulatorsOf(kernel)).capacity;
  const aligned =
    !kernel.matmul.dynamic && kernel.matmul.groups > 1 && kernel.matmul.n % byteGroup(kernel.drained.format.bits) !== 0
      ? outputs
      : byteGroup(kernel.drained.format.bits);
  const least = Math.min(outputs, roundUp(nTile, aligned));
  const few = Math.min(outputs, roundUp(Math.floor(capacity / aligned) * aligned, aligned));
  return [...new Set([least, Math.min(outputs, aligned), few])].filter((outputsAtOnce) => outputsAtOnce > 0);
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
  const nTiles = Math.ceil(spec.n / mapping.nChunk) * Math.ceil(mapping.nChunk / mapping.nTile);
  const weightTiles = kTiles * nTiles * spec.parts.length * spec.groups;
  const rounds = positionTiles * subTiles;
  const shape = {
    k: mapping.kTile,
    n: mapping.nTile,
    weightBits: spec.weightBits,
    gridK: mapping.gridK,
    gridN: mapping.gridN,
  };
  const one = matmulDemand(
    {
      ...shape,
      m: Math.ceil(m / subTiles),
      inputBits: spec.inputBits,
      replicas: mapping.replicas,
      accumulate: kTiles > 1,
      uniqueInputBits: Math.ceil((m / subTiles) * mapping.kTile * spec.inputBits),
    },
    machine,
  );
  const arrayCycles =
    weightTiles * rounds * (one.busyCycles + (kTiles > 1 ? 0 : one.latencyCycles / Math.max(1, weightTiles * rounds)));
  const perChunk = kTiles * spec.parts.length * Math.ceil(mapping.nChunk / mapping.nTile);
  const planes = machine.capabilities.weightPlanes ? matrixGeometry(matrix).planes : 1;
  const slots = planes * Math.floor(matrixGeometry(matrix).macros / macrosOf(mapping));
  const writes =
    weightTiles <= slots && !spec.dynamic
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
  const drainCycles =
    Math.ceil(elements / drain.lanes) + rounds * Math.ceil(spec.n / mapping.nChunk) * spec.groups * drain.startupCycles;
  const turns = rounds * Math.ceil(spec.n / mapping.nChunk) * spec.groups;
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
