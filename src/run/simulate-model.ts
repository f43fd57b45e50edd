/** One design point: a compiled model timed cold and steady, with DRAM and chip border made free for the wall, bounded and priced. */
import type { Compiled } from '../../compiler/compile.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { ASSUMED_ACTIVITY, measuredActivity } from '../../sim/energy/activity.ts';
import { type AreaResult, area } from '../../sim/energy/area.ts';
import { type EnergyResult, energy } from '../../sim/energy/energy.ts';
import { type PriceList, priceList } from '../../sim/energy/price-list.ts';
import { zeroStepsOf } from '../../sim/exec/skipping.ts';
import type { LayerStatistics } from '../../sim/exec/statistics.ts';
import type { SimResult } from '../../sim/result.ts';
import { type SimOptions, simulate } from '../../sim/timing/simulate.ts';
import { type Bounds, boundsOf } from '../analysis/bounds.ts';

export interface DesignPoint {
  readonly machine: Machine;
  readonly compiled: Compiled;
  /** The program of one inference in the state that is reported. */
  readonly program: Program;
  readonly state: 'steady' | 'cold';
  readonly result: SimResult;
  readonly cold: SimResult;
  /** The reported program with DRAM, or the border of the cores, at infinite bandwidth and zero latency. */
  readonly freeDramCycles: number;
  readonly freeCoreCycles: number;
  readonly bounds: Bounds;
  readonly prices: PriceList;
  readonly energy: EnergyResult;
  readonly area: AreaResult;
  /** What the timed runs took from measured operands; only where the machine skips zeros. */
  readonly zeroSteps: SimOptions['zeroSteps'];
  /** What it is priced for; empty where nothing was measured. */
  readonly statistics: Statistics;
}

/** Operand statistics by layer, one for each sample of a run with data. */
export type Statistics = readonly ReadonlyMap<number, LayerStatistics>[];

export interface PointOptions {
  readonly state?: 'steady' | 'cold';
  /** What the operands were; left out, arrays are priced for random ones. Needed where the machine skips zeros. */
  readonly statistics?: Statistics;
  /** Where the statistics come from, for the report; `measured operands` when left out. */
  readonly origin?: string;
}

/** Steady state: code is on chip as far as it fits, and resident weights are in the arrays; cold start: neither. */
export function simulatePoint(compiled: Compiled, machine: Machine, options: PointOptions = {}): DesignPoint {
  const state = options.state ?? 'steady';
  const warmCode = state === 'steady';
  const program = state === 'steady' ? (compiled.steadyProgram ?? compiled.program) : compiled.program;
  const zeroSteps =
    machine.capabilities.zeroSkipping && options.statistics !== undefined ? zeroStepsOf(options.statistics) : undefined;
  const measured = zeroSteps === undefined ? {} : { zeroSteps };
  const cold = simulate(compiled.program, machine, measured);
  const result = state === 'cold' ? cold : simulate(program, machine, { warmCode, ...measured });
  const prices = pricesOf(result, machine, options.statistics, options.origin);
  return {
    machine,
    compiled,
    program,
    state,
    result,
    cold,
    freeDramCycles: simulate(program, machine, { warmCode, free: 'dram', ...measured }).cycles,
    freeCoreCycles: simulate(program, machine, { warmCode, free: 'core', ...measured }).cycles,
    bounds: boundsOf(program, machine, result.layerActions),
    prices,
    energy: energy(result, prices),
    area: area(prices),
    zeroSteps,
    statistics: options.statistics ?? [],
  };
}

/** The same point priced for the operands that a run with data has seen; nothing is simulated again. */
export function repriced(point: DesignPoint, statistics: Statistics): DesignPoint {
  const prices = pricesOf(point.result, point.machine, statistics);
  return { ...point, statistics, prices, energy: energy(point.result, prices), area: area(prices) };
}

function pricesOf(result: SimResult, machine: Machine, statistics: Statistics = [], origin?: string): PriceList {
  const measured = measuredActivity(statistics, machine, result.layerActions);
  const named = measured === undefined || origin === undefined ? measured : { ...measured, origin };
  return priceList(machine, { activity: named ?? ASSUMED_ACTIVITY });
}
