/** TensorProto: dims, type and bytes. Raw and packed fixed-width data stay views into the file; varints become raw bytes. */
import { type DataType, dataTypeOf, type ExternalData, elementBits, type OnnxTensor } from './model.ts';
import type { Cursor } from './wire.ts';

/** Key and value of a StringStringEntryProto. */
export function readPair(cursor: Cursor): [string, string] {
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

export function readTensor(cursor: Cursor): OnnxTensor {
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
