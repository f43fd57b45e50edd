/** Meaning of the DMA family: raw codes move; nothing is rounded. */
import { destinationCores, isMulticast } from '../../isa/instructions/destinations.ts';
import type { InstructionOf } from '../../isa/instructions/table.ts';
import { Rows } from '../walk/rows.ts';
import { createCodes } from './codes.ts';
import {
  descriptorOf,
  type ExecContext,
  failAt,
  openSource,
  readTensor,
  requireCodes,
  tensorName,
  writeTensor,
} from './context.ts';

export function copy(i: InstructionOf<'copy'>, cx: ExecContext): void {
  const from = descriptorOf(cx, i.src);
  const to = descriptorOf(cx, i.dst);
  if ((from.coding === 'float') !== (to.coding === 'float')) {
    failAt(cx, 'copy between a float and an integer tensor', 'use vcvt, which says how to round');
  }
  const values = readTensor(cx, i.src);
  if (!i.accumulate) return deliver(i, cx, values);
  if (to.coding === 'float') failAt(cx, 'copy accumulates integers, the tensors are float', 'use vadd');
  for (const core of receivers(i, cx)) {
    const old = readTensor(cx, i.dst, core);
    if (old.length !== values.length)
      failAt(cx, `dst walks ${old.length} elements, src ${values.length}`, 'make the counts agree');
    const sums = new Float64Array(old);
    for (let e = 0; e < sums.length; e++) sums[e] = sums[e]! + values[e]!;
    writeTensor(cx, i.dst, sums, core);
  }
}

/** Writes into the core, or the cores, that the instruction names. */
function deliver(i: InstructionOf<'copy' | 'fill' | 'gather'>, cx: ExecContext, values: ArrayLike<number>): void {
  for (const core of receivers(i, cx)) writeTensor(cx, i.dst, values, core);
}

function receivers(i: InstructionOf<'copy' | 'fill' | 'gather'>, cx: ExecContext): readonly number[] {
  if (isMulticast(i) && !cx.machine.interconnect.multicast)
    failAt(
      cx,
      `the interconnect of ${cx.machine.name} reaches one core at a time`,
      'write a transfer for each core, or --set interconnect.multicast=true',
    );
  return destinationCores(i, cx.core);
}

export function fill(i: InstructionOf<'fill'>, cx: ExecContext): void {
  const { count } = cx.walks.get(i.dst, cx.at.registers);
  deliver(i, cx, new Float64Array(count).fill(i.value));
}

/** For each index the walk of src's other dims, with the index added along the axis of dim 0; outside the axis its fill. */
export function gather(i: InstructionOf<'gather'>, cx: ExecContext): void {
  const index = readTensor(cx, i.index);
  const table = openSource(cx, i.src, 'table');
  const { walk, memory, descriptor: d, name } = table;
  const [picked, ...rest] = d.dims;
  if (picked!.step !== 0)
    failAt(
      cx,
      `dim 0 of ${name} has step ${picked!.step}; the index moves it, so it must be 0`,
      'set the step of dim 0 to 0',
    );
  if (descriptorOf(cx, i.index).coding === 'float')
    failAt(cx, `${tensorName(cx.program, i.index)} is float; an index is an integer`, 'convert it with vcvt');
  let low = Infinity;
  let high = -Infinity;
  for (const v of index) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  const axis = picked!.axis;
  const origins = walk.shape.origins.with(axis, walk.shape.origins[axis]! + low);
  const rows = new Rows({ ...d, dims: [{ count: high - low + 1, axis, step: 1 }, ...rest] }, origins, rest.length);
  const out = createCodes(d, index.length * rows.inner);
  // Packed: an unpacked copy would hold the rows of the walk, not those that the index picks.
  const source = memory.source(walk, 0);
  for (let r = 0; r < index.length; r++) {
    const row = index[r]! - low;
    const slice = out.subarray(r * rows.inner, (r + 1) * rows.inner);
    memory.readRows(source, rows, row, row + 1, 0, rows.inner, slice);
  }
  requireCodes(cx, table, out);
  deliver(i, cx, out);
}
