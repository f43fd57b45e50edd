import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Coding, codeRange, WIDTHS } from '../../../isa/tensor.ts';
import { createCodes, createReader, createWriter } from '../../../sim/exec/codes.ts';
import { ByteMemory } from '../../../sim/exec/memory.ts';
import { resolveWalk } from '../../../sim/walk/walk.ts';
import { get, put, spad } from './rig.ts';

const FORMS: readonly (readonly [number, Coding])[] = [
  ...WIDTHS.map((w) => [w, 'unsigned'] as const),
  ...WIDTHS.map((w) => [w, 'signed'] as const),
  [1, 'bipolar'],
  [2, 'ternary'],
];

describe('packed codes', () => {
  it.each(FORMS)(
    'of %i bits %s are written and read back at any element, leaving their neighbours',
    (widthBits, coding) => {
      const { min, max } = codeRange(coding, widthBits);
      const code =
        coding === 'bipolar'
          ? fc.constantFrom(-1, 1)
          : fc.integer({ min: Math.max(min, -(2 ** 47)), max: Math.min(max, 2 ** 48 - 1) });
      fc.assert(
        fc.property(fc.array(code, { minLength: 1, maxLength: 40 }), fc.nat(9), (values, first) => {
          const bytes = new Uint8Array(400).fill(0xa5);
          const offsets = Int32Array.from(values, (_, i) => i);
          const row = (contiguous: boolean) => ({
            base: 16 + (first & 1),
            add: first,
            offsets,
            contiguous,
            from: 0,
            to: values.length,
          });
          createWriter(bytes.buffer, { widthBits, coding })(row(true), Float64Array.from(values), 0);
          const out = createCodes({ widthBits, coding }, values.length);
          const read = createReader(bytes.buffer, { widthBits, coding });
          for (const contiguous of [true, false]) {
            read(row(contiguous), out, 0);
            expect([...out]).toEqual(values);
          }
          const from = (16 + (first & 1)) * 8 + first * widthBits;
          const to = from + values.length * widthBits;
          const changed = [...bytes.keys()]
            .flatMap((i) => [0, 1, 2, 3, 4, 5, 6, 7].map((b) => 8 * i + b))
            .filter((bit) => ((bytes[bit >> 3]! ^ 0xa5) >> (bit & 7)) & 1);
          expect(changed.filter((bit) => bit < from || bit >= to)).toEqual([]);
        }),
        { numRuns: 60 },
      );
    },
  );

  it('lie little endian, the first element in the lowest bits', () => {
    const memory = new ByteMemory(16);
    memory.write(resolveWalk(spad(2, 3, [5]), new Array<number>(32).fill(0)), [1, 2, 3, -4, -1]);
    // 001 010 011 100 111 from bit 0 up: 111_100_011_010_001 = 0x78d1
    expect([...memory.bytes.subarray(2, 4)]).toEqual([0xd1, 0x78]);
    expect([...memory.written.subarray(0, 6)]).toEqual([0, 0, 1, 1, 0, 0]);
  });

  it('read as floats bit for bit', () => {
    const memory = new ByteMemory(16);
    const walk = resolveWalk(spad(0, 32, [2], 'float'), new Array<number>(32).fill(0));
    memory.write(walk, [0.1, -0]);
    expect([...memory.bytes.subarray(0, 4)]).toEqual([0xcd, 0xcc, 0xcc, 0x3d]);
    expect(Object.is(memory.read(walk)[1], -0)).toBe(true);
  });

  it("the rig's own packing agrees", () => {
    const memory = new ByteMemory(64);
    const memories = { dram: memory, buffer: memory, cores: [] };
    const d = { ...spad(3, 5, [7]), space: 'dram' as const };
    put(memories, d, [1, -2, 3, -4, 5, -6, 15]);
    expect([...memory.read(resolveWalk(d, new Array<number>(32).fill(0)))]).toEqual([1, -2, 3, -4, 5, -6, 15]);
    expect(get(memories, d, 7)).toEqual([1, -2, 3, -4, 5, -6, 15]);
  });
});
