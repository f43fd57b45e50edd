/**
 * How often the gates of a digital array switch. A one-bit product toggles when its weight bit is 1 and its input bit differs from the one before on the same wordline:
 * input toggle rate x weight density. Bits of a zero input never toggle among themselves; otherwise bits of one input, and successive inputs, are taken
 * as independent. A tree switches about as its leaves do (test/sim/energy/activity.test.ts simulates one). Codes of +-1 are taken to be held as 0 and 1.
 */
import type { ActionCounts } from '../../isa/demand/actions.ts';
import type { StepHistogram } from '../../isa/demand/skipping.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { LayerStatistics } from '../exec/statistics.ts';
import { assumed, cited, type Price, product, type Range } from './price.ts';

export interface Rates {
  /** Toggle rate of an input bit line, 0 .. 1. */
  readonly inputActivity: number;
  /** Ones among the weight bits, 0 .. 1. */
  readonly weightDensity: number;
}

/** Rates of a whole run: means over its work, so that counts x prices are what the layers sum to. */
export interface Activity extends Rates {
  /** Where it comes from, for the report. */
  readonly origin: string;
  readonly measured: boolean;
  /** Rates of single layers, by layer index; empty where nothing was measured. */
  readonly layers: ReadonlyMap<number, Rates>;
}

/** Random operands; used when nothing was measured, and said so. */
export const ASSUMED_ACTIVITY: Activity = {
  inputActivity: 0.5,
  weightDensity: 0.5,
  origin: 'random operands, assumed',
  measured: false,
  layers: new Map(),
};

/**
 * From the operand statistics of untimed runs (one for each sample, by layer), weighted with the counts of the priced run; undefined when no matrix
 * multiply ran.
 */
export function measuredActivity(
  runs: readonly ReadonlyMap<number, LayerStatistics>[],
  machine: Machine,
  counts: ReadonlyMap<number, ActionCounts>,
): Activity | undefined {
  const layers = new Map<number, Rates>();
  const sums = { lines: 0, toggles: 0, products: 0, switched: 0 };
  for (const layer of new Set(runs.flatMap((r) => [...r.keys()]))) {
    const rates = ratesOf(
      runs.flatMap((r) => r.get(layer) ?? []),
      bitsPerStep(machine),
      machine.capabilities.zeroSkipping,
    );
    if (rates === undefined) continue;
    layers.set(layer, rates);
    const c = counts.get(layer);
    const lines = (c?.['array.inputBit'] ?? 0) + (c?.['analog.dac'] ?? 0);
    const products = (c?.['mac.bit'] ?? 0) + (c?.['analog.cell'] ?? 0);
    sums.lines += lines;
    sums.toggles += lines * rates.inputActivity;
    sums.products += products;
    sums.switched += products * rates.inputActivity * rates.weightDensity;
  }
  if (sums.lines === 0 || sums.products === 0) return undefined;
  const inputActivity = sums.toggles / sums.lines;
  const weightDensity = inputActivity === 0 ? 0 : Math.min(1, sums.switched / sums.products / inputActivity);
  return { inputActivity, weightDensity, origin: 'measured operands', measured: true, layers };
}

/** Input bits that reach the array side by side; bits of one input that share a line follow each other on it. */
function bitsPerStep({ core: { matrix } }: Machine): number {
  switch (matrix.kind) {
    case 'digital-cim':
      return matrix.inputBitsPerCycle;
    case 'analog-cim':
      return matrix.dacBits;
    case 'systolic':
      return matrix.inputBitsMax;
  }
}

function ratesOf(all: readonly LayerStatistics[], lines: number, skips: boolean): Rates | undefined {
  const total = (of: (s: LayerStatistics) => number) => all.reduce((n, s) => n + of(s), 0);
  const inputs = total((s) => s.inputs);
  const weightBits = total((s) => s.weightBits);
  if (inputs === 0 || weightBits === 0) return undefined;
  const planes = Math.ceil(total((s) => s.inputBits) / inputs);
  const density = Array.from({ length: planes }, (_, p) => total((s) => s.inputOnesByPlane[p] ?? 0) / inputs);
  const some = 1 - total((s) => s.zeroInputs) / inputs;
  const share = skips ? shareExecuted(all.flatMap((s) => s.zeroSteps)) : 1;
  return {
    inputActivity: Math.min(1, toggleRate(density, some, lines) / share),
    weightDensity: total((s) => s.weightOnes) / weightBits,
  };
}

/** Steps that were executed, of all; skipped ones hold no toggles, so those that there are fall on fewer steps. */
function shareExecuted(steps: readonly StepHistogram[]): number {
  const sum = (of: (h: StepHistogram) => number) => steps.reduce((n, h) => n + of(h), 0);
  const groups = sum((h) => h.full * h.groups.reduce((n, g) => n + g, 0));
  return groups === 0 ? 1 : sum((h) => h.groups.reduce((n, g, s) => n + g * s, 0)) / groups;
}

/**
 * Mean toggle rate of the lines of an input: planes i, i + lines, ... follow each other on line i, then comes the next input. `some` is the share
 * of inputs that are not zero; among those a plane is denser by 1 / some.
 */
export function toggleRate(density: readonly number[], some: number, lines: number): number {
  const differ = (a: number, b: number) => a * (1 - b) + b * (1 - a);
  const among = (p: number) => Math.min(1, density[p]! / some);
  let toggles = 0;
  for (let p = 0; p < density.length; p++) {
    const next = p + lines;
    if (next < density.length) toggles += some === 0 ? 0 : some * differ(among(p), among(next));
    else toggles += differ(density[p]!, density[p % lines]!);
  }
  return density.length === 0 ? 0 : toggles / density.length;
}

export function inputFactor(a: Activity): Price {
  return factor(a, a.inputActivity, 'input toggle rate', [0.2, 1], [0.6, 1.2]);
}

/** Toggle rate of one-bit products, and of cells that see them. */
export function productFactor(a: Activity): Price {
  return product(inputFactor(a), [densityFactor(a)], 'product toggle rate');
}

/** Toggle rate of an adder tree; the sparser its leaves, the more of its inner sums switch than leaves do, up to half as many again. */
export function treeFactor(a: Activity): Price {
  const inner = a.measured ? cited(1, '1', 'tree-simulation', 'inner sums over leaves', [0.8, 1.6]) : undefined;
  return product(productFactor(a), inner === undefined ? [] : [inner], 'tree toggle rate');
}

function densityFactor(a: Activity): Price {
  return factor(a, a.weightDensity, 'weight density', [0.3, 0.6], [1, 1]);
}

/**
 * Measured rates hold for these operands; neighbouring vectors are alike, which the low end says. Assumed ones span what networks have.
 */
function factor(a: Activity, value: number, what: string, span: Range, doubt: Range): Price {
  if (a.measured) {
    const range = [doubt[0] * value, Math.max(value, Math.min(1, doubt[1] * value))] as const;
    return cited(value, '1', 'operand-statistics', what, range);
  }
  const [low, high] = span;
  return product(
    cited(value, '1', 'zigzag-activity', `${what} of the published validation`),
    [
      assumed(1, '1', `${a.origin}; networks lie between ${low} and ${high}`, [
        Math.min(1, low / value),
        Math.max(1, high / value),
      ]),
    ],
    what,
  );
}
