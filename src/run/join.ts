/**
 * Runs of a network's sections, added up as they follow one another: counts, cycles, causes and bytes times the number of runs, priced once as a whole, so every
 * law of a run holds of the sum. Leaves out what would overlap where one section ends and the next begins.
 */

import { InternalError } from '../../isa/base/errors.ts';
import { ACTION_NAMES, type ActionCounts, type ActionName, noActions } from '../../isa/demand/actions.ts';
import { energy } from '../../sim/energy/energy.ts';
import type { Cause, TrafficRow, UnitResult } from '../../sim/result.ts';
import { addBounds, type LayerBound } from '../analysis/bounds.ts';
import { bytesAt, type ReportedPoint, type ReportedSection } from './reported.ts';

/** One section: points of the same layers, each run so many times. */
export interface SectionRuns {
  readonly name: string;
  readonly repeat: number;
  readonly steps: number;
  readonly runs: readonly { readonly point: ReportedPoint; readonly times: number }[];
}

/** Layers are named `section/layer`. Throws InternalError where there is nothing to add up. */
export function joinSections(sections: readonly SectionRuns[]): ReportedPoint {
  const first = sections[0]?.runs[0]?.point;
  if (first === undefined) throw new InternalError('a network without sections');
  const runs = sections.flatMap((s) => s.runs);
  const sum = (of: (p: ReportedPoint) => number) => runs.reduce((n, { point, times }) => n + of(point) * times, 0);
  const { machine, state, prices, area } = first;
  const sums = new Sums();
  for (const section of sections) sums.add(section);
  const result = {
    cycles: sum((p) => p.result.cycles),
    latencyPs: sum((p) => p.result.latencyPs),
    ...sums.counted(),
  };
  return {
    ...{ machine, state, prices, area },
    result,
    cold: { cycles: sum((p) => p.cold.cycles), latencyPs: sum((p) => p.cold.latencyPs) },
    freeDramCycles: sum((p) => p.freeDramCycles),
    freeCoreCycles: sum((p) => p.freeCoreCycles),
    bounds: addBounds(
      machine,
      runs.map(({ point, times }) => ({ bounds: point.bounds, times })),
      sums.bounds,
    ),
    energy: energy(result, prices),
    layers: sums.layers,
    stages: 1,
    sections: sums.sections,
  };
}

/** Layers of all sections in one list; layer -1 is what belongs to none. */
class Sums {
  readonly layers: ReportedPoint['layers'][number][] = [];
  readonly sections: ReportedSection[] = [];
  readonly bounds: LayerBound[] = [];
  readonly #causes: Partial<Record<Cause, number>> = {};
  readonly #actions = noActions();
  readonly #layerActions = new Map<number, Record<ActionName, number>>();
  readonly #layerCycles = new Map<number, number>();
  readonly #traffic = new Map<string, TrafficRow>();
  readonly #units = new Map<string, UnitResult>();
  #cycles = 0;

  add({ name, repeat, steps, runs }: SectionRuns): void {
    const from = this.layers.length;
    const times = repeat * steps;
    const at = (layer: number) => (layer < 0 ? -1 : from + layer);
    const [{ layers, bounds }] = [runs[0]!.point];
    this.layers.push(
      ...layers.map((l) => ({ ...l, name: `${name}/${l.name}`, macs: l.macs * times, macsDone: l.macsDone * times })),
    );
    this.bounds.push(...bounds.layers.map((b) => ({ ...b, computeCycles: b.computeCycles * times })));
    for (const run of runs) this.#addRun(run.point.result, run.times, at);
    const all = (of: (p: ReportedPoint) => number) => runs.reduce((n, run) => n + of(run.point) * run.times, 0);
    this.sections.push({
      ...{ name, repeat, steps },
      firstLayer: from,
      layers: layers.length,
      cycles: all((p) => p.result.cycles),
      dramBytes: all((p) => bytesAt(p, 'dram')),
    });
  }

  counted() {
    return {
      causes: this.#causes,
      units: [...this.#units.values()].map((u) => idleFor(u, this.#cycles)),
      actions: this.#actions,
      layerActions: this.#layerActions as ReadonlyMap<number, ActionCounts>,
      layerCycles: this.#layerCycles,
      traffic: [...this.#traffic.values()],
    };
  }

  #addRun(result: ReportedPoint['result'], times: number, at: (layer: number) => number): void {
    for (const [cause, cycles] of Object.entries(result.causes) as [Cause, number][])
      this.#causes[cause] = (this.#causes[cause] ?? 0) + cycles * times;
    addTimes(this.#actions, result.actions, times);
    for (const [layer, actions] of result.layerActions) {
      const own = this.#layerActions.get(at(layer)) ?? noActions();
      addTimes(own, actions, times);
      this.#layerActions.set(at(layer), own);
    }
    for (const [layer, cycles] of result.layerCycles)
      this.#layerCycles.set(at(layer), (this.#layerCycles.get(at(layer)) ?? 0) + cycles * times);
    for (const row of result.traffic) {
      const layer = at(row.layer);
      const key = `${row.boundary} ${row.role} ${layer}`;
      const { readBytes = 0, writeBytes = 0 } = this.#traffic.get(key) ?? {};
      this.#traffic.set(key, {
        ...row,
        layer,
        readBytes: readBytes + row.readBytes * times,
        writeBytes: writeBytes + row.writeBytes * times,
      });
    }
    for (const unit of result.units) {
      const key = `${unit.core} ${unit.kind} ${unit.channel}`;
      this.#units.set(key, addUnit(this.#units.get(key), unit, times));
    }
    this.#cycles += result.cycles * times;
  }
}

function addTimes(into: Record<ActionName, number>, counts: ActionCounts, times: number): void {
  for (const name of ACTION_NAMES) into[name] += counts[name] * times;
}

/** A unit is not listed in runs that have no instruction for it: it is idle there. */
function idleFor(unit: UnitResult, cycles: number): UnitResult {
  const stalled = Object.values(unit.stallCycles).reduce((n, c) => n + c, 0);
  return { ...unit, idleCycles: cycles - unit.busyCycles - stalled };
}

function addUnit(sum: UnitResult | undefined, unit: UnitResult, times: number): UnitResult {
  const stallCycles: Partial<Record<Cause, number>> = { ...sum?.stallCycles };
  for (const [cause, cycles] of Object.entries(unit.stallCycles) as [Cause, number][])
    stallCycles[cause] = (stallCycles[cause] ?? 0) + cycles * times;
  return {
    ...unit,
    instructions: (sum?.instructions ?? 0) + unit.instructions * times,
    busyCycles: (sum?.busyCycles ?? 0) + unit.busyCycles * times,
    stallCycles,
  };
}
