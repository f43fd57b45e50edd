/** What kernels that work line by line along one axis have in common: softmax and normalization. Their operand, their scratch, and how a line is walked. */
import type { KernelInput, TempSpec } from '../kernel.ts';
import { fewFactors } from '../kernel.ts';
import type { Layout } from '../layout.ts';
import { at, memoryOrder } from '../layout.ts';
import type { View } from '../walk.ts';
import { plainLoops, walkable, walkGroups } from '../walk.ts';
import type { NodeContext } from './context.ts';
import { FLOAT } from './context.ts';
import { walksBroadcast } from './pointwise.ts';

/** Dims in memory order without the axis: what a line is one of. */
export function linesOf(rank: number, axis: number): readonly number[] {
  return memoryOrder(rank).filter((d) => d !== axis);
}

/** The operand that is taken in lines, element by element the shape of the result; `lastStage` reads it last. */
export function lineInput(cx: NodeContext, axis: number, lastStage: number): KernelInput {
  return {
    source: cx.source(cx.input(0)),
    need: (box) => box,
    accepts: fewFactors,
    walks: (piece: Layout, counts: readonly number[]) =>
      walksBroadcast(piece, counts) &&
      walkable(piece, [plainLoops(piece, linesOf(counts.length, axis)), at(piece.dims, axis)]),
    chain: (counts) => counts,
    lastStage,
  };
}

/** float32 scratch from stage `first` to `last`. */
export function lineTemp(
  cx: NodeContext,
  suffix: string,
  shape: readonly number[],
  first: number,
  last: number,
): TempSpec {
  return { name: `${cx.node.name}.${suffix}`, shape, format: FLOAT, first, last };
}

/** Operand of a reduction of each line to one element. */
export function alongLines(view: View, lines: readonly number[], axis: number) {
  const found = walkGroups(view, [plainLoops(view.layout, lines), at(view.layout.dims, axis)]);
  return { a: found.tensor, kdims: at(found.dimsOf, 1) };
}
