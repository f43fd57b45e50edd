/** Marks against one name a byte, and touched bytes against a walk element by element. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Marks } from '../../../compiler/check/marks.ts';
import { touchedBytes } from '../../../compiler/check/touched.ts';
import type { TensorDescriptor } from '../../../isa/tensor.ts';
import { bytesAt } from '../../harness/drafts.ts';

const SIZE = 48;
const names = ['a', 'b', 'c'];

/** Sorted disjoint runs, some of which touch. */
const runs = fc
  .uniqueArray(fc.integer({ min: 0, max: SIZE }), { minLength: 2, maxLength: 10 })
  .map((ends) => ends.sort((x, y) => x - y).slice(0, ends.length & ~1));

const bytesOf = (pairs: readonly number[]): number[] =>
  pairs.flatMap((start, i) => (i % 2 === 0 ? Array.from({ length: pairs[i + 1]! - start }, (_, n) => start + n) : []));

describe('marks', () => {
  it('hold the name that was written last on each byte', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(runs, fc.constantFrom(...names)), { maxLength: 12 }), runs, (writes, asked) => {
        const marks = new Marks();
        const plain = new Map<number, string>();
        for (const [pairs, name] of writes) {
          marks.write(pairs, name);
          for (const byte of bytesOf(pairs)) plain.set(byte, name);
        }
        for (const wanted of [undefined, ...names]) {
          const byte = bytesOf(asked).find((b) => plain.get(b) === wanted);
          expect(marks.find(asked, (name) => name === wanted)).toEqual(
            byte === undefined ? undefined : { byte, name: wanted },
          );
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('hold runs by the thousand', () => {
    const even = Array.from({ length: 4000 }, (_, i) => 2 * i + (i % 2 === 0 ? 0 : -1));
    const marks = new Marks();
    marks.write(even, 'even');
    marks.write([0, 8000], 'all');
    marks.write(even, 'even');
    expect(marks.find([0, 8000], (name) => name === 'all')).toEqual({ byte: 1, name: 'all' });
    expect(marks.find([0, 8000], (name) => name === undefined)).toBeUndefined();
  });
});

/** Every element in turn, straight from the meaning of a descriptor. */
function walked(t: TensorDescriptor): number[] {
  let places: number[][] = [t.axes.map((a) => a.origin)];
  for (const { axis, count, step } of t.dims) {
    places = places.flatMap((p) =>
      Array.from({ length: count }, (_, i) => p.map((c, a) => (a === axis ? c + i * step : c))),
    );
  }
  const bytes = new Set<number>();
  for (const place of places) {
    if (place.some((c, a) => c < 0 || c >= t.axes[a]!.extent)) continue;
    const element = place.reduce((sum, c, a) => {
      const { modulo, stride } = t.axes[a]!;
      return sum + (modulo > 0 ? c % modulo : c) * stride;
    }, 0);
    const bit = element * t.widthBits;
    for (let b = Math.floor(bit / 8); b < Math.ceil((bit + t.widthBits) / 8); b++) bytes.add(t.base + b);
  }
  return [...bytes].sort((x, y) => x - y);
}

describe('touched bytes', () => {
  it('are those of a walk element by element: overlaps, negative steps, edges and rings', () => {
    const axis = fc.record({
      origin: fc.integer({ min: -4, max: 6 }),
      extent: fc.integer({ min: 1, max: 12 }),
      stride: fc.integer({ min: 1, max: 20 }),
      modulo: fc.constantFrom(0, 0, 3, 5),
    });
    const dim = fc.record({
      axis: fc.integer({ min: 0, max: 1 }),
      count: fc.integer({ min: 1, max: 5 }),
      step: fc.integer({ min: -3, max: 4 }),
    });
    fc.assert(
      fc.property(
        fc.tuple(axis, axis),
        fc.array(dim, { maxLength: 4 }),
        fc.constantFrom(1, 2, 4, 8, 16),
        (axes, dims, widthBits) => {
          const t = { ...bytesAt(7, 1), widthBits, axes, dims };
          expect(bytesOf(touchedBytes(t))).toEqual(walked(t));
        },
      ),
      { numRuns: 1000 },
    );
  });
});
