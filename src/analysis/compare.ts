/**
 * What changed between two runs, and why: differences by cause, action, boundary and layer, each group adding up to the difference of its total. Time is compared in
 * picoseconds, so machines of different clocks can be compared. Leaves out whether two runs are comparable: what differs between them is listed.
 */
import { z } from 'zod';
import { formatTimePs } from '../../isa/base/units.ts';
import type { RunResult } from '../report/schema.ts';

const integer = z.number().int();
const partSchema = z.strictObject({ name: z.string(), before: integer, after: integer, delta: integer });

/** The document that `qnpu compare --json` prints: times in ps, energies in fJ, areas in um2, sizes in bytes. */
export const comparisonSchema = z.strictObject({
  schema: z.literal('compare/1'),
  /** What the runs do not share: model, machine, overrides, prices, state, stream, tool. */
  differs: z.array(z.strictObject({ what: z.string(), before: z.string(), after: z.string() })),
  metrics: z.array(partSchema),
  causesPs: z.array(partSchema),
  energyFj: z.array(partSchema),
  dramBytes: z.array(partSchema),
  layersPs: z.array(partSchema),
});

export type Comparison = z.infer<typeof comparisonSchema>;
export type Part = z.infer<typeof partSchema>;

/** Metrics that can be compared and failed on, in the order of the report. */
export const METRICS = {
  latency: (r: RunResult) => r.latencyPs,
  energy: (r: RunResult) => r.energyFj.total,
  area: (r: RunResult) => r.areaUm2,
  dram: (r: RunResult) => dramParts(r).reduce((n, [, bytes]) => n + bytes, 0),
  cold: (r: RunResult) => r.coldLatencyPs,
} as const;
export type Metric = keyof typeof METRICS;

export function compareRuns(before: RunResult, after: RunResult): Comparison {
  return {
    schema: 'compare/1',
    differs: differences(before, after),
    metrics: Object.entries(METRICS).map(([name, of]) => part(name, of(before), of(after))),
    causesPs: parts(causeParts(before), causeParts(after)),
    energyFj: parts(energyParts(before), energyParts(after)),
    dramBytes: parts(dramParts(before), dramParts(after)),
    layersPs: parts(layerParts(before), layerParts(after)),
  };
}

/** Change in percent; infinite where there was nothing before. */
export function changePercent({ before, delta }: Part): number {
  return delta === 0 ? 0 : (100 * delta) / before;
}

type Amounts = readonly (readonly [string, number])[];

/** Sums by name, largest change first. */
function parts(before: Amounts, after: Amounts): Part[] {
  const sums = new Map<string, [number, number]>();
  const add = (amounts: Amounts, side: 0 | 1) => {
    for (const [name, amount] of amounts) {
      const sum = sums.get(name) ?? [0, 0];
      sum[side] += amount;
      sums.set(name, sum);
    }
  };
  add(before, 0);
  add(after, 1);
  return [...sums]
    .map(([name, [a, b]]) => part(name, a, b))
    .sort((x, y) => Math.abs(y.delta) - Math.abs(x.delta) || y.after - x.after);
}

function part(name: string, before: number, after: number): Part {
  return { name, before, after, delta: after - before };
}

function causeParts(r: RunResult): Amounts {
  return inPicoseconds(r, Object.entries(r.causes));
}

function layerParts(r: RunResult): Amounts {
  return inPicoseconds(
    r,
    r.layers.map((l) => [l.name, l.cycles]),
  );
}

/** Cycles as time. A core clock is a whole number of picoseconds, so the parts still add up. */
function inPicoseconds(r: RunResult, cycles: Amounts): Amounts {
  const period = r.cycles === 0 ? 0 : r.latencyPs / r.cycles;
  return cycles.map(([name, n]) => [name, Math.round(n * period)]);
}

function energyParts(r: RunResult): Amounts {
  return Object.entries(r.energyFj.byAction).map(([name, a]) => [name, a.energyFj]);
}

function dramParts(r: RunResult): Amounts {
  return r.traffic.filter((t) => t.boundary === 'dram').map((t) => [t.kind, t.readBytes + t.writeBytes]);
}

function differences(before: RunResult, after: RunResult): Comparison['differs'] {
  const stamps: Readonly<Record<string, (r: RunResult) => string>> = {
    model: (r) => `${r.model.name} (${r.model.hash})`,
    machine: (r) => `${r.machine.name} (${r.machine.hash})`,
    overrides: (r) => r.machine.overrides.join(' '),
    prices: (r) => `${r.prices.name}, ${r.prices.activity}`,
    state: (r) => r.state,
    stream: streamText,
    tool: (r) => `${r.tool}, ISA ${r.isa}`,
  };
  return Object.entries(stamps)
    .map(([what, of]) => ({ what, before: of(before), after: of(after) }))
    .filter((d) => d.before !== d.after);
}

/** Of a pipeline the latency that is compared is the interval between results, and causes and layers add up to that. */
function streamText({ pipeline }: RunResult): string {
  if (pipeline === undefined) return 'one inference at a time';
  const { stages, latencyPs } = pipeline;
  return `${stages} stages, latency is the interval between results; one inference takes ${formatTimePs(latencyPs)}`;
}
