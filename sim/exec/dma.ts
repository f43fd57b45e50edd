/** Meaning of the DMA family and of weight writes: raw codes move; nothing is rounded. */
import type { InstructionOf } from '../../isa/instructions/table.ts';
import { elementCount } from '../../isa/tensor.ts';
import { OUTSIDE } from '../walk/walk.ts';
import { descriptorOf, type ExecContext, failAt, readTensor, tensorName, writeTensor } from './context.ts';

export function copy(i: InstructionOf<'copy'>, cx: ExecContext): void {
  const values = readTensor(cx, i.src);
  const from = descriptorOf(cx, i.src);
  const to = descriptorOf(cx, i.dst);
  if ((from.coding === 'float') !== (to.coding === 'float')) {
    failAt(cx, 'copy between a float and an integer tensor', 'use vcvt, which says how to round');
  }
  if (i.accumulate) {
    const old = readTensor(cx, i.dst);
    for (let e = 0; e < values.length; e++) values[e] = values[e]! + old[e]!;
  }
  writeTensor(cx, i.dst, values);
}

export function fill(i: InstructionOf<'fill'>, cx: ExecContext): void {
  writeTensor(cx, i.dst, new Float64Array(elementCount(descriptorOf(cx, i.dst))).fill(i.value));
}

/** dst dim 0 walks the index; each of its slices is src with index added along the axis of src dim 0. */
export function gather(i: InstructionOf<'gather'>, cx: ExecContext): void {
  const index = readTensor(cx, i.index);
  const src = descriptorOf(cx, i.src);
  const axis = src.axes[src.dims[0]!.axis]!;
  const values = readTensor(cx, i.src);
  const slice = values.length / src.dims[0]!.count;
  const whole = cx.walks.get(i.src, cx.at.registers);
  if (src.dims[0]!.step !== 1) failAt(cx, 'gather needs a table whose dim 0 has step 1', 'describe the whole table; the index picks rows of dim 0');
  const out = new Float64Array(index.length * slice);
  for (let r = 0; r < index.length; r++) {
    const row = index[r]!;
    const inside = row >= 0 && row < src.dims[0]!.count && row < axis.extent;
    for (let e = 0; e < slice; e++) {
      const at = row * slice + e;
      out[r * slice + e] = inside && whole.offsets[at] !== OUTSIDE ? values[at]! : src.fill;
    }
  }
  writeTensor(cx, i.dst, out);
}

export function ww(i: InstructionOf<'ww'>, cx: ExecContext): void {
  const tile = cx.program.arrays[i.tile]!;
  const weights = readTensor(cx, i.src);
  if (weights.length !== tile.kCount * tile.nCount) {
    failAt(cx, `${tensorName(cx.program, i.src)} has ${weights.length} weights, the tile ${tile.kCount} x ${tile.nCount}`, 'make the counts agree');
  }
  const src = descriptorOf(cx, i.src);
  if (src.widthBits !== tile.weightBits || src.coding !== tile.weightCoding) {
    failAt(cx, `weights are ${src.widthBits}-bit ${src.coding}, the tile holds ${tile.weightBits}-bit ${tile.weightCoding}`, 'give both the same width and coding');
  }
  cx.memories.cores[cx.core]!.cells.write(tile, weights);
}
