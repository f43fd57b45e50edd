/** `qnpu run` of a network that runs section by section: no values, no timeline and no changes tried; all else as for one graph. */
import type { Machine } from '../../isa/machine/schema.ts';
import { climbSections } from '../analysis/ladder.ts';
import { inertOverrides, observed } from '../run/inert.ts';
import type { SectionedModel } from '../run/model.ts';
import { buildDocument } from '../run/result.ts';
import { runSections } from '../run/sections.ts';
import { badOption, loadMachine } from './options.ts';
import type { RunOutput } from './run-files.ts';

/** Options that need one graph: its values, its operands or its timeline. */
const ONE_GRAPH = [
  'values',
  'input',
  'labels',
  'output',
  'statistics',
  'statistics-out',
  'trace',
  'mapping',
  'mapping-out',
  'explain',
  'stream',
] as const;

type SectionsArguments = { readonly [O in (typeof ONE_GRAPH)[number]]: unknown } & {
  readonly model: string;
  readonly machine: string;
  readonly set: readonly string[] | undefined;
  readonly ladder: boolean;
  readonly cold: boolean;
  readonly seed: number;
};

/** Throws InputError for options that sections do not have together. */
export function runNetwork(a: SectionsArguments, network: SectionedModel): RunOutput {
  requireNone(a, network);
  const overrides = a.set ?? [];
  const machineWith = (some: readonly string[]) => loadMachine(a.machine, some);
  const machine = machineWith(overrides);
  const simulated = (m: Machine) => runSections(network, m, a.cold ? 'cold' : 'steady');
  const { point, model } = simulated(machine);
  const observe = (m: Machine) => observed(simulated(m).point);
  const inert = inertOverrides({ overrides, machine, machineWith, observe, seen: observed(point) });
  const ladder = a.ladder ? climbSections(network, machine) : undefined;
  const warnings = [...inert, ...(ladder?.notes ?? []).map((n) => `ladder: ${n}`)];
  const climbed = ladder === undefined ? {} : { ladder };
  return { result: buildDocument(model, point, { seed: a.seed, overrides, warnings, ...climbed }), single: undefined };
}

function requireNone(a: SectionsArguments, { sections }: SectionedModel): void {
  const option = ONE_GRAPH.find((o) => a[o] !== undefined);
  if (option === undefined) return;
  const names = sections.map((s) => s.name);
  throw badOption('E-RUN-SECTIONS', `--${option} needs one graph, and ${a.model} runs as ${names.length} sections`, {
    expected: `one of them: ${names.map((n) => `${a.model}/${n}`).join(', ')}`,
    hint: `${a.model}/${sections.toSorted((x, y) => y.repeat * y.steps - x.repeat * x.steps)[0]?.name} --${option}`,
  });
}
