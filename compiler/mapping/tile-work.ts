/** What the arrays and the drain do for a kernel that is cut into tiles, whatever the homes of operands and the order of tiles are. Rough: enough to choose tiles. */
import { vectorCycles, weightWriteDemand } from '../../isa/demand/matrix.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel, MatmulKernel } from '../lower/kernel.ts';
import { channelDim, positionDims } from '../lower/kernels/matmul.ts';
import { at } from '../lower/layout.ts';

/** Cycles of the arrays, and of the drain for what is made more than once. */
export function workCycles(kernel: Kernel, machine: Machine, sizes: readonly number[], tiles: number): number {
  if (kernel.kind !== 'matmul') return 0;
  const drained = drainedBy(kernel, sizes);
  return arrayCycles(kernel, machine, sizes, drained, tiles) + haloCycles(kernel, machine, drained, tiles);
}

/** Cycles of the arrays for all tiles: a tile of few outputs leaves columns idle, spare macros take other positions. */
export function computeCycles(kernel: Kernel, machine: Machine, sizes: readonly number[], tiles: number): number {
  return kernel.kind === 'matmul' ? arrayCycles(kernel, machine, sizes, drainedBy(kernel, sizes), tiles) : 0;
}

/** @param drained what the drain makes for a tile */
function arrayCycles(
  kernel: MatmulKernel,
  machine: Machine,
  sizes: readonly number[],
  drained: readonly number[],
  tiles: number,
): number {
  const { k, n, groups, inputBits, weightBits, parts, dynamic } = kernel.matmul;
  const { matrix } = machine.core;
  const geometry = matrixGeometry(matrix);
  const outputs = Math.min(n, at(sizes, channelDim(kernel)));
  const perMacro = Math.max(1, Math.floor(geometry.columns / geometry.columnsPerWeight(weightBits)));
  const macros = Math.ceil(k / geometry.rows) * Math.ceil(outputs / perMacro);
  const used = Math.min(outputs * geometry.columnsPerWeight(weightBits), geometry.columns);
  const steps = vectorCycles(matrix, inputBits, Math.min(k, matrix.rows), used);
  const positions = positionDims(kernel).reduce((p, d) => p * at(drained, d), 1);
  const vectors = Math.ceil(positions / Math.max(1, Math.floor(geometry.macros / macros)));
  if (dynamic) {
    // Every tile writes its matrices, and computes meanwhile where there is a second plane.
    const gridK = Math.min(geometry.macros, Math.ceil(k / geometry.rows));
    const gridN = Math.ceil(outputs / perMacro);
    const write = weightWriteDemand({ k, n: outputs, weightBits, gridK, gridN }, machine).cycles;
    const compute = vectors * Math.ceil(macros / geometry.macros) * steps;
    return tiles * at(sizes, 0) * (geometry.planes > 1 ? Math.max(write, compute) : write + compute);
  }
  const groupsInTile = Math.min(groups, Math.ceil(at(sizes, channelDim(kernel)) / n));
  return tiles * vectors * Math.ceil(macros / geometry.macros) * steps * parts.length * groupsInTile;
}

/** What the drain makes for an inner tile: more than its share where neighbouring tiles both compute what lies between them. */
function drainedBy(kernel: MatmulKernel, sizes: readonly number[]): readonly number[] {
  if (kernel.epilogue === null) return sizes;
  const start = kernel.shape.map((size, d) => (at(sizes, d) * 2 <= size ? at(sizes, d) : 0));
  return kernel.epilogue.need({ start, count: sizes }).count;
}

/** Cycles of the drain for what is made more than once. */
function haloCycles(kernel: MatmulKernel, machine: Machine, drained: readonly number[], tiles: number): number {
  if (kernel.epilogue === null || kernel.matmul.dynamic) return 0;
  const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);
  const twice = tiles * product(drained) - product(kernel.drained.shape);
  return Math.max(0, twice) / machine.core.drain.lanes;
}
