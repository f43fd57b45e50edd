/**
 * Memories with data: bytes, and one flag a byte that says whether anyone wrote it. Reading a byte that nobody wrote is a fault, because on silicon it
 * would be chance. Pages that are never touched cost nothing: the operating system gives zeroed memory on demand.
 */
import { roundUp } from '../../isa/base/bits.ts';
import { codeRange, type TensorDescriptor } from '../../isa/tensor.ts';
import { OUTSIDE, type Rows, requireCount } from '../walk/rows.ts';
import type { Walk } from '../walk/walk.ts';
import {
  type Codes,
  createCodes,
  createReader,
  createWriter,
  type Numbers,
  type ReadRow,
  type RowPart,
  type WriteRow,
} from './codes.ts';

/** A tensor's elements, ready to be read by rows: element i at element i + shift of the base. */
export interface RowSource {
  readonly descriptor: TensorDescriptor;
  readonly read: ReadRow;
  readonly base: number;
  readonly shift: number;
}

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
    requireCount(walk.count);
    const out = createCodes(walk.descriptor, walk.count);
    const rows = walk.shape.allRows();
    this.readRows(this.source(walk, walk.count), rows, 0, rows.outer, 0, rows.inner, out);
    return out;
  }

  /**
   * Where to read a walk's elements from, for reading `elements` of them. Narrow codes that will be read several times over, as windows do, are unpacked
   * once; the source is good until the memory is written.
   */
  source(walk: Walk, elements: number): RowSource {
    const d = walk.descriptor;
    const read = this.#reader(d);
    const packed: RowSource = { descriptor: d, read, base: walk.base, shift: 0 };
    const intervals = walk.shape.intervals();
    if (d.widthBits >= 8 || intervals.length === 0) return packed;
    const first = Math.floor((intervals[0]! * 8) / d.widthBits);
    const count = Math.floor((intervals[intervals.length - 1]! * 8) / d.widthBits) - first;
    if (elements < 2 * count) return packed;
    const unpacked = new Int8Array(roundUp(count, 8));
    read({ base: walk.base, add: first, offsets: Int32Array.of(0), contiguous: true, from: 0, to: count }, unpacked, 0);
    return {
      descriptor: d,
      read: createReader(unpacked.buffer, { widthBits: 8, coding: 'signed' }),
      base: 0,
      shift: -first,
    };
  }

  /** Elements [from, to) of rows [first, last) into `out`, each row `stride` after the last. Returns whether some lay outside their axes. */
  readRows(
    source: RowSource,
    rows: Rows,
    first: number,
    last: number,
    from: number,
    to: number,
    out: Numbers,
    stride = to - from,
  ): boolean {
    const row: RowPart = { base: source.base, add: 0, offsets: rows.offsets, contiguous: rows.contiguous, from, to };
    let outside = false;
    for (let m = first, at = 0; m < last; m++, at += stride) {
      row.add = rows.rowBase(m) + source.shift;
      if (Number.isNaN(row.add)) outside = this.#readBorder(source, rows, m, from, to, out, at) || outside;
      else source.read(row, out, at);
    }
    return outside;
  }

  /** A row that leaves an axis or wraps: what lies outside is read from a place inside and replaced. */
  #readBorder(source: RowSource, rows: Rows, m: number, from: number, to: number, out: Numbers, at: number): boolean {
    const offsets = this.#explicit(rows, m, from, to);
    const count = to - from;
    const { coding, fill } = source.descriptor;
    const value = coding === 'float' ? 0 : fill;
    const inside = offsets.find((o) => o !== OUTSIDE);
    if (inside === undefined) {
      out.fill(value, at, at + count);
      return count > 0;
    }
    const outside: number[] = [];
    for (let k = 0; k < count; k++) {
      if (offsets[k] !== OUTSIDE) continue;
      outside.push(k);
      offsets[k] = inside;
    }
    source.read({ base: source.base, add: source.shift, offsets, contiguous: false, from: 0, to: count }, out, at);
    for (const k of outside) out[at + k] = value;
    return outside.length > 0;
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
