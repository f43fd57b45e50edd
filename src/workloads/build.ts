/**
 * Descriptions to quantized graphs, with seeded weights. One graph a section: a block that repeats is built once. Weights are made here and not before,
 * so describing or counting a network of any size costs nothing.
 */
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import { type Graph, integerRange } from '../../compiler/graph/types.ts';
import { type Diagnostic, InternalError, UnsupportedError } from '../../isa/base/errors.ts';
import type { Random } from '../../isa/base/random.ts';
import type { Coded, Emitter } from './emit/context.ts';
import { EMITTERS } from './emit/index.ts';
import type { LayerKind, Network, Section, SectionInput, Value } from './layers.ts';
import type { Recipe } from './recipe.ts';
import { matrixBytes, planWidths, type WidthPlan } from './widths.ts';

export interface BuildOptions {
  /** Name of the graph. */
  readonly name: string;
  readonly recipe: Recipe;
  readonly batch: number;
  /** Every layer draws from a fork by its section and name. */
  readonly random: Random;
}

/** A section that can be built: large networks are built and dropped one section at a time. */
export interface PlannedSection {
  readonly name: string;
  readonly repeat: number;
  readonly steps: number;
  /** Of the matrices, tables and inputs of one, packed at their widths: the least that it keeps in memory. Whole tables, also where few rows are made. */
  readonly sizeBytes: number;
  /** Makes the weights. */
  readonly build: () => Graph;
}

export interface BuiltSection extends Omit<PlannedSection, 'build' | 'sizeBytes'> {
  readonly graph: Graph;
}

/** The graphs of all sections. Throws UnsupportedError with every layer that cannot be built. */
export function buildNetwork(network: Network, options: BuildOptions): readonly BuiltSection[] {
  return planNetwork(network, options).map(({ name, repeat, steps, build }) => ({
    name,
    repeat,
    steps,
    graph: build(),
  }));
}

/** The sections, none of them built. Throws UnsupportedError with every layer that cannot be built. */
export function planNetwork(network: Network, options: BuildOptions): readonly PlannedSection[] {
  const refusals = refusalsOf(network, options.recipe);
  if (refusals.length > 0) {
    const message = `${options.name} cannot be built as a graph yet: ${refusals.length} kinds of layer`;
    throw new UnsupportedError(message, { code: 'E-ZOO-UNSUPPORTED', diagnostics: refusals });
  }
  const plan = planWidths(network, options.recipe);
  const single = network.sections.length === 1;
  return network.sections.map((section) => ({
    name: section.name,
    repeat: section.repeat,
    steps: section.steps,
    sizeBytes: matrixBytes(section, plan) + tableBytes(section, plan) + inputBytes(section),
    build: () =>
      buildSection(section, plan, single ? options : { ...options, name: `${options.name}/${section.name}` }),
  }));
}

function tableBytes({ layers }: Section, plan: WidthPlan): number {
  return layers.reduce((n, layer) => {
    if (layer.kind !== 'embedding') return n;
    const { rows, width } = layer.attributes;
    return n + Math.ceil((rows.reduce((a, b) => a + b, 0) * width * (plan.get(layer)?.activations ?? 0)) / 8);
  }, 0);
}

function inputBytes({ inputs }: Section): number {
  const bitsOf = ({ value, bits }: SectionInput) => value.shape.reduce((n, d) => n * d, bits);
  return inputs.reduce((n, input) => n + Math.ceil(bitsOf(input) / 8), 0);
}

/** Why a network cannot be built, one finding a kind of layer; empty when it can. */
export function refusalsOf(network: Network, recipe: Recipe): readonly Diagnostic[] {
  const plan = planWidths(network, recipe);
  const found = new Map<string, { readonly message: string; readonly layers: string[]; readonly hint: string }>();
  for (const section of network.sections) {
    for (const layer of section.layers) {
      if (plan.get(layer)?.activations !== 1 || ONE_BIT.has(layer.kind)) continue;
      const message = `${layer.kind} of one-bit activations`;
      const hint = 'a recipe of at least two-bit activations';
      const entry = found.get(message) ?? { message, layers: [], hint };
      entry.layers.push(section.layers.length === 1 ? layer.name : `${section.name}/${layer.name}`);
      found.set(message, entry);
    }
  }
  return [...found.values()].map(({ message, layers, hint }) => {
    const more = layers.length > 3 ? ` and ${layers.length - 3} more` : '';
    return { code: 'E-ZOO-UNSUPPORTED', message, where: `${layers.slice(0, 3).join(', ')}${more}`, hint };
  });
}

/** Layers whose result may be -1 and +1. */
const ONE_BIT: ReadonlySet<LayerKind> = new Set([
  'conv',
  'deconv',
  'linear',
  'maxpool',
  'concat',
  'slice',
  'upsample',
  'depth-to-space',
  'detections',
  'activation',
]);

function buildSection(section: Section, plan: WidthPlan, options: BuildOptions): Graph {
  const builder = new GraphBuilder(options.name);
  const values = new Map<Value, Coded>();
  for (const input of section.inputs) values.set(input.value, inputOf(builder, input, options.batch));
  for (const layer of section.layers) {
    const emitter = EMITTERS[layer.kind] as Emitter<LayerKind>;
    const widths = plan.get(layer);
    if (widths === undefined) throw new InternalError(`layer ${layer.name} has no widths`);
    const random = options.random.fork(`${section.name}/${layer.name}`);
    const inputs = layer.inputs.map((v) => known(values, v, layer.name));
    values.set(layer.output, emitter({ builder, batch: options.batch, random, widths }, layer, inputs));
  }
  return builder.finish(section.outputs.map((v) => known(values, v, 'outputs').value));
}

function known(values: ReadonlyMap<Value, Coded>, value: Value, reader: string): Coded {
  const coded = values.get(value);
  if (coded === undefined) throw new InternalError(`${reader} reads a value that no layer makes`);
  return coded;
}

/** Taken as uniform over its codes, of deviation 1. */
function inputOf(builder: GraphBuilder, { name, value, bits, coding }: SectionInput, batch: number): Coded {
  const type = { kind: 'int', bits, coding } as const;
  const { min, max } = integerRange(type);
  const levels = max - min + 1;
  const variance = (levels * levels - 1) / 12;
  const channels = value.shape.length === 3 ? (value.shape[0] ?? 0) : (value.shape.at(-1) ?? 0);
  return {
    value: builder.input(name, { element: type, shape: [batch, ...value.shape] }),
    type,
    shape: value.shape,
    scale: 1 / Math.sqrt(variance),
    mean: new Float64Array(channels).fill((min + max) / 2),
    variance: new Float64Array(channels).fill(variance),
  };
}
