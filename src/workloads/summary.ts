/** What `qnpu zoo` says of a network, as data: totals, bytes of its weights at a recipe, every layer, and what keeps it from being built. */
import { refusalsOf } from './build.ts';
import { countLayer, type Totals } from './count.ts';
import type { ZooEntry } from './entry.ts';
import type { Network } from './layers.ts';
import type { Recipe } from './recipe.ts';
import { planWidths, weightBytes } from './widths.ts';

export interface ZooSummary extends Totals {
  readonly name: string;
  readonly kind: ZooEntry['kind'];
  /** Images at once. */
  readonly batch: number;
  readonly recipe: string;
  /** Weights that products read, packed at the recipe's widths. */
  readonly weightBytes: number;
  readonly source: string;
  readonly published: string;
  /** Whether a graph can be made of it, or what the graph lacks. */
  readonly graph: boolean;
  readonly missing: readonly string[];
}

export interface LayerSummary extends Totals {
  readonly name: string;
  readonly kind: string;
  readonly shape: readonly number[];
  /** 0 for layers without weights. */
  readonly weightBits: number;
  readonly activationBits: number;
}

export interface SectionSummary {
  readonly name: string;
  readonly repeat: number;
  /** Runs of each with the same weights. */
  readonly steps: number;
  /** One run of it. */
  readonly layers: readonly LayerSummary[];
}

/** One line of the list. Weights are not made. */
export function summarize(entry: ZooEntry, recipe: Recipe, network: Network = entry.describe()): ZooSummary {
  const refusals = refusalsOf(network, recipe);
  return {
    name: entry.name,
    kind: entry.kind,
    batch: entry.batch ?? 1,
    recipe: recipe.name,
    ...entry.totals,
    weightBytes: weightBytes(network, recipe),
    source: entry.source,
    published: entry.published,
    graph: refusals.length === 0,
    missing: refusals.map((d) => d.message),
  };
}

/** Its layers, section by section, for one image. */
export function summarizeSections(network: Network, recipe: Recipe): readonly SectionSummary[] {
  const plan = planWidths(network, recipe);
  return network.sections.map(({ name, repeat, steps, layers }) => ({
    name,
    repeat,
    steps,
    layers: layers.map((layer) => ({
      name: layer.name,
      kind: layer.kind,
      shape: layer.output.shape,
      ...countLayer(layer),
      weightBits: plan.get(layer)?.weights ?? 0,
      activationBits: plan.get(layer)?.activations ?? 0,
    })),
  }));
}
