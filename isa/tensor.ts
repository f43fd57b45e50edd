/**
 * Tensor and array descriptors: how an instruction names data.
 * A tensor descriptor is a storage shape (axes) and a walk over it (dims); an array descriptor is a weight tile in the
 * matrix unit. Padding, strides, windows, halos and ring buffers are walks, so none of them needs a copy.
 * The idea of separating storage axes from access dims follows the affine "stream" descriptors of streaming NPUs.
 */

/** Where bytes live. `dram`, `buffer` belong to the chip; `spad`, `acc` to the core that executes the instruction. */
export const SPACES = ['dram', 'buffer', 'spad', 'acc'] as const;
export type Space = (typeof SPACES)[number];

/**
 * How `widthBits` bits become a number. `bipolar`: 1 bit, 0 -> -1, 1 -> +1. `ternary`: 2 bits two's complement, -2 is
 * illegal. `float`: IEEE binary32, width 32 only. `signed` is two's complement.
 */
export const CODINGS = ['unsigned', 'signed', 'bipolar', 'ternary', 'float'] as const;
export type Coding = (typeof CODINGS)[number];

/** What the data is, for traffic counters only; it never changes a value or a cycle. */
export const ROLES = ['activations', 'weights', 'parameters', 'partial-sums', 'instructions'] as const;
export type Role = (typeof ROLES)[number];

/** Element widths that can be stored, in bits. */
export const WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8, 16, 24, 32, 48] as const;

/** One storage axis. The coordinate is legal in [0, extent); position = modulo > 0 ? coordinate mod modulo : coordinate. */
export interface Axis {
  /** Legal coordinates are 0 .. extent-1; a read elsewhere gives `fill`, a write elsewhere is dropped. 1 .. 2^32-1. */
  readonly extent: number;
  /** Distance between neighbouring positions, in elements; may be negative (i32). */
  readonly stride: number;
  /** Ring length in positions, 0 for none. 0 .. 2^32-1. */
  readonly modulo: number;
  /** Constant part of the coordinate (i32), e.g. -pad. */
  readonly origin: number;
}

/** One access dimension, outermost first: it moves the coordinate of `axis` by `step` for each index in [0, count). */
export interface Dim {
  readonly count: number;
  readonly axis: number;
  /** i32, may be 0 (broadcast) or negative. */
  readonly step: number;
}

/** A scalar register that moves the origin of one axis (added to it when the instruction is dispatched). */
export interface OriginRegister {
  readonly axis: number;
  readonly register: number;
}

/**
 * coordinate[a] = origin[a] + register(a) + sum over dims d on a of step_d * index_d;
 * element = sum over a of position[a] * stride[a]; bit address = 8 * (base + register(base)) + element * widthBits.
 * Elements are packed little endian: element i starts at bit i * widthBits of the base.
 * In space `acc` a base counts bytes of the accumulator file and widthBits equals the machine's accumulator width
 * as stored: 32 (for 24- and 32-bit accumulators) or 48.
 */
export interface TensorDescriptor {
  readonly space: Space;
  /** Byte address in the space, 0 .. 2^48-1. */
  readonly base: number;
  /** Register whose value (bytes) is added to the base at dispatch; 0 = none (register 0 reads as zero). */
  readonly baseRegister: number;
  readonly widthBits: number;
  readonly coding: Coding;
  readonly role: Role;
  /** Value of a read outside an axis, as a raw code; on the vector and drain units it is also the zero point (i32). */
  readonly fill: number;
  /** 1 .. 5 axes. */
  readonly axes: readonly Axis[];
  /** 1 .. 6 dims, outermost first. */
  readonly dims: readonly Dim[];
  /** At most 2, on different axes. */
  readonly originRegisters: readonly OriginRegister[];
}

/**
 * A weight tile in the matrix unit: `kCount` rows of the flattened window by `nCount` outputs, held by a grid of
 * gridK x gridN macros and copied `replicas` times. Macro of grid cell (gk, gn) of replica r:
 * firstMacro + (r * gridK + gk) * gridN + gn. Rows and outputs are cut evenly and in order: grid row gk holds window
 * elements kStart + gk*ceil(kCount/gridK) .. , grid column gn outputs gn*ceil(nCount/gridN) .. . In every macro the tile
 * starts at cell row `rowStart` and cell column `columnStart`. One weight takes columnsPerWeight(machine, weightBits)
 * neighbouring cell columns: weightBits on digital CIM, 1 on a systolic array.
 */
export interface ArrayDescriptor {
  readonly firstMacro: number;
  readonly gridK: number;
  readonly gridN: number;
  readonly replicas: number;
  readonly rowStart: number;
  readonly columnStart: number;
  readonly plane: number;
  /** First element of the flattened window (the last `kdims` dims of the source) that this tile multiplies. */
  readonly kStart: number;
  readonly kCount: number;
  readonly nCount: number;
  readonly weightBits: number;
  readonly weightCoding: Exclude<Coding, 'float'>;
}

export const LIMITS = {
  axes: 5,
  dims: 6,
  originRegisters: 2,
  registers: 32,
  semaphores: 64,
  /** Largest initial count of a semaphore. */
  initialCount: 65535,
  waits: 3,
  signals: 3,
  descriptors: 65535,
  loopDepth: 8,
  baseBits: 48,
} as const;

/** Number of elements that a descriptor walks over: the product of its counts. */
export function elementCount(t: TensorDescriptor): number {
  return t.dims.reduce((n, d) => n * d.count, 1);
}

/** Smallest and largest value of a coding; throws RangeError on float. bipolar {-1, 1}, ternary {-1, 0, 1}. */
export function codeRange(coding: Coding, widthBits: number): { readonly min: number; readonly max: number } {
  switch (coding) {
    case 'unsigned':
      return { min: 0, max: 2 ** widthBits - 1 };
    case 'signed':
      return { min: -(2 ** (widthBits - 1)), max: 2 ** (widthBits - 1) - 1 };
    case 'bipolar':
    case 'ternary':
      return { min: -1, max: 1 };
    case 'float':
      throw new RangeError('a float coding has no integer range');
  }
}
