import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../isa/base/crc32.ts';
import { InputError } from '../../isa/base/errors.ts';
import { createRandom } from '../../isa/base/random.ts';
import { readProgram, writeProgram } from '../../isa/container.ts';
import { assemble } from '../../isa/instructions/assembly/assemble.ts';
import { randomProgram } from '../../isa/instructions/random.ts';

const file = writeProgram(randomProgram(createRandom(3)));

function refusal(bytes: Uint8Array): InputError | undefined {
  try {
    readProgram(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

/** A file whose checksums are right again after someone tampered with it. */
function resealed(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  const count = 7;
  let at = 20 + 12 * count + 4;
  for (let i = 0; i < count; i++) {
    const entry = 20 + 12 * i;
    const length = view.getUint32(entry + 4, true);
    if (at + length <= out.length) view.setUint32(entry + 8, crc32(out.subarray(at, at + length)), true);
    at += length;
  }
  view.setUint32(20 + 12 * count, crc32(out.subarray(0, 20 + 12 * count)), true);
  return out;
}

const UNIT = { core: 0, kind: 'dma', channel: 0 } as const;
const SECTIONS = ['meta', 'code', 'tens', 'arry', 'sema', 'cnst', 'symb'];

/** The file with other contents of one section, under good checksums and lengths. */
function withSection(name: string, contents: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset);
  const parts: Uint8Array[] = [];
  const head = file.slice(0, 20 + 12 * 7 + 4);
  SECTIONS.forEach((section, i) => {
    const at = head.length + SECTIONS.slice(0, i).reduce((n, _, k) => n + view.getUint32(24 + 12 * k, true), 0);
    const part = section === name ? contents : file.slice(at, at + view.getUint32(24 + 12 * i, true));
    new DataView(head.buffer).setUint32(24 + 12 * i, part.length, true);
    parts.push(part);
  });
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, head.length));
  new DataView(head.buffer).setUint32(16, out.length, true);
  out.set(head);
  let at = head.length;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return resealed(out);
}

describe('the program file', () => {
  it('gives back the program, and the same bytes when written again', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const program = randomProgram(createRandom(seed));
        const bytes = writeProgram(program);
        const back = readProgram(bytes);
        expect(back).toEqual(program);
        expect(writeProgram(back)).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps lines and file of assembly', () => {
    const { program } = assemble('nop\nhalt\n', { fileName: 'a.qasm' });
    expect(readProgram(writeProgram(program))).toEqual(program);
  });

  it('reads files of an older minor version, which mean the same, and no younger ones', () => {
    const program = { ...randomProgram(createRandom(3)), isaVersion: '1.0' };
    expect(readProgram(writeProgram(program))).toEqual(program);
    for (const isaVersion of ['1.2', '2.0', '0.9'])
      expect(refusal(writeProgram({ ...program, isaVersion }))?.code).toBe('E-FILE-VERSION');
  });

  it('finds every flipped bit', () => {
    for (let bit = 0; bit < file.length * 8; bit++) {
      file[bit >> 3]! ^= 1 << (bit & 7);
      expect(refusal(file), `bit ${bit}`).toBeInstanceOf(InputError);
      file[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(refusal(file)).toBeUndefined();
  });

  it('finds every truncation, and what was appended', () => {
    for (let length = 0; length < file.length; length++)
      expect(refusal(file.subarray(0, length)), `${length} bytes`).toBeInstanceOf(InputError);
    expect(refusal(Uint8Array.of(...file, 0))?.code).toBe('E-FILE-LENGTH');
  });

  it('answers tampering under good checksums with a program or an InputError, and allocates no more than the file holds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const bytes = file.slice();
          for (const [at, value] of changes) bytes[at] = value;
          refusal(resealed(bytes));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('holds lengths and counts against the bytes before it allocates', () => {
    const view = (bytes: Uint8Array) => new DataView(bytes.buffer);
    const long = file.slice();
    view(long).setUint32(20 + 4, 0xffffffff, true);
    expect(refusal(resealed(long))?.message).toMatch(/ends too early|checksum/);
    const many = file.slice();
    const code = 20 + 12 * 7 + 4 + view(many).getUint32(20 + 4, true);
    view(many).setUint32(code, 0x7fffffff, true);
    expect(refusal(resealed(many))?.message).toMatch(/announces 2147483647 entries/);
  });

  it('says what else it is given', () => {
    expect(refusal(new Uint8Array(0))?.code).toBe('E-FILE-MAGIC');
    expect(refusal(new TextEncoder().encode('a text file'))?.message).toBe('this is no qnpu program file');
    const newer = file.slice();
    newer[8] = 2;
    expect(refusal(resealed(newer))?.message).toMatch(/written for ISA 2\.[0-9]+/);
  });

  it('holds side tables to a few findings, however large and deep they are', () => {
    const refused = (symbols: string) => refusal(withSection('symb', new TextEncoder().encode(symbols)))!;
    expect(refused(`{"tensorNames":${'['.repeat(500_000)}${']'.repeat(500_000)}}`).code).toBe('E-FILE-CONTENT');
    expect(refused(`{"tensorNames":[${'1,'.repeat(200_000)}1]}`).diagnostics.length).toBe(200);
    const keys = Array.from({ length: 50_000 }, (_, i) => `"key${i}":1`);
    expect(refused(`{${keys.join(',')}}`).diagnostics.every((d) => d.message.length <= 200)).toBe(true);
    expect(refused(`{"__proto__":{"tensorNames":[]}}`).code).toBe('E-FILE-CONTENT');
    expect(refused('null').code).toBe('E-FILE-CONTENT');
  });

  it('holds code to a few findings', () => {
    const words = new Uint32Array(2 + 4 * 200_000).fill(0xffffffff);
    words.set([1, 200_000]);
    const found = refusal(withSection('code', new Uint8Array(words.buffer)))!;
    expect(found.diagnostics).toHaveLength(200);
    expect(found.message).toBe('200 or more words of the code are no instruction');
  });

  it('refuses sections twice, in another order, or too many', () => {
    const renamed = file.slice();
    renamed.set(new TextEncoder().encode('meta'), 20 + 12);
    expect(refusal(resealed(renamed))?.message).toBe("section 1 is 'meta'");
    const more = file.slice();
    more[12] = 8;
    expect(refusal(resealed(more))?.message).toBe('the file has 8 sections');
  });

  it('refuses to write what a file cannot hold', () => {
    const program = randomProgram(createRandom(3));
    const semaphores = [{ core: 0, index: 1, initial: -1, producer: UNIT, consumer: UNIT }];
    expect(() => writeProgram({ ...program, semaphores })).toThrow(/semaphore declaration 0 has -1/);
    const constants = [{ address: 2 ** 53, bytes: Uint8Array.of(1) }];
    expect(() => writeProgram({ ...program, constants })).toThrow(/address of constant segment 0/);
  });

  it('reads anything without another exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => refusal(bytes) !== undefined),
      { numRuns: 1000 },
    );
  });
});
