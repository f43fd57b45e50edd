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
    expect(refusal(resealed(newer))?.message).toMatch(/ISA 2\.0/);
  });

  it('reads anything without another exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => refusal(bytes) !== undefined),
      { numRuns: 1000 },
    );
  });
});
