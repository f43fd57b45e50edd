/**
 * Lower bounds that no schedule can beat, from sizes alone. Compute: MACs over the peak rate of the unit that runs them at the layer's widths. DRAM: the
 * distinct bytes that must cross once (inputs, outputs, constants that do not stay) over the peak bandwidth. The network's bound is the largest.
 */
import type { ActionCounts } from '../../isa/demand/actions.ts';
import { fullArrayCycles, peakMacs } from '../../isa/demand/matrix.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { periodPs } from '../../sim/timing/system.ts';
import { distinctDramBytes } from './footprint.ts';

export interface LayerBound {
  readonly computeCycles: number;
  readonly binding: 'arrays' | 'vector lanes' | 'none';
}

export interface Bounds {
  readonly layers: readonly LayerBound[];
  readonly computeCycles: number;
  readonly dramCycles: number;
  readonly compulsoryBytes: number;
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

export function boundsOf(program: Program, machine: Machine, layerActions: ReadonlyMap<number, ActionCounts>): Bounds {
  const layers = program.symbols.layers.map((_, l) => layerBound(machine, layerActions.get(l)));
  const on = (unit: LayerBound['binding']) =>
    layers.filter((l) => l.binding === unit).reduce((n, l) => n + l.computeCycles, 0);
  const compulsoryBytes = distinctDramBytes(program);
  const dramCycles = Math.floor(compulsoryBytes / dramBytesPerCycle(machine));
  const sums = { arrays: Math.floor(on('arrays')), 'vector lanes': Math.floor(on('vector lanes')), DRAM: dramCycles };
  const [binding, boundCycles] = Object.entries(sums).reduce((best, e) => (e[1] > best[1] ? e : best));
  return {
    layers: layers.map((l) => ({ ...l, computeCycles: Math.floor(l.computeCycles) })),
    computeCycles: Math.max(sums.arrays, sums['vector lanes']),
    dramCycles,
    compulsoryBytes,
    boundCycles,
    binding,
  };
}

/** Work that the arrays did in this layer over what they can do in a cycle. */
function layerBound(machine: Machine, actions: ActionCounts | undefined): LayerBound {
  if (actions === undefined) return { computeCycles: 0, binding: 'none' };
  const { matrix, vector } = machine.core;
  const arrays = fullArrayCycles(actions, matrix);
  const lanes =
    actions['vector.mac'] / vector.windowMacLanes +
    (actions['vector.intOp'] + actions['vector.floatOp']) / (4 * vector.lanes);
  if (arrays === 0 && lanes === 0) return { computeCycles: 0, binding: 'none' };
  return arrays >= lanes
    ? { computeCycles: arrays, binding: 'arrays' }
    : { computeCycles: lanes, binding: 'vector lanes' };
}
