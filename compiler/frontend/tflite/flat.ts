/**
 * Tables of a FlatBuffer file, with every offset checked before it is followed: `flatbuffers` itself reads whatever lies there. A
 * table knows its path from the root, so that a broken file is reported with the field, the byte and what was expected there.
 * What is read is paid for from a budget in proportion to the file: offsets that point at the same bytes again and again end in an
 * error, not in a hang.
 */
import { ByteBuffer } from 'flatbuffers';
import { InputError } from '../../../isa/base/errors.ts';

/** Bytes that may be read for each byte of the file, and a start for small files. */
const BUDGET_PER_BYTE = 64;
const BUDGET_START = 1 << 20;
/** Names longer than this are no names. */
const STRING_MAX = 1 << 16;

export class FlatFile {
  readonly bytes: Uint8Array;
  readonly buffer: ByteBuffer;
  #budget: number;

  constructor(bytes: Uint8Array) {
    // A plain view: Node's Buffer has another meaning of slice.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.buffer = new ByteBuffer(this.bytes);
    this.#budget = BUDGET_START + BUDGET_PER_BYTE * bytes.length;
  }

  /** The root table. Throws InputError when the file is too short for one. */
  root(name: string): FlatTable {
    this.need(0, 8, name);
    return new FlatTable(this, this.buffer.readUint32(0), name);
  }

  /** `size` bytes at `at` lie inside the file, and may be read. */
  need(at: number, size: number, path: string): void {
    if (at < 0 || size < 0 || at + size > this.bytes.length)
      this.fail(path, `bytes ${at} .. ${at + size - 1} are outside of the file`, `0 .. ${this.bytes.length - 1}`);
    this.#budget -= size;
    if (this.#budget < 0) this.fail(path, 'the file points at the same bytes again and again', 'each part once');
  }

  fail(path: string, problem: string, expected: string): never {
    throw new InputError(`the TensorFlow Lite file is broken at ${path}: ${problem}`, {
      diagnostics: [
        {
          code: 'E-TFLITE-FILE',
          message: problem,
          where: path,
          expected,
          hint: `copy the file again (it has ${this.bytes.length} bytes), or convert the model again`,
        },
      ],
    });
  }
}

export class FlatTable {
  readonly #file: FlatFile;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableSize: number;
  readonly path: string;

  constructor(file: FlatFile, at: number, path: string) {
    this.#file = file;
    this.#at = at;
    this.path = path;
    file.need(at, 4, path);
    this.#vtable = at - file.buffer.readInt32(at);
    file.need(this.#vtable, 4, `${path} (its field list)`);
    this.#vtableSize = file.buffer.readUint16(this.#vtable);
    if (this.#vtableSize < 4) file.fail(path, `a field list of ${this.#vtableSize} bytes`, '4 or more');
    file.need(this.#vtable, this.#vtableSize, `${path} (its field list)`);
  }

  /** Where field `id` lies; undefined when it is left out. */
  #field(id: number, name: string, size: number): number | undefined {
    const entry = 4 + 2 * id;
    if (entry + 2 > this.#vtableSize) return undefined;
    const offset = this.#file.buffer.readUint16(this.#vtable + entry);
    if (offset === 0) return undefined;
    this.#file.need(this.#at + offset, size, `${this.path}.${name}`);
    return this.#at + offset;
  }

  int8(id: number, name: string, absent = 0): number {
    const at = this.#field(id, name, 1);
    return at === undefined ? absent : this.#file.buffer.readInt8(at);
  }

  uint8(id: number, name: string, absent = 0): number {
    const at = this.#field(id, name, 1);
    return at === undefined ? absent : this.#file.buffer.readUint8(at);
  }

  int32(id: number, name: string, absent = 0): number {
    const at = this.#field(id, name, 4);
    return at === undefined ? absent : this.#file.buffer.readInt32(at);
  }

  uint32(id: number, name: string, absent = 0): number {
    const at = this.#field(id, name, 4);
    return at === undefined ? absent : this.#file.buffer.readUint32(at);
  }

  /** Exact below 2^53. */
  uint64(id: number, name: string): number {
    const at = this.#field(id, name, 8);
    return at === undefined ? 0 : Number(this.#file.buffer.readUint64(at));
  }

  float32(id: number, name: string, absent = 0): number {
    const at = this.#field(id, name, 4);
    return at === undefined ? absent : this.#file.buffer.readFloat32(at);
  }

  string(id: number, name: string): string {
    const found = this.#vector(id, name, 1);
    if (found === undefined) return '';
    const path = `${this.path}.${name}`;
    if (found.count > STRING_MAX) this.#file.fail(path, `a name of ${found.count} bytes`, `at most ${STRING_MAX}`);
    return new TextDecoder().decode(this.#file.bytes.subarray(found.start, found.start + found.count));
  }

  /** A view into the file; undefined when the field is left out. */
  bytes(id: number, name: string): Uint8Array | undefined {
    const found = this.#vector(id, name, 1);
    return found && this.#file.bytes.subarray(found.start, found.start + found.count);
  }

  ints(id: number, name: string): number[] {
    return this.#each(id, name, 4, (at) => this.#file.buffer.readInt32(at)) ?? [];
  }

  floats(id: number, name: string): number[] {
    return this.#each(id, name, 4, (at) => this.#file.buffer.readFloat32(at)) ?? [];
  }

  /** 64-bit integers; beyond 2^53 they are rounded, and whoever needs them exact must check. */
  longs(id: number, name: string): number[] {
    return this.#each(id, name, 8, (at) => Number(this.#file.buffer.readInt64(at))) ?? [];
  }

  table(id: number, name: string): FlatTable | undefined {
    const at = this.#field(id, name, 4);
    return at === undefined ? undefined : this.#follow(at, `${this.path}.${name}`);
  }

  tables(id: number, name: string): FlatTable[] {
    return this.#each(id, name, 4, (at, i) => this.#follow(at, `${this.path}.${name}[${i}]`)) ?? [];
  }

  /** Throws InputError about a field of this table. */
  fail(name: string, problem: string, expected: string): never {
    this.#file.fail(`${this.path}.${name}`, problem, expected);
  }

  #follow(at: number, path: string): FlatTable {
    return new FlatTable(this.#file, at + this.#file.buffer.readUint32(at), path);
  }

  #vector(id: number, name: string, size: number): { readonly start: number; readonly count: number } | undefined {
    const at = this.#field(id, name, 4);
    if (at === undefined) return undefined;
    const path = `${this.path}.${name}`;
    const start = at + this.#file.buffer.readUint32(at);
    this.#file.need(start, 4, path);
    const count = this.#file.buffer.readUint32(start);
    this.#file.need(start + 4, count * size, path);
    return { start: start + 4, count };
  }

  #each<T>(id: number, name: string, size: number, read: (at: number, index: number) => T): T[] | undefined {
    const found = this.#vector(id, name, size);
    return found && Array.from({ length: found.count }, (_, i) => read(found.start + i * size, i));
  }
}
