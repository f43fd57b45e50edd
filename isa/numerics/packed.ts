/**
 * Packed low-bit tensors: element i lies at bit i * widthBits, little endian, any width of isa/tensor.ts and any coding. One place says how
 * bits become a number; bulk loops have fast paths for whole bytes and for elements below a byte.
 */
import { readBits, writeBits } from '../base/bits.ts';
import { InternalError } from '../base/errors.ts';
import { type Coding, codeRange } from '../tensor.ts';

/** Elements as numbers: 32-bit integers where every code of the coding fits, else doubles. */
export type Elements = Int32Array | Float64Array;

/** binary32 from its bits (unsigned or signed 32-bit number). */
export function floatFromBits(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

/** Bits of the binary32 nearest to a number, as an unsigned number; NaN becomes the quiet NaN 0x7FC00000 on every platform. */
export function floatToBits(value: number): number {
  if (Number.isNaN(value)) return 0x7fc00000;
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0);
}

/** Bytes that `count` elements take from a byte boundary on. */
export function packedBytes(count: number, widthBits: number): number {
  return Math.ceil((count * widthBits) / 8);
}

/** Meaning of raw bits 0 .. 2^widthBits - 1. The ternary bits 10 give -2, which no writer writes. */
export function decodeBits(raw: number, widthBits: number, coding: Coding): number {
  switch (coding) {
    case 'unsigned':
      return raw;
    case 'bipolar':
      return raw === 0 ? -1 : 1;
    case 'float':
      return floatFromBits(raw);
    case 'signed':
    case 'ternary':
      return raw >= 2 ** (widthBits - 1) ? raw - 2 ** widthBits : raw;
  }
}

/** Bits of a value. Throws InternalError for a value that the coding does not have; codeRange says which it has. */
export function encodeBits(value: number, widthBits: number, coding: Coding): number {
  if (coding === 'float') return floatToBits(value);
  const { min, max } = codeRange(coding, widthBits);
  if (!Number.isInteger(value) || value < min || value > max || (coding === 'bipolar' && value === 0)) {
    throw new InternalError(`${value} is no ${widthBits}-bit ${coding} code (${min} .. ${max})`, {
      code: 'E-NUMERICS-CODE',
    });
  }
  if (coding === 'bipolar') return value > 0 ? 1 : 0;
  return value < 0 ? value + 2 ** widthBits : value;
}

/** One element at a bit address. Throws InternalError outside the bytes. */
export function readElement(bytes: Uint8Array, bitAddress: number, widthBits: number, coding: Coding): number {
  return decodeBits(readBits(bytes, bitAddress, widthBits), widthBits, coding);
}

/** Writes one element; the other bits stay. Throws InternalError outside the bytes and for a value that the coding does not have. */
export function writeElement(
  bytes: Uint8Array,
  bitAddress: number,
  widthBits: number,
  coding: Coding,
  value: number,
): void {
  writeBits(bytes, bitAddress, widthBits, encodeBits(value, widthBits, coding));
}

/** Zeroed room for elements of a coding. */
export function createElements(count: number, widthBits: number, coding: Coding): Elements {
  const wide = coding === 'float' || widthBits > 32 || (widthBits === 32 && coding === 'unsigned');
  return wide ? new Float64Array(count) : new Int32Array(count);
}

/** `count` elements from `bitOffset` on. Throws InternalError outside the bytes. */
export function unpack(
  bytes: Uint8Array,
  bitOffset: number,
  count: number,
  widthBits: number,
  coding: Coding,
): Elements {
  checkRange(bytes, bitOffset, count, widthBits);
  const out = createElements(count, widthBits, coding);
  if (coding !== 'float' && widthBits < 8) unpackNarrow(bytes, bitOffset, widthBits, coding, out);
  else if (bitOffset % 8 === 0 && [8, 16, 32].includes(widthBits))
    unpackWhole(bytes, bitOffset / 8, widthBits, coding, out);
  else for (let i = 0; i < count; i++) out[i] = readElement(bytes, bitOffset + i * widthBits, widthBits, coding);
  return out;
}

/** Elements into fresh bytes from bit 0; the last byte is padded with zeros. Throws InternalError for a value that the coding does not have. */
export function pack(values: ArrayLike<number>, widthBits: number, coding: Coding): Uint8Array {
  const bytes = new Uint8Array(packedBytes(values.length, widthBits));
  packInto(bytes, 0, values, widthBits, coding);
  return bytes;
}

