/**
 * ModelProto reader on protobuf's wire format. Tensor bytes are views into the file where the file holds them raw or as
 * packed floats; integers that the file spells as varints are rewritten to raw little-endian bytes. Accepts packed and
 * unpacked repeated fields. It checks the wire only; what the model means is import's business.
 */
import { InputError } from '../../../isa/base/errors.ts';
import {
  type AttributeValue,
  type DataType,
  dataTypeOf,
  type ExternalData,
  elementBits,
  type OnnxDim,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxOpset,
  type OnnxTensor,
  type OnnxValueInfo,
} from './model.ts';
import { Cursor } from './wire.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Parses an ONNX model file. Throws InputError with byte offset and field path when it is truncated or corrupt. */
export function readModel(file: Uint8Array): OnnxModel {
  const model: Mutable<OnnxModel> & { opsets: OnnxOpset[]; functions: string[] } = {
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
        model.functions.push(readFunctionName(c.message()));
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

function readPair(cursor: Cursor): [string, string] {
  const pair: [string, string] = ['', ''];
  cursor.each({
    1: [
      'key',
      (c) => {
        pair[0] = c.string();
      },
    ],
    2: [
      'value',
      (c) => {
        pair[1] = c.string();
      },
    ],
  });
  return pair;
}

function readFunctionName(cursor: Cursor): string {
  let name = '';
  let domain = '';
  cursor.each({
    1: [
      'name',
      (c) => {
        name = c.string();
      },
    ],
    10: [
      'domain',
      (c) => {
        domain = c.string();
      },
    ],
  });
  return domain === '' ? name : `${domain}.${name}`;
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

/** AttributeType numbers of onnx.proto. */
export const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;

function readAttribute(cursor: Cursor): [string, AttributeValue] {
  let name = '';
  let type = 0;
  let float = 0;
  let int = 0;
  let text = '';
  let tensor: OnnxTensor | undefined;
  let opaque = new Uint8Array(0) as Uint8Array;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  /** The kind of the last value field, for old files that leave `type` out. */
  let seen = 0;
  const saw = (kind: number, read: (c: Cursor) => void) => (c: Cursor) => {
    seen = kind;
    read(c);
  };
  cursor.each({
    1: [
      'name',
      (c) => {
        name = c.string();
      },
    ],
    2: [
      'f',
      saw(1, (c) => {
        float = c.float();
      }),
    ],
    3: [
      'i',
      saw(2, (c) => {
        int = c.int();
      }),
    ],
    4: [
      's',
      saw(3, (c) => {
        text = c.string();
      }),
    ],
    5: [
      't',
      saw(4, (c) => {
        tensor = readTensor(c.message());
      }),
    ],
    6: [
      'g',
      saw(5, (c) => {
        opaque = c.bytes();
      }),
    ],
    7: [
      'floats',
      saw(6, (c) => {
        appendFloats(floats, c.fixed(4));
      }),
    ],
    8: ['ints', saw(7, (c) => c.ints(ints))],
    9: [
      'strings',
      saw(8, (c) => {
        strings.push(c.string());
      }),
    ],
    20: [
      'type',
      (c) => {
        type = c.int();
      },
    ],
  });
  const kind = type === 0 ? seen : type;
  return [
    name,
    ((): AttributeValue => {
      switch (kind) {
        case 1:
          return { type: 'float', value: float };
        case 2:
          return { type: 'int', value: int };
        case 3:
          return { type: 'string', value: text };
        case 4:
          return tensor === undefined
            ? cursor.fail(`attribute ${name} is a tensor without a value`)
            : { type: 'tensor', value: tensor };
        case 6:
          return { type: 'floats', value: floats };
        case 7:
          return { type: 'ints', value: ints };
        case 8:
          return { type: 'strings', value: strings };
        default:
          return { type: 'opaque', attributeType: kind, value: opaque };
      }
    })(),
  ];
}

function appendFloats(into: number[], bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < bytes.length; i += 4) into.push(view.getFloat32(i, true));
}

function readTensor(cursor: Cursor): OnnxTensor {
  const dims: number[] = [];
  const parts: Uint8Array[] = [];
  const words: bigint[] = [];
  const external = new Map<string, string>();
  let name = '';
  let code = 0;
  let location = 0;
  cursor.each({
    1: ['dims', (c) => c.ints(dims)],
    2: [
      'data_type',
      (c) => {
        code = c.int();
      },
    ],
    4: [
      'float_data',
      (c) => {
        parts.push(c.fixed(4));
      },
    ],
    5: ['int32_data', (c) => c.bigInts(words)],
    7: ['int64_data', (c) => c.bigInts(words)],
    8: [
      'name',
      (c) => {
        name = c.string();
      },
    ],
    9: [
      'raw_data',
      (c) => {
        parts.push(c.bytes());
      },
    ],
    10: [
      'double_data',
      (c) => {
        parts.push(c.fixed(8));
      },
    ],
    11: ['uint64_data', (c) => c.unsignedInts(words)],
    13: [
      'external_data',
      (c) => {
        external.set(...readPair(c.message()));
      },
    ],
    14: [
      'data_location',
      (c) => {
        location = c.int();
      },
    ],
  });
  const dataType = dataTypeOf(code);
  if (dataType === undefined)
    return cursor.fail(`tensor '${name}' has element type number ${code}, which ONNX does not define`);
  const raw = words.length > 0 ? wordBytes(words, dataType) : joinParts(parts);
  if (location !== 1) return { name, dims, dataType, raw };
  return { name, dims, dataType, raw: new Uint8Array(0), external: readExternal(cursor, name, external) };
}

function readExternal(cursor: Cursor, name: string, pairs: ReadonlyMap<string, string>): ExternalData {
  const location = pairs.get('location');
  if (location === undefined || location === '')
    return cursor.fail(`tensor '${name}' is external but names no location`);
  if (
    location.startsWith('/') ||
    location.includes('\\') ||
    /^[A-Za-z]:/.test(location) ||
    location.split('/').includes('..')
  ) {
    return cursor.fail(`tensor '${name}' lies at '${location}', outside the model's folder`);
  }
  const number = (key: string): number | undefined => {
    const text = pairs.get(key);
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text))
      return cursor.fail(`tensor '${name}': external ${key} is '${text}', not a byte count`);
    return Number(text);
  };
  const length = number('length');
  return { location, offset: number('offset') ?? 0, ...(length === undefined ? {} : { length }) };
}

/** Varint elements as raw bytes; narrow and 4-bit types (one packed byte each) use the low bits. */
function wordBytes(words: readonly bigint[], type: DataType): Uint8Array {
  const sizeBytes = Math.max(1, elementBits(type) / 8);
  const bytes = new Uint8Array(words.length * sizeBytes);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    if (sizeBytes === 8) view.setBigInt64(i * 8, BigInt.asIntN(64, word), true);
    else if (sizeBytes === 4) view.setInt32(i * 4, Number(BigInt.asIntN(32, word)), true);
    else if (sizeBytes === 2) view.setInt16(i * 2, Number(BigInt.asIntN(16, word)), true);
    else view.setUint8(i, Number(BigInt.asUintN(8, word)));
  });
  return bytes;
}

function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first === undefined) return new Uint8Array(0);
  if (parts.length === 1) return first;
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
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
