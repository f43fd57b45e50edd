/**
 * Packed elements to numbers and back, one loop per width and coding. Little endian, element i at bit i * widthBits of the base;
 * bipolar reads as -1 or +1, float as a number. Typed views do the work where elements are whole and aligned; the host is little endian,
 * as every platform of Node and browsers is.
 */
import { readBits, writeBits } from '../../isa/base/bits.ts';
import type { TensorDescriptor } from '../../isa/tensor.ts';

/** Integers of at most 32 bits, floats, or wider integers. */
export type Codes = Int32Array | Float32Array | Float64Array;
/** Where codes can be read into; 16 bits where the caller knows that they fit. */
export type Numbers = Codes | Int16Array | Int8Array;

type Form = Pick<TensorDescriptor, 'widthBits' | 'coding'>;
type View = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array;

/** Part of a row: elements base + add + offsets[from .. to), which follow each other in storage where `contiguous`. */
export interface RowPart {
  /** Byte address. */
  base: number;
  /** Elements. */
  add: number;
  offsets: Int32Array;
  contiguous: boolean;
  from: number;
  to: number;
}

export type ReadRow = (row: RowPart, out: Numbers, at: number) => void;
/** Values fit the coding. */
export type WriteRow = (row: RowPart, values: ArrayLike<number>, at: number) => void;

/** Room for `count` codes of a form. */
export function createCodes(d: Form, count: number): Codes {
  if (d.coding === 'float') return new Float32Array(count);
  return d.widthBits > 32 || (d.widthBits === 32 && d.coding === 'unsigned')
    ? new Float64Array(count)
    : new Int32Array(count);
}

/** Shorter rows are not worth a call of `set`. */
const SHORT = 24;

export function createReader(buffer: ArrayBuffer, { widthBits, coding }: Form): ReadRow {
  const bytes = new Uint8Array(buffer);
  if (widthBits < 8) return narrowReader(bytes, widthBits, coding);
  const one = elementReader(buffer, widthBits, coding);
  const view = viewOf(buffer, widthBits, coding);
  if (view === undefined) return (row, out, at) => readEach(one, row, out, at);
  const gather = gatherer(view);
  const size = view.BYTES_PER_ELEMENT;
  return (row, out, at) => {
    if (row.base % size !== 0) return readEach(one, row, out, at);
    const start = row.base / size + row.add;
    const count = row.to - row.from;
    if (row.contiguous && count > SHORT) {
      const first = start + row.offsets[row.from]!;
      out.set(view.subarray(first, first + count), at);
    } else gather(start, row, out, at);
  };
}

function viewOf(buffer: ArrayBuffer, widthBits: number, coding: Form['coding']): View | undefined {
  const signed = coding !== 'unsigned';
  if (coding === 'float') return new Float32Array(buffer);
  if (widthBits === 8) return signed ? new Int8Array(buffer) : new Uint8Array(buffer);
  if (widthBits === 16) return signed ? new Int16Array(buffer) : new Uint16Array(buffer);
  if (widthBits === 32) return signed ? new Int32Array(buffer) : new Uint32Array(buffer);
  return undefined;
}

type Gather = (start: number, row: RowPart, out: Numbers, at: number) => void;

/** Loops of their own for the common views, so that each sees one kind of array. */
function gatherer(view: View): Gather {
  if (view instanceof Int8Array) {
    return (start, row, out, at) => {
      for (let k = row.from; k < row.to; k++) out[at + k - row.from] = view[start + row.offsets[k]!]!;
    };
  }
  if (view instanceof Uint8Array) {
    return (start, row, out, at) => {
      for (let k = row.from; k < row.to; k++) out[at + k - row.from] = view[start + row.offsets[k]!]!;
    };
  }
  if (view instanceof Int32Array) {
    return (start, row, out, at) => {
      for (let k = row.from; k < row.to; k++) out[at + k - row.from] = view[start + row.offsets[k]!]!;
    };
  }
  if (view instanceof Float32Array) {
    return (start, row, out, at) => {
      for (let k = row.from; k < row.to; k++) out[at + k - row.from] = view[start + row.offsets[k]!]!;
    };
  }
  return (start, row, out, at) => {
    for (let k = row.from; k < row.to; k++) out[at + k - row.from] = view[start + row.offsets[k]!]!;
  };
}

function readEach(one: (base: number, element: number) => number, row: RowPart, out: Numbers, at: number): void {
  for (let k = row.from; k < row.to; k++) out[at + k - row.from] = one(row.base, row.add + row.offsets[k]!);
}

