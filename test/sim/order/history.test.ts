import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Access, IntervalHistory } from '../../../sim/order/history.ts';

/** The same question byte by byte: who wrote this byte last, who has read it since. */
class ByteHistory {
  readonly #bytes = new Map<number, { writer?: Access; readers: Map<number, Access> }>();

  touch(
    base: number,
    intervals: Float64Array,
    write: boolean,
    access: Access,
    found: (earlier: Access, wrote: boolean, byte: number) => void,
  ): void {
    for (let i = 0; i < intervals.length; i += 2) {
      for (let b = base + intervals[i]!; b < base + intervals[i + 1]!; b++) {
        const byte = this.#bytes.get(b) ?? { readers: new Map<number, Access>() };
        if (byte.writer !== undefined && byte.writer.unit !== access.unit) found(byte.writer, true, b);
        if (write) for (const r of byte.readers.values()) if (r.unit !== access.unit) found(r, false, b);
        if (write) this.#bytes.set(b, { writer: access, readers: new Map() });
        else this.#bytes.set(b, { ...byte, readers: byte.readers.set(access.unit, access) });
      }
    }
  }
}

const runs = fc
  .uniqueArray(fc.nat(60), { minLength: 2, maxLength: 12 })
  .map((cuts) => cuts.sort((a, b) => a - b))
  .map((cuts) => Float64Array.from(cuts.slice(0, cuts.length & ~1)));

describe('the interval history', () => {
  it('reports what a byte-by-byte history reports', () => {
    const step = fc.record({
      intervals: runs,
      base: fc.nat(10),
      write: fc.boolean(),
      unit: fc.nat(3),
      again: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const fast = new IntervalHistory();
        const slow = new ByteHistory();
        let last = steps[0]!;
        steps.forEach((s, i) => {
          // Often the same walk again, so that the in-place way is taken too.
          const { intervals, base } = s.again ? last : s;
          last = s.again ? last : s;
          const access: Access = { unit: s.unit, number: i + 1, core: 0, pc: i };
          const a: string[] = [];
          const b: string[] = [];
          fast.touch(base, intervals, s.write, access, (earlier, wrote, start, end) => {
            for (let byte = start; byte < end; byte++) a.push(`${byte} ${earlier.pc} ${wrote}`);
          });
          slow.touch(base, intervals, s.write, access, (earlier, wrote, byte) =>
            b.push(`${byte} ${earlier.pc} ${wrote}`),
          );
          expect(a.sort()).toEqual(b.sort());
        });
      }),
      { numRuns: 2000 },
    );
  });
});
