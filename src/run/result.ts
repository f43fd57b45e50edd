/** From a design point to the `run/1` document. No physics here: every number was counted or priced before. */

import { type Graph, typeText } from '../../compiler/graph/types.ts';
import type { MappingChoices } from '../../compiler/mapping/alternatives.ts';
import type { QuantizationReport } from '../../compiler/quantize/index.ts';
import { arrayCycles } from '../../isa/demand/matrix.ts';
import { ISA_VERSION } from '../../isa/instructions/table.ts';
import { machineHash } from '../../isa/machine/parse.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Activity } from '../../sim/energy/activity.ts';
import { efficiency } from '../../sim/energy/energy.ts';
import type { UnitResult } from '../../sim/result.ts';
import { dramBytesPerCycle, tierBytesPerCycle } from '../analysis/bounds.ts';
import type { LadderRung, RunResult } from '../report/schema.ts';
import { VERSION } from '../version.ts';
import { type Model, macTotal, weightTotals } from './model.ts';
import { bytesAt, type ReportedPoint, reported } from './reported.ts';
import type { DesignPoint } from './simulate-model.ts';
import type { WhatIf } from './what-if.ts';

export interface ResultExtras {
  readonly seed: number;
  readonly overrides: readonly string[];
  readonly warnings: readonly string[];
  readonly whatIfs?: readonly WhatIf[];
  readonly values?: RunResult['values'];
  readonly quantization?: QuantizationReport;
  readonly mapping?: MappingChoices | undefined;
  readonly ladder?: { readonly rungs: readonly LadderRung[]; readonly iso: Readonly<Record<string, string>> };
}

/** Layer name of what belongs to no layer: instruction fetch, refresh, start and end. */
const OUTSIDE_LAYERS = '(outside layers)';

export function buildResult(model: Model, point: DesignPoint, extras: ResultExtras): RunResult {
  return buildDocument(factsOf(model), reported(point), extras);
}

/** What the document says of a network. */
export type ModelFacts = RunResult['model'];

export function factsOf({ name, hash, graph }: Model): ModelFacts {
  const { params, bytes } = weightTotals(graph);
  const tensors = { inputs: describe(graph, graph.inputs), outputs: describe(graph, graph.outputs) };
  return { name, hash, macs: macTotal(graph), params, weightBytes: bytes, ...tensors };
}

/** The same from a point or from the sum of several. */
export function buildDocument(model: ModelFacts, point: ReportedPoint, extras: ResultExtras): RunResult {
  const { result, energy, prices, machine, bounds } = point;
  const layers = layersOf(point);
  return {
    schema: 'run/1',
    tool: VERSION,
    isa: ISA_VERSION,
    seed: extras.seed,
    model,
    machine: {
      name: machine.name,
      hash: machineHash(machine),
      summary: machine.summary,
      basis: machine.basis.kind,
      matrix: machine.core.matrix.kind,
      overrides: [...extras.overrides],
    },
    prices: { name: prices.name, hash: prices.hash.slice(0, 16), activity: activityText(prices.activity, machine) },
    state: point.state,
    warnings: [...extras.warnings, ...prices.warnings],
    cycles: result.cycles,
    latencyPs: result.latencyPs,
    coldCycles: point.cold.cycles,
    coldLatencyPs: point.cold.latencyPs,
    ...(point.stages > 1 ? { pipeline: { stages: point.stages, latencyPs: point.stages * result.latencyPs } } : {}),
    energyFj: {
      total: energy.totalFj,
      low: energy.lowFj,
      high: energy.highFj,
      leakage: energy.leakageFj,
      byAction: Object.fromEntries(
        [
          ...Object.entries(energy.byAction),
          ...Object.entries(energy.leakageByComponent).map(([name, a]) => [`leakage.${name}`, a] as const),
        ]
          .filter(([, a]) => a.count > 0)
          .map(([name, a]) => [name, { ...a }]),
      ),
      byScope: { ...energy.byScope },
      shares: { ...energy.shares },
    },
    areaUm2: point.area.totalUm2,
    area: {
      lowUm2: point.area.lowUm2,
      highUm2: point.area.highUm2,
      byComponent: Object.fromEntries(Object.entries(point.area.byComponent).map(([name, a]) => [name, a.um2])),
    },
    topsPerWatt: { ...efficiency(energy, model.macs) },
    causes: { ...result.causes },
    units: Object.fromEntries(
      result.units.map((u) => [
        unitKey(u),
        { busy: u.busyCycles, stalls: { ...u.stallCycles }, idle: u.idleCycles, total: result.cycles },
      ]),
    ),
    traffic: result.traffic.map((t) => ({
      boundary: t.boundary,
      kind: t.role,
      layer: layerName(point, t.layer),
      readBytes: t.readBytes,
      writeBytes: t.writeBytes,
    })),
    layers,
    ...(point.sections.length === 0 ? {} : { sections: sectionsOf(point, layers) }),
    bounds: {
      computeCycles: bounds.computeCycles,
      dramCycles: bounds.dramCycles,
      linkCycles: bounds.linkCycles,
      compulsoryBytes: bounds.compulsoryBytes,
      tierCycles: bounds.tierCycles,
      tierCompulsoryBytes: bounds.tierCompulsoryBytes,
      boundCycles: bounds.boundCycles,
      binding: bounds.binding,
    },
    wall: {
      dramCycles: Math.max(0, result.cycles - point.freeDramCycles),
      coreCycles: Math.max(0, result.cycles - point.freeCoreCycles),
    },
    whatIfs: (extras.whatIfs ?? []).map((w) => ({ ...w, set: [...w.set] })),
    ...(extras.values === undefined ? {} : { values: extras.values }),
    ...(extras.quantization === undefined ? {} : { quantization: documented(extras.quantization) }),
    ...(extras.mapping === undefined ? {} : { mapping: choicesIn(extras.mapping) }),
    ...(extras.ladder === undefined ? {} : { ladder: [...extras.ladder.rungs], iso: { ...extras.ladder.iso } }),
  };
}

