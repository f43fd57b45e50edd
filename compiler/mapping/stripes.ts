/**
 * Stripes for overlap: a layer whose operands and result all lie in the scratchpad needs no tiles for room, but as one tile its epilogue (a
 * pool, a float chain) starts when the last product is drained. Cut into a few stripes of rows, the vector unit works on one while the
 * arrays compute the next. A stripe keeps the arrays busy for as long as its last results take to come out: deep arrays (systolic) take fewer. Only where no stripe writes weights again: they stay in the arrays, or a stripe is some matrices of a dynamic product.
 */
import { matmulDemand, vectorCycles } from '../../isa/demand/matrix.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel, MatmulKernel } from '../lower/kernel.ts';
import { channelDim, positionDims } from '../lower/kernels/matmul.ts';
import { at, memoryOrder, roundUp } from '../lower/layout.ts';
import { cuttable, type Homes } from './cuts.ts';
import { costTiles, type TilePlan } from './tiles.ts';

const MOST_STRIPES = 4;
/** Output positions of the arrays in a stripe: fewer are not worth its instructions. */
const LEAST_POSITIONS = 64;
/** Share of the arrays that the weights of a striped layer may take: the rest is other layers' and the next weights'. */
const WEIGHT_SHARE = 0.5;

/** `plan` cut into stripes where that pays, else `plan`. Whether it pays is not in the cost: stripes move the same bytes. */
export function striped(kernel: Kernel, homes: Homes, plan: TilePlan, machine: Machine): TilePlan {
  const inPlace =
    plan.output === null &&
    plan.inputs.every((stage, i) => stage === null || at(kernel.inputs, i).source.kind === 'constant');
  if (kernel.kind !== 'matmul' || kernel.epilogue === null || plan.tiles !== 1 || !inPlace) return plan;
  if (!machine.capabilities.doubleBuffering) return plan;
  if (!kernel.matmul.dynamic && !weightsStay(kernel, machine)) return plan;
  const dims = kernel.matmul.dynamic ? [0] : positionDims(kernel);
  const dim = dims.find((d) => at(kernel.shape, d) > 1);
  if (dim === undefined) return plan;
  const positions = kernel.drained.shape.reduce((n, size, d) => (d === channelDim(kernel) ? n : n * size), 1);
  const count = Math.min(MOST_STRIPES, Math.floor(positions / leastPositions(kernel.matmul, machine)));
  const rows = roundUp(Math.ceil(at(kernel.shape, dim) / Math.max(1, count)), at(kernel.grain, dim));
  if (rows >= at(kernel.shape, dim)) return plan;
  const sizes = kernel.shape.map((size, d) => (d === dim ? rows : size));
  if (!cuttable(kernel, homes, machine, sizes)) return plan;
  const cut = costTiles(kernel, homes, machine, sizes, memoryOrder(kernel.shape.length));
  const more = cut.scratchBytes > plan.scratchBytes || cut.inputs.some((stage) => stage !== null && stage.loads > 1);
  return more ? plan : cut;
}

/** Positions of a stripe behind which the latency of the arrays hides. */
function leastPositions({ k, n, inputBits, weightBits }: MatmulKernel['matmul'], machine: Machine): number {
  const { matrix } = machine.core;
  const { rows, columns, columnsPerWeight } = matrixGeometry(matrix);
  const perWeight = columnsPerWeight(weightBits);
  const tile = { k: Math.min(k, rows), n: Math.max(1, Math.min(n, Math.floor(columns / perWeight))) };
  const one = { ...tile, m: 1, inputBits, weightBits, gridK: 1, gridN: 1, replicas: 1, accumulate: false };
  const { latencyCycles } = matmulDemand({ ...one, uniqueInputBits: tile.k * inputBits }, machine);
  const pace = vectorCycles(matrix, inputBits, tile.k, tile.n * perWeight);
  return Math.max(LEAST_POSITIONS, Math.ceil(latencyCycles / pace));
}

export function weightsStay(kernel: MatmulKernel, machine: Machine): boolean {
  const geometry = matrixGeometry(machine.core.matrix);
  const { k, n, groups, weightBits, parts } = kernel.matmul;
  const macros =
    Math.ceil(k / geometry.rows) * Math.ceil((n * geometry.columnsPerWeight(weightBits)) / geometry.columns);
  return macros * groups * parts.length <= geometry.macros * geometry.planes * WEIGHT_SHARE;
}
