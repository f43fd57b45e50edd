/**
 * Memories with data: bytes, and one flag a byte that says whether anyone wrote it. Reading a byte that nobody wrote is a fault, because on silicon it
 * would be chance. Elements are packed little endian at any bit.
 */
import { readBits, writeBits } from '../../isa/base/bits.ts';
import { codeRange, type TensorDescriptor } from '../../isa/tensor.ts';
import { OUTSIDE, type Walk } from '../walk/walk.ts';

export type Codes = Int32Array | Float64Array;

export class ByteMemory {
  readonly bytes: Uint8Array;
  readonly written: Uint8Array;
  readonly #view: DataView;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
    this.written = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Host or loader write. */
  load(address: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, address);
    this.written.fill(1, address, address + bytes.length);
  }

  /** First byte of a walk that lies outside the memory, or -1. */
  firstOutside(walk: Walk): number {
    const { intervals } = walk;
    if (intervals.length === 0) return -1;
    if (intervals[0]! < 0) return intervals[0]!;
    return intervals[intervals.length - 1]! > this.bytes.length ? Math.max(this.bytes.length, intervals[intervals.length - 2]!) : -1;
  }

  /** First byte of a walk that nobody wrote, or -1. */
  firstUnwritten(walk: Walk): number {
    for (let i = 0; i < walk.intervals.length; i += 2) {
      const at = this.written.subarray(walk.intervals[i]!, walk.intervals[i + 1]!).indexOf(0);
      if (at >= 0) return walk.intervals[i]! + at;
    }
    return -1;
  }

  /** Values in index order: codes as numbers (bipolar -1/+1), floats as numbers; `fill` outside the axes. */
  read(walk: Walk): Codes {
    const { descriptor: d, base, offsets } = walk;
    const out = d.coding === 'float' || d.widthBits > 32 || (d.widthBits === 32 && d.coding === 'unsigned') ? new Float64Array(offsets.length) : new Int32Array(offsets.length);
    const one = this.#reader(d, base);
    for (let i = 0; i < offsets.length; i++) out[i] = offsets[i] === OUTSIDE ? d.fill : one(offsets[i]!);
    return out;
  }

  /** Writes values that fit the coding; elements outside the axes are dropped. */
  write(walk: Walk, values: ArrayLike<number>): void {
    const { descriptor: d, base, offsets } = walk;
    const one = this.#writer(d, base);
    for (let i = 0; i < offsets.length; i++) if (offsets[i] !== OUTSIDE) one(offsets[i]!, values[i]!);
    for (let i = 0; i < walk.intervals.length; i += 2) this.written.fill(1, walk.intervals[i]!, walk.intervals[i + 1]!);
  }

  #reader(d: TensorDescriptor, base: number): (offset: number) => number {
    const { bytes } = this;
    const view = this.#view;
    const w = d.widthBits;
    if (d.coding === 'float') return (o) => view.getFloat32(base + 4 * o, true);
    if (d.coding === 'bipolar') return (o) => (((bytes[base + (o >> 3)]! >> (o & 7)) & 1) === 1 ? 1 : -1);
    const signed = d.coding !== 'unsigned';
    if (w === 8) return signed ? (o) => (bytes[base + o]! << 24) >> 24 : (o) => bytes[base + o]!;
    if (w === 32) return signed ? (o) => view.getInt32(base + 4 * o, true) : (o) => view.getUint32(base + 4 * o, true);
    if (w === 1 || w === 2 || w === 4) {
      const mask = (1 << w) - 1;
      const shift = 32 - w;
      const raw = (o: number) => (bytes[base + ((o * w) >> 3)]! >> ((o * w) & 7)) & mask;
      return signed ? (o) => (raw(o) << shift) >> shift : raw;
    }
    const half = 2 ** (w - 1);
    return (o) => {
      const v = readBits(bytes, base * 8 + o * w, w);
      return signed && v >= half ? v - 2 * half : v;
    };
  }

  #writer(d: TensorDescriptor, base: number): (offset: number, value: number) => void {
    const { bytes } = this;
    const view = this.#view;
    const w = d.widthBits;
    if (d.coding === 'float') return (o, v) => view.setFloat32(base + 4 * o, v, true);
    if (d.coding === 'bipolar') return (o, v) => writeBits(bytes, base * 8 + o, 1, v > 0 ? 1 : 0);
    if (w === 8) {
      return (o, v) => {
        bytes[base + o] = v;
      };
    }
    if (w === 32) return (o, v) => view.setInt32(base + 4 * o, v, true);
    const size = 2 ** w;
    return (o, v) => writeBits(bytes, base * 8 + o * w, w, v < 0 ? v + size : v);
  }
}

/** Index of the first value outside the coding's range, or -1. */
export function firstMisfit(d: TensorDescriptor, values: ArrayLike<number>): number {
  if (d.coding === 'float') return -1;
  const { min, max } = codeRange(d.coding, d.widthBits);
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v < min || v > max || !Number.isInteger(v) || (d.coding === 'bipolar' && v === 0)) return i;
  }
  return -1;
}
