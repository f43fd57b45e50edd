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
        const map = new HazardMap();
        const found = accesses.map((a, seq) => {
          const needs = new Set<string>();
          const range = { start: a.start, end: a.start + a.length };
          const need = (of: number, at: number, done: boolean): void =>
            void needs.add(`${of}:${at}:${done ? 'done' : 'read'}`);
          if (a.write) map.write(range, a.unit, seq, need);
          else map.read(range, a.unit, seq, need);
          return [...needs].sort();
        });
        expect(found).toEqual(slow(accesses));
      }),
    );
  });
});

/** Needed orderings with parts, access by access: everything that is not known through another ordering must be named. */
function orderedPairs(accesses: readonly (Access & { readonly part?: { group: number; index: number } })[]): string[] {
  const parallel = (a: (typeof accesses)[number], b: (typeof accesses)[number]): boolean =>
    a.part !== undefined && b.part !== undefined && a.part.group === b.part.group && a.part.index !== b.part.index;
  return accesses.flatMap((b, j) =>
    accesses.slice(0, j).flatMap((a, i) => {
      const overlap = a.start < b.start + b.length && b.start < a.start + a.length;
      return overlap && (a.write || b.write) && !parallel(a, b) ? [`${i}>${j}`] : [];
    }),
  );
}

describe('hazards of parts', () => {
  it('with transitivity cover every pair that can touch a byte, when groups follow one another (property)', () => {
    const access = fc.record({
      start: fc.integer({ min: 0, max: 20 }),
      length: fc.integer({ min: 1, max: 12 }),
      unit: fc.integer({ min: 0, max: 3 }),
      write: fc.boolean(),
      tagged: fc.boolean(),
    });
    const stage = fc.array(access, { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(stage, { maxLength: 5 }), (stages) => {
        const accesses = stages.flatMap((s, group) =>
          s.map(({ tagged, ...a }) => (tagged ? { ...a, part: { group, index: a.unit % 2 } } : a)),
        );
        const map = new HazardMap();
        const after = accesses.map((a, seq) => {
          const known = new Set<number>();
          const learn = (_: number, earlier: number): void => void known.add(earlier);
          const range = { start: a.start, end: a.start + a.length };
          const part = 'part' in a ? a.part : undefined;
          if (a.write) map.write(range, a.unit, seq, learn, part);
          else map.read(range, a.unit, seq, learn, part);
          accesses.slice(0, seq).forEach((b, i) => {
            if (b.unit === a.unit) known.add(i);
          });
          return known;
        });
        after.forEach((known) => {
          for (const i of [...known].sort((x, y) => y - x)) for (const j of after[i] ?? []) known.add(j);
        });
        for (const pair of orderedPairs(accesses)) {
          const [i, j] = pair.split('>').map(Number);
          expect(after[j ?? 0]?.has(i ?? 0), pair).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
