import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ceilDiv, isPowerOfTwo, readBits, roundUp, writeBits } from '../../../isa/base/bits.ts';
import { InternalError } from '../../../isa/base/errors.ts';

/** A field in a byte array: contents, bit address, width, all inside. */
const field = fc
  .tuple(fc.uint8Array({ minLength: 6, maxLength: 20 }), fc.integer({ min: 1, max: 48 }))
  .chain(([bytes, width]) =>
    fc.record({
      bytes: fc.constant(bytes),
      width: fc.constant(width),
      at: fc.integer({ min: 0, max: bytes.length * 8 - width }),
      value: fc.integer({ min: 0, max: 2 ** width - 1 }),
    }),
  );

/** The whole array as one number: bit i of the array is bit i of the number. */
function asBigInt(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

describe('integer helpers', () => {
  it('ceilDiv is exact for all safe integers', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 2 ** 31 }), (a, b) => {
        expect(BigInt(ceilDiv(a, b))).toBe((BigInt(a) + BigInt(b) - 1n) / BigInt(b));
      }),
    );
  });

  it('roundUp gives the next multiple and keeps multiples', () => {
    expect([0, 1, 63, 64, 65].map((n) => roundUp(n, 64))).toEqual([0, 64, 64, 64, 128]);
  });

  it('isPowerOfTwo knows every power a double holds exactly, and no neighbour', () => {
    for (let e = 0; e <= 52; e++) {
      expect(isPowerOfTwo(2 ** e)).toBe(true);
      expect(isPowerOfTwo(2 ** e + 1)).toBe(e === 0);
      expect(isPowerOfTwo(2 ** e - 1)).toBe(e === 1);
    }
    for (const n of [0, -1, -2, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(isPowerOfTwo(n)).toBe(false);
  });
});

describe('bit fields', () => {
  it('reading takes exactly the bits of the field, lowest first', () => {
    fc.assert(
      fc.property(field, ({ bytes, at, width }) => {
        const expected = (asBigInt(bytes) >> BigInt(at)) & ((1n << BigInt(width)) - 1n);
        expect(BigInt(readBits(bytes, at, width))).toBe(expected);
      }),
    );
  });

  it('writing changes exactly the bits of the field', () => {
    fc.assert(
      fc.property(field, ({ bytes, at, width, value }) => {
        const mask = ((1n << BigInt(width)) - 1n) << BigInt(at);
        const expected = (asBigInt(bytes) & ~mask) | (BigInt(value) << BigInt(at));
        writeBits(bytes, at, width, value);
        expect(asBigInt(bytes)).toBe(expected);
        expect(readBits(bytes, at, width)).toBe(value);
      }),
    );
  });

  it('keeps the low bits of a value that is too wide', () => {
    const bytes = new Uint8Array(2);
    writeBits(bytes, 3, 4, 0x1f5);
    expect([...bytes]).toEqual([0x5 << 3, 0]);
  });

  it('refuses fields outside the bytes and widths outside 1 .. 48', () => {
    const bytes = new Uint8Array(8);
    for (const [at, width] of [
      [-1, 4],
      [61, 4],
      [0, 0],
      [0, 49],
      [Number.NaN, 4],
    ] as const) {
      expect(() => readBits(bytes, at, width)).toThrow(InternalError);
      expect(() => writeBits(bytes, at, width, 0)).toThrow(InternalError);
    }
    expect(readBits(bytes, 60, 4)).toBe(0);
  });
});
