/**
 * Overrides that changed nothing, found by running without each: what is printed (cycles, energy, area, traffic, values) is compared. A field
 * that another override needs (the machine is refused without it) is not inert.
 */

import { QnpuError } from '../../isa/base/errors.ts';
import { canonicalJson } from '../../isa/base/hash.ts';
import { machineHash } from '../../isa/machine/parse.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { ReportedPoint } from './reported.ts';

/** What a report shows: the answers, and by name what stands behind them. */
export interface Observed {
  readonly answers: string;
  readonly behind: Readonly<Record<string, string>>;
}

/** Everything of a design point, or of a sum of several, that the report shows; `values` what a run with data gave. */
export function observed(point: Omit<ReportedPoint, 'layers' | 'sections' | 'stages'>, values = ''): Observed {
  const { result, cold, energy, area, freeDramCycles, freeCoreCycles, bounds } = point;
  // Prices of what did not happen are not shown.
  const counted = Object.entries(energy.byAction).filter(([, a]) => a.count > 0);
  return {
    answers: canonicalJson({
      cycles: [result.latencyPs, result.cycles],
      traffic: result.traffic,
      energy: [energy.totalFj, energy.lowFj, energy.highFj, counted],
      area: [area.totalUm2, area.lowUm2, area.highUm2],
      values,
    }),
    behind: {
      'the cold start': canonicalJson([cold.latencyPs, cold.cycles]),
      'the wall': canonicalJson([freeDramCycles, freeCoreCycles]),
      'what units wait for': canonicalJson([result.units, result.causes]),
      'the bounds': canonicalJson(bounds),
    },
  };
}

export interface InertQuestion {
  readonly overrides: readonly string[];
  /** The machine with some of the overrides. */
  readonly machineWith: (overrides: readonly string[]) => Machine;
  /** What is observed of a run on that machine. */
  readonly observe: (machine: Machine) => Observed;
  readonly machine: Machine;
  readonly seen: Observed;
}

/** One sentence for each override without effect, or with one on nothing but what stands behind the answers. Costs one run for each override that changes the machine. */
export function inertOverrides(q: InertQuestion): string[] {
  return q.overrides.flatMap((override, i) => {
    const others = q.overrides.filter((_, k) => k !== i);
    try {
      const without = q.machineWith(others);
      if (machineHash(without) === machineHash(q.machine))
        return [`--set ${override} is inert: the machine has this value without it`];
      const other = q.observe(without);
      if (other.answers !== q.seen.answers) return [];
      const changed = Object.keys(other.behind).filter((k) => other.behind[k] !== q.seen.behind[k]);
      const same = 'cycles, energy, area, traffic and values are the same without it';
      return [
        `--set ${override} ${changed.length === 0 ? `is inert: ${same}` : `changes only ${changed.join(', ')}: ${same}`}`,
      ];
    } catch (error) {
      if (error instanceof QnpuError && error.exitCode === 1) return [];
      throw error;
    }
  });
}
