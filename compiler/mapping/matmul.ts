/**
 * Mapping of one matrix product: how K and N are split over the macros, how many replicas, how many outputs are drained at
 * once and so how many positions fit the accumulators. Every legal grid is costed (mapping-cost.ts).
 */
import { CapacityError } from '../../isa/base/errors.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { MatmulKernel } from '../lower/kernel.ts';
import type { MatmulMapping } from '../lower/kernels/matmul.ts';
import { at, byteGroup, roundUp } from '../lower/layout.ts';
import { evenSize } from '../lower/split.ts';
import { type ArraysLimits, refuseArrays } from './array-pins.ts';
import type { ArraysDecision } from './decisions.ts';
import { costMapping, type MappingCost, type Product, productOf, type WeightHome } from './mapping-cost.ts';
import type { KernelPins } from './pinned.ts';
import type { TilePlan } from './tiles.ts';

/** Fewer positions at once are not worth their instructions. */
const LEAST_POSITIONS = 8;

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

/** Mappings that are known already, by the numbers of their product: those of layers that are alike. */
export type Alike = Map<string, readonly Scored[]>;

/**
 * Every legal mapping of a kernel cut into `plan`'s tiles that pins allow, cheapest first. Throws CapacityError, or InputError where only pins are in the way.
 * @param replicas whether weights may be copied to spare macros
 * @param alike taken from, and added to, where nothing is pinned
 */
export function scoreMappings(
  kernel: MatmulKernel,
  plan: TilePlan,
  machine: Machine,
  replicas: boolean,
  home: WeightHome = 'dram',
  pins?: KernelPins,
  alike?: Alike,
): readonly Scored[] {
  const product = productOf(kernel, plan, machine);
  const key = `${home} ${replicas} ${JSON.stringify(product)}`;
  const known = pins?.arrays === undefined ? alike?.get(key) : undefined;
  if (known !== undefined) return known;
  const scored = scoreProduct(product, machine, replicas, home, pins?.arrays ?? {});
  if (scored.length === 0 && pins?.arrays !== undefined) {
    const best = at(scoreMappings(kernel, plan, machine, replicas), 0).mapping;
    refuseArrays(pins, best, arraysLimits(product, machine));
  }
  if (scored.length === 0) refuse(kernel, machine);
  if (pins?.arrays === undefined) alike?.set(key, scored);
  return scored;
}

function scoreProduct(
  product: Product,
  machine: Machine,
  replicas: boolean,
  home: WeightHome,
  pins: ArraysDecision,
): readonly Scored[] {
  const scored = candidates(product, machine, replicas, pins).map(
    (mapping): Scored => ({ mapping, cost: costMapping(product, mapping, machine, home) }),
  );
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

function candidates(product: Product, machine: Machine, replicas: boolean, pins: ArraysDecision): MatmulMapping[] {
  const geometry = matrixGeometry(machine.core.matrix);
  const limits = arraysLimits(product, machine);
  const { perMacro } = limits;
  const out: MatmulMapping[] = [];
  for (const gridK of within(upTo(limits.gridK), pins.gridK, limits.gridK)) {
    const mostN = Math.min(Math.floor(geometry.macros / gridK), limits.gridN);
    for (const gridN of within(upTo(mostN), pins.gridN, mostN)) {
      const most = Math.min(Math.floor(geometry.macros / (gridK * gridN)), limits.positions);
      const rows = gridK * geometry.rows;
      for (const copies of within(replicas ? powersUpTo(most) : [1], pins.replicas, most)) {
        for (const kTile of within(
          [evenSize(product.summed ?? product.k, rows)],
          pins.tileK,
          Math.min(product.k, rows),
        )) {
          const widest = gridN * perMacro;
          const even = new Set([evenSize(product.n, widest), evenSize(limits.outputs, widest)]);
          for (const nTile of within([...even], pins.tileN, Math.min(product.n, widest))) {
            for (const nChunk of chunks(limits, nTile, pins.outputs)) {
              if (product.summed !== null && nChunk !== limits.outputs) continue;
              if (pins.tileN !== undefined && nTile > nChunk) continue;
              for (const positions of accumulatorTiles(limits, nChunk, machine, pins.positions)) {
                if (product.summed !== null && positions < limits.positions) continue;
                out.push({ gridK, gridN, replicas: copies, kTile, nTile: Math.min(nTile, nChunk), nChunk, positions });
              }
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
function arraysLimits(product: Product, machine: Machine): ArraysLimits {
  const { k, n, weightBits, positions, outputs, aligned, capacity, whole } = product;
  const { matrix } = machine.core;
  const { columns, columnsPerWeight, macros, rows } = matrixGeometry(matrix);
  const perMacro = Math.floor(columns / columnsPerWeight(weightBits));
  const fanIn = matrix.kind === 'systolic' ? 1 : matrix.macroAdder.fanIn;
  return {
    machine: machine.name,
    macros,
    rows,
    perMacro,
    gridK: perMacro < 1 ? 0 : Math.min(fanIn, macros, Math.ceil(k / rows)),
    gridN: Math.min(macros, Math.ceil(n / Math.max(1, perMacro))),
    positions,
    outputs,
    aligned,
    capacity,
    whole,
    k,
    n,
  };
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
