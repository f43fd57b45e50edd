/** Meaning of mm: exact integer sums; the accumulator's width is checked once, when the result is stored. */
import type { InstructionOf } from '../../isa/instructions/table.ts';
import { codeRange } from '../../isa/tensor.ts';
import { descriptorOf, type ExecContext, failAt, readTensor, tensorName, writeTensor } from './context.ts';
import { dotPanels } from './dot.ts';

export function mm(i: InstructionOf<'mm'>, cx: ExecContext): void {
  const tile = cx.program.arrays[i.tile]!;
  const src = descriptorOf(cx, i.src);
  const window = src.dims.slice(src.dims.length - i.kdims).reduce((n, d) => n * d.count, 1);
  if (tile.kStart + tile.kCount > window) {
    failAt(cx, `the tile takes window elements ${tile.kStart} .. ${tile.kStart + tile.kCount - 1}, the window of ${tensorName(cx.program, i.src)} has ${window}`, 'correct kStart, kCount or kdims');
  }
  const x = readTensor(cx, i.src);
  const rows = x.length / window;
  const panel = cx.memories.cores[cx.core]!.cells.panel(tile);
  if (!('weights' in panel)) {
    failAt(cx, `weight (${panel.badK}, ${panel.badN}) of the tile holds ${panel.found}`, `write ${tile.weightBits}-bit ${tile.weightCoding} weights there first (ww)`);
  }
  if (cx.statistics !== undefined) count(cx, i, x, panel.weights, src.widthBits, tile.weightBits);
  const { min, max } = codeRange(src.coding === 'float' ? 'signed' : src.coding, src.widthBits);
  const bound = Math.max(-min, max, Math.abs(src.fill)) * 2 ** tile.weightBits * tile.kCount;
  const sums = dotPanels(x, window, tile.kStart, panel.weights, rows, tile.kCount, tile.nCount, bound < 2 ** 31);
  if (i.accumulate) {
    const old = readTensor(cx, i.dst);
    if (old.length !== sums.length) failAt(cx, `dst walks ${old.length} accumulators, M x N is ${sums.length}`, 'make the counts agree');
    const wide = Float64Array.from(sums);
    for (let e = 0; e < wide.length; e++) wide[e] = wide[e]! + old[e]!;
    writeAccumulators(cx, i.dst, wide);
  } else writeAccumulators(cx, i.dst, sums);
}

function writeAccumulators(cx: ExecContext, dst: number, sums: ArrayLike<number>): void {
  const bits = cx.machine.core.accumulators.widthBits;
  const limit = 2 ** (bits - 1);
  for (let e = 0; e < sums.length; e++) {
    if (sums[e]! >= limit || sums[e]! < -limit) {
      failAt(cx, `accumulator ${e} of ${tensorName(cx.program, dst)} would be ${sums[e]}, which does not fit ${bits} bits`, 'use wider accumulators or split K');
    }
  }
  writeTensor(cx, dst, sums);
}

function count(cx: ExecContext, i: InstructionOf<'mm'>, x: ArrayLike<number>, w: ArrayLike<number>, inputBits: number, weightBits: number): void {
  const layer = cx.program.symbols.layerOf[cx.core]?.[cx.at.pc] ?? -1;
  cx.statistics?.countInputs(layer, x, inputBits);
  cx.statistics?.countWeights(layer, w, weightBits);
  void i;
}
