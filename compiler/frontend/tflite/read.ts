/**
 * Bytes to the model: operators by name, tensors with views of their constants. Only the first subgraph is read: others are bodies of
 * control flow, whose operators are refused. Everything that is read is checked here; what it means is import's business.
 */
import { FlatFile, type FlatTable } from './flat.ts';
import { isTflite } from './identifier.ts';
import { CUSTOM, operatorName, type TfliteTensor, tensorTypeName } from './schema.ts';

const SCHEMA_VERSION = 3;
const RANK_MAX = 8;

export interface TfliteOperator {
  readonly index: number;
  /** Builtin name, or the name of a custom operator. */
  readonly op: string;
  readonly custom: boolean;
  /** Numbers of tensors; -1 for an operand that is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Which table the options are, by the schema's numbers; 0 for none. */
  readonly optionsType: number;
  readonly options: FlatTable | undefined;
  /** Of a convolution that dilated.ts joined: its dilations, and borders [top, left, bottom, right] before its own. */
  readonly dilation?:
    | {
        readonly blocks: readonly [number, number];
        readonly pads: readonly [number, number, number, number];
      }
    | undefined;
}

export interface TfliteModel {
  readonly tensors: readonly TfliteTensor[];
  readonly operators: readonly TfliteOperator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Throws InputError on a file that is cut off, damaged or contradicts itself. */
export function readTflite(bytes: Uint8Array): TfliteModel {
  const file = new FlatFile(bytes);
  if (!isTflite(bytes)) file.fail('model', 'no file identifier TFL3 at byte 4', 'a TensorFlow Lite file');
  const root = file.root('model');
  const version = root.uint32(0, 'version');
  if (version !== SCHEMA_VERSION) root.fail('version', `schema version ${version}`, `version ${SCHEMA_VERSION}`);
  const codes = root.tables(1, 'operator_codes').map(operatorCode);
  const main = root.tables(2, 'subgraphs')[0] ?? root.fail('subgraphs', 'the model has no graph', 'one or more');
  const buffers = root.tables(4, 'buffers').map((b) => bufferData(b, file));
  const tensors = main.tables(0, 'tensors').map((t, i) => tensor(t, i, buffers));
  const operators = main.tables(3, 'operators').map((o, i) => operator(o, i, codes, tensors.length));
  return {
    tensors,
    operators,
    inputs: indices(main, 1, 'inputs', tensors.length, 0),
    outputs: indices(main, 2, 'outputs', tensors.length, 0),
  };
}

interface Code {
  readonly op: string;
  readonly custom: boolean;
}

/** Codes above 126 have a wider field of their own; the larger of both counts. */
function operatorCode(t: FlatTable): Code {
  const code = Math.max(t.int8(0, 'deprecated_builtin_code'), t.int32(3, 'builtin_code'));
  if (code < 0) t.fail('builtin_code', `operator code ${code}`, '0 or more');
  return code === CUSTOM ? { op: t.string(1, 'custom_code'), custom: true } : { op: operatorName(code), custom: false };
}

/** Data of a buffer: in it, or behind the tables for files of more than 2 GiB. */
function bufferData(t: FlatTable, file: FlatFile): Uint8Array | undefined {
  const offset = t.uint64(1, 'offset');
  if (offset > 1) {
    const size = t.uint64(2, 'size');
    file.need(offset, size, `${t.path}.offset`);
    return file.bytes.subarray(offset, offset + size);
  }
  const data = t.bytes(0, 'data');
  return data === undefined || data.length === 0 ? undefined : data;
}

function tensor(t: FlatTable, index: number, buffers: readonly (Uint8Array | undefined)[]): TfliteTensor {
  const shape = t.ints(0, 'shape');
  if (shape.length > RANK_MAX) t.fail('shape', `${shape.length} dims`, `at most ${RANK_MAX}`);
  const count = shape.reduce((n, d) => n * d, 1);
  if (shape.some((d) => d < 0) || !(count < 2 ** 31))
    t.fail('shape', `shape [${shape.join(', ')}]`, 'sizes from 0 on, fewer than 2^31 elements');
  const code = t.int8(1, 'type');
  const type = tensorTypeName(code) ?? t.fail('type', `element type ${code}`, 'a type of the schema');
  const buffer = t.uint32(2, 'buffer');
  if (buffer >= Math.max(1, buffers.length)) t.fail('buffer', `buffer ${buffer}`, `0 .. ${buffers.length - 1}`);
  const name = t.string(3, 'name');
  const sparse = t.table(6, 'sparsity') !== undefined;
  if (sparse) t.fail('sparsity', 'weights stored sparsely', 'dense weights: convert without sparsity');
  return { index, name, shape, type, quantization: quantization(t), data: buffers[buffer] };
}

function quantization(t: FlatTable): TfliteTensor['quantization'] {
  const q = t.table(4, 'quantization');
  const scale = q?.floats(2, 'scale') ?? [];
  if (q === undefined || scale.length === 0) return undefined;
  const zeroPoint = q.longs(3, 'zero_point');
  if (zeroPoint.length !== scale.length && zeroPoint.length > 1)
    q.fail('zero_point', `${zeroPoint.length} zero points for ${scale.length} scales`, 'one for each');
  const axis = q.int32(6, 'quantized_dimension');
  const wrong = scale.findIndex((s) => !(s > 0 && Number.isFinite(s)));
  if (wrong >= 0) q.fail('scale', `scale ${wrong} is ${scale[wrong]}`, 'a positive finite number');
  if (zeroPoint.some((z) => !(Math.abs(z) < 2 ** 31))) q.fail('zero_point', 'a zero point beyond 32 bits', '32 bits');
  return { scale: Float32Array.from(scale), zeroPoint: zeroPoint.length === 0 ? [0] : zeroPoint, axis };
}

function operator(t: FlatTable, index: number, codes: readonly Code[], tensors: number): TfliteOperator {
  const at = t.uint32(0, 'opcode_index');
  const code = codes[at] ?? t.fail('opcode_index', `operator code ${at}`, `0 .. ${codes.length - 1}`);
  return {
    index,
    ...code,
    inputs: indices(t, 1, 'inputs', tensors, -1),
    outputs: indices(t, 2, 'outputs', tensors, 0),
    optionsType: t.uint8(3, 'builtin_options_type'),
    options: t.table(4, 'builtin_options'),
  };
}

function indices(t: FlatTable, id: number, name: string, tensors: number, least: number): number[] {
  const found = t.ints(id, name);
  const wrong = found.find((i) => i < least || i >= tensors);
  if (wrong !== undefined) t.fail(name, `tensor ${wrong}`, `${least} .. ${tensors - 1}`);
  return found;
}