/** Any width from 8 bits, any alignment. */
function elementReader(
  buffer: ArrayBuffer,
  widthBits: number,
  coding: Form['coding'],
): (base: number, element: number) => number {
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  if (coding === 'float') return (base, o) => view.getFloat32(base + 4 * o, true);
  const half = 2 ** (widthBits - 1);
  return (base, o) => {
    const v = readBits(bytes, base * 8 + o * widthBits, widthBits);
    return coding !== 'unsigned' && v >= half ? v - 2 * half : v;
  };
}

/** Widths 1 .. 7: an element lies in at most two bytes. */
function narrowReader(bytes: Uint8Array, widthBits: number, coding: Form['coding']): ReadRow {
  const mask = (1 << widthBits) - 1;
  const shift = coding === 'signed' || coding === 'ternary' ? 32 - widthBits : 0;
  const [scale, less] = coding === 'bipolar' ? [2, 1] : [1, 0];
  return (row, out, at) => {
    const { base, add, offsets, from, to } = row;
    if (row.contiguous) {
      const end = at + to - from;
      for (let bit = (add + offsets[from]!) * widthBits, to = at; to < end; to++, bit += widthBits) {
        const byte = base + (bit >> 3);
        const raw = ((bytes[byte]! | (bytes[byte + 1]! << 8)) >> (bit & 7)) & mask;
        out[to] = scale * ((raw << shift) >> shift) - less;
      }
      return;
    }
    for (let k = from; k < to; k++) {
      const bit = (add + offsets[k]!) * widthBits;
      const byte = base + (bit >> 3);
      const raw = ((bytes[byte]! | (bytes[byte + 1]! << 8)) >> (bit & 7)) & mask;
      out[at + k - from] = scale * ((raw << shift) >> shift) - less;
    }
  };
}

export function createWriter(buffer: ArrayBuffer, { widthBits, coding }: Form): WriteRow {
  const bytes = new Uint8Array(buffer);
  if (widthBits < 8) return narrowWriter(bytes, widthBits, coding);
  const one = elementWriter(buffer, widthBits, coding);
  const view = viewOf(buffer, widthBits, coding);
  if (view === undefined) return (row, values, at) => writeEach(one, row, values, at);
  const size = view.BYTES_PER_ELEMENT;
  return (row, values, at) => {
    if (row.base % size !== 0) return writeEach(one, row, values, at);
    const start = row.base / size + row.add;
    const count = row.to - row.from;
    if (row.contiguous && count > SHORT && ArrayBuffer.isView(values)) {
      view.set((values as Codes).subarray(at, at + count), start + row.offsets[row.from]!);
    } else for (let k = row.from; k < row.to; k++) view[start + row.offsets[k]!] = values[at + k - row.from]!;
  };
}

function writeEach(
  one: (base: number, element: number, value: number) => void,
  row: RowPart,
  values: ArrayLike<number>,
  at: number,
): void {
  for (let k = row.from; k < row.to; k++) one(row.base, row.add + row.offsets[k]!, values[at + k - row.from]!);
}

function elementWriter(
  buffer: ArrayBuffer,
  widthBits: number,
  coding: Form['coding'],
): (base: number, element: number, value: number) => void {
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  if (coding === 'float') return (base, o, v) => view.setFloat32(base + 4 * o, v, true);
  const size = 2 ** widthBits;
  return (base, o, v) => writeBits(bytes, base * 8 + o * widthBits, widthBits, v < 0 ? v + size : v);
}

function narrowWriter(bytes: Uint8Array, widthBits: number, coding: Form['coding']): WriteRow {
  const mask = (1 << widthBits) - 1;
  const bipolar = coding === 'bipolar';
  return (row, values, at) => {
    const { base, add, offsets, from, to } = row;
    for (let k = from; k < to; k++) {
      const v = values[at + k - from]!;
      const raw = bipolar ? (v > 0 ? 1 : 0) : v & mask;
      const bit = (add + offsets[k]!) * widthBits;
      const byte = base + (bit >> 3);
      const low = bit & 7;
      bytes[byte] = (bytes[byte]! & ~(mask << low)) | (raw << low);
      if (low + widthBits > 8) bytes[byte + 1] = (bytes[byte + 1]! & ~(mask >> (8 - low))) | (raw >> (8 - low));
    }
  };
}
