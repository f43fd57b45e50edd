/**
 * Packed elements to numbers and back, one loop per width and coding. Little endian, element i at bit i * widthBits of the base;
 * bipolar reads as -1 or +1, float as a number.
 */
import { readBits, writeBits } from '../../isa/base/bits.ts';
import type { TensorDescriptor } from '../../isa/tensor.ts';

export type Codes = Int32Array | Float64Array;

/** Elements base + add + offsets[from .. to) into out from `at`. */
export type ReadRow = (base: number, add: number, offsets: Int32Array, from: number, to: number, out: Codes, at: number) => void;
/** values[at ..] into elements base + add + offsets[from .. to); values fit the coding. */
export type WriteRow = (base: number, add: number, offsets: Int32Array, from: number, to: number, values: ArrayLike<number>, at: number) => void;

/** Room for `count` codes of a coding: 32-bit integers where they hold every code. */
export function createCodes(d: Pick<TensorDescriptor, 'widthBits' | 'coding'>, count: number): Codes {
  const wide = d.coding === 'float' || d.widthBits > 32 || (d.widthBits === 32 && d.coding === 'unsigned');
  return wide ? new Float64Array(count) : new Int32Array(count);
}

export function createReader(bytes: Uint8Array, widthBits: number, coding: TensorDescriptor['coding']): ReadRow {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (coding === 'float') return rowOf((base, o) => view.getFloat32(base + 4 * o, true));
  if (widthBits === 8) return readBytes(bytes, coding !== 'unsigned');
  if (widthBits === 32 && coding !== 'unsigned') return readWords(view);
  if (widthBits === 32) return rowOf((base, o) => view.getUint32(base + 4 * o, true));
  if (widthBits === 16) return rowOf(coding === 'unsigned' ? (base, o) => view.getUint16(base + 2 * o, true) : (base, o) => view.getInt16(base + 2 * o, true));
  if (widthBits <= 7) return readNarrow(bytes, widthBits, coding);
  const half = 2 ** (widthBits - 1);
  return rowOf((base, o) => {
    const v = readBits(bytes, base * 8 + o * widthBits, widthBits);
    return coding !== 'unsigned' && v >= half ? v - 2 * half : v;
  });
}

function rowOf(one: (base: number, offset: number) => number): ReadRow {
  return (base, add, offsets, from, to, out, at) => {
    for (let k = from; k < to; k++) out[at + k - from] = one(base, add + offsets[k]!);
  };
}

function readBytes(bytes: Uint8Array, signed: boolean): ReadRow {
  const source = signed ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;
  return (base, add, offsets, from, to, out, at) => {
    const start = base + add;
    for (let k = from; k < to; k++) out[at + k - from] = source[start + offsets[k]!]!;
  };
}

function readWords(view: DataView): ReadRow {
  return (base, add, offsets, from, to, out, at) => {
    const start = base + 4 * add;
    for (let k = from; k < to; k++) out[at + k - from] = view.getInt32(start + 4 * offsets[k]!, true);
  };
}

/** Widths 1 .. 7: an element lies in at most two bytes. */
function readNarrow(bytes: Uint8Array, widthBits: number, coding: TensorDescriptor['coding']): ReadRow {
  const mask = (1 << widthBits) - 1;
  const shift = 32 - widthBits;
  const straddles = 8 % widthBits !== 0;
  const raw = (base: number, o: number) => {
    const bit = o * widthBits;
    const at = base + (bit >> 3);
    const word = straddles ? bytes[at]! | ((bytes[at + 1] ?? 0) << 8) : bytes[at]!;
    return (word >> (bit & 7)) & mask;
  };
  if (coding === 'bipolar') return rowOf((base, o) => 2 * raw(base, o) - 1);
  return coding === 'unsigned' ? rowOf(raw) : rowOf((base, o) => (raw(base, o) << shift) >> shift);
}

export function createWriter(bytes: Uint8Array, widthBits: number, coding: TensorDescriptor['coding']): WriteRow {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const row = (one: (base: number, offset: number, value: number) => void): WriteRow => (base, add, offsets, from, to, values, at) => {
    for (let k = from; k < to; k++) one(base, add + offsets[k]!, values[at + k - from]!);
  };
  if (coding === 'float') return row((base, o, v) => view.setFloat32(base + 4 * o, v, true));
  if (widthBits === 8) {
    return row((base, o, v) => {
      bytes[base + o] = v;
    });
  }
  if (widthBits === 16) return row((base, o, v) => view.setInt16(base + 2 * o, v, true));
  if (widthBits === 32) return row((base, o, v) => view.setInt32(base + 4 * o, v, true));
  if (coding === 'bipolar') return row((base, o, v) => writeBits(bytes, base * 8 + o, 1, v > 0 ? 1 : 0));
  if (widthBits === 1 || widthBits === 2 || widthBits === 4) {
    const mask = (1 << widthBits) - 1;
    return row((base, o, v) => {
      const bit = o * widthBits;
      const at = base + (bit >> 3);
      bytes[at] = (bytes[at]! & ~(mask << (bit & 7))) | ((v & mask) << (bit & 7));
    });
  }
  const size = 2 ** widthBits;
  return row((base, o, v) => writeBits(bytes, base * 8 + o * widthBits, widthBits, v < 0 ? v + size : v));
}
