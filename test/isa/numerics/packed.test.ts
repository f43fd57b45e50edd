import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InternalError } from '../../../isa/base/errors.ts';
import {
  decodeBits,
  encodeBits,
  floatFromBits,
  floatToBits,
  pack,
  packedBytes,
  packInto,
  readElement,
  unpack,
  writeElement,
} from '../../../isa/numerics/packed.ts';
import { type Coding, codeRange, WIDTHS } from '../../../isa/tensor.ts';

const FORMATS: readonly (readonly [number, Coding])[] = [
  ...WIDTHS.flatMap((w) => [[w, 'unsigned'] as const, [w, 'signed'] as const]),
  [1, 'bipolar'],
  [2, 'ternary'],
  [32, 'float'],
];

function code([widthBits, coding]: readonly [number, Coding]): fc.Arbitrary<number> {
  if (coding === 'float') return fc.float({ noNaN: true });
  if (coding === 'bipolar') return fc.constantFrom(-1, 1);
  return fc.integer(codeRange(coding, widthBits));
}

const tensors = fc
  .constantFrom(...FORMATS)
  .chain((format) =>
    fc.tuple(fc.constant(format), fc.array(code(format), { maxLength: 40 }), fc.integer({ min: 0, max: 23 })),
  );

describe('packed tensors', () => {
  it('come back as they went in, at any bit offset, and leave the bits around them alone', () => {
    fc.assert(
      fc.property(tensors, fc.boolean(), ([[widthBits, coding], values, offset], ones) => {
        const bytes = new Uint8Array(packedBytes(values.length, widthBits) + 6).fill(ones ? 0xff : 0);
        packInto(bytes, offset, values, widthBits, coding);
        expect(Array.from(unpack(bytes, offset, values.length, widthBits, coding))).toEqual(values);
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          if (bit >= offset && bit < offset + values.length * widthBits) continue;
          expect((bytes[bit >> 3]! >> (bit & 7)) & 1).toBe(ones ? 1 : 0);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('are read and written by element as in bulk', () => {
    fc.assert(
      fc.property(tensors, ([[widthBits, coding], values, offset]) => {
        const bulk = new Uint8Array(packedBytes(values.length, widthBits) + 4);
        const single = bulk.slice();
        packInto(bulk, offset, values, widthBits, coding);
        values.forEach((v, i) => {
          writeElement(single, offset + i * widthBits, widthBits, coding, v);
        });
        expect(single).toEqual(bulk);
        expect(values.map((_, i) => readElement(bulk, offset + i * widthBits, widthBits, coding))).toEqual(values);
      }),
      { numRuns: 1000 },
    );
  });

  it('put the first element into the lowest bits', () => {
    expect(pack([1, 2, 3], 4, 'unsigned')).toEqual(Uint8Array.of(0x21, 0x03));
    expect(pack([-1, 1, 1, -1], 1, 'bipolar')).toEqual(Uint8Array.of(0b0110));
    expect(pack([0, 1, -1], 2, 'ternary')).toEqual(Uint8Array.of(0b110100));
    expect(pack([1, -4, 3], 3, 'signed')).toEqual(Uint8Array.of(0b11100001, 0));
    expect(pack([0x123456], 24, 'unsigned')).toEqual(Uint8Array.of(0x56, 0x34, 0x12));
    expect(pack([-2], 48, 'signed')).toEqual(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff));
    expect(pack([1.5], 32, 'float')).toEqual(Uint8Array.of(0, 0, 0xc0, 0x3f));
  });

  it('give every bit pattern of every narrow format its number', () => {
    for (const [widthBits, coding] of FORMATS.filter(([w]) => w <= 8)) {
      const numbers = Array.from({ length: 2 ** widthBits }, (_, raw) => decodeBits(raw, widthBits, coding));
      expect(new Set(numbers).size).toBe(2 ** widthBits);
      for (const [raw, n] of numbers.entries())
        if (coding !== 'ternary' || n !== -2) expect(encodeBits(n, widthBits, coding)).toBe(raw);
    }
  });

  it('refuse numbers that the coding does not have, and places outside the bytes', () => {
    expect(() => pack([16], 4, 'unsigned')).toThrow(InternalError);
    expect(() => pack([-9], 4, 'signed')).toThrow(/-9 is no 4-bit signed code/);
    expect(() => pack([0], 1, 'bipolar')).toThrow(InternalError);
    expect(() => pack([-2], 2, 'ternary')).toThrow(InternalError);
    expect(() => pack([0.5], 8, 'signed')).toThrow(InternalError);
    expect(() => unpack(new Uint8Array(1), 1, 2, 4, 'unsigned')).toThrow(InternalError);
    expect(() => readElement(new Uint8Array(1), 5, 4, 'unsigned')).toThrow(InternalError);
  });
});

describe('float bits', () => {
  it('round trip for every binary32 but NaN payloads', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (x) => Object.is(floatFromBits(floatToBits(x)), x)),
      { numRuns: 1000 },
    );
    expect(floatToBits(Number.NaN)).toBe(0x7fc00000);
    expect(floatToBits(1)).toBe(0x3f800000);
    expect(floatFromBits(0xff800000)).toBe(-Infinity);
  });
});
