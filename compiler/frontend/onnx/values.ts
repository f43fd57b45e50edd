/**
 * Elements of an ONNX tensor as numbers, and back. Reading gives a view into the file where type, byte order and alignment
 * allow it. int64 and uint64 become doubles, exact to 2^53; whoever needs an index checks it. bfloat16, float8 and
 * complex are left out: no supported op uses them.
 */
import { InputError, UnsupportedError } from '../../../isa/base/errors.ts';
import { type DataType, type ExternalData, elementBits, type OnnxTensor, rawSizeBytes } from './model.ts';

export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** Gives `length` bytes at `offset` of an external file; the caller decides which paths are legal. */
export type ExternalLoader = (location: string, offset: number, length: number) => Uint8Array;

/** Number of elements; throws InputError when a dim is negative or the product is not below 2^31. */
export function elementCountOf(name: string, dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) {
    if (!Number.isInteger(dim) || dim < 0 || dim >= 2 ** 31)
      throw badTensor(name, `dims [${dims.join(', ')}]`, 'each dim in 0 .. 2^31 - 1');
    count *= dim;
  }
  if (count >= 2 ** 31)
    throw badTensor(name, `dims [${dims.join(', ')}], ${count} elements`, 'fewer than 2^31 elements');
  return count;
}

/** The elements of `tensor`, little endian, checked against its dims. Throws InputError or UnsupportedError. */
export function tensorValues(tensor: OnnxTensor, load?: ExternalLoader): NumberArray {
  const count = elementCountOf(tensor.name, tensor.dims);
  const sizeBytes = rawSizeBytes(tensor.dataType, count);
  const bytes =
    tensor.external === undefined ? tensor.raw : loadExternal(tensor.name, tensor.external, sizeBytes, load);
  const decode = DECODERS[tensor.dataType];
  if (decode === undefined) {
    const message = `tensor '${tensor.name}' has element type ${tensor.dataType}, which is not read`;
    const expected = Object.keys(DECODERS).join(', ');
    const hint = 'quantize with integer codes (int8, uint8, int4)';
    throw new UnsupportedError(message, {
      code: 'E-ONNX-TYPE',
      diagnostics: [{ code: 'E-ONNX-TYPE', message, expected, hint }],
    });
  }
  if (bytes.length !== sizeBytes) {
    throw badTensor(
      tensor.name,
      `${bytes.length} bytes of data`,
      `${sizeBytes} bytes for ${tensor.dataType}[${tensor.dims.join(',')}]`,
    );
  }
  return decode(bytes, count);
}

function loadExternal(
  name: string,
  external: ExternalData,
  sizeBytes: number,
  load: ExternalLoader | undefined,
): Uint8Array {
  if (load === undefined) {
    throw badTensor(
      name,
      `data in '${external.location}'`,
      'a loader of external data, or a model with its weights inside',
    );
  }
  if (external.length !== undefined && external.length !== sizeBytes) {
    throw badTensor(name, `${external.length} bytes in '${external.location}'`, `${sizeBytes} bytes`);
  }
  return load(external.location, external.offset, sizeBytes);
}

function badTensor(name: string, got: string, expected: string): InputError {
  return new InputError(`tensor '${name}' has ${got}; expected ${expected}`, {
    code: 'E-ONNX-TENSOR',
    diagnostics: [
      {
        code: 'E-ONNX-TENSOR',
        message: `has ${got}`,
        where: `tensor '${name}'`,
        expected,
        hint: 'export the model again',
      },
    ],
  });
}

type Decoder = (bytes: Uint8Array, count: number) => NumberArray;

interface ArrayClass<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
}

/** A view when aligned, else a view of a copy. All platforms that run JavaScript today are little endian. */
function viewer<A extends NumberArray>(array: ArrayClass<A>): Decoder {
  return (bytes, count) => {
    const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
    return new array(aligned.buffer, aligned.byteOffset, count);
  };
}

function wide(signed: boolean): Decoder {
  return (bytes, count) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++)
      values[i] = Number(signed ? view.getBigInt64(i * 8, true) : view.getBigUint64(i * 8, true));
    return values;
  };
}

