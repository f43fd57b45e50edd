/**
 * An ONNX file as plain objects: just the messages that a quantized network needs. Tensor bytes stay views into the
 * file. Left out: training info, sparse tensors, quantization annotations, documentation; subgraphs are kept as opaque
 * bytes; only branches that are taken are read (branches.ts). Field numbers are those of onnx.proto (ONNX 1.x, proto2 and proto3
 * share the wire format).
 */

/** Element types by ONNX number (TensorProto.DataType). */
export const DATA_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e4m3fnuz: 18,
  float8e5m2: 19,
  float8e5m2fnuz: 20,
  uint4: 21,
  int4: 22,
  float4e2m1: 23,
  float8e8m0: 24,
  uint2: 25,
  int2: 26,
} as const;

export type DataType = keyof typeof DATA_TYPES;

/** Where a tensor's bytes live when they are not in the model file; offset and length in bytes. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  /** Absent: as many bytes as the dims ask for. */
  readonly length?: number;
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: DataType;
  /** Little-endian elements as in raw_data (4-bit types two to a byte, low nibble first); empty when external. */
  readonly raw: Uint8Array;
  readonly external?: ExternalData;
}

export type AttributeValue =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  /** Inside a function: an attribute of its calls. */
  | { readonly type: 'reference'; readonly value: string }
  /** A subgraph, or a kind that is not read: the bytes of the value field. */
  | { readonly type: 'opaque'; readonly attributeType: number; readonly value: Uint8Array };

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** '' is the ONNX domain itself. */
  readonly domain: string;
  /** '' stands for an optional input that is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** A size, a symbol (dynamic dim), or null where the file does not say. */
export type OnnxDim = number | string | null;

export interface OnnxValueInfo {
  readonly name: string;
  /** Absent when the file does not say, or when it is not a tensor. */
  readonly dataType?: DataType;
  /** Absent when the rank is unknown. */
  readonly shape?: readonly OnnxDim[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly valueInfo: readonly OnnxValueInfo[];
}

export interface OnnxOpset {
  readonly domain: string;
  readonly version: number;
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly opsets: readonly OnnxOpset[];
  readonly graph: OnnxGraph;
  readonly metadata: ReadonlyMap<string, string>;
  /** Functions that the model defines. */
  readonly functions: readonly OnnxFunction[];
}

export interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes of a call that may be left out. */
  readonly defaults: ReadonlyMap<string, AttributeValue>;
  readonly nodes: readonly OnnxNode[];
  readonly opsets: readonly OnnxOpset[];
}

const NAMES = new Map<number, DataType>(Object.entries(DATA_TYPES).map(([name, code]) => [code, name as DataType]));

/** Name of an ONNX element type number, or undefined when there is none. */
export function dataTypeOf(code: number): DataType | undefined {
  return NAMES.get(code);
}

const BITS: { readonly [T in DataType]: number } = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  string: 0,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  complex64: 64,
  complex128: 128,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  float8e8m0: 8,
  uint2: 2,
  int2: 2,
};

/** Bits of one element in raw data; 0 for strings. */
export function elementBits(type: DataType): number {
  return BITS[type];
}

/** Bytes of `count` elements in raw data, the last byte padded. */
export function rawSizeBytes(type: DataType, count: number): number {
  return Math.ceil((count * BITS[type]) / 8);
}

/** Floats of the widths that are read; all are computed as float32. */
export function isFloatType(t: DataType): boolean {
  return t === 'float32' || t === 'float64' || t === 'float16' || t === 'bfloat16';
}
