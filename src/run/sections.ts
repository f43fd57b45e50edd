/**
 * A network of sections: each compiled once, run, and added up as often as it runs. Sections hand over through DRAM, one begins where the former has ended, and
 * each finds nothing of its own on chip: code, parameters and weights are loaded for every run, save for the steps of a recurrence, which are alike and
 * start as the step before left the chip. So a network of sections has no steady state. Leaves out overlap between sections.
 */
import { type Graph, type IntegerType, sizeOf } from '../../compiler/graph/types.ts';
import { CapacityError, UnsupportedError } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { joinSections, type SectionRuns } from './join.ts';
import { compileModel, type Model, type ModelSection, type SectionedModel } from './model.ts';
import { type ReportedPoint, reported } from './reported.ts';
import { factsOf, type ModelFacts } from './result.ts';
import { simulatePoint } from './simulate-model.ts';

/** Bits of an operand of a product: activations and weights. */
export interface OperandWidths {
  readonly input: number;
  readonly weight: number;
}

export interface SectionsRun {
  readonly point: ReportedPoint;
  readonly model: ModelFacts;
}

/** Throws UnsupportedError, or CapacityError where a section, or all of them together, do not fit. One section is in memory at a time. */
export function runSections(
  network: SectionedModel,
  machine: Machine,
  state: 'steady' | 'cold',
  change: (model: Model) => Model = (model) => model,
): SectionsRun {
  requireLeast(network, machine);
  const runs: SectionRuns[] = [];
  const facts: ModelFacts[] = [];
  const dram = new DramUse();
  for (const section of network.sections) {
    const model = change(section.open());
    facts.push(factsOf(model));
    runs.push(runSection(section, model, machine, dram));
  }
  dram.require(network.name, machine);
  return { point: { ...joinSections(runs), state }, model: joinFacts(network, facts) };
}

/** Compiles every section, for what cannot be: throws as `runSections` does. */
export function compileSections(network: SectionedModel, machine: Machine): void {
  requireLeast(network, machine);
  const dram = new DramUse();
  for (const section of network.sections) {
    const model = section.open();
    dram.add(section, model.graph, compileModel(model, machine).program);
  }
  dram.require(network.name, machine);
}

function runSection(section: ModelSection, model: Model, machine: Machine, dram: DramUse): SectionRuns {
  const { name, repeat, steps } = section;
  const compiled = compileModel(model, machine);
  dram.add(section, model.graph, compiled.program);
  const first = { point: reported(simulatePoint(compiled, machine, { state: 'cold' })), times: repeat };
  if (steps === 1) return { name, repeat, steps, runs: [first] };
  const next = { point: reported(simulatePoint(compiled, machine)), times: repeat * (steps - 1) };
  return { name, repeat, steps, runs: [first, next] };
}

/** Inputs of the first section, outputs of the last. */
function joinFacts({ name, hash, sections }: SectionedModel, facts: readonly ModelFacts[]): ModelFacts {
  const sum = (of: (f: ModelFacts, s: ModelSection) => number) =>
    facts.reduce((n, f, i) => n + of(f, sections[i]!) * sections[i]!.repeat, 0);
  return {
    name,
    hash,
    macs: sum((f, { steps }) => f.macs * steps),
    params: sum((f) => f.params),
    weightBytes: sum((f) => f.weightBytes),
    inputs: facts[0]?.inputs ?? [],
    outputs: facts.at(-1)?.outputs ?? [],
  };
}

/** What lies in DRAM together: constants and inputs (caches) of all sections, and the largest work space of one. */
class DramUse {
  readonly #consumers: Consumer[] = [];
  #work = 0;

  add(section: ModelSection, graph: Graph, program: Sized): void {
    const constants = program.constants.reduce((n, c) => n + c.bytes.length, 0);
    const inputs = graph.inputs.reduce((n, name) => n + bytesOf(graph, name), 0);
    // Large tables are in the graph in part only.
    const own = Math.max(section.sizeBytes, constants + inputs);
    this.#consumers.push({ name: timesText(section), amount: section.repeat * own });
    this.#work = Math.max(this.#work, program.dramBytes - constants - inputs);
  }

  require(network: string, machine: Machine): void {
    requireDram(network, machine, this.#consumers, this.#work);
  }
}

interface Consumer {
  readonly name: string;
  readonly amount: number;
}

/** What the sizes alone rule out is refused before anything is built. */
function requireLeast({ name, sections }: SectionedModel, machine: Machine): void {
  if (machine.tier !== undefined) {
    const message = `${name} runs section by section, and which weights of all its sections live in a slower tier is not planned`;
    const hint = `one section alone, e.g. zoo:${name}/${sections.at(-1)?.name}, or a machine without a tier whose DRAM holds all weights`;
    const expected = 'a network of one graph';
    const diagnostics = [{ code: 'E-SECTIONS-TIER', where: 'tier', message, expected, hint }];
    throw new UnsupportedError(message, { code: 'E-SECTIONS-TIER', diagnostics });
  }
  const parts = sections.map((s) => ({ name: timesText(s), amount: s.repeat * s.sizeBytes }));
  requireDram(`${name}, even at their own widths and without work space,`, machine, parts);
}

function timesText({ name, repeat }: ModelSection): string {
  return repeat === 1 ? name : `${repeat} x ${name}`;
}

function requireDram(network: string, { dram, name }: Machine, parts: readonly Consumer[], workBytes = 0): void {
  const consumers = [...parts].sort((a, b) => b.amount - a.amount);
  const needed = consumers.reduce((n, c) => n + c.amount, workBytes);
  const available = dram.capacityBytes;
  if (needed <= available) return;
  const message = `weights and inputs of all sections of ${network} do not fit into the DRAM of ${name}`;
  const knob = 'dram.capacityBytes';
  throw new CapacityError(message, { code: 'E-CAPACITY-DRAM', needed, available, unit: 'bytes', knob, consumers });
}

interface Sized {
  readonly constants: readonly { readonly bytes: Uint8Array }[];
  readonly dramBytes: number;
}

function bytesOf(graph: Graph, name: string): number {
  const { element, shape } = graph.values.get(name)!;
  return Math.ceil((sizeOf(shape) * (element.kind === 'int' ? element.bits : 32)) / 8);
}

/** Widths of the operands of every product with weights, each layer of the graph once. */
export function operandWidths(graph: Graph): OperandWidths[] {
  const bitsOf = (name: string) => (graph.values.get(name)!.element as IntegerType).bits;
  return graph.nodes.flatMap(({ op, inputs }) =>
    op === 'conv' || op === 'matmul' ? [{ input: bitsOf(inputs[0]!), weight: bitsOf(inputs[1]!) }] : [],
  );
}
