/**
 * Data that the loader puts into DRAM: weights, requantizer records, tables, constant operands. Packing follows isa/tensor.ts
 * (little endian, element i at bit i * width). Segments keep the order in which they were added, which is the order of use.
 */
import { InternalError } from '../../isa/base/errors.ts';
import type { ConstantSegment } from '../../isa/program.ts';
import type { Role } from '../../isa/tensor.ts';
import type { Layout } from './layout.ts';
import { denseLayout, memoryOrder, roundUp } from './layout.ts';
import type { Format } from './walk.ts';

/** A constant: how kernels see it, and how it is kept in DRAM. */
export interface ConstantTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly format: Format;
  /** In DRAM: narrower where all numbers fit, because the copy to the scratchpad widens. */
  readonly stored: Format;
  readonly role: Role;
  readonly layout: Layout;
  readonly bytes: Uint8Array;
}

/** Packs row-major logical data densely (channels last for images). Integers are codes; floats are stored as binary32. */
export function constantTensor(
  name: string,
  shape: readonly number[],
  format: Format,
  role: Role,
  data: ArrayLike<number>,
  stored = format,
): ConstantTensor {
  const { layout } = denseLayout(shape, format.bits);
  const { sizeBytes } = denseLayout(shape, stored.bits);
  const bytes = new Uint8Array(sizeBytes);
  const constant = { name, shape, format, stored, role, layout, bytes };
  const order = memoryOrder(shape.length);
  const plain = stored.bits === 8 && data.length === sizeBytes && order.every((d, i) => d === i);
  if (plain) {
    bytes.set(data);
    return constant;
  }
  const put = packer(bytes, stored);
  const strides = shape.map((_, d) => layout.dims[d]?.[0]?.stride ?? 0);
  const logical = rowMajorStrides(shape);
  const visit = (level: number, from: number, to: number): void => {
    const d = order[level];
    if (d === undefined) return put(to, data[from] ?? 0);
    const [count, step, stride] = [shape[d] ?? 1, logical[d] ?? 0, strides[d] ?? 0];
    const last = level === order.length - 1;
    for (let i = 0; i < count; i++) {
      if (last) put(to + i * stride, data[from + i * step] ?? 0);
      else visit(level + 1, from + i * step, to + i * stride);
    }
  };
  visit(0, 0, 0);
  return constant;
}

/** 32-bit words as a constant of the given shape, kept in DRAM at the fewest whole bytes that hold all of them. */
export function wordTensor(name: string, shape: readonly number[], words: Int32Array): ConstantTensor {
  const signed = (bits: number): Format => ({ bits, coding: 'signed', zero: 0 });
  const fits = (bits: number): boolean => words.every((w) => w >= -(2 ** (bits - 1)) && w < 2 ** (bits - 1));
  const bits = [8, 16, 24].find(fits) ?? 32;
  return constantTensor(name, shape, signed(32), 'parameters', words, signed(bits));
}

/** Writes code `value` as element `index` of `bytes`, which must be zero there. */
export function packer(bytes: Uint8Array, format: Format): (index: number, value: number) => void {
  const { bits, coding } = format;
  if (coding === 'float') {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return (index, value) => view.setFloat32(index * 4, value, true);
  }
  if (bits > 32) throw new InternalError('constants wider than 32 bits are not packed');
  if (bits === 8 && coding !== 'bipolar') {
    return (index, value) => {
      bytes[index] = value;
    };
  }
  return (index, value) => {
    let code = coding === 'bipolar' ? (value > 0 ? 1 : 0) : value;
    let at = index * bits;
    for (let left = bits; left > 0; ) {
      const shift = at & 7;
      const take = Math.min(left, 8 - shift);
      const slot = at >> 3;
      bytes[slot] = (bytes[slot] ?? 0) | ((code & ((1 << take) - 1)) << shift);
      code >>= take;
      at += take;
      left -= take;
    }
  };
}

export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] ?? 1) * (shape[i + 1] ?? 1);
  return strides;
}

/** Constants that go to the slower tier. */
export interface FarConstants {
  /** First byte of the tier. */
  readonly start: number;
  /** All weights, or only what would end behind `nearEnd` in DRAM. */
  readonly holds: 'overflow' | 'weights';
  readonly nearEnd: number;
}

/** Layout of the constants in DRAM and the slower tier behind it: each starts on a burst. */
export class ConstantPool {
  readonly #segments: ConstantSegment[] = [];
  readonly #addresses = new Map<ConstantTensor, number>();
  readonly #alignBytes: number;
  readonly #far: FarConstants | undefined;
  #end: number;
  #farEnd: number;

  /** @param startBytes DRAM address of the first constant. */
  constructor(startBytes: number, alignBytes: number, far?: FarConstants) {
    this.#alignBytes = alignBytes;
    this.#far = far;
    this.#end = roundUp(startBytes, alignBytes);
    this.#farEnd = far?.start ?? 0;
  }

  /** Address of a constant; a second request for the same object gives the same address. */
  place(constant: ConstantTensor): number {
    const known = this.#addresses.get(constant);
    if (known !== undefined) return known;
    const address = this.placeBytes(constant.bytes, constant.role);
    this.#addresses.set(constant, address);
    return address;
  }

  placeBytes(bytes: Uint8Array, role: Role): number {
    const far = this.#far;
    const goesFar =
      far !== undefined && (far.holds === 'weights' ? role === 'weights' : this.#end + bytes.length > far.nearEnd);
    const address = goesFar ? this.#farEnd : this.#end;
    const sizeBytes = roundUp(bytes.length, this.#alignBytes);
    // Zeros behind it, so that one copy may take neighbours together.
    const whole = sizeBytes === bytes.length ? bytes : new Uint8Array(sizeBytes);
    if (whole !== bytes) whole.set(bytes);
    this.#segments.push({ address, bytes: whole });
    if (goesFar) this.#farEnd = address + sizeBytes;
    else this.#end = address + sizeBytes;
    return address;
  }

  /** Leaves room so that the next constant starts at `phaseBytes` of a block of `blockBytes`. */
  skipTo(phaseBytes: number, blockBytes: number): void {
    const aligned = roundUp(phaseBytes, this.#alignBytes);
    this.#end += (((aligned - this.#end) % blockBytes) + blockBytes) % blockBytes;
  }

  /** Address behind the last constant in the slower tier; 0 where there is none. */
  get farEnd(): number {
    return this.#farEnd === this.#far?.start ? 0 : this.#farEnd;
  }

  /** Address behind the last constant in DRAM. */
  get end(): number {
    return this.#end;
  }

  segments(): readonly ConstantSegment[] {
    return this.#segments;
  }
}
