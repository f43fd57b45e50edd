/**
 * Memories with data: bytes, and one flag a byte that says whether anyone wrote it. Reading a byte that nobody wrote is a fault, because on silicon it
 * would be chance. Pages that are never touched cost nothing: the operating system gives zeroed memory on demand.
 */
import { roundUp } from '../../isa/base/bits.ts';
import { codeRange, type TensorDescriptor } from '../../isa/tensor.ts';
import { OUTSIDE, type Rows } from '../walk/rows.ts';
import type { Walk } from '../walk/walk.ts';
import { type Codes, createCodes, createReader, createWriter, type Numbers, type ReadRow, type RowPart, type WriteRow } from './codes.ts';

export class ByteMemory {
  readonly bytes: Uint8Array;
  readonly written: Uint8Array;
  readonly #buffer: ArrayBuffer;
  readonly #readers = new Map<string, ReadRow>();
  readonly #writers = new Map<string, WriteRow>();
  #scratch = new Int32Array(0);

  constructor(sizeBytes: number) {
    // A spare byte at the end lets narrow elements be read as two bytes; typed views need whole words.
    this.#buffer = new ArrayBuffer(roundUp(sizeBytes + 1, 8));
    this.bytes = new Uint8Array(this.#buffer, 0, sizeBytes);
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

  /** Elements [from, to) of rows [first, last) into `out`, each row `stride` after the last. Returns whether some lay outside their axes. */
  readRows(walk: Walk, rows: Rows, first: number, last: number, from: number, to: number, out: Numbers, stride = to - from): boolean {
    const { descriptor: d } = walk;
    const read = this.#reader(d);
    const row: RowPart = { base: walk.base, add: 0, offsets: rows.offsets, contiguous: rows.contiguous, from, to };
    let outside = false;
    for (let m = first, at = 0; m < last; m++, at += stride) {
      row.add = rows.rowBase(m);
      if (Number.isNaN(row.add)) outside = this.#readBorder(read, walk, rows, m, from, to, out, at) || outside;
      else read(row, out, at);
    }
    return outside;
  }

  /** A row that leaves an axis or wraps: what lies outside is read from a place inside and replaced. */
  #readBorder(read: ReadRow, walk: Walk, rows: Rows, m: number, from: number, to: number, out: Numbers, at: number): boolean {
    const offsets = this.#explicit(rows, m, from, to);
    const count = to - from;
    let inside = OUTSIDE;
    let missing = 0;
    for (let k = 0; k < count; k++) {
      if (offsets[k] === OUTSIDE) missing += 1;
      else inside = offsets[k]!;
    }
    const d = walk.descriptor;
    const fill = d.coding === 'float' ? 0 : d.fill;
    if (inside === OUTSIDE) {
      out.fill(fill, at, at + count);
      return count > 0;
    }
    if (missing === 0) {
      read({ base: walk.base, add: 0, offsets, contiguous: false, from: 0, to: count }, out, at);
      return false;
    }
    const safe = offsets.map((o) => (o === OUTSIDE ? inside : o));
    read({ base: walk.base, add: 0, offsets: safe, contiguous: false, from: 0, to: count }, out, at);
    for (let k = 0; k < count; k++) if (offsets[k] === OUTSIDE) out[at + k] = fill;
    return true;
  }

  /** Writes values that fit the coding; elements outside the axes are dropped. */
  write(walk: Walk, values: ArrayLike<number>): void {
    const { base } = walk;
    const write = this.#writer(walk.descriptor);
    const rows = walk.shape.allRows();
    const row: RowPart = { base, add: 0, offsets: rows.offsets, contiguous: rows.contiguous, from: 0, to: rows.inner };
    for (let m = 0, at = 0; m < rows.outer; m++, at += rows.inner) {
      row.add = rows.rowBase(m);
      if (!Number.isNaN(row.add)) {
        write(row, values, at);
        continue;
      }
      const offsets = this.#explicit(rows, m, 0, rows.inner);
      const part: RowPart = { base, add: 0, offsets, contiguous: false, from: 0, to: 0 };
      for (let k = 0; k < rows.inner; k++) {
        if (offsets[k] === OUTSIDE) continue;
        part.from = k;
        part.to = k + 1;
        write(part, values, at + k);
      }
    }
    this.#mark(base, walk.shape.intervals());
  }

  #mark(base: number, intervals: Float64Array): void {
    const { written } = this;
    for (let i = 0; i < intervals.length; i += 2) {
      const start = base + intervals[i]!;
      const end = base + intervals[i + 1]!;
      if (end - start > 64) written.fill(1, start, end);
      else for (let b = start; b < end; b++) written[b] = 1;
    }
  }

  #explicit(rows: Rows, m: number, from: number, to: number): Int32Array {
    if (this.#scratch.length !== to - from) this.#scratch = new Int32Array(to - from);
    rows.rowOffsets(m, from, to, this.#scratch);
    return this.#scratch;
  }

  #reader(d: TensorDescriptor): ReadRow {
    const key = `${d.coding}${d.widthBits}`;
    let reader = this.#readers.get(key);
    if (reader === undefined) {
      reader = createReader(this.#buffer, d);
      this.#readers.set(key, reader);
    }
    return reader;
  }

  #writer(d: TensorDescriptor): WriteRow {
    const key = `${d.coding}${d.widthBits}`;
    let writer = this.#writers.get(key);
    if (writer === undefined) {
      writer = createWriter(this.#buffer, d);
      this.#writers.set(key, writer);
    }
    return writer;
  }
}

/** Index of the first value outside the coding's range, or -1. */
export function firstMisfit(d: Pick<TensorDescriptor, 'coding' | 'widthBits'>, values: ArrayLike<number>): number {
  if (d.coding === 'float') return -1;
  const { min, max } = codeRange(d.coding, d.widthBits);
  const bipolar = d.coding === 'bipolar';
  const whole = values instanceof Int32Array;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (!(v >= min && v <= max) || (!whole && Math.floor(v) !== v) || (bipolar && v === 0)) return i;
  }
  return -1;
}
