/**
 * Operands that walk the elements of another operand and then a record of each (requantizer parameters, lookup tables). Records are
 * usually shared along a dim, so each distinct one is read once.
 */
import type { Codes } from './codes.ts';
import { createCodes } from './codes.ts';
import { type ExecContext, failAt, openSource, requireCodes } from './context.ts';

export interface Records {
  /** Words of a record. */
  readonly length: number;
  /** Distinct records, one after the other. */
  readonly words: Codes;
  /** Start in `words` of the record of each element. */
  readonly startOf: Int32Array;
}

/** Reads tensor `index` as `elements` records. */
export function readRecords(cx: ExecContext, index: number, elements: number): Records {
  const operand = openSource(cx, index);
  const { walk, memory, descriptor: d, name } = operand;
  const length = walk.count / elements;
  if (!Number.isInteger(length))
    failAt(
      cx,
      `${name} walks ${walk.count} words for ${elements} elements`,
      'walk the dims of the elements and then the words of one record',
    );
  let split = 0;
  for (let n = 1; n < elements && split < d.dims.length; split++) n *= d.dims[split]!.count;
  const rows = walk.shape.rows(d.dims.length - split);
  const startOf = new Int32Array(elements);
  if (rows.outer !== elements) {
    // A dim covers elements and words together: no sharing to be had.
    for (let e = 0; e < elements; e++) startOf[e] = e * length;
    const all = memory.read(walk);
    requireCodes(cx, operand, all);
    return { length, words: all, startOf };
  }
  const firstRow: number[] = [];
  const known = new Map<number, number>();
  for (let e = 0; e < elements; e++) {
    const base = rows.rowBase(e);
    let record = Number.isNaN(base) ? undefined : known.get(base);
    if (record === undefined) {
      record = firstRow.push(e) - 1;
      if (!Number.isNaN(base)) known.set(base, record);
    }
    startOf[e] = record * length;
  }
  const words = createCodes(d, firstRow.length * length);
  const source = memory.source(walk, words.length);
  firstRow.forEach((e, r) =>
    memory.readRows(source, rows, e, e + 1, 0, length, words.subarray(r * length, (r + 1) * length)),
  );
  requireCodes(cx, operand, words);
  return { length, words, startOf };
}
