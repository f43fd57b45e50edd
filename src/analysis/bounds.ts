/**
 * Lower bounds of a program that no order of its work can beat. Compute: what each unit
 * did over the most it can do in a cycle, at the layer's widths, for every layer together; arrays in whole tiles, so 16 outputs on 64 columns leave 48 of
 * them idle. DRAM: the
 * distinct bytes that must cross once (inputs, outputs, constants that do not stay) over the peak bandwidth; the slower tier likewise. Links:
 * the distinct bytes of weights that the arrays do not keep. The network's bound is the largest.
 */
import type { ActionCounts } from '../../isa/demand/actions.ts';
import { arrayCycles, type BusyCells, busyCells, evenPart, peakMacs } from '../../isa/demand/matrix.ts';
import { matrixGeometry, tierStart } from '../../isa/machine/geometry.ts';
import type { Machine, MatrixUnit } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { periodPs } from '../../sim/timing/system.ts';
import { type DistinctBytes, distinctBytes } from './footprint.ts';

export type Unit = 'arrays' | 'vector lanes' | 'drain lanes';

export interface LayerBound {
  readonly computeCycles: number;
  readonly binding: Unit | 'none';
}

export interface Bounds {
  readonly layers: readonly LayerBound[];
  /** Of all layers together. */
  readonly unitCycles: Readonly<Record<Unit, number>>;
  readonly computeCycles: number;
  readonly dramCycles: number;
  readonly compulsoryBytes: number;
  /** Of the slower tier behind DRAM; 0 where there is none. */
  readonly tierCycles: number;
  readonly tierCompulsoryBytes: number;
  /** Weights that the arrays do not keep, over the links of all cores. */
  readonly linkCycles: number;
  readonly writtenWeightBytes: number;
  readonly boundCycles: number;
  readonly binding: string;
}

/** MACs per cycle of the whole matrix unit at given widths. */
export function peakMacsPerCycle(machine: Machine, inputBits: number, weightBits: number): number {
  return machine.cores * peakMacs(machine.core.matrix, inputBits, weightBits);
}

/** Peak DRAM bytes per core cycle. */
export function dramBytesPerCycle(machine: Machine): number {
  const { dram } = machine;
  return (dram.channels * dram.burstBytes * periodPs(machine.clocks.coreMhz)) / (dram.burstClocks * dram.clockPs);
}

/** Peak bytes of the slower tier per core cycle; endless where there is none, for nothing moves there. */
export function tierBytesPerCycle({ tier, clocks }: Machine): number {
  return tier === undefined ? Infinity : (tier.megabytesPerSecond * periodPs(clocks.coreMhz)) / 1e6;
}

export function boundsOf(program: Program, machine: Machine, layerActions: ReadonlyMap<number, ActionCounts>): Bounds {
  const busy = busyByLayer(program, machine.core.matrix);
  const work = program.symbols.layers.map((_, l) => unitCycles(machine, layerActions.get(l), busy[l]));
  const on = (unit: Unit) => Math.floor(work.reduce((n, w) => n + w[unit], 0) / machine.cores);
  const units = { arrays: on('arrays'), 'vector lanes': on('vector lanes'), 'drain lanes': on('drain lanes') };
  return networkBounds(
    machine,
    work.map((w) => layerBound(w, machine.cores)),
    units,
    distinctBytes(program, tierStart(machine)),
  );
}

function networkBounds(
  machine: Machine,
  layers: readonly LayerBound[],
  unitCycles: Readonly<Record<Unit, number>>,
  { dram: compulsoryBytes, tier: tierCompulsoryBytes, weights: writtenWeightBytes }: DistinctBytes,
): Bounds {
  const dramCycles = Math.floor(compulsoryBytes / dramBytesPerCycle(machine));
  const tierCycles = Math.floor(tierCompulsoryBytes / tierBytesPerCycle(machine));
  const linkCycles = Math.floor(writtenWeightBytes / ((machine.cores * machine.interconnect.linkBits) / 8));
  const carried = { DRAM: dramCycles, 'slower tier': tierCycles, interconnect: linkCycles };
  const [binding, boundCycles] = largest({ ...unitCycles, ...carried });
  const computeCycles = Math.max(...Object.values(unitCycles));
  return {
    ...{ layers, unitCycles, computeCycles, dramCycles, compulsoryBytes },
    ...{ tierCycles, tierCompulsoryBytes, linkCycles, writtenWeightBytes, boundCycles, binding },
  };
}

