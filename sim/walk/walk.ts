/**
 * Tensor walks: a descriptor with its registers filled in. What a walk touches and in which order is worked out on demand and shared by
 * all instructions that see the same axes' origins, because loops and double buffers ask for the same walk at other bases.
 */
import { InputError } from '../../isa/base/errors.ts';
import { elementCount, type TensorDescriptor } from '../../isa/tensor.ts';
import { boxRuns, mergeRuns, type Runs, sliceBoxes, toBytes } from './intervals.ts';
import { checkSpan, OUTSIDE, Rows, requireCount } from './rows.ts';

export { OUTSIDE, Rows } from './rows.ts';

/** Elements [from, to) of the flattened last `kdims` dims of a walk. */
export interface Slice {
  readonly kdims: number;
  readonly from: number;
  readonly to: number;
}

/** Which part of a walk is touched: a slice, or for a gathered table every position of the axis of dim 0; undefined = all. */
export type Part = Slice | 'table' | undefined;

/** A walk without its base address. */
export class Shape {
  readonly descriptor: TensorDescriptor;
  /** Coordinate of each axis before any dim moves it. */
  readonly origins: Float64Array;
  readonly count: number;
  readonly #rows = new Map<number, Rows>();
  readonly #intervals = new Map<string, Float64Array>();
  readonly #walks = new Map<number, Walk>();
  #offsets: Int32Array | undefined;

  constructor(descriptor: TensorDescriptor, origins: Float64Array) {
    this.descriptor = descriptor;
    this.origins = origins;
    this.count = elementCount(descriptor);
    checkSpan(descriptor, origins);
    // Repeated elements cost nothing until someone lists them: a table is walked once for each code that is looked up.
    requireCount(descriptor.dims.reduce((n, dim) => n * (dim.step === 0 ? 1 : dim.count), 1));
  }

  /** This shape at a base; a few bases are remembered, for double buffers come back to them. */
  at(base: number): Walk {
    let walk = this.#walks.get(base);
    if (walk === undefined) {
      walk = new Walk(this, base);
      if (this.#walks.size >= 8) this.#walks.clear();
      this.#walks.set(base, walk);
    }
    return walk;
  }

  /** The walk with its last `innerDims` dims as rows. */
  rows(innerDims: number): Rows {
    let rows = this.#rows.get(innerDims);
    if (rows === undefined) {
      rows = new Rows(this.descriptor, this.origins, innerDims);
      this.#rows.set(innerDims, rows);
    }
    return rows;
  }

  /** Rows of a handy length for going over every element. */
  allRows(): Rows {
    const { dims } = this.descriptor;
    let inner = 1;
    let length = dims[dims.length - 1]?.count ?? 1;
    while (inner < dims.length && length * dims[dims.length - 1 - inner]!.count <= 2048) {
      length *= dims[dims.length - 1 - inner]!.count;
      inner += 1;
    }
    return this.rows(inner);
  }

  /** Touched bytes relative to the base, [start, end) pairs, ascending and disjoint. */
  intervals(part?: Part): Float64Array {
    const key = part === undefined || part === 'table' ? (part ?? '') : `${part.kdims},${part.from},${part.to}`;
    let found = this.#intervals.get(key);
    if (found === undefined) {
      found = toBytes(elementRuns(this.descriptor, this.origins, part), this.descriptor.widthBits);
      this.#intervals.set(key, found);
    }
    return found;
  }

  /** Element offsets from the base in index order; OUTSIDE where an axis is left. */
  get offsets(): Int32Array {
    if (this.#offsets === undefined) {
      requireCount(this.count);
      const rows = this.allRows();
      const out = new Int32Array(this.count);
      for (let m = 0; m < rows.outer; m++)
        rows.rowOffsets(m, 0, rows.inner, out.subarray(m * rows.inner, (m + 1) * rows.inner));
      this.#offsets = out;
    }
    return this.#offsets;
  }
}

function elementRuns(d: TensorDescriptor, origins: Float64Array, part: Part): Runs {
  const whole = d.dims.map((dim) => ({ ...dim, from: 0 }));
  if (part === undefined) return boxRuns(d.axes, origins, whole);
  if (part === 'table') {
    const axis = d.dims[0]!.axis;
    const rows = { count: d.axes[axis]!.extent, axis, step: 1, from: 0 };
    return boxRuns(d.axes, origins.with(axis, 0), [rows, ...whole.filter((dim) => dim.axis !== axis)]);
  }
  const boxes = sliceBoxes(d.dims, part.kdims, part.from, part.to);
  return mergeRuns(boxes.flatMap((box) => [...boxRuns(d.axes, origins, box)]));
}

/** A shape at a base: what one operand of one executed instruction walks. */
export class Walk {
  readonly shape: Shape;
  /** Byte address of the base with its register. */
  readonly base: number;
  #whole: Float64Array | undefined;