/** Elements into `bytes` from `bitOffset` on; the other bits stay. Throws InternalError outside the bytes and for a value that the coding does not have. */
export function packInto(
  bytes: Uint8Array,
  bitOffset: number,
  values: ArrayLike<number>,
  widthBits: number,
  coding: Coding,
): void {
  checkRange(bytes, bitOffset, values.length, widthBits);
  if (widthBits < 8) packNarrow(bytes, bitOffset, values, widthBits, coding);
  else if (bitOffset % 8 === 0 && [8, 16, 32].includes(widthBits))
    packWhole(bytes, bitOffset / 8, values, widthBits, coding);
  else
    for (let i = 0; i < values.length; i++)
      writeElement(bytes, bitOffset + i * widthBits, widthBits, coding, values[i]!);
}

function checkRange(bytes: Uint8Array, bitOffset: number, count: number, widthBits: number): void {
  if (bitOffset >= 0 && bitOffset + count * widthBits <= bytes.length * 8) return;
  throw new InternalError(
    `${count} elements of ${widthBits} bits from bit ${bitOffset} do not lie in ${bytes.length} bytes`,
    { code: 'E-NUMERICS-RANGE' },
  );
}

/** Below a byte an element lies in at most two bytes; the last one may lie in the last byte alone. */
function unpackNarrow(bytes: Uint8Array, bitOffset: number, widthBits: number, coding: Coding, out: Elements): void {
  const mask = (1 << widthBits) - 1;
  const table = Int32Array.from({ length: mask + 1 }, (_, raw) => decodeBits(raw, widthBits, coding));
  let at = Math.floor(bitOffset / 8);
  let shift = bitOffset - at * 8;
  for (let i = 0; i < out.length; i++) {
    out[i] = table[((bytes[at]! | ((bytes[at + 1] ?? 0) << 8)) >> shift) & mask]!;
    shift += widthBits;
    at += shift >> 3;
    shift &= 7;
  }
}

function packNarrow(
  bytes: Uint8Array,
  bitOffset: number,
  values: ArrayLike<number>,
  widthBits: number,
  coding: Coding,
): void {
  const mask = (1 << widthBits) - 1;
  let at = Math.floor(bitOffset / 8);
  let shift = bitOffset - at * 8;
  for (let i = 0; i < values.length; i++) {
    const raw = encodeBits(values[i]!, widthBits, coding) << shift;
    const keep = ~(mask << shift);
    bytes[at] = (bytes[at]! & keep) | raw;
    if (shift + widthBits > 8) bytes[at + 1] = (bytes[at + 1]! & (keep >> 8)) | (raw >> 8);
    shift += widthBits;
    at += shift >> 3;
    shift &= 7;
  }
}

function unpackWhole(bytes: Uint8Array, start: number, widthBits: number, coding: Coding, out: Elements): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const signed = coding !== 'unsigned';
  if (coding === 'float') for (let i = 0; i < out.length; i++) out[i] = view.getFloat32(start + 4 * i, true);
  else if (widthBits === 8)
    for (let i = 0; i < out.length; i++) out[i] = signed ? (bytes[start + i]! << 24) >> 24 : bytes[start + i]!;
  else if (widthBits === 16)
    for (let i = 0; i < out.length; i++)
      out[i] = signed ? view.getInt16(start + 2 * i, true) : view.getUint16(start + 2 * i, true);
  else
    for (let i = 0; i < out.length; i++)
      out[i] = signed ? view.getInt32(start + 4 * i, true) : view.getUint32(start + 4 * i, true);
}

function packWhole(
  bytes: Uint8Array,
  start: number,
  values: ArrayLike<number>,
  widthBits: number,
  coding: Coding,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < values.length; i++) {
    if (coding === 'float' && !Number.isNaN(values[i]!)) {
      view.setFloat32(start + 4 * i, values[i]!, true);
      continue;
    }
    const raw = encodeBits(values[i]!, widthBits, coding);
    if (widthBits === 8) bytes[start + i] = raw;
    else if (widthBits === 16) view.setUint16(start + 2 * i, raw, true);
    else view.setUint32(start + 4 * i, raw, true);
  }
}
