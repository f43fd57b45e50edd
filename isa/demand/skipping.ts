/**
 * Zero skipping of bit-serial arrays: a step (input bits of one cycle, of the rows that are summed at once) takes no cycle where all its input bits are zero
 * in a macro. Each macro skips its own; all macros that work on a group of vectors wait for the one with most steps. Time then depends on data,
 * so the steps are counted in a run with values and handed to demand as these histograms. Leaves out: the detector, its area and energy.
 */
import { InputError } from '../base/errors.ts';
import type { DigitalCim } from '../machine/schema.ts';

/** Groups of vectors, one for each replica of a tile, by the steps that they took. */
export interface StepHistogram {
  /** Steps of a group when nothing is skipped: input-bit steps x row groups. */
  readonly full: number;
  /** Copies of the tile, which take vectors of one group side by side. */
  readonly replicas: number;
  /** groups[s] = groups that took s steps, 0 .. full; one with nothing but zeros takes one step. */
  readonly groups: readonly number[];
}

/** Input-bit steps x row groups of one vector, without skipping. */
export function fullSteps(matrix: DigitalCim, inputBits: number, rowsUsed: number): number {
  return Math.ceil(inputBits / matrix.inputBitsPerCycle) * Math.ceil(rowsUsed / matrix.rowsAtOnce);
}

/** How long groups of vectors take: distinct steps with the share of groups that take them, as counts out of `total`. */
export interface StepCounts {
  readonly counts: readonly { readonly steps: number; readonly count: number }[];
  readonly total: number;
}

/** All steps, every time. */
export function unskipped(full: number): StepCounts {
  return { counts: [{ steps: full, count: 1 }], total: 1 };
}

/** Throws InputError where tiles of this shape were not measured. */
export function measuredSteps(histograms: readonly StepHistogram[], full: number, replicas: number): StepCounts {
  const found = histograms.find((h) => h.full === full && h.replicas === replicas);
  const counts = (found?.groups ?? []).flatMap((count, steps) => (count > 0 ? [{ steps, count }] : []));
  const total = counts.reduce((n, c) => n + c.count, 0);
  if (total > 0) return { counts, total };
  const message = `zero skipping: no operands were measured for tiles of ${full} steps in ${replicas} copies`;
  const hint = 'measure on this machine and network: qnpu run <model> --values, or --input with typical samples';
  throw new InputError(message, {
    code: 'E-SKIP-STATISTICS',
    diagnostics: [{ code: 'E-SKIP-STATISTICS', message, expected: 'statistics of the same mapping', hint }],
  });
}

/** Of a count that goes with the steps, what is left of it when some are skipped; whole, rounded up. */
export function executed(count: number, { counts, total }: StepCounts, full: number): number {
  return Math.ceil((count * counts.reduce((n, c) => n + c.steps * c.count, 0)) / (total * full));
}
