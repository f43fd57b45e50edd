/** The zoo by name: `<network>-<recipe>`, as in zoo:resnet18-w4a4. */
import type { Graph } from '../../compiler/graph/types.ts';
import { InputError, UnsupportedError } from '../../isa/base/errors.ts';
import { createRandom } from '../../isa/base/random.ts';
import { didYouMean } from '../../isa/base/suggest.ts';
import { type BuiltSection, type PlannedSection, planNetwork } from './build.ts';
import type { Chw, ZooEntry } from './entry.ts';
import { ZOO } from './networks/index.ts';
import { looksLikeRecipe, parseRecipe, type Recipe } from './recipe.ts';

export interface ZooName {
  readonly entry: ZooEntry;
  /** Absent where the name ends with the network. */
  readonly recipe: Recipe | undefined;
}

export interface OpenOptions {
  /** Seed of the weights; 1 when left out, so that a name means one network. */
  readonly seed?: number;
  /** Another input size, for networks of images. */
  readonly input?: Chw;
}

/** Finds `resnet18-w4a4`, with or without `zoo:` in front and with or without the recipe. Throws InputError. */
export function parseZooName(text: string): ZooName {
  const name = text.replace(/^zoo:/, '');
  const cut = name.lastIndexOf('-');
  const last = name.slice(cut + 1);
  if (cut < 0 || !looksLikeRecipe(last)) return { entry: entryOf(name), recipe: undefined };
  const entry = entryOf(name.slice(0, cut));
  return { entry, recipe: last === 'published' ? publishedRecipe(entry) : parseRecipe(last) };
}

/**
 * The graph of a network of one section, or of a section behind a slash: `gpt2-decode-w8a8/block`. Throws InputError for unknown names
 * and UnsupportedError for ops that the graph lacks.
 */
export function openZoo(name: string, options: OpenOptions = {}): Graph {
  const [network = '', wanted] = name.split('/');
  const sections = planZoo(network, options);
  const names = sections.map((s) => s.name);
  const found = wanted === undefined && sections.length === 1 ? sections[0] : sections.find((s) => s.name === wanted);
  if (found !== undefined) return found.build();
  const expected = names.map((n) => `${network}/${n}`).join(', ');
  if (wanted === undefined) {
    const message = `${name} is ${sections.length} graphs of which some repeat`;
    throw new UnsupportedError(message, {
      code: 'E-ZOO-SECTIONS',
      diagnostics: [{ code: 'E-ZOO-SECTIONS', message, expected }],
    });
  }
  const message = `${network} has no section '${wanted}'`;
  const near = didYouMean(wanted, names);
  const hint = `zoo:${network.replace(/^zoo:/, '')}/${near ?? names[0]}`;
  throw new InputError(message, { diagnostics: [{ code: 'E-ZOO-SECTIONS', message, expected, hint }] });
}

/** The graphs of a network, section by section, each with how often it runs. Large ones do not fit in memory together: see planZoo. */
export function openZooSections(name: string, options: OpenOptions = {}): readonly BuiltSection[] {
  return planZoo(name, options).map(({ name: section, repeat, steps, build }) => ({
    name: section,
    repeat,
    steps,
    graph: build(),
  }));
}

/** The sections of a network with how often each runs; each is built when it is asked for. */
export function planZoo(name: string, options: OpenOptions = {}): readonly PlannedSection[] {
  const { entry, recipe } = parseZooName(name);
  if (recipe === undefined) {
    const message = `'${name}' does not say the widths`;
    const expected = 'a width recipe behind a dash: weights and activations of 1 to 8 bits, or a16';
    const hint = `zoo:${entry.name}-w8a8 or zoo:${entry.name}-w4a4`;
    throw new InputError(message, { diagnostics: [{ code: 'E-ZOO-RECIPE', message, expected, hint }] });
  }
  const graphName = `${entry.name}-${recipe.name}`;
  const random = createRandom(options.seed ?? 1).fork(entry.name);
  return planNetwork(entry.describe(options.input), { name: graphName, recipe, batch: entry.batch ?? 1, random });
}

function entryOf(name: string): ZooEntry {
  const entry = ZOO.find((e) => e.name === name);
  if (entry !== undefined) return entry;
  const near = didYouMean(
    name,
    ZOO.map((e) => e.name),
  );
  const message = `there is no network '${name}' in the zoo`;
  const expected = 'a name of qnpu zoo list, and a width recipe behind a dash: resnet18-w4a4';
  const hint = near === undefined ? 'qnpu zoo list' : `did you mean '${near}'?`;
  throw new InputError(message, { diagnostics: [{ code: 'E-ZOO-NAME', message, expected, hint }] });
}

function publishedRecipe(entry: ZooEntry): Recipe {
  const published = entry.publishedWidths;
  const usual = published?.[1];
  if (published === undefined || usual === undefined) {
    const message = `no widths were published for ${entry.name}`;
    const expected = 'widths as a recipe';
    const hint = `${entry.name}-w4a4`;
    throw new InputError(message, { diagnostics: [{ code: 'E-ZOO-RECIPE', message, expected, hint }] });
  }
  return { name: 'published', ...usual, edge: 8, published };
}
