/**
 * Which values get a quantizer, which share one, and of how many bits. Quantized is what a product reads, and what products, sums, pools and
 * functions of one operand give; chains of other float operations stay float32. Ops that move elements pass scale and zero point on. Inputs and
 * results of the network have at least 8 bits.
 */
import type { OnnxNode } from '../frontend/onnx/index.ts';
import type { FloatNetwork, Step } from './network.ts';
import type { Recipe, Widths } from './recipe.ts';

/** Values with one scale: the same numbers, moved or joined. */
export interface Group {
  readonly members: string[];
  /** Members that no mover of the group makes: what calibration looks at. */
  readonly sources: string[];
  bits: number;
}

export interface Plan {
  /** The group of each quantized value. */
  readonly groups: ReadonlyMap<string, Group>;
}

const MOVERS = new Set(
  (
    'MaxPool GlobalMaxPool Flatten Reshape Transpose Squeeze Unsqueeze Slice Split Identity Dropout Gather DepthToSpace SpaceToDepth Expand ' +
    'Resize Upsample Pad Concat'
  ).split(' '),
);
const QUANTIZED = new Set(
  (
    'Conv Gemm MatMul Add Mul Sum AveragePool GlobalAveragePool Relu Clip LeakyRelu PRelu Sigmoid Tanh HardSigmoid HardSwish Swish Gelu Softmax ' +
    'Max Min'
  ).split(' '),
);
/** Functions that fit into the clamp of the quantizer behind them. */
const CLAMPS = new Set(['Relu', 'Clip']);

export function planOf(network: FloatNetwork, recipe: Recipe): Plan {
  const { model, traced, steps, readers } = network;
  const groups = new Map<string, Group>();
  const quantize = (value: string): Group => {
    const known = groups.get(value);
    if (known !== undefined) return known;
    const group: Group = { members: [value], sources: [value], bits: 0 };
    groups.set(value, group);
    return group;
  };
  const outputs = new Set(model.graph.outputs.map((o) => o.name));
  const read = new Set(steps.flatMap((s) => (s.kind === 'product' ? [s.data] : [])));
  const computed = (value: string) => traced.floats.has(value);
  for (const input of model.graph.inputs) if (computed(input.name)) quantize(input.name);
  for (const step of steps) {
    const node = step.node;
    for (const value of resultsOf(step).filter(computed)) {
      const sources = node.inputs.filter((i) => computed(i) && groups.has(i));
      if (step.kind === 'plain' && MOVERS.has(node.opType) && sources.length > 0)
        for (const source of sources) join(groups, quantize(value), quantize(source), value);
      else if (read.has(value) || (gives(step, network) && !clampFollows(value, readers, outputs))) quantize(value);
    }
  }
  for (const group of new Set(groups.values())) group.bits = bitsOf(group, network, recipe, outputs);
  return { groups };
}

function resultsOf(step: Step): readonly string[] {
  return step.kind === 'product' ? [step.output] : step.node.outputs.filter((o) => o !== '');
}

/** Whether a step's result is worth codes: not a link of a float chain. */
function gives(step: Step, { traced }: FloatNetwork): boolean {
  if (step.kind === 'product') return true;
  const { opType, domain, inputs } = step.node;
  const chained = ['Add', 'Mul', 'Max', 'Min'].includes(opType) && inputs.some((i) => traced.constants.has(i));
  return domain === '' && QUANTIZED.has(opType) && !chained;
}

/** A clamp is all that reads the value: the quantizer comes behind it. */
function clampFollows(
  value: string,
  readers: ReadonlyMap<string, readonly OnnxNode[]>,
  outputs: ReadonlySet<string>,
): boolean {
  const [only, ...others] = readers.get(value) ?? [];
  return only !== undefined && others.length === 0 && CLAMPS.has(only.opType) && !outputs.has(value);
}

/** `into`, of which `moved` is a result, and `from` become one group. */
function join(groups: Map<string, Group>, into: Group, from: Group, moved: string): void {
  if (into === from) return;
  for (const member of into.members) groups.set(member, from);
  from.members.push(...into.members);
  from.sources.push(...into.sources.filter((s) => s !== moved));
}

/** The widest that a product reads from it; the recipe's where none does. */
function bitsOf(group: Group, { model, steps }: FloatNetwork, recipe: Recipe, outputs: ReadonlySet<string>): number {
  const widths = steps.flatMap((s) =>
    s.kind === 'product' && group.members.includes(s.data) ? [widthsOf(recipe, s.name).activationBits] : [],
  );
  const bits = widths.length === 0 ? recipe.widths.activationBits : Math.max(...widths);
  const edge = group.members.some((m) => outputs.has(m) || model.graph.inputs.some((i) => i.name === m));
  return edge ? Math.max(8, bits) : bits;
}

export function widthsOf(recipe: Recipe, layer: string): Widths {
  return recipe.layers.get(layer) ?? recipe.widths;
}
