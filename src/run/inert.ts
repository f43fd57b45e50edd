/**
 * Overrides that changed nothing, found by running without each: what is printed (cycles, energy, area, traffic, values) is compared. A field
 * that another override needs (the machine is refused without it) is not inert.
 */

import { QnpuError } from '../../isa/base/errors.ts';
import { canonicalJson } from '../../isa/base/hash.ts';
import { machineHash } from '../../isa/machine/parse.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { ReportedPoint } from './reported.ts';

/** Everything of a design point, or of a sum of several, that the report shows. */
export function observed(point: Omit<ReportedPoint, 'layers' | 'sections'>): string {
  const { result, cold, energy, area, freeDramCycles, freeCoreCycles, bounds } = point;
  return canonicalJson({
    cycles: [result.latencyPs, cold.latencyPs, result.cycles, cold.cycles, freeDramCycles, freeCoreCycles],
    units: result.units,
    causes: result.causes,
    traffic: result.traffic,
    energy: [energy.totalFj, energy.lowFj, energy.highFj, energy.byAction],
    area: [area.totalUm2, area.lowUm2, area.highUm2],
    bounds,
  });
}

export interface InertQuestion {
  readonly overrides: readonly string[];
  /** The machine with some of the overrides. */
  readonly machineWith: (overrides: readonly string[]) => Machine;
  /** What is observed of a run on that machine. */
  readonly observe: (machine: Machine) => string;
  readonly machine: Machine;
  readonly seen: string;
}

/** One sentence for each override without effect. Costs one run for each override that changes the machine. */
export function inertOverrides(q: InertQuestion): string[] {
  return q.overrides.flatMap((override, i) => {
    const others = q.overrides.filter((_, k) => k !== i);
    try {
      const without = q.machineWith(others);
      if (machineHash(without) === machineHash(q.machine))
        return [`--set ${override} is inert: the machine has this value without it`];
      if (q.observe(without) !== q.seen) return [];
      return [`--set ${override} is inert: cycles, energy, area, traffic and values are the same without it`];
    } catch (error) {
      if (error instanceof QnpuError && error.exitCode === 1) return [];
      throw error;
    }
  });
}
