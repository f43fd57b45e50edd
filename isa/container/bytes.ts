/** Little-endian writing into a growing buffer, and reading that never leaves its bytes: reading too far is an InputError. */
import { InputError } from '../base/errors.ts';

/** A view into a file. */
export type Bytes = Uint8Array;

export class ByteWriter {
  #buffer = new Uint8Array(1024);
  #length = 0;

  u16(value: number): void {
    this.#view(2).setUint16(0, value, true);
  }

  u32(value: number): void {
    this.#view(4).setUint32(0, value, true);
  }

  /** A natural number below 2^53 as two words. */
  u64(value: number): void {
    this.u32(value % 2 ** 32);
    this.u32(Math.floor(value / 2 ** 32));
  }

  words(words: Uint32Array): void {
    const view = this.#view(words.length * 4);
    words.forEach((w, i) => {
      view.setUint32(4 * i, w, true);
    });
  }

  ascii(text: string): void {
    this.raw(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  }

  raw(bytes: Uint8Array): void {
    const at = this.#length;
    this.#view(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** What was written so far. */
  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  /** Room for the next `size` bytes. */
  #view(size: number): DataView {
    const at = this.#length;
    if (at + size > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(at + size, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, at));
      this.#buffer = larger;
    }
    this.#length = at + size;
    return new DataView(this.#buffer.buffer, at, size);
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  /** `what` names the bytes in findings. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get position(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): number {
    const low = this.u32();
    const high = this.u32();
    if (high >= 2 ** 21) this.fail(`holds a number beyond 2^53`);
    return high * 2 ** 32 + low;
  }

  /** `count` words; the count is held against the bytes that are left before anything is allocated. */
  words(count: number): Uint32Array {
    const at = this.#take(count * 4);
    return Uint32Array.from({ length: count }, (_, i) => this.#view.getUint32(at + 4 * i, true));
  }

  /** Words up to the end. */
  rest(): Uint32Array {
    if (this.left % 4 !== 0) this.fail('does not end on a whole word');
    return this.words(this.left / 4);
  }

  ascii(length: number): string {
    return String.fromCharCode(...this.view(length));
  }

  view(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A count of things that take at least `leastBytes` each. */
  count(leastBytes: number): number {
    const n = this.u32();
    if (n * leastBytes > this.left) this.fail(`announces ${n} entries and has ${this.left} bytes left`);
    return n;
  }

  /** The reader must be at its end. */
  end(): void {
    if (this.left > 0) this.fail(`has ${this.left} bytes too many`);
  }

  fail(message: string): never {
    const code = 'E-FILE-CONTENT';
    const text = `${this.#what} ${message}`;
    throw new InputError(text, {
      code,
      diagnostics: [
        { code, message: text, where: `byte ${this.#at} of it`, expected: 'a file that writeProgram wrote' },
      ],
    });
  }

  #take(size: number): number {
    if (size > this.left) this.fail(`ends too early: ${size} bytes are wanted, ${this.left} are left`);
    const at = this.#at;
    this.#at += size;
    return at;
  }
}
