/**
 * How often the gates of a digital array switch. A one-bit product toggles when its weight is 1 and its input bit differs from the one before: input toggle rate
 * x weight density; the tree behind it is taken to toggle alike. Bits of successive inputs are taken as independent: 2 d (1 - d) for a density d of ones.
 */
import type { LayerStatistics } from '../exec/statistics.ts';
import { assumed, cited, type Price, product } from './price.ts';

export interface Activity {
  /** Toggle rate of an input bit line, 0 .. 1. */
  readonly inputActivity: number;
  /** Ones among the weight bits, 0 .. 1. */
  readonly weightDensity: number;
  /** Where it comes from, for the report. */
  readonly origin: string;
  readonly measured: boolean;
}

/** Random operands; used when nothing was measured, and said so. */
export const ASSUMED_ACTIVITY: Activity = {
  inputActivity: 0.5,
  weightDensity: 0.5,
  origin: 'random operands',
  measured: false,
};

/** From the operand statistics of an untimed run, all layers together; undefined when no matrix multiply ran. */
export function measuredActivity(layers: Iterable<LayerStatistics>): Activity | undefined {
  let [ones, bits, weightOnes, weightBits] = [0, 0, 0, 0];
  for (const s of layers) {
    ones += s.inputOnes;
    bits += s.inputBits;
    weightOnes += s.weightOnes;
    weightBits += s.weightBits;
  }
  if (bits === 0 || weightBits === 0) return undefined;
  const d = ones / bits;
  return {
    inputActivity: 2 * d * (1 - d),
    weightDensity: weightOnes / weightBits,
    origin: 'measured operands',
    measured: true,
  };
}

export function inputFactor(a: Activity): Price {
  return factor(a, a.inputActivity, 'input toggle rate', 0.2, 1);
}

/** Toggle rate of products and of the tree behind them. */
export function productFactor(a: Activity): Price {
  const density = factor(a, a.weightDensity, 'weight density', 0.3, 0.6);
  return product(inputFactor(a), [density], 'product toggle rate');
}

/** Measured rates are taken +-20 %, since sums inside a tree do not toggle quite like its leaves; assumed ones over what networks have. */
function factor(a: Activity, value: number, what: string, low: number, high: number): Price {
  if (a.measured) return cited(value, '1', 'operand-statistics', what, [0.8 * value, Math.min(1, 1.2 * value)]);
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
