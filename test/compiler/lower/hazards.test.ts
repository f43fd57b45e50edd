import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HazardMap } from '../../../compiler/lower/hazards.ts';

interface Access {
  readonly start: number;
  readonly length: number;
  readonly unit: number;
  readonly write: boolean;
}

/** Needed orderings byte by byte: the slow definition. */
function slow(accesses: readonly Access[]): string[][] {
  const writer = new Map<number, { unit: number; seq: number }>();
  const readers = new Map<number, Map<number, number>>();
  return accesses.map((a, seq) => {
    const needs = new Set<string>();
    for (let b = a.start; b < a.start + a.length; b++) {
      const w = writer.get(b);
      if (w !== undefined && w.unit !== a.unit) needs.add(`${w.unit}:${w.seq}:done`);
      if (a.write) {
        for (const [unit, at] of readers.get(b) ?? []) if (unit !== a.unit) needs.add(`${unit}:${at}:read`);
        writer.set(b, { unit: a.unit, seq });
        readers.delete(b);
      } else {
        const own = readers.get(b) ?? new Map<number, number>();
        readers.set(b, own.set(a.unit, seq));
      }
    }
    return [...needs].sort();
  });
}

describe('hazards', () => {
  it('equal the byte-by-byte definition (property)', () => {
    const access = fc.record({
      start: fc.integer({ min: 0, max: 30 }),
      length: fc.integer({ min: 1, max: 12 }),
      unit: fc.integer({ min: 0, max: 3 }),
      write: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(access, { maxLength: 30 }), (accesses) => {
        const map = new HazardMap(4);
        const found = accesses.map((a, seq) => {
          const needs = new Set<string>();
          const range = { start: a.start, end: a.start + a.length };
          const need = (d: { unit: number; seq: number; done: boolean }): void =>
            void needs.add(`${d.unit}:${d.seq}:${d.done ? 'done' : 'read'}`);
          if (a.write) map.write(range, a.unit, seq, need);
          else map.read(range, a.unit, seq, need);
          return [...needs].sort();
        });
        expect(found).toEqual(slow(accesses));
      }),
    );
  });
});
