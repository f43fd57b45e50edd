/**
 * Short hand for making ONNX models in code (exporters, tests): each function fills in what the messages need and nothing
 * that the caller would want to know about.
 */
import type {
  AttributeValue,
  DataType,
  OnnxDim,
  OnnxModel,
  OnnxNode,
  OnnxOpset,
  OnnxTensor,
  OnnxValueInfo,
} from './model.ts';
import { rawBytes } from './values.ts';

/** A tensor with its data inside; integers must fit the type. Throws RangeError when counts differ. */
export function makeTensor(
  name: string,
  dataType: DataType,
  dims: readonly number[],
  values: ArrayLike<number>,
): OnnxTensor {
  const count = dims.reduce((n, d) => n * d, 1);
  if (count !== values.length)
    throw new RangeError(`tensor ${name}: ${values.length} values for dims [${dims.join(', ')}]`);
  return { name, dims: [...dims], dataType, raw: rawBytes(dataType, values) };
}

/** A tensor of rank 0. */
export function makeScalar(name: string, dataType: DataType, value: number): OnnxTensor {
  return makeTensor(name, dataType, [], [value]);
}

export function makeValue(name: string, dataType: DataType, shape: readonly OnnxDim[]): OnnxValueInfo {
  return { name, dataType, shape: [...shape] };
}

/** int -> INT, list of ints -> INTS, string -> STRING, tensor -> TENSOR; floats must be spelled as an AttributeValue. */
export type AttributeInput = number | readonly number[] | string | OnnxTensor | AttributeValue;

export function float(value: number): AttributeValue {
  return { type: 'float', value: Math.fround(value) };
}

/** `op` is `OpType` or `domain:OpType`. Example: makeNode('Conv', ['x', 'w'], ['y'], { strides: [2, 2] }). */
export function makeNode(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeInput>> = {},
  name = '',
): OnnxNode {
  const colon = op.lastIndexOf(':');
  return {
    name: name === '' ? `${op.slice(colon + 1)}_${outputs[0] ?? ''}` : name,
    opType: op.slice(colon + 1),
    domain: colon < 0 ? '' : op.slice(0, colon),
    inputs: [...inputs],
    outputs: [...outputs],
    attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, attributeOf(key, value)])),
  };
}

function attributeOf(name: string, input: AttributeInput): AttributeValue {
  if (typeof input === 'string') return { type: 'string', value: input };
  if (typeof input === 'number') return { type: 'int', value: whole(name, input) };
  if (isList(input)) return { type: 'ints', value: input.map((v) => whole(name, v)) };
  return 'dataType' in input ? { type: 'tensor', value: input } : input;
}

function isList(input: readonly number[] | OnnxTensor | AttributeValue): input is readonly number[] {
  return Array.isArray(input);
}

function whole(name: string, value: number): number {
  if (!Number.isInteger(value)) throw new RangeError(`attribute ${name} is ${value}: spell a float as float(${value})`);
  return value;
}

export interface ModelParts {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly initializers?: readonly OnnxTensor[];
  /** Version of the ONNX domain; 21 has int4. */
  readonly opset?: number;
  readonly extraOpsets?: readonly OnnxOpset[];
  readonly producerName?: string;
}

/** A model; IR version 10 (ONNX 1.16, the first with int4 tensors). */
export function makeModel(parts: ModelParts): OnnxModel {
  return {
    irVersion: 10,
    producerName: parts.producerName ?? 'qnpu',
    producerVersion: '',
    opsets: [{ domain: '', version: parts.opset ?? 21 }, ...(parts.extraOpsets ?? [])],
    graph: {
      name: parts.name,
      nodes: parts.nodes,
      initializers: parts.initializers ?? [],
      inputs: parts.inputs,
      outputs: parts.outputs,
      valueInfo: [],
    },
    metadata: new Map(),
    functions: [],
  };
}
