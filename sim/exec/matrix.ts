/**
 * Meaning of mm and ww: raw codes, exact integer sums. Accumulator overflow is checked when the sum is stored, which is enough: two's complement wraps the same
 * way in every order of summation.
 */
import type { InstructionOf } from '../../isa/instructions/table.ts';
import { type ArrayDescriptor, type Coding, codeRange } from '../../isa/tensor.ts';
import type { Panel } from './arrays.ts';
import {
  descriptorOf,
  type ExecContext,
  failAt,
  layerOf,
  openSource,
  readTensor,
  requireCodes,
  requireSpace,
  type Source,
  tensorName,
  tileOf,
  writeTensor,
} from './context.ts';
import { firstMisfit } from './memory.ts';
import { stepCounter } from './skipping.ts';

/** Gathered activations that are alive at once, so that they stay in the processor's cache. */
const BLOCK_ELEMENTS = 32768;

export function mm(i: InstructionOf<'mm'>, cx: ExecContext): void {
  const tile = tileOf(cx, i.tile);
  requireSpace(cx, i.src, ['spad']);
  requireSpace(cx, i.dst, ['acc']);
  const d = descriptorOf(cx, i.src);
  if (i.kdims > d.dims.length)
    failAt(cx, `kdims is ${i.kdims}, ${tensorName(cx.program, i.src)} has ${d.dims.length} dims`, 'correct kdims');
  const window = d.dims.slice(d.dims.length - i.kdims).reduce((n, dim) => n * dim.count, 1);
  if (tile.kStart + tile.kCount > window) {
    failAt(
      cx,
      `the tile takes window elements ${tile.kStart} .. ${tile.kStart + tile.kCount - 1}, the window of ${tensorName(cx.program, i.src)} has ${window}`,
      'correct kStart, kCount or kdims',
    );
  }
  if (d.coding === 'float')
    failAt(cx, `${tensorName(cx.program, i.src)} is float; the matrix unit takes integers`, 'quantize it first');
  const source = openSource(cx, i.src, { kdims: i.kdims, from: tile.kStart, to: tile.kStart + tile.kCount });
  const panel = panelOf(cx, tile);
  const sums = multiply(cx, i, tile, source, panel);
  cx.moved?.array(d.role, layerOf(cx), (sums.length / tile.nCount) * tile.kCount * d.widthBits, false);
  cx.moved?.array('partial-sums', layerOf(cx), sums.length * cx.machine.core.accumulators.widthBits, true);
  writeTensor(cx, i.dst, i.accumulate ? added(cx, i.dst, sums) : sums);
}

function panelOf(cx: ExecContext, tile: ArrayDescriptor): Panel {
  const panel = cx.memories.cores[cx.core]!.cells.panel(tile);
  if ('weights' in panel) return panel;
  const by =
    panel.writerPc === undefined
      ? ''
      : `, written by instruction ${panel.writerPc} (${cx.program.cores[cx.core]!.instructions[panel.writerPc]!.op})`;
  failAt(
    cx,
    `weight (${panel.k}, ${panel.n}) of the tile holds ${panel.found}${by}`,
    `write ${tile.weightBits}-bit ${tile.weightCoding} weights there first (ww)`,
    'E-SIM-CELL',
  );
}

