/** Constants of the file as tensors of the graph: little-endian numbers at any byte, nibbles for int4. */
import { type ElementType, INT32, sizeOf, type Tensor } from '../../graph/types.ts';
import { invalid, refuse } from '../refusal.ts';
import type { TensorType, TfliteTensor } from './schema.ts';

const ELEMENTS: Partial<Record<TensorType, ElementType>> = {
  float32: { kind: 'float32' },
  int4: { kind: 'int', bits: 4, coding: 'signed' },
  int8: { kind: 'int', bits: 8, coding: 'signed' },
  uint8: { kind: 'int', bits: 8, coding: 'unsigned' },
  int16: { kind: 'int', bits: 16, coding: 'signed' },
  int32: { kind: 'int', bits: 32, coding: 'signed' },
};

/** The graph's type of a tensor's elements; refuses types that it has no codes for. */
export function elementOf(tensor: TfliteTensor): ElementType {
  return (
    ELEMENTS[tensor.type] ??
    refuse(`tensor '${tensor.name.slice(0, 120)}' is ${tensor.type}`, { expected: Object.keys(ELEMENTS).join(', ') })
  );
}

type Reader = readonly [bytes: number, read: (view: DataView, at: number) => number];

const READERS: Partial<Record<TensorType, Reader>> = {
  float32: [4, (v, at) => v.getFloat32(at, true)],
  int8: [1, (v, at) => v.getInt8(at)],
  uint8: [1, (v, at) => v.getUint8(at)],
  bool: [1, (v, at) => v.getUint8(at)],
  int16: [2, (v, at) => v.getInt16(at, true)],
  int32: [4, (v, at) => v.getInt32(at, true)],
  int64: [8, (v, at) => Number(v.getBigInt64(at, true))],
};

/** The tensor's numbers with its type; 64-bit integers must fit 32 bits. */
export function constantTensor(tensor: TfliteTensor): Tensor {
  const { type, shape } = tensor;
  if (type === 'int64') {
    return { type: { element: INT32, shape }, data: Int32Array.from(numbers(tensor), in32) };
  }
  const element = elementOf(tensor);
  const values = type === 'int4' ? nibbles(tensor) : numbers(tensor);
  const data = element.kind === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
  return { type: { element, shape }, data };
}

/** Numbers that are known in spite of no data, as the tensor's type; 64-bit integers must fit 32 bits. */
export function knownTensor(tensor: TfliteTensor, known: readonly number[]): Tensor {
  const element: ElementType = tensor.type === 'int64' ? INT32 : elementOf(tensor);
  const type = { element, shape: tensor.shape };
  return { type, data: element.kind === 'float32' ? Float32Array.from(known) : Int32Array.from(known, in32) };
}

function numbers(tensor: TfliteTensor): number[] {
  const reader = READERS[tensor.type];
  if (reader === undefined)
    return refuse(`constants of type ${tensor.type}`, { expected: Object.keys(READERS).join(', ') });
  const [size, read] = reader;
  const data = checkedData(tensor, sizeOf(tensor.shape) * size);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: sizeOf(tensor.shape) }, (_, i) => read(view, i * size));
}

/** Two codes a byte, the first in the low half. */
function nibbles(tensor: TfliteTensor): number[] {
  const count = sizeOf(tensor.shape);
  const data = checkedData(tensor, Math.ceil(count / 2));
  return Array.from({ length: count }, (_, i) => {
    const code = (data[i >> 1]! >> (4 * (i % 2))) & 15;
    return code > 7 ? code - 16 : code;
  });
}

function checkedData(tensor: TfliteTensor, bytes: number): Uint8Array {
  const data = tensor.data ?? new Uint8Array(0);
  if (data.length !== bytes)
    invalid(`constant '${tensor.name.slice(0, 120)}' of shape [${tensor.shape.join(', ')}] has ${data.length} bytes`, {
      expected: `${bytes} bytes of ${tensor.type}`,
      hint: 'the file is damaged: copy it again',
    });
  return data;
}

function in32(value: number): number {
  if (value >= -(2 ** 31) && value < 2 ** 31) return value;
  return refuse(`a constant of ${value}`, { expected: 'a value of 32 bits: sums have no more' });
}

/** A constant with axes permuted: axis i of the result is axis perm[i]. */
export function permuted({ type, data }: Tensor, perm: readonly number[]): Tensor {
  const shape = perm.map((p) => type.shape[p]!);
  const strides = type.shape.map((_, d) => sizeOf(type.shape.slice(d + 1)));
  const steps = perm.map((p) => strides[p]!);
  const out = data instanceof Float32Array ? new Float32Array(data.length) : new Int32Array(data.length);
  const index = new Array<number>(perm.length).fill(0);
  let from = 0;
  for (let at = 0; at < out.length; at++) {
    out[at] = data[from]!;
    for (let d = perm.length - 1; d >= 0; d--) {
      index[d] = index[d]! + 1;
      from += steps[d]!;
      if (index[d]! < shape[d]!) break;
      from -= index[d]! * steps[d]!;
      index[d] = 0;
    }
  }
  return { type: { element: type.element, shape }, data: out };
}
