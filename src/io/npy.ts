/**
 * NumPy .npy files, format 1.0 to 3.0: the arrays that people pass in with --input and get with --output. C order only;
 * structured, object and big-endian arrays are refused. Format: numpy.lib.format documentation.
 */
import { InputError } from '../../isa/base/errors.ts';

export interface NpyArray {
  readonly shape: readonly number[];
  /** NumPy type string without byte order, e.g. 'f4', 'i1', 'u1', 'i8', 'b1'. */
  readonly type: string;
  readonly data: ArrayLike<number>;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

type Reader = (view: DataView, at: number) => number;
const READERS: Readonly<Record<string, { readonly bytes: number; readonly read: Reader }>> = {
  b1: { bytes: 1, read: (v, at) => v.getUint8(at) },
  i1: { bytes: 1, read: (v, at) => v.getInt8(at) },
  u1: { bytes: 1, read: (v, at) => v.getUint8(at) },
  i2: { bytes: 2, read: (v, at) => v.getInt16(at, true) },
  u2: { bytes: 2, read: (v, at) => v.getUint16(at, true) },
  i4: { bytes: 4, read: (v, at) => v.getInt32(at, true) },
  u4: { bytes: 4, read: (v, at) => v.getUint32(at, true) },
  i8: { bytes: 8, read: (v, at) => Number(v.getBigInt64(at, true)) },
  f4: { bytes: 4, read: (v, at) => v.getFloat32(at, true) },
  f8: { bytes: 8, read: (v, at) => v.getFloat64(at, true) },
};

function fail(where: string, problem: string, hint: string): never {
  throw new InputError(`${where}: ${problem}`, {
    code: 'E-NPY',
    diagnostics: [{ code: 'E-NPY', where, message: problem, expected: 'a C-ordered little-endian .npy array', hint }],
  });
}

/** Reads one .npy file; throws InputError naming `where` when it is not one, is truncated or has another layout. */
export function readNpy(bytes: Uint8Array, where: string): NpyArray {
  if (bytes.length < 12 || MAGIC.some((m, i) => bytes[i] !== m)) {
    fail(where, 'this is not a .npy file (wrong first bytes)', 'save it with numpy.save');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = (bytes[6] ?? 0) >= 2;
  const headerBytes = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (wide ? 12 : 10) + headerBytes;
  if (start > bytes.length) fail(where, 'the header is cut off', 'the file is truncated: write it again');
  const header = new TextDecoder('latin1').decode(bytes.subarray(wide ? 12 : 10, start));
  const descr = /'descr':\s*'([<>|=])([a-z][0-9]+)'/.exec(header);
  const fortran = /'fortran_order':\s*(True|False)/.exec(header);
  const dims = /'shape':\s*\(([0-9,\s]*)\)/.exec(header);
  if (!descr || !fortran || !dims) fail(where, `unreadable header ${header.trim().slice(0, 80)}`, 'plain arrays only');
  const type = descr[2] ?? '';
  const reader = READERS[type];
  if (!reader || descr[1] === '>')
    fail(where, `element type ${descr[1]}${type} is not supported`, `use one of ${Object.keys(READERS).join(', ')}`);
  if (fortran[1] === 'True') fail(where, 'the array is in Fortran order', 'save numpy.ascontiguousarray(x)');
  const shape = (dims[1] ?? '')
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '')
    .map(Number);
  const count = shape.reduce((n, d) => n * d, 1);
  const wanted = count * reader.bytes;
  if (start + wanted !== bytes.length) {
    const hint = start + wanted > bytes.length ? 'the file is cut off: write it again' : 'one array a file';
    fail(where, `shape [${shape.join(', ')}] needs ${wanted} bytes, the file has ${bytes.length - start}`, hint);
  }
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = reader.read(view, start + i * reader.bytes);
  return { shape, type, data };
}

type WritableType = 'f4' | 'i4' | 'i1' | 'u1';

/** Writes format 1.0, C order, little endian. */
export function writeNpy(shape: readonly number[], type: WritableType, data: ArrayLike<number>): Uint8Array {
  const bytesEach = READERS[type]!.bytes;
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const order = bytesEach === 1 ? '|' : '<';
  const text = `{'descr': '${order}${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11, ' ')}\n`;
  const out = new Uint8Array(10 + padded.length + data.length * bytesEach);
  out.set([...MAGIC, 1, 0]);
  const view = new DataView(out.buffer);
  view.setUint16(8, padded.length, true);
  for (let i = 0; i < padded.length; i++) out[10 + i] = padded.charCodeAt(i);
  const start = 10 + padded.length;
  for (let i = 0; i < data.length; i++) {
    const v = data[i] ?? 0;
    if (type === 'f4') view.setFloat32(start + 4 * i, v, true);
    else if (type === 'i4') view.setInt32(start + 4 * i, v, true);
    else view.setInt8(start + i, v);
  }
  return out;
}
