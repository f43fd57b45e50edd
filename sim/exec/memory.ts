/**
 * Memories with data: bytes, and one flag a byte that says whether anyone wrote it. Reading a byte that nobody wrote is a fault, because on silicon it
 * would be chance. Pages that are never touched cost nothing: the operating system gives zeroed memory on demand.
 */
import { codeRange, type TensorDescriptor } from '../../isa/tensor.ts';
import { OUTSIDE, type Rows } from '../walk/rows.ts';
import type { Walk } from '../walk/walk.ts';
import { type Codes, createCodes, createReader, createWriter, type ReadRow, type WriteRow } from './codes.ts';

export class ByteMemory {
  readonly bytes: Uint8Array;
  readonly written: Uint8Array;
  readonly #readers = new Map<string, ReadRow>();
  readonly #writers = new Map<string, WriteRow>();
  #scratch = new Int32Array(0);

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
    this.written = new Uint8Array(sizeBytes);
  }

  /** Host or loader write. */
  load(address: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, address);
    this.written.fill(1, address, address + bytes.length);
  }

  /** First byte of relative [start, end) pairs that lies outside the memory, or undefined. */
  firstOutside(base: number, intervals: Float64Array): number | undefined {
    if (intervals.length === 0) return undefined;
    if (base + intervals[0]! < 0) return base + intervals[0]!;
    const end = base + intervals[intervals.length - 1]!;
    return end > this.bytes.length ? Math.max(this.bytes.length, base + intervals[intervals.length - 2]!) : undefined;
  }

  /** First byte of relative [start, end) pairs that nobody wrote, or undefined. */
  firstUnwritten(base: number, intervals: Float64Array): number | undefined {
    const { written } = this;
    for (let i = 0; i < intervals.length; i += 2) {
      const start = base + intervals[i]!;
      const end = base + intervals[i + 1]!;
      if (end - start > 64) {
        const at = written.subarray(start, end).indexOf(0);
        if (at >= 0) return start + at;
      } else {
        for (let b = start; b < end; b++) if (written[b] === 0) return b;
      }
    }
    return undefined;
  }

  /** Values in index order; `fill` outside the axes (0 for floats). Does not look at `written`. */
  read(walk: Walk): Codes {
    const out = createCodes(walk.descriptor, walk.count);
    const rows = walk.shape.allRows();
    this.readRows(walk, rows, 0, rows.outer, 0, rows.inner, out);
    return out;
  }

  /** Elements [from, to) of rows [first, last) into `out`, row after row. Returns whether some lay outside their axes. */
  readRows(walk: Walk, rows: Rows, first: number, last: number, from: number, to: number, out: Codes): boolean {
    const { base, descriptor: d } = walk;
    const read = this.#reader(d);
    let outside = false;
    for (let m = first, at = 0; m < last; m++, at += to - from) {
      const add = rows.rowBase(m);
      if (!Number.isNaN(add)) {
        read(base, add, rows.offsets, from, to, out, at);
        continue;
      }
      const offsets = this.#explicit(rows, m, from, to);
      for (let k = 0; k < to - from; k++) {
        if (offsets[k] !== OUTSIDE) read(base, 0, offsets, k, k + 1, out, at + k);
        else {
          out[at + k] = d.coding === 'float' ? 0 : d.fill;
          outside = true;
        }
      }
    }
    return outside;
  }

  /** Writes values that fit the coding; elements outside the axes are dropped. */
  write(walk: Walk, values: ArrayLike<number>): void {
    const { base } = walk;
    const write = this.#writer(walk.descriptor);
    const rows = walk.shape.allRows();
    for (let m = 0, at = 0; m < rows.outer; m++, at += rows.inner) {
      const add = rows.rowBase(m);
      if (!Number.isNaN(add)) {
        write(base, add, rows.offsets, 0, rows.inner, values, at);
        continue;
      }
      const offsets = this.#explicit(rows, m, 0, rows.inner);
      for (let k = 0; k < rows.inner; k++) if (offsets[k] !== OUTSIDE) write(base, 0, offsets, k, k + 1, values, at + k);
    }
    const intervals = walk.shape.intervals();
    for (let i = 0; i < intervals.length; i += 2) this.written.fill(1, base + intervals[i]!, base + intervals[i + 1]!);
  }

  #explicit(rows: Rows, m: number, from: number, to: number): Int32Array {
    if (this.#scratch.length < to - from) this.#scratch = new Int32Array(to - from);
    rows.rowOffsets(m, from, to, this.#scratch);
    return this.#scratch;
  }

  #reader(d: TensorDescriptor): ReadRow {
    const key = `${d.coding}${d.widthBits}`;
    let reader = this.#readers.get(key);
    if (reader === undefined) {
      reader = createReader(this.bytes, d.widthBits, d.coding);
      this.#readers.set(key, reader);
    }
    return reader;
  }

  #writer(d: TensorDescriptor): WriteRow {
    const key = `${d.coding}${d.widthBits}`;
    let writer = this.#writers.get(key);
    if (writer === undefined) {
      writer = createWriter(this.bytes, d.widthBits, d.coding);
      this.#writers.set(key, writer);
    }
    return writer;
  }
}

/** Index of the first value outside the coding's range, or -1. */
export function firstMisfit(d: Pick<TensorDescriptor, 'coding' | 'widthBits'>, values: ArrayLike<number>): number {
  if (d.coding === 'float') return -1;
  const { min, max } = codeRange(d.coding, d.widthBits);
  const whole = values instanceof Int32Array;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v < min || v > max || (!whole && !Number.isInteger(v)) || (v === 0 && d.coding === 'bipolar')) return i;
  }
  return -1;
}