/** Several codes a byte, the first in the lowest bits. */
function packed(bits: 2 | 4, signed: boolean): Decoder {
  const perByte = 8 / bits;
  return (bytes, count) => {
    const values = new Int8Array(count);
    for (let i = 0; i < count; i++) {
      const code = ((bytes[Math.floor(i / perByte)] ?? 0) >> ((i % perByte) * bits)) & (2 ** bits - 1);
      values[i] = signed && code >= 2 ** (bits - 1) ? code - 2 ** bits : code;
    }
    return values;
  };
}

function half(bytes: Uint8Array, count: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const bits = view.getUint16(i * 2, true);
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) values[i] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else values[i] = exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return values;
}

/** The upper half of a float32. */
function brain(bytes: Uint8Array, count: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i++) words[i] = view.getUint16(i * 2, true) << 16;
  return new Float32Array(words.buffer);
}

const DECODERS: { readonly [T in DataType]?: Decoder } = {
  float32: viewer(Float32Array),
  float64: viewer(Float64Array),
  float16: half,
  bfloat16: brain,
  int8: viewer(Int8Array),
  uint8: viewer(Uint8Array),
  bool: viewer(Uint8Array),
  int16: viewer(Int16Array),
  uint16: viewer(Uint16Array),
  int32: viewer(Int32Array),
  uint32: viewer(Uint32Array),
  int64: wide(true),
  uint64: wide(false),
  int2: packed(2, true),
  uint2: packed(2, false),
  int4: packed(4, true),
  uint4: packed(4, false),
};

const WRITERS: { readonly [T in DataType]?: (view: DataView, at: number, value: number) => void } = {
  float32: (v, at, x) => v.setFloat32(at, x, true),
  float64: (v, at, x) => v.setFloat64(at, x, true),
  int8: (v, at, x) => v.setInt8(at, x),
  uint8: (v, at, x) => v.setUint8(at, x),
  bool: (v, at, x) => v.setUint8(at, x),
  int16: (v, at, x) => v.setInt16(at, x, true),
  uint16: (v, at, x) => v.setUint16(at, x, true),
  int32: (v, at, x) => v.setInt32(at, x, true),
  uint32: (v, at, x) => v.setUint32(at, x, true),
  int64: (v, at, x) => v.setBigInt64(at, BigInt(x), true),
  uint64: (v, at, x) => v.setBigUint64(at, BigInt(x), true),
};

/** Raw little-endian bytes of `values`. Throws RangeError on a type that is not written, or an integer that does not fit. */
export function rawBytes(type: DataType, values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(rawSizeBytes(type, values.length));
  const view = new DataView(bytes.buffer);
  checkRange(type, values);
  if (['int2', 'uint2', 'int4', 'uint4'].includes(type)) {
    const bits = elementBits(type);
    const perByte = 8 / bits;
    for (let i = 0; i < values.length; i++)
      bytes[Math.floor(i / perByte)]! |= ((values[i] ?? 0) & (2 ** bits - 1)) << ((i % perByte) * bits);
    return bytes;
  }
  const write = WRITERS[type];
  if (write === undefined) throw new RangeError(`element type ${type} is not written`);
  const sizeBytes = elementBits(type) / 8;
  for (let i = 0; i < values.length; i++) write(view, i * sizeBytes, values[i] ?? 0);
  return bytes;
}

function checkRange(type: DataType, values: ArrayLike<number>): void {
  const match = /^(u?)int(\d+)$/.exec(type);
  if (match === null) return;
  const bits = Number(match[2]);
  const low = match[1] === 'u' ? 0 : -(2 ** (bits - 1));
  const high = match[1] === 'u' ? 2 ** bits - 1 : 2 ** (bits - 1) - 1;
  for (let i = 0; i < values.length; i++) {
    const v = values[i] ?? 0;
    if (!Number.isInteger(v) || v < low || v > high) throw new RangeError(`${v} at index ${i} does not fit ${type}`);
  }
}
