/** What a folded op is, and how it reads its operands. */

import { invalid } from '../refusal.ts';
import type { Constant } from './meaning.ts';
import type { OnnxNode } from './model.ts';
import type { ExternalLoader } from './values.ts';

export interface FoldContext {
  readonly opset: number;
  readonly load: ExternalLoader | undefined;
}

export type Fold = (node: OnnxNode, inputs: readonly (Constant | undefined)[], cx: FoldContext) => Constant;

/** Axis in 0 .. rank - 1 from one that may count from the end. */
export function axisOf(axis: number, rank: number): number {
  const a = axis < 0 ? axis + rank : axis;
  return Number.isInteger(a) && a >= 0 && a < rank ? a : invalid(`axis ${axis} is outside a tensor of rank ${rank}`);
}

/** Elements as whole numbers below 2^53; refuses others. */
export function whole(c: Constant): number[] {
  return Array.from(c.data, (v) => (Number.isInteger(v) ? v : invalid(`${v} stands where a whole number is needed`)));
}

export function need(inputs: readonly (Constant | undefined)[], i: number): Constant {
  return inputs[i] ?? invalid(`input ${i} is missing`);
}