  constructor(shape: Shape, base: number) {
    this.shape = shape;
    this.base = base;
  }

  get descriptor(): TensorDescriptor {
    return this.shape.descriptor;
  }

  get count(): number {
    return this.shape.count;
  }

  get offsets(): Int32Array {
    return this.shape.offsets;
  }

  /** True when every element lies inside and each offset is one more than the last. */
  get dense(): boolean {
    const { offsets } = this.shape;
    return offsets.every((o, i) => o !== OUTSIDE && (i === 0 || o === offsets[i - 1]! + 1));
  }

  /** Touched bytes, [start, end) pairs, ascending and disjoint. */
  get intervals(): Float64Array {
    this.#whole ??= this.intervalsOf();
    return this.#whole;
  }

  /** Touched bytes of a part; undefined = all. */
  intervalsOf(part?: Part): Float64Array {
    const relative = this.shape.intervals(part);
    return this.base === 0 ? relative : relative.map((b) => b + this.base);
  }
}

/** Elements of remembered rows, roughly, before all are forgotten. */
const ALIVE_LIMIT = 2 ** 23;

/** Resolves descriptors; forgets all shapes when too many are alive. */
export class WalkCache {
  readonly #shapes: Map<string, Shape>[] = [];
  readonly #tensors: readonly TensorDescriptor[];
  #alive = 0;

  constructor(tensors: readonly TensorDescriptor[]) {
    this.#tensors = tensors;
  }

  get(index: number, registers: ArrayLike<number>): Walk {
    const d = this.#tensors[index];
    if (d === undefined)
      throw new InputError(`tensor descriptor ${index} does not exist; the program has ${this.#tensors.length}`, {
        code: 'E-PROGRAM-DESCRIPTOR',
      });
    return this.#shape(index, d, registers).at(d.base + registers[d.baseRegister]!);
  }

  #shape(index: number, d: TensorDescriptor, registers: ArrayLike<number>): Shape {
    let shapes = this.#shapes[index];
    if (this.#alive > ALIVE_LIMIT) {
      this.#shapes.length = 0;
      this.#alive = 0;
      shapes = undefined;
    }
    if (shapes === undefined) {
      shapes = new Map();
      this.#shapes[index] = shapes;
    }
    const [first, second] = d.originRegisters;
    const key = `${first === undefined ? 0 : registers[first.register]!},${second === undefined ? 0 : registers[second.register]!}`;
    let shape = shapes.get(key);
    if (shape === undefined) {
      shape = new Shape(d, originsOf(d, registers));
      shapes.set(key, shape);
      this.#alive += 512 + d.dims[d.dims.length - 1]!.count;
    }
    return shape;
  }
}

function originsOf(d: TensorDescriptor, registers: ArrayLike<number>): Float64Array {
  const origins = Float64Array.from(d.axes, (a) => a.origin);
  for (const o of d.originRegisters) origins[o.axis] = origins[o.axis]! + registers[o.register]!;
  return origins;
}

export function resolveWalk(d: TensorDescriptor, registers: ArrayLike<number>): Walk {
  return new Walk(new Shape(d, originsOf(d, registers)), d.base + registers[d.baseRegister]!);
}

/** Bytes covered by [start, end) pairs. */
export function intervalBytes(intervals: Float64Array): number {
  let n = 0;
  for (let i = 0; i < intervals.length; i += 2) n += intervals[i + 1]! - intervals[i]!;
  return n;
}