function choicesIn({ network, layers }: MappingChoices): NonNullable<RunResult['mapping']> {
  const copies = (all: MappingChoices['network']) =>
    all.map((c) => ({ ...c, runnersUp: c.runnersUp.map((way) => ({ ...way })) }));
  return { network: copies(network), layers: layers.map((l) => ({ layer: l.layer, choices: copies(l.choices) })) };
}

function documented(q: QuantizationReport): NonNullable<RunResult['quantization']> {
  const copies = <T extends object>(list: readonly T[]): T[] => list.map((item) => ({ ...item }));
  return { ...q, assumed: [...q.assumed], layers: copies(q.layers), outputs: copies(q.outputs) };
}

/** How often gates were taken to switch, and on what ground. */
function activityText(a: Activity, machine: Machine): string {
  if (machine.core.matrix.kind === 'systolic') return 'switching as in the synthesis of its elements';
  const percent = (rate: number) => `${Number((100 * rate).toPrecision(2))} %`;
  const rates = `input bits switch ${percent(a.inputActivity)}, products ${percent(a.inputActivity * a.weightDensity)}`;
  return `${a.origin}: ${rates}`;
}

function describe(graph: Graph, names: readonly string[]) {
  return names.map((name) => {
    const type = graph.values.get(name)!;
    return { name, shape: [...type.shape], type: typeText(type).replace(/\[.*/, '') };
  });
}

function unitKey(u: UnitResult): string {
  return `${u.core > 0 ? `core${u.core}.` : ''}${u.kind}${u.kind === 'dma' ? u.channel : ''}`;
}

function layerName(point: ReportedPoint, layer: number): string {
  return point.layers[layer]?.name ?? OUTSIDE_LAYERS;
}

function sectionsOf(point: ReportedPoint, layers: RunResult['layers']): NonNullable<RunResult['sections']> {
  return point.sections.map(({ name, repeat, steps, firstLayer, layers: count, cycles, dramBytes }) => {
    const energyFj = layers.slice(firstLayer, firstLayer + count).reduce((n, l) => n + l.energyFj, 0);
    return { name, repeat, steps, cycles, energyFj, dramBytes };
  });
}

function layersOf(point: ReportedPoint): RunResult['layers'] {
  const { result, machine, bounds, energy } = point;
  const layers = point.layers.map((layer, l) => {
    const cycles = result.layerCycles.get(l) ?? 0;
    const dramBytes = bytesAt(point, 'dram', l);
    const compute = bounds.layers[l]!;
    const dram = Math.floor(dramBytes / dramBytesPerCycle(machine));
    const tier = Math.floor(bytesAt(point, 'tier', l) / tierBytesPerCycle(machine));
    const outside = Math.max(dram, tier);
    return {
      ...layer,
      cycles,
      bound: outside > compute.computeCycles ? (tier > dram ? 'slower tier' : 'DRAM') : compute.binding,
      boundCycles: Math.max(outside, compute.computeCycles),
      energyFj: energy.byLayer.get(l) ?? 0,
      dramBytes,
      utilization: utilization(point, l, cycles),
    };
  });
  const outside = {
    name: OUTSIDE_LAYERS,
    op: '',
    m: 0,
    k: 0,
    n: 0,
    macs: 0,
    macsDone: 0,
    cycles: result.layerCycles.get(-1) ?? 0,
    bound: 'none',
    boundCycles: 0,
    energyFj: energy.totalFj - layers.reduce((n, l) => n + l.energyFj, 0),
    dramBytes: bytesAt(point, 'dram', -1),
    utilization: 0,
    mapping: '',
  };
  return [...layers, outside];
}

/** MACs over what the arrays could have done at this layer's widths in its cycles of the critical path. */
function utilization(point: ReportedPoint, layer: number, cycles: number): number {
  const { macs } = point.layers[layer]!;
  const actions = point.result.layerActions.get(layer);
  if (macs === 0 || cycles === 0 || actions === undefined) return 0;
  const { matrix, vector } = point.machine.core;
  const arrays = arrayCycles(actions, matrix) / point.machine.cores;
  return Math.min(1, (arrays > 0 ? arrays : macs / vector.windowMacLanes) / cycles);
}
