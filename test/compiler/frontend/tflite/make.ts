/** Small TensorFlow Lite files for tests, written by flatbuffers' Builder field by field. */
import { Builder } from 'flatbuffers';

export const TYPES = { float32: 0, int32: 2, uint8: 3, int64: 4, int16: 7, int8: 9, resource: 13, int4: 17 } as const;
type Type = keyof typeof TYPES;

export interface TensorSpec {
  readonly name?: string;
  readonly shape: readonly number[];
  readonly type: Type;
  /** One scale, or one for each element of `axis`. */
  readonly scale?: readonly number[];
  readonly zero?: readonly number[];
  readonly axis?: number;
  /** Lives from run to run. */
  readonly variable?: boolean;
  /** Makes it a constant; int4 in nibbles, the first in the low half. */
  readonly data?: readonly number[];
}

type Field =
  | readonly [id: number, kind: 'int8' | 'int32' | 'float' | 'bool', value: number]
  | readonly [id: number, kind: 'ints', value: readonly number[]]
  | readonly [id: number, kind: 'string', value: string];

export interface OperatorSpec {
  /** Number of the builtin operator. */
  readonly code: number;
  readonly custom?: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: { readonly type: number; readonly fields: readonly Field[] };
}

export interface ModelSpec {
  readonly tensors: readonly TensorSpec[];
  readonly operators: readonly OperatorSpec[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly version?: number;
}

export const CODES = {
  ADD: 0,
  AVERAGE_POOL_2D: 1,
  CONCATENATION: 2,
  CONV_2D: 3,
  DEPTHWISE_CONV_2D: 4,
  DEPTH_TO_SPACE: 5,
  DEQUANTIZE: 6,
  FLOOR: 8,
  FULLY_CONNECTED: 9,
  L2_NORMALIZATION: 11,
  LOGISTIC: 14,
  MAX_POOL_2D: 17,
  MUL: 18,
  RELU: 19,
  RELU_N1_TO_1: 20,
  RELU6: 21,
  RESHAPE: 22,
  RESIZE_BILINEAR: 23,
  SOFTMAX: 25,
  SPACE_TO_DEPTH: 26,
  SVDF: 27,
  TANH: 28,
  CUSTOM: 32,
  PAD: 34,
  GATHER: 36,
  BATCH_TO_SPACE_ND: 37,
  SPACE_TO_BATCH_ND: 38,
  TRANSPOSE: 39,
  MEAN: 40,
  SUB: 41,
  DIV: 42,
  SQUEEZE: 43,
  UNIDIRECTIONAL_SEQUENCE_LSTM: 44,
  STRIDED_SLICE: 45,
  EXP: 47,
  SPLIT: 49,
  CAST: 53,
  PRELU: 54,
  MAXIMUM: 55,
  ARG_MAX: 56,
  MINIMUM: 57,
  NEG: 59,
  PADV2: 60,
  SLICE: 65,
  TRANSPOSE_CONV: 67,
  TILE: 69,
  EXPAND_DIMS: 70,
  LOG: 73,
  SUM: 74,
  SQRT: 75,
  RSQRT: 76,
  SHAPE: 77,
  ARG_MIN: 79,
  REDUCE_MAX: 82,
  PACK: 83,
  UNPACK: 88,
  REDUCE_MIN: 89,
  SQUARE: 92,
  FILL: 94,
  RANGE: 96,
  RESIZE_NEAREST_NEIGHBOR: 97,
  LEAKY_RELU: 98,
  SQUARED_DIFFERENCE: 99,
  MIRROR_PAD: 100,
  ABS: 101,
  SPLIT_V: 102,
  UNIQUE: 103,
  CEIL: 104,
  REVERSE_V2: 105,
  ADD_N: 106,
  GATHER_ND: 107,
  ELU: 111,
  QUANTIZE: 114,
  ROUND: 116,
  HARD_SWISH: 117,
  BATCH_MATMUL: 126,
  BROADCAST_TO: 130,
  VAR_HANDLE: 142,
  READ_VARIABLE: 143,
  ASSIGN_VARIABLE: 144,
  GELU: 150,
  RELU_0_TO_1: 152,
  SIGN: 158,
} as const;

export const OPTIONS = {
  conv: 1,
  depthwise: 2,
  pool: 5,
  svdf: 6,
  fullyConnected: 8,
  softmax: 9,
  concatenation: 10,
  add: 11,
  resizeBilinear: 15,
  spaceToDepth: 19,
  mul: 21,
  gather: 23,
  reducer: 27,
  sub: 28,
  div: 29,
  stridedSlice: 32,
  split: 35,
  argMax: 40,
  transposeConv: 49,
  argMin: 57,
  pack: 59,
  unpack: 64,
  lstm: 71,
  resizeNearest: 74,
  leakyRelu: 75,
  mirrorPad: 77,
  depthToSpace: 94,
  batchMatMul: 101,
  varHandle: 111,
  gelu: 116,
} as const;

export function makeTflite(model: ModelSpec): Uint8Array {
  const b = new Builder(1024);
  const codes = [...new Map(model.operators.map((o) => [`${o.code} ${o.custom ?? ''}`, o])).entries()];
  const codeOffsets = codes.map(([, o]) => operatorCode(b, o));
  const bufferOffsets = [undefined, ...model.tensors.map((t) => t.data && rawData(t))].map((d) => buffer(b, d));
  const tensorOffsets = model.tensors.map((t, i) => tensor(b, t, t.data === undefined ? 0 : i + 1));
  const operatorOffsets = model.operators.map((o) =>
    operator(
      b,
      o,
      codes.findIndex(([key]) => key === `${o.code} ${o.custom ?? ''}`),
    ),
  );
  const graph = table(b, 5, [
    [0, offsets(b, tensorOffsets)],
    [1, ints(b, model.inputs)],
    [2, ints(b, model.outputs)],
    [3, offsets(b, operatorOffsets)],
  ]);
  const graphs = offsets(b, [graph]);
  const codeVector = offsets(b, codeOffsets);
  const bufferVector = offsets(b, bufferOffsets);
  b.startObject(8);
  b.addFieldInt32(0, model.version ?? 3, 0);
  b.addFieldOffset(1, codeVector, 0);
  b.addFieldOffset(2, graphs, 0);
  b.addFieldOffset(4, bufferVector, 0);
  b.finish(b.endObject(), 'TFL3');
  return b.asUint8Array().slice();
}

function table(b: Builder, fields: number, parts: readonly (readonly [number, number])[]): number {
  b.startObject(fields);
  for (const [id, offset] of parts) b.addFieldOffset(id, offset, 0);
  return b.endObject();
}

function offsets(b: Builder, list: readonly number[]): number {
  b.startVector(4, list.length, 4);
  for (const offset of [...list].reverse()) b.addOffset(offset);
  return b.endVector();
}

function ints(b: Builder, list: readonly number[]): number {
  b.startVector(4, list.length, 4);
  for (const v of [...list].reverse()) b.addInt32(v);
  return b.endVector();
}

function operatorCode(b: Builder, o: OperatorSpec): number {
  const custom = o.custom === undefined ? 0 : b.createString(o.custom);
  b.startObject(4);
  b.addFieldInt8(0, Math.min(o.code, 127), 0);
  if (custom !== 0) b.addFieldOffset(1, custom, 0);
  b.addFieldInt32(3, o.code, 0);
  return b.endObject();
}

function buffer(b: Builder, data: Uint8Array | undefined): number {
  const vector = data === undefined ? 0 : b.createByteVector(data);
  b.startObject(1);
  if (vector !== 0) b.addFieldOffset(0, vector, 0);
  return b.endObject();
}

const SIZES: Readonly<Record<Type, number>> = {
  resource: 0,
  float32: 4,
  int32: 4,
  uint8: 1,
  int64: 8,
  int16: 2,
  int8: 1,
  int4: 1,
};

function rawData({ type, data = [] }: TensorSpec): Uint8Array {
  if (type === 'int4') {
    const out = new Uint8Array(Math.ceil(data.length / 2));
    data.forEach((v, i) => {
      out[i >> 1]! |= (v & 15) << (4 * (i % 2));
    });
    return out;
  }
  const view = new DataView(new ArrayBuffer(data.length * SIZES[type]));
  data.forEach((v, i) => {
    const at = i * SIZES[type];
    if (type === 'float32') view.setFloat32(at, v, true);
    else if (type === 'int64') view.setBigInt64(at, BigInt(Math.trunc(v)), true);
    else if (type === 'int32') view.setInt32(at, v, true);
    else if (type === 'int16') view.setInt16(at, v, true);
    else view.setUint8(at, v & 255);
  });
  return new Uint8Array(view.buffer);
}

function tensor(b: Builder, t: TensorSpec, bufferIndex: number): number {
  const name = b.createString(t.name ?? '');
  const shape = ints(b, t.shape);
  const quantization = t.scale === undefined ? 0 : quantize(b, t);
  b.startObject(8);
  b.addFieldOffset(0, shape, 0);
  b.addFieldInt8(1, TYPES[t.type], 0);
  b.addFieldInt32(2, bufferIndex, 0);
  b.addFieldOffset(3, name, 0);
  if (quantization !== 0) b.addFieldOffset(4, quantization, 0);
  if (t.variable === true) b.addFieldInt8(5, 1, 0);
  return b.endObject();
}

function quantize(b: Builder, { scale = [], zero = scale.map(() => 0), axis = 0 }: TensorSpec): number {
  b.startVector(4, scale.length, 4);
  for (const s of [...scale].reverse()) b.addFloat32(s);
  const scales = b.endVector();
  b.startVector(8, zero.length, 8);
  for (const z of [...zero].reverse()) b.addInt64(BigInt(z));
  const zeros = b.endVector();
  b.startObject(7);
  b.addFieldOffset(2, scales, 0);
  b.addFieldOffset(3, zeros, 0);
  b.addFieldInt32(6, axis, 0);
  return b.endObject();
}

function operator(b: Builder, o: OperatorSpec, codeIndex: number): number {
  const inputs = ints(b, o.inputs);
  const outputs = ints(b, o.outputs);
  const options = o.options === undefined ? 0 : fieldsOf(b, o.options.fields);
  b.startObject(5);
  b.addFieldInt32(0, codeIndex, 0);
  b.addFieldOffset(1, inputs, 0);
  b.addFieldOffset(2, outputs, 0);
  if (o.options !== undefined) {
    b.addFieldInt8(3, o.options.type, 0);
    b.addFieldOffset(4, options, 0);
  }
  return b.endObject();
}

function fieldsOf(b: Builder, fields: readonly Field[]): number {
  const vectors = new Map(
    fields.flatMap(([id, kind, value]) => {
      if (kind === 'ints') return [[id, ints(b, value)] as const];
      return kind === 'string' ? [[id, b.createString(value)] as const] : [];
    }),
  );
  b.startObject(10);
  for (const [id, kind, value] of fields) {
    if (kind === 'int32') b.addFieldInt32(id, value, 0);
    else if (kind === 'float') b.addFieldFloat32(id, value, 0);
    else if (kind === 'ints' || kind === 'string') b.addFieldOffset(id, vectors.get(id)!, 0);
    else b.addFieldInt8(id, value, 0);
  }
  return b.endObject();
}
