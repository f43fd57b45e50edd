/**
 * ModelProto writer on protobuf's wire format: what `readModel` reads, written back. Tensor bytes go to raw_data;
 * repeated numbers are packed. Used to export trained models and to build test models; equal models give equal bytes.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  type AttributeValue,
  DATA_TYPES,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './model.ts';
import { ATTRIBUTE_TYPES } from './read-attribute.ts';

/** The bytes of an ONNX model file. */
export function writeModel(model: OnnxModel): Uint8Array {
  const w = new BinaryWriter();
  int(w, 1, model.irVersion);
  text(w, 2, model.producerName);
  text(w, 3, model.producerVersion);
  nested(w, 7, () => writeGraph(w, model.graph));
  writeOpsets(w, 8, model.opsets);
  for (const pair of model.metadata) nested(w, 14, () => writePair(w, pair));
  for (const f of model.functions) nested(w, 25, () => writeFunction(w, f));
  return w.finish();
}

/** The bytes of a TensorProto file. */
export function writeTensorFile(tensor: OnnxTensor): Uint8Array {
  const w = new BinaryWriter();
  writeTensor(w, tensor);
  return w.finish();
}

/** A graph as the value of an attribute: a branch of If. */
export function subgraphAttribute(graph: OnnxGraph): AttributeValue {
  const w = new BinaryWriter();
  writeGraph(w, graph);
  return { type: 'opaque', attributeType: 5, value: w.finish() };
}

function nested(w: BinaryWriter, field: number, write: () => void): void {
  w.tag(field, WireType.LengthDelimited).fork();
  write();
  w.join();
}

function text(w: BinaryWriter, field: number, value: string): void {
  if (value !== '') w.tag(field, WireType.LengthDelimited).string(value);
}

function int(w: BinaryWriter, field: number, value: number): void {
  w.tag(field, WireType.Varint).int64(BigInt(value));
}

function ints(w: BinaryWriter, field: number, values: readonly number[]): void {
  if (values.length === 0) return;
  nested(w, field, () => {
    for (const v of values) w.int64(BigInt(v));
  });
}

function writePair(w: BinaryWriter, [key, value]: readonly [string, string]): void {
  text(w, 1, key);
  text(w, 2, value);
}

function writeOpsets(w: BinaryWriter, field: number, opsets: OnnxModel['opsets']): void {
  for (const opset of opsets) {
    nested(w, field, () => {
      text(w, 1, opset.domain);
      int(w, 2, opset.version);
    });
  }
}

function writeFunction(w: BinaryWriter, f: OnnxFunction): void {
  text(w, 1, f.name);
  for (const name of f.inputs) w.tag(4, WireType.LengthDelimited).string(name);
  for (const name of f.outputs) w.tag(5, WireType.LengthDelimited).string(name);
  for (const node of f.nodes) nested(w, 7, () => writeNode(w, node));
  writeOpsets(w, 9, f.opsets);
  text(w, 10, f.domain);
  for (const [name, value] of f.defaults) nested(w, 11, () => writeAttribute(w, name, value));
}

function writeGraph(w: BinaryWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) nested(w, 1, () => writeNode(w, node));
  text(w, 2, graph.name);
  for (const tensor of graph.initializers) nested(w, 5, () => writeTensor(w, tensor));
  for (const info of graph.inputs) nested(w, 11, () => writeValueInfo(w, info));
  for (const info of graph.outputs) nested(w, 12, () => writeValueInfo(w, info));
  for (const info of graph.valueInfo) nested(w, 13, () => writeValueInfo(w, info));
}

function writeNode(w: BinaryWriter, node: OnnxNode): void {
  // An absent optional input is an empty string, which must be written to keep the positions.
  for (const name of node.inputs) w.tag(1, WireType.LengthDelimited).string(name);
  for (const name of node.outputs) w.tag(2, WireType.LengthDelimited).string(name);
  text(w, 3, node.name);
  text(w, 4, node.opType);
  for (const [name, value] of node.attributes) nested(w, 5, () => writeAttribute(w, name, value));
  text(w, 7, node.domain);
}

function writeAttribute(w: BinaryWriter, name: string, attribute: AttributeValue): void {
  text(w, 1, name);
  switch (attribute.type) {
    case 'float':
      w.tag(2, WireType.Bit32).float(attribute.value);
      break;
    case 'int':
      int(w, 3, attribute.value);
      break;
    case 'string':
      w.tag(4, WireType.LengthDelimited).string(attribute.value);
      break;
    case 'tensor':
      nested(w, 5, () => writeTensor(w, attribute.value));
      break;
    case 'floats':
      nested(w, 7, () => {
        for (const v of attribute.value) w.float(v);
      });
      break;
    case 'ints':
      ints(w, 8, attribute.value);
      break;
    case 'strings':
      for (const v of attribute.value) w.tag(9, WireType.LengthDelimited).string(v);
      break;
    case 'reference':
      text(w, 21, attribute.value);
      return;
    case 'opaque':
      w.tag(6, WireType.LengthDelimited).bytes(attribute.value);
      break;
  }
  int(w, 20, attribute.type === 'opaque' ? attribute.attributeType : ATTRIBUTE_TYPES[attribute.type]);
}

function writeTensor(w: BinaryWriter, tensor: OnnxTensor): void {
  ints(w, 1, tensor.dims);
  int(w, 2, DATA_TYPES[tensor.dataType]);
  text(w, 8, tensor.name);
  const { external } = tensor;
  if (external === undefined) {
    w.tag(9, WireType.LengthDelimited).bytes(tensor.raw);
    return;
  }
  nested(w, 13, () => writePair(w, ['location', external.location]));
  nested(w, 13, () => writePair(w, ['offset', String(external.offset)]));
  const { length } = external;
  if (length !== undefined) nested(w, 13, () => writePair(w, ['length', String(length)]));
  int(w, 14, 1);
}

function writeValueInfo(w: BinaryWriter, info: OnnxValueInfo): void {
  text(w, 1, info.name);
  const { dataType, shape } = info;
  if (dataType === undefined) return;
  nested(w, 2, () =>
    nested(w, 1, () => {
      int(w, 1, DATA_TYPES[dataType]);
      if (shape === undefined) return;
      nested(w, 2, () => {
        for (const dim of shape) {
          nested(w, 1, () => {
            if (typeof dim === 'number') int(w, 1, dim);
            else if (dim !== null) text(w, 2, dim);
          });
        }
      });
    }),
  );
}