/**
 * Bounds of runs one behind another, each so many times: the work of each unit adds up, and so do the bytes that each run must move. `layers` are those of
 * the runs together. The largest of the sums, so overlapping two runs would not beat it.
 */
export function addBounds(
  machine: Machine,
  runs: readonly { readonly bounds: Bounds; readonly times: number }[],
  layers: readonly LayerBound[],
): Bounds {
  const sum = (of: (b: Bounds) => number) => runs.reduce((n, { bounds, times }) => n + of(bounds) * times, 0);
  const on = (unit: Unit) => sum((b) => b.unitCycles[unit]);
  const units = { arrays: on('arrays'), 'vector lanes': on('vector lanes'), 'drain lanes': on('drain lanes') };
  const weights = sum((b) => b.writtenWeightBytes);
  const bytes = { dram: sum((b) => b.compulsoryBytes), tier: sum((b) => b.tierCompulsoryBytes), weights };
  return networkBounds(machine, layers, units, bytes);
}

/** The unit with most work, when all cores share it. */
function layerBound(work: Readonly<Record<Unit, number>>, cores: number): LayerBound {
  const [binding, cycles] = largest(work);
  return cycles === 0 ? { computeCycles: 0, binding: 'none' } : { computeCycles: Math.floor(cycles / cores), binding };
}

function largest<K extends string>(amounts: Readonly<Record<K, number>>): readonly [K, number] {
  return (Object.entries(amounts) as [K, number][]).reduce((best, e) => (e[1] > best[1] ? e : best));
}

/**
 * The most cells that a layer can keep busy, undefined where it uses no arrays: the fullest of its tiles, or what its K and N cut into as few tiles as
 * possible would fill, whichever is more. So a mapping of many small tiles does not make its own bound easy.
 */
function busyByLayer(program: Program, matrix: MatrixUnit): (BusyCells | undefined)[] {
  const { columnsPerWeight, ...geometry } = matrixGeometry(matrix);
  const out: (BusyCells | undefined)[] = program.symbols.layers.map(() => undefined);
  program.cores.forEach(({ instructions }, core) => {
    instructions.forEach((i, pc) => {
      const layer = program.symbols.layerOf[core]?.[pc] ?? -1;
      const [tile, src] = i.op === 'mm' ? [program.arrays[i.tile], program.tensors[i.src]] : [];
      const shape = program.symbols.layers[layer];
      if (tile === undefined || src === undefined || shape === undefined) return;
      const { weightBits, gridK, gridN } = tile;
      const cells = (k: number, n: number) => busyCells(matrix, k, n, src.widthBits, weightBits);
      const used = cells(Math.ceil(tile.kCount / gridK), Math.ceil(tile.nCount / gridN));
      const outputs = Math.floor(geometry.columns / columnsPerWeight(weightBits));
      const fewest = cells(evenPart(shape.k, geometry.rows), evenPart(shape.n, outputs));
      out[layer] = most(out[layer] ?? used, most(used, fewest));
    });
  });
  return out;
}

function most(a: BusyCells, b: BusyCells): BusyCells {
  const { max } = Math;
  return { rows: max(a.rows, b.rows), columns: max(a.columns, b.columns), inputBits: max(a.inputBits, b.inputBits) };
}

/** Cycles that each unit of one core needs for counted work at its peak rate. */
function unitCycles(
  machine: Machine,
  actions: ActionCounts | undefined,
  busy: BusyCells | undefined,
): Readonly<Record<Unit, number>> {
  if (actions === undefined) return { arrays: 0, 'vector lanes': 0, 'drain lanes': 0 };
  const { matrix, vector, drain } = machine.core;
  return {
    arrays: arrayCycles(actions, matrix, busy),
    'vector lanes':
      actions['vector.mac'] / vector.windowMacLanes +
      (actions['vector.intOp'] + actions['vector.floatOp']) / (4 * vector.lanes),
    'drain lanes': actions['drain.op'] / drain.lanes,
  };
}
