/**
 * The widths of a network at a recipe: of each product's weights and of each layer's result. First products are those that read the network's input, last those
 * that no other product follows; their weights, what only last products read and make, and the network's outputs have the recipe's edge width, where it is the larger.
 */
import { countLayer, productsOf, weightsOf } from './count.ts';
import type { Layer, LayerKind, Network, Section } from './layers.ts';
import type { Recipe, Widths } from './recipe.ts';

/** One entry a layer; `weights` is 0 for layers without. */
export type WidthPlan = ReadonlyMap<Layer, Widths>;

export function planWidths(network: Network, recipe: Recipe): WidthPlan {
  const plan = new Map<Layer, Widths>();
  let product = 0;
  network.sections.forEach((section, i) => {
    const single = section.repeat === 1 && section.steps === 1;
    const first = single && i === 0 ? firstProducts(section) : new Set<Layer>();
    const last = single && i === network.sections.length - 1 ? lastProducts(section) : new Set<Layer>();
    const wide = edgeResults(section, last);
    for (const layer of section.layers) {
      const published = isProduct(layer) ? recipe.published?.[product++] : undefined;
      const edge = first.has(layer) || last.has(layer);
      const weights = published?.weights ?? (edge ? Math.max(recipe.edge, recipe.weights) : recipe.weights);
      const activations = published?.activations ?? recipe.activations;
      const edged = wide.has(layer) ? Math.max(recipe.edge, activations) : activations;
      plan.set(layer, {
        weights: weightsOf(layer) === 0 ? 0 : weights,
        activations: isGate(section, layer) ? Math.max(GATE_BITS, edged) : edged,
      });
    }
  });
  return plan;
}

/** Bytes of the weights that one inference reads, each matrix packed at its width; embeddings only where a product reads them. */
export function weightBytes(network: Network, recipe: Recipe): number {
  const plan = planWidths(network, recipe);
  return network.sections.reduce((n, section) => n + section.repeat * matrixBytes(section, plan), 0);
}

/** The same of one section, once. */
export function matrixBytes({ layers }: Section, plan: WidthPlan): number {
  const bytes = layers.map((l) => Math.ceil((weightsOf(l) * (plan.get(l)?.weights ?? 0)) / 8));
  return bytes.reduce((a, b) => a + b, 0);
}

/** Of gates before and behind their functions, and of states. */
const GATE_BITS = 8;

function isGate({ layers }: Section, layer: Layer): boolean {
  if (layer.kind === 'lstm-cell' || layer.kind === 'lstm-state') return true;
  return layers.some((l) => l.kind === 'lstm-cell' && l.inputs[0] === layer.output);
}

function isProduct(layer: Layer): boolean {
  return productsOf(layer).length > 0;
}

/** Reached from the section's inputs through layers that neither multiply nor look up. */
function firstProducts({ inputs, layers }: Section): ReadonlySet<Layer> {
  const raw = new Set(inputs.map((i) => i.value));
  const first = new Set<Layer>();
  for (const layer of layers) {
    if (!layer.inputs.some((v) => raw.has(v))) continue;
    if (isProduct(layer)) first.add(layer);
    else if (countLayer(layer).params === 0) raw.add(layer.output);
  }
  return first;
}

function lastProducts({ layers }: Section): ReadonlySet<Layer> {
  const followed = new Set<unknown>();
  const last = new Set<Layer>();
  for (const layer of [...layers].reverse()) {
    const before = followed.has(layer.output);
    if (isProduct(layer) && !before) last.add(layer);
    if (isProduct(layer) || before) for (const v of layer.inputs) followed.add(v);
  }
  return last;
}

/** Layers whose result has the width of what they read. */
const KEEPS: ReadonlySet<LayerKind> = new Set([
  'maxpool',
  'avgpool',
  'concat',
  'slice',
  'upsample',
  'depth-to-space',
  'detections',
]);

/** Outputs, results of last products, and what only last products read, through layers that keep widths. */
function edgeResults({ layers, outputs }: Section, last: ReadonlySet<Layer>): ReadonlySet<Layer> {
  const wide = new Set<Layer>();
  if (last.size === 0) return wide;
  for (const layer of [...layers].reverse()) {
    const readers = layers.filter((l) => l.inputs.includes(layer.output));
    const edge = readers.every((r) => last.has(r) || (wide.has(r) && KEEPS.has(r.kind)));
    if (last.has(layer) || (edge && (readers.length > 0 || outputs.includes(layer.output)))) wide.add(layer);
  }
  return wide;
}
