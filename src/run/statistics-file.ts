/**
 * Operand statistics as a document, `statistics/1`: what a run with data counted, layer by layer, summed over its samples, so that later runs can be priced
 * (and, where zeros are skipped, timed) without data. It holds for one model, on every machine that gives it the same layers; skipped steps
 * hold for one mapping.
 */
import { z } from 'zod';
import { type Diagnostic, InputError } from '../../isa/base/errors.ts';
import type { ActionCounts } from '../../isa/demand/actions.ts';
import { machineHash } from '../../isa/machine/parse.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { mergeSteps } from '../../sim/exec/skipping.ts';
import type { LayerStatistics } from '../../sim/exec/statistics.ts';
import { VERSION } from '../version.ts';
import type { Model } from './model.ts';
import type { DesignPoint, Statistics } from './simulate-model.ts';

const natural = z.int().min(0);

const layerSchema = z.strictObject({
  /** Index and name of the layer in the program; -1 and '' for what belongs to none. */
  index: z.int().min(-1),
  name: z.string(),
  /** Input elements that entered arrays, those that were zero, ones among their bits, and all bits. */
  inputs: natural,
  zeroInputs: natural,
  inputOnes: natural,
  inputBits: natural,
  /** Ones by bit plane, plane 0 the lowest. */
  inputOnesByPlane: z.array(natural),
  /** Input vectors, and by plane how many had no one in it. */
  vectors: natural,
  zeroPlanes: z.array(natural),
  weights: natural,
  weightOnes: natural,
  weightBits: natural,
  /** Where zeros were skipped: groups of vectors by the steps that they took. */
  zeroSteps: z.array(z.strictObject({ full: natural, replicas: natural, groups: z.array(natural) })),
});

export const statisticsSchema = z.strictObject({
  schema: z.literal('statistics/1'),
  tool: z.string(),
  model: z.strictObject({ name: z.string(), hash: z.string() }),
  machine: z.strictObject({ name: z.string(), hash: z.string() }),
  /** What the samples were, and how many were counted. */
  source: z.string(),
  samples: z.int().min(1),
  layers: z.array(layerSchema),
});

export type StatisticsFile = z.infer<typeof statisticsSchema>;

export interface Measured {
  readonly model: Model;
  readonly machine: Machine;
  readonly program: Program;
  readonly source: string;
  readonly statistics: Statistics;
}

export function statisticsDocument({ model, machine, program, source, statistics }: Measured): StatisticsFile {
  const indices = [...new Set(statistics.flatMap((s) => [...s.keys()]))].sort((a, b) => a - b);
  return {
    schema: 'statistics/1',
    tool: VERSION,
    model: { name: model.name, hash: model.hash },
    machine: { name: machine.name, hash: machineHash(machine) },
    source,
    samples: statistics.length,
    layers: indices.map((index) => ({
      index,
      name: program.symbols.layers[index]?.name ?? '',
      ...total(statistics.flatMap((s) => s.get(index) ?? [])),
    })),
  };
}

function total(all: readonly LayerStatistics[]) {
  const sum = (of: (s: LayerStatistics) => number) => all.reduce((n, s) => n + of(s), 0);
  const planes = (of: (s: LayerStatistics) => readonly number[]) =>
    of(all[0]!).map((_, p) => sum((s) => of(s)[p] ?? 0));
  return {
    inputs: sum((s) => s.inputs),
    zeroInputs: sum((s) => s.zeroInputs),
    inputOnes: sum((s) => s.inputOnes),
    inputBits: sum((s) => s.inputBits),
    inputOnesByPlane: planes((s) => s.inputOnesByPlane),
    vectors: sum((s) => s.vectors),
    zeroPlanes: planes((s) => s.zeroPlanes),
    weights: sum((s) => s.weights),
    weightOnes: sum((s) => s.weightOnes),
    weightBits: sum((s) => s.weightBits),
    zeroSteps: mergeSteps(all.flatMap((s) => s.zeroSteps)).map((h) => ({ ...h, groups: [...h.groups] })),
  };
}

/** Throws InputError, with every finding, where the file was measured on another model, or on layers that the program has not. */
export function requireStatisticsOf(file: StatisticsFile, where: string, model: Model, program: Program): void {
  if (file.model.hash !== model.hash)
    throw refusal(
      `${where} was measured on another model, ${file.model.name}`,
      [{ where: 'model.hash', message: `it is ${file.model.hash} there and ${model.hash} here` }],
      `statistics of ${model.name}`,
    );
  const { layers } = program.symbols;
  const strange = file.layers.filter((l) => l.index >= 0 && layers[l.index]?.name !== l.name);
  if (strange.length === 0) return;
  throw refusal(
    `${where} has layers that the program has not`,
    strange.map((l) => ({
      where: `layer ${l.index}`,
      message: `it is '${l.name}' there and '${layers[l.index]?.name ?? '(none)'}' here`,
    })),
    `layers of ${model.name} on this machine: measure there`,
  );
}

/** Throws InputError where a layer multiplied in arrays whose operands nobody has measured. */
export function requireMeasuredLayers(file: StatisticsFile, where: string, point: DesignPoint): void {
  const known = new Set(file.layers.filter((l) => l.inputs > 0).map((l) => l.index));
  const missing = [...point.result.layerActions].filter(([layer, counts]) => used(counts) > 0 && !known.has(layer));
  if (missing.length === 0) return;
  throw refusal(
    `${where} lacks layers that run in arrays here; it was measured on ${file.machine.name}`,
    missing.map(([layer]) => ({
      where: `layer ${layer}`,
      message: `'${point.program.symbols.layers[layer]?.name ?? ''}' was not measured`,
    })),
    `statistics of a run on ${point.machine.name}`,
  );
}

function used(counts: ActionCounts): number {
  return (counts['array.inputBit'] ?? 0) + (counts['analog.dac'] ?? 0);
}

function refusal(message: string, findings: readonly { where: string; message: string }[], expected: string) {
  const code = 'E-STATISTICS';
  const diagnostics = findings.map((f): Diagnostic => ({ code, ...f, expected }));
  return new InputError(message, { code, diagnostics });
}

/** As if one sample had seen it all. */
export function measuredBy(file: StatisticsFile): Statistics {
  return [new Map(file.layers.map(({ index, name: _, ...layer }) => [index, layer]))];
}

/** For the report: where the switching comes from. */
export function originText(file: StatisticsFile, name: string, hash: string): string {
  return `statistics file ${name} (hash ${hash}, ${file.model.name}, ${file.source}, samples counted: ${file.samples})`;
}
