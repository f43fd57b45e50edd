/**
 * ModelProto reader on protobuf's wire format. Tensor bytes are views into the file where the file holds them raw or as
 * packed floats; integers that the file spells as varints are rewritten to raw little-endian bytes. Accepts packed and
 * unpacked repeated fields. It checks the wire only; what the model means is import's business.
 */
import { InputError } from '../../../isa/base/errors.ts';
import {
  type AttributeValue,
  dataTypeOf,
  type OnnxDim,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxOpset,
  type OnnxTensor,
  type OnnxValueInfo,
} from './model.ts';
import { readAttribute } from './read-attribute.ts';
import { readPair, readTensor } from './read-tensor.ts';
import { Cursor } from './wire.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Parses an ONNX model file. Throws InputError with byte offset and field path when it is truncated or corrupt. */
export function readModel(file: Uint8Array): OnnxModel {
  const model: Mutable<OnnxModel> & { opsets: OnnxOpset[]; functions: OnnxFunction[] } = {
    irVersion: 0,
    producerName: '',
    producerVersion: '',
    opsets: [],
    graph: { name: '', nodes: [], initializers: [], inputs: [], outputs: [], valueInfo: [] },
    metadata: new Map(),
    functions: [],
  };
  const metadata = new Map<string, string>();
  let graphs = 0;
  const cursor = new Cursor(file, 'model');
  cursor.each({
    1: [
      'ir_version',
      (c) => {
        model.irVersion = c.int();
      },
    ],
    2: [
      'producer_name',
      (c) => {
        model.producerName = c.string();
      },
    ],
    3: [
      'producer_version',
      (c) => {
        model.producerVersion = c.string();
      },
    ],
    7: [
      'graph',
      (c) => {
        if (graphs++ > 0) c.fail('a second graph');
        model.graph = readGraph(c.message());
      },
    ],
    8: [
      'opset_import',
      (c) => {
        model.opsets.push(readOpset(c.message()));
      },
    ],
    14: [
      'metadata_props',
      (c) => {
        metadata.set(...readPair(c.message()));
      },
    ],
    25: [
      'functions',
      (c) => {
        model.functions.push(readFunction(c.message()));
      },
    ],
  });
  if (graphs === 0) throw noGraph(file.length);
  return { ...model, metadata };
}

/** Parses a TensorProto file, such as the `input_0.pb` test vectors of the ONNX model zoo. */
export function readTensorFile(file: Uint8Array): OnnxTensor {
  return readTensor(new Cursor(file, 'tensor'));
}

/** Parses the bytes of a GraphProto: a branch, which an attribute holds. */
export function readSubgraph(bytes: Uint8Array): OnnxGraph {
  return readGraph(new Cursor(bytes, 'subgraph'));
}

function noGraph(sizeBytes: number): InputError {
  const message = sizeBytes === 0 ? 'the ONNX file is empty' : 'the ONNX file holds no graph';
  return new InputError(message, {
    code: 'E-ONNX-WIRE',
    diagnostics: [
      {
        code: 'E-ONNX-WIRE',
        message,
        where: `model.graph (${sizeBytes} bytes read)`,
        expected: 'a ModelProto with a graph',
        hint: 'export the model again; a file of weights alone is not a model',
      },
    ],
  });
}

function readOpset(cursor: Cursor): OnnxOpset {
  let domain = '';
  let version = 0;
  cursor.each({
    1: [
      'domain',
      (c) => {
        domain = c.string();
      },
    ],
    2: [
      'version',
      (c) => {
        version = c.int();
      },
    ],
  });
  return { domain: domain === 'ai.onnx' ? '' : domain, version };
}

function readFunction(cursor: Cursor): OnnxFunction {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const nodes: OnnxNode[] = [];
  const opsets: OnnxOpset[] = [];
  const defaults = new Map<string, AttributeValue>();
  let [name, domain] = ['', ''];
  cursor.each({
    1: [
      'name',
      (c) => {
        name = c.string();
      },
    ],
    4: ['input', (c) => inputs.push(c.string())],
    5: ['output', (c) => outputs.push(c.string())],
    7: ['node', (c) => nodes.push(readNode(c.message()))],
    9: ['opset_import', (c) => opsets.push(readOpset(c.message()))],
    10: [
      'domain',
      (c) => {
        domain = c.string();
      },
    ],
    11: ['attribute_proto', (c) => defaults.set(...readAttribute(c.message()))],
  });
  return { name, domain, inputs, outputs, defaults, nodes, opsets };
}

function readGraph(cursor: Cursor): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  const valueInfo: OnnxValueInfo[] = [];
  let name = '';
  cursor.each({
    1: [
      'node',
      (c) => {
        nodes.push(readNode(c.message()));
      },
    ],
    2: [
      'name',
      (c) => {
        name = c.string();
      },
    ],
    5: [
      'initializer',
      (c) => {
        initializers.push(readTensor(c.message()));
      },
    ],
    11: [
      'input',
      (c) => {
        inputs.push(readValueInfo(c.message()));
      },
    ],
    12: [
      'output',
      (c) => {
        outputs.push(readValueInfo(c.message()));
      },
    ],
    13: [
      'value_info',
      (c) => {
        valueInfo.push(readValueInfo(c.message()));
      },
    ],
    15: ['sparse_initializer', (c) => c.fail('sparse initializers are not read; store the tensor dense')],
  });
  return { name, nodes, initializers, inputs, outputs, valueInfo };
}

function readNode(cursor: Cursor): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, AttributeValue>();
  let name = '';
  let opType = '';
  let domain = '';
  cursor.each({
    1: [
      'input',
      (c) => {
        inputs.push(c.string());
      },
    ],
    2: [
      'output',
      (c) => {
        outputs.push(c.string());
      },
    ],
    3: [
      'name',
      (c) => {
        name = c.string();
      },
    ],
    4: [
      'op_type',
      (c) => {
        opType = c.string();
      },
    ],
    5: [
      'attribute',
      (c) => {
        attributes.set(...readAttribute(c.message()));
      },
    ],
    7: [
      'domain',
      (c) => {
        domain = c.string();
      },
    ],
  });
  return { name, opType, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes };
}

function readValueInfo(cursor: Cursor): OnnxValueInfo {
  const info: Mutable<OnnxValueInfo> = { name: '' };
  cursor.each({
    1: [
      'name',
      (c) => {
        info.name = c.string();
      },
    ],
    2: ['type', (c) => c.message().each({ 1: ['tensor_type', (t) => readTensorType(t.message(), info)] })],
  });
  return info;
}

function readTensorType(cursor: Cursor, info: Mutable<OnnxValueInfo>): void {
  cursor.each({
    1: [
      'elem_type',
      (c) => {
        const code = c.int();
        const dataType = dataTypeOf(code);
        if (dataType !== undefined) info.dataType = dataType;
        else if (code !== 0) c.fail(`element type number ${code}, which ONNX does not define`);
      },
    ],
    2: [
      'shape',
      (c) => {
        info.shape = readShape(c.message());
      },
    ],
  });
}

function readShape(cursor: Cursor): OnnxDim[] {
  const dims: OnnxDim[] = [];
  cursor.each({
    1: [
      'dim',
      (c) => {
        let dim: OnnxDim = null;
        c.message().each({
          1: [
            'dim_value',
            (d) => {
              dim = d.int();
            },
          ],
          2: [
            'dim_param',
            (d) => {
              dim = d.string();
            },
          ],
        });
        dims.push(dim);
      },
    ],
  });
  return dims;
}
