/**
 * Stages of a pipeline over cores: runs of neighbouring kernels, each on cores of its own. In one run of the program stage i works on the inference
 * that stage i - 1 worked on in the run before, so what crosses a border lives from one run to the next. A value may cross one border and no
 * more: over two it would have to be kept twice.
 */
import { at } from '../lower/layout.ts';
import type { Life, SharedLife } from './homes.ts';
import type { Split } from './shares.ts';

export interface Stages {
  /** By kernel; rises by one at every border. */
  readonly of: readonly number[];
  readonly count: number;
  /** Cores of each stage. */
  readonly cores: number;
}

/** A life in the scratchpad: across a border to the end of the stage behind it, whose cores have it until their next run has read it. */
export function lifeInStages(life: Life, stages: Stages): Life {
  if (!crosses(life, stages)) return life;
  return { ...life, last: stages.of.lastIndexOf(at(stages.of, life.last)) };
}

/** A life in memory of all cores, where stages run side by side and what crosses a border is always alive. */
export function sharedLife(life: Life, stages: Stages): SharedLife {
  if (life.first < 0) return life;
  if (crosses(life, stages)) return { first: 0, last: stages.of.length - 1, lane: -1 };
  return { ...life, lane: at(stages.of, life.first) };
}

/** All of the stages that a life touches. */
export function wholeStages({ first, last }: Life, { of }: Stages): Life {
  return { first: of.indexOf(at(of, first)), last: of.lastIndexOf(at(of, last)) };
}

function crosses({ first, last }: Life, { of }: Stages): boolean {
  return first >= 0 && of[first] !== of[last];
}

/** Splits of every kernel on the cores of its stage. */
export function placeSplits(splits: readonly Split[], stages: Stages): readonly Split[] {
  return splits.map((split, k) => ({ ...split, first: at(stages.of, k) * stages.cores }));
}
