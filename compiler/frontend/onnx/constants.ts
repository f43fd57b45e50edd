/** Constants of an import: storage by type, shapes, broadcasting. Floats are rounded to float32 as they are stored. */

import { invalid, refuse } from '../refusal.ts';
import type { Constant } from './meaning.ts';
import { type DataType, isFloatType } from './model.ts';
import type { NumberArray } from './values.ts';

/** Largest constant that folding makes; a model that asks for more is broken, or will not run anyway. */
const MOST_ELEMENTS = 2 ** 27;

/** Longest axis whose elements are listed one by one; longer ones come from broken numbers. */
const MOST_LISTED = 2 ** 16;

/** `count`, where a list of so many places is made of it; refuses one that is absurd. */
export function listed(count: number, what: string, most = MOST_LISTED): number {
  if (!(Number.isInteger(count) && count >= 1)) invalid(`${what}: ${count} elements`, { expected: 'at least 1' });
  return count <= most ? count : refuse(`${what}: ${count} elements`, { expected: `at most ${most}` });
}

/** A constant of `dataType` from numbers. */
export function make(dataType: DataType, shape: readonly number[], values: ArrayLike<number>): Constant {
  return generate(dataType, shape, (i) => values[i] ?? 0);
}

/** A constant whose element i is at(i), called in order. */
export function generate(dataType: DataType, shape: readonly number[], at: (i: number) => number): Constant {
  const data = allocate(dataType, shape);
  for (let i = 0; i < data.length; i++) data[i] = at(i);
  return { dataType, shape, data };
}

/** Zeros for a constant; refuses one that is absurdly large. */
export function allocate(dataType: DataType, shape: readonly number[]): NumberArray {
  const count = size(shape);
  if (!(count >= 0 && count <= MOST_ELEMENTS))
    refuse(`a computed constant of shape [${shape.join(', ')}]`, { expected: `at most ${MOST_ELEMENTS} elements` });
  switch (dataType) {
    case 'float32':
    case 'float16':
    case 'bfloat16':
      return new Float32Array(count);
    case 'int8':
    case 'int4':
      return new Int8Array(count);
    case 'uint8':
    case 'uint4':
    case 'bool':
      return new Uint8Array(count);
    case 'int32':
      return new Int32Array(count);
    default:
      return new Float64Array(count);
  }
}

/** A float constant of another width as float32, in which everything that is computed at run time is. */
export function asFloat32(c: Constant): Constant {
  if (!isFloatType(c.dataType) || c.dataType === 'float32') return c;
  return { ...c, dataType: 'float32', data: c.data instanceof Float32Array ? c.data : Float32Array.from(c.data) };
}

export type Indexer = (i: number) => number;

export function size(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] ?? 1) * (shape[i + 1] ?? 1);
  return strides;
}

export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[i - rank + a.length] ?? 1;
    const db = b[i - rank + b.length] ?? 1;
    if (da !== db && da !== 1 && db !== 1)
      invalid(`constants of shape [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    return da === 1 ? db : da;
  });
}

export function indexer(own: readonly number[], shape: readonly number[]): Indexer {
  const lead = shape.length - own.length;
  const strides = stridesOf(own);
  const outer = stridesOf(shape);
  return (i) =>
    own.reduce((n, d, k) => (d === 1 ? n : n + (Math.floor(i / (outer[k + lead] ?? 1)) % d) * (strides[k] ?? 0)), 0);
}
