/** One design point: a compiled model timed cold and steady, with DRAM and chip border made free for the wall, bounded and priced. */
import type { Compiled } from '../../compiler/compile.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { type AreaResult, area } from '../../sim/energy/area.ts';
import { type EnergyResult, energy } from '../../sim/energy/energy.ts';
import { type PriceList, priceList } from '../../sim/energy/price-list.ts';
import type { SimResult } from '../../sim/result.ts';
import { simulate } from '../../sim/timing/simulate.ts';
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
}

/** Values that `ldr` loads in a run with data; programs of the compiler have none. */
export interface PointOptions {
  readonly state?: 'steady' | 'cold';
  readonly prices?: PriceList;
}

/** Steady state: code is on chip as far as it fits, and resident weights are in the arrays; cold start: neither. */
export function simulatePoint(compiled: Compiled, machine: Machine, options: PointOptions = {}): DesignPoint {
  const state = options.state ?? 'steady';
  const warmCode = state === 'steady';
  const program = state === 'steady' ? (compiled.steadyProgram ?? compiled.program) : compiled.program;
  const cold = simulate(compiled.program, machine);
  const result = state === 'cold' ? cold : simulate(program, machine, { warmCode });
  const prices = options.prices ?? priceList(machine);
  return {
    machine,
    compiled,
    program,
    state,
    result,
    cold,
    freeDramCycles: simulate(program, machine, { warmCode, free: 'dram' }).cycles,
    freeCoreCycles: simulate(program, machine, { warmCode, free: 'core' }).cycles,
    bounds: boundsOf(program, machine, result.layerActions),
    prices,
    energy: energy(result, prices),
    area: area(prices),
  };
}