/** M x N sums, gathered and multiplied a block of rows at a time. */
function multiply(
  cx: ExecContext,
  i: InstructionOf<'mm'>,
  tile: ArrayDescriptor,
  source: Source,
  panel: Panel,
): Int32Array | Float64Array {
  const { walk, memory, descriptor: d } = source;
  const { kStart, kCount, nCount } = tile;
  const rows = walk.shape.rows(i.kdims);
  const largest = {
    input: largestCode(d.coding, d.widthBits, d.fill),
    weight: largestCode(tile.weightCoding, tile.weightBits, 0),
  };
  const out =
    kCount * largest.input * largest.weight < 2 ** 31 && cx.analog === undefined
      ? new Int32Array(rows.outer * nCount)
      : new Float64Array(rows.outer * nCount);
  const block = Math.min(rows.outer, Math.max(2, Math.floor(BLOCK_ELEMENTS / kCount) & ~1));
  const stage = cx.kernel.stage(block, kCount, nCount, panel, largest);
  const codes = memory.source(walk, rows.outer * kCount);
  const steps = cx.statistics === undefined ? undefined : stepCounter(cx.machine, tile, d.coding, d.widthBits);
  cx.statistics?.countWeights(layerOf(cx), kCount * nCount, panel.ones, tile.weightBits);
  for (let m = 0; m < rows.outer; m += block) {
    const last = Math.min(rows.outer, m + block);
    if (memory.readRows(codes, rows, m, last, kStart, kStart + kCount, stage.x, stage.stride)) checkFill(cx, source);
    requireCodes(cx, source, stage.x);
    cx.statistics?.countInputs(layerOf(cx), stage.x, last - m, kCount, stage.stride, d.widthBits);
    steps?.count(stage.x, last - m, stage.stride);
    stage.multiply(last - m, out, m * nCount);
    if (cx.analog === undefined) continue;
    const rowsOfBlock = { x: stage.x, stride: stage.stride, rows: last - m, first: m };
    const operands = { tile, panel, coding: d.coding, inputBits: d.widthBits };
    cx.analog.deviate(cx.core, { ...operands, ...rowsOfBlock }, out, m * nCount);
  }
  if (cx.statistics !== undefined) steps?.finish(cx.statistics.layer(layerOf(cx)));
  return out;
}

/** A clipped row drives nothing, so a fill of 0 is always possible; another fill must be a code that the input drivers have. */
function checkFill(cx: ExecContext, { descriptor: d, name }: Source): void {
  if (d.fill === 0 || firstMisfit(d, [d.fill]) < 0) return;
  failAt(
    cx,
    `${name} reads outside its axes, and its fill ${d.fill} is no ${d.widthBits}-bit ${d.coding} code`,
    'use fill 0 or a code that the coding has',
    'E-SIM-FILL',
  );
}

/** Largest absolute value of a code, or of what is read outside the axes. */
function largestCode(coding: Coding, bits: number, fill: number): number {
  const { min, max } = codeRange(coding, bits);
  return Math.max(-min, max, Math.abs(fill));
}

function added(cx: ExecContext, dst: number, sums: ArrayLike<number>): Float64Array {
  const old = readTensor(cx, dst);
  if (old.length !== sums.length)
    failAt(cx, `dst walks ${old.length} accumulators, M x N is ${sums.length}`, 'make the counts agree');
  const out = new Float64Array(old);
  for (let e = 0; e < out.length; e++) out[e] = out[e]! + sums[e]!;
  return out;
}

export function ww(i: InstructionOf<'ww'>, cx: ExecContext): void {
  const tile = tileOf(cx, i.tile);
  requireSpace(cx, i.src, ['dram', 'buffer', 'spad']);
  const src = descriptorOf(cx, i.src);
  if (src.widthBits !== tile.weightBits || src.coding !== tile.weightCoding) {
    failAt(
      cx,
      `weights are ${src.widthBits}-bit ${src.coding}, the tile holds ${tile.weightBits}-bit ${tile.weightCoding}`,
      'give both the same width and coding',
    );
  }
  const weights = readTensor(cx, i.src);
  if (weights.length !== tile.kCount * tile.nCount) {
    failAt(
      cx,
      `${tensorName(cx.program, i.src)} has ${weights.length} weights, the tile ${tile.kCount} x ${tile.nCount}`,
      'make the counts agree',
    );
  }
  const bad = firstMisfit(src, weights);
  if (bad >= 0)
    failAt(
      cx,
      `weight ${bad} of ${tensorName(cx.program, i.src)} is ${weights[bad]}, which is no ${src.widthBits}-bit ${src.coding} code`,
      'correct the constant, or keep the walk inside its axes',
    );
  cx.moved?.array('weights', layerOf(cx), weights.length * tile.weightBits, false);
  cx.memories.cores[cx.core]!.cells.write(tile, weights, cx.at.pc);
}
