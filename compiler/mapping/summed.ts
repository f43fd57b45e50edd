/**
 * Tiles of a matrix product that bring in their activations by slices of the axis that is summed: the sums of the whole tile wait in the accumulators from
 * slice to slice. So as many outputs share one reading of the activations as the accumulators hold for the tile's positions, where a tile of whole rows
 * takes as many as the scratchpad has room for rows. Every other tile goes through its slices backwards, and begins with those that are still there.
 */
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { AccumulatorRing } from '../lower/accumulators.ts';
import type { Kernel, MatmulKernel } from '../lower/kernel.ts';
import type { Box } from '../lower/layout.ts';
import { at, roundUp } from '../lower/layout.ts';
import { evenSize, ranges } from '../lower/split.ts';
import type { Homes } from './cuts.ts';
import type { KernelPins } from './pinned.ts';

/** Rows of the summed axis. */
export interface Slice {
  readonly start: number;
  readonly count: number;
}

/** A tile's size and that of its slices. */
export interface SlicedSizes {
  readonly sizes: readonly number[];
  readonly summed: number;
}

/** Slices of a tile that are tried at most. */
const MOST_SLICES = 16;

/** Whether a kernel can be summed slice by slice: a product of one matrix by constant weights, nothing behind its drain. */
export function sumsInSlices(kernel: Kernel): kernel is MatmulKernel {
  if (kernel.kind !== 'matmul' || kernel.epilogue !== null) return false;
  const { window, dynamic, groups } = kernel.matmul;
  return window === null && !dynamic && groups === 1;
}

/** The slices of tile `t` of a plan, in their order; one of everything where `summed` is null. */
export function slicesOf(kernel: Kernel, summed: number | null, t: number): readonly (Slice | null)[] {
  if (summed === null || kernel.kind !== 'matmul') return [null];
  const all = ranges(0, kernel.matmul.k, summed);
  return t % 2 === 0 ? all : all.reverse();
}

/** The part of a product's activations that a slice needs. */
export function slicedBox({ start, count }: Box, slice: Slice | null): Box {
  return slice === null ? { start, count } : { start: [at(start, 0), slice.start], count: [at(count, 0), slice.count] };
}

/**
 * Sizes worth trying beside those of tiles with whole rows, or the pinned ones: as many outputs as some macros hold side by side, with as many positions as
 * the accumulators then have room for.
 */
export function slicedSizes(kernel: Kernel, homes: Homes, machine: Machine, pins?: KernelPins): readonly SlicedSizes[] {
  if (!sumsInSlices(kernel) || at(at(homes.layouts, 0).dims, 1).length > 1 || pins?.summed === null) return [];
  if (pins?.arrays?.outputs !== undefined || pins?.arrays?.positions !== undefined) {
    if (pins.summed === undefined) return [];
  }
  const { k } = kernel.matmul;
  const summed = pins?.summed === undefined ? sliceSizes(kernel, machine) : [pins.summed];
  return boxes(kernel, machine, pins?.sizes ?? []).flatMap((sizes) =>
    summed.filter((s) => s < k).map((s) => ({ sizes, summed: s })),
  );
}

/** Equal slices of whole rows of the arrays and whole bytes. */
function sliceSizes({ matmul: { k } }: MatmulKernel, machine: Machine): readonly number[] {
  const grain = roundUp(machine.core.matrix.rows, 8);
  const counts = Array.from({ length: MOST_SLICES - 1 }, (_, i) => i + 2);
  return [...new Set(counts.map((parts) => roundUp(Math.ceil(k / parts), grain)))];
}

/** Rows and outputs of tiles whose sums fit the accumulators. */
function boxes(kernel: MatmulKernel, machine: Machine, pinned: readonly (number | undefined)[]): readonly number[][] {
  const [m, n] = [at(kernel.shape, 0), at(kernel.shape, 1)];
  const [rowGrain, grain] = [at(kernel.grain, 0), at(kernel.grain, 1)];
  const { whole, capacity } = new AccumulatorRing(machine);
  const { columns, columnsPerWeight } = matrixGeometry(machine.core.matrix);
  const held = roundUp(Math.max(1, Math.floor(columns / columnsPerWeight(kernel.matmul.weightBits))), grain);
  const outputs = pinned[1] === undefined ? multiples(held, n) : [pinned[1]];
  const out = outputs.flatMap((count) => {
    const most = Math.floor(whole / count);
    const rows = pinned[0] ?? evenSize(m, most);
    const legal = (size: number, of: number, all: number) => size % of === 0 || size === all;
    return rows <= most && count <= capacity && legal(rows, rowGrain, m) && legal(count, grain, n)
      ? [[rows, count]]
      : [];
  });
  return out.filter(([rows], i) => out.findIndex(([r], j) => j > i && r === rows) < 0 || pinned[1] !== undefined);
}

function multiples(of: number, most: number): number[] {
  const out: number[] = [];
  for (let size = of; size < most; size += of) out.push(size);
  return [...out, most];
}
