/**
 * One message of the wire format, field by field. A cursor knows where it stands in the file, so that a broken file is
 * reported with the byte offset and the path of fields that led there. Groups are refused (ONNX has none), lengths are
 * checked against the enclosing message, and nothing recurses by itself.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { InputError } from '../../../isa/base/errors.ts';

/** Reads one field that the cursor stands on; it must consume exactly that field. */
export type FieldReader = (cursor: Cursor) => void;
export type FieldReaders = Readonly<Record<number, readonly [name: string, read: FieldReader]>>;

const WIRE_NAMES = ['varint', '64-bit', 'length-delimited', 'group start', 'group end', '32-bit'];

export class Cursor {
  readonly #bytes: Uint8Array;
  readonly #fileOffset: number;
  readonly #path: string;
  readonly #reader: BinaryReader;
  #wire: WireType = WireType.Varint;
  #field = '';

  /** `fileOffset` is where `bytes` begins in the file. */
  constructor(bytes: Uint8Array, path: string, fileOffset = 0) {
    // A plain view: Node's Buffer has another meaning of slice.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
    this.#fileOffset = fileOffset;
    this.#reader = new BinaryReader(this.#bytes);
  }

  /** Walks all fields; unknown ones are skipped. Throws InputError on a broken message. */
  each(readers: FieldReaders): void {
    while (this.#reader.pos < this.#reader.len) {
      this.#field = '';
      const [number, wire] = this.#guard(() => this.#reader.tag());
      this.#wire = wire;
      const entry = readers[number];
      this.#field = entry?.[0] ?? `field ${number}`;
      if (entry !== undefined) entry[1](this);
      else if (wire === WireType.StartGroup || wire === WireType.EndGroup)
        this.fail('a group, which ONNX does not use');
      else this.#guard(() => this.#reader.skip(wire, number));
    }
  }

  /** A message field: its own cursor, with the path extended. */
  message(): Cursor {
    const bytes = this.bytes();
    const start = this.#fileOffset + this.#reader.pos - bytes.length;
    return new Cursor(bytes, `${this.#path}.${this.#field}`, start);
  }

  /** A view into the file. */
  bytes(): Uint8Array {
    this.#expect(WireType.LengthDelimited);
    return this.#guard(() => this.#reader.bytes());
  }

  string(): string {
    this.#expect(WireType.LengthDelimited);
    return this.#guard(() => this.#reader.string());
  }

  /** An int64 as a number; beyond 2^53 it is rounded, and whoever needs it exact must check. */
  int(): number {
    this.#expect(WireType.Varint);
    return Number(this.#guard(() => this.#reader.int64()));
  }

  float(): number {
    this.#expect(WireType.Bit32);
    this.#need(4);
    return this.#reader.float();
  }

  /** Repeated integers, packed or not, appended to `into` as numbers. */
  ints(into: number[]): void {
    this.#repeated(WireType.Varint, (reader) => into.push(Number(reader.int64())));
  }

  /** Repeated uint64. */
  unsignedInts(into: bigint[]): void {
    this.#repeated(WireType.Varint, (reader) => into.push(BigInt(reader.uint64())));
  }

  /** Repeated int64 without loss. */
  bigInts(into: bigint[]): void {
    this.#repeated(WireType.Varint, (reader) => into.push(BigInt(reader.int64())));
  }

  /** Repeated fixed-width values (4 or 8 bytes): the bytes as they lie, a view when packed. */
  fixed(sizeBytes: 4 | 8): Uint8Array {
    const single = sizeBytes === 4 ? WireType.Bit32 : WireType.Bit64;
    if (this.#wire === single) {
      this.#need(sizeBytes);
      const start = this.#reader.pos;
      this.#reader.pos += sizeBytes;
      return this.#bytes.subarray(start, start + sizeBytes);
    }
    const bytes = this.bytes();
    if (bytes.length % sizeBytes !== 0) this.fail(`${bytes.length} bytes, not a multiple of ${sizeBytes}`);
    return bytes;
  }

  /** Throws InputError naming this field and the byte offset. */
  fail(what: string): never {
    const offset = this.#fileOffset + this.#reader.pos;
    const path = this.#field === '' ? this.#path : `${this.#path}.${this.#field}`;
    throw new InputError(`broken ONNX file: ${path}, near byte ${offset}: ${what}`, {
      code: 'E-ONNX-WIRE',
      diagnostics: [
        {
          code: 'E-ONNX-WIRE',
          message: what,
          where: `${path}, byte ${offset}`,
          expected: 'a complete ONNX ModelProto',
          hint: 'check that the file is ONNX and was copied whole (size, checksum); a text or TFLite file is not ONNX',
        },
      ],
    });
  }

  #repeated(single: WireType, read: (reader: BinaryReader) => void): void {
    if (this.#wire === single) {
      this.#guard(() => read(this.#reader));
      return;
    }
    const inner = new BinaryReader(this.bytes());
    this.#guard(() => {
      while (inner.pos < inner.len) read(inner);
    });
  }

  #expect(wire: WireType): void {
    if (this.#wire !== wire) this.fail(`wire type ${WIRE_NAMES[this.#wire]}, expected ${WIRE_NAMES[wire]}`);
  }

  #need(sizeBytes: number): void {
    if (this.#reader.pos + sizeBytes > this.#reader.len) this.fail('the file ends inside this field');
  }

  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return this.fail(reason === 'premature EOF' ? 'the file ends inside this field' : reason);
    }
  }
}
