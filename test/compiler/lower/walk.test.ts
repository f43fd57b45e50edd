import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { touchedBytes } from '../../../compiler/check/touched.ts';
import { footprint } from '../../../compiler/lower/footprint.ts';
import type { Loop, View } from '../../../compiler/lower/walk.ts';
import { tryWalk, walk } from '../../../compiler/lower/walk.ts';
import type { TensorDescriptor } from '../../../isa/tensor.ts';

const view = (bits: number, offset: number): View => ({
  name: 't',
  space: 'spad',
  base: 64,
  format: { bits, coding: 'signed', zero: 0 },
  role: 'activations',
  layout: { dims: [], offset },
});

/** Bit address of every element in walk order, null where the coordinate is outside. */
function bitAddresses(t: TensorDescriptor): (number | null)[] {
  const out: (number | null)[] = [];
  const visit = (d: number, at: readonly number[]): void => {
    const dim = t.dims[d];
    if (dim === undefined) {
      const inside = t.axes.every((a, i) => (at[i] ?? 0) >= 0 && (at[i] ?? 0) < a.extent);
      const element = t.axes.reduce((n, a, i) => n + (at[i] ?? 0) * a.stride, 0);
      out.push(inside ? t.base * 8 + element * t.widthBits : null);
      return;
    }
    for (let i = 0; i < dim.count; i++)
      visit(
        d + 1,
        at.map((c, a) => (a === dim.axis ? c + i * dim.step : c)),
      );
  };
  visit(
    0,
    t.axes.map((a) => a.origin),
  );
  return out;
}

describe('walks', () => {
  it('reach base + offset + sum of strides for any bits and offset (property)', () => {
    const loops = fc.array(
      fc.record({ count: fc.integer({ min: 1, max: 4 }), stride: fc.integer({ min: 0, max: 9 }) }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(loops, fc.constantFrom(1, 2, 3, 5, 8, 32), fc.integer({ min: 0, max: 40 }), (plain, bits, offset) => {
        const found = tryWalk(view(bits, offset), [plain]);
        if (found === null) return;
        let expected = [offset];
        for (const l of plain)
          expected = expected.flatMap((e) => Array.from({ length: l.count }, (_, i) => e + i * l.stride));
        expect(bitAddresses(found.tensor)).toEqual(expected.map((e) => 64 * 8 + e * bits));
      }),
    );
  });

  it('merge what is contiguous', () => {
    const t = walk(view(8, 0), [
      [
        { count: 2, stride: 12 },
        { count: 3, stride: 4 },
        { count: 4, stride: 1 },
      ],
    ]);
    expect(t.dims).toEqual([{ count: 24, axis: 0, step: 1 }]);
  });

  it('do not merge across groups, and keep a dim in each later group', () => {
    const found = tryWalk(view(8, 0), [
      [{ count: 4, stride: 3 }],
      [{ count: 3, stride: 1 }],
      [{ count: 1, stride: 1 }],
    ]);
    expect(found?.dimsOf).toEqual([1, 1, 1]);
  });

  it('guard windows: padding is outside, neighbours share the axis', () => {
    const guard = { extent: 5, stride: 2, origin: -1 };
    const loops: Loop[] = [
      { count: 3, guard, step: 2 },
      { count: 3, guard, step: 1 },
    ];
    const t = walk(view(8, 0), [loops]);
    expect(t.axes).toHaveLength(1);
    expect(bitAddresses(t).map((b) => (b === null ? null : b / 8 - 64))).toEqual([null, 0, 2, 2, 4, 6, 6, 8, null]);
  });

  it('an offset inside a byte never moves a guard', () => {
    const guard = { extent: 4, stride: 1, origin: 0 };
    const t = walk(view(2, 3), [[{ count: 4, guard, step: 1 }]]);
    expect(bitAddresses(t)).toEqual([0, 1, 2, 3].map((i) => 64 * 8 + (3 + i) * 2));
    expect(t.axes.find((a) => a.extent === 4 && a.origin === 0)).toBeDefined();
  });

  it('give up when five axes are not enough', () => {
    const loops = Array.from({ length: 6 }, (_, i) => ({ count: 2, stride: 3 ** (6 - i) }));
    expect(tryWalk(view(8, 0), [loops])).toBeNull();
  });
});

describe('footprints', () => {
  it('contain every touched byte (property)', () => {
    const guard = fc.record({
      extent: fc.integer({ min: 1, max: 9 }),
      stride: fc.integer({ min: 1, max: 7 }),
      origin: fc.integer({ min: -3, max: 3 }),
    });
    fc.assert(
      fc.property(
        guard,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(1, 3, 8),
        (g, count, step, bits) => {
          const t = walk(view(bits, 0), [
            [
              { count, guard: g, step },
              { count: 2, stride: 50 },
            ],
          ]);
          const touched = touchedBytes(t);
          const range = footprint(t);
          const reached = bitAddresses(t).filter((b) => b !== null);
          if (reached.length === 0) {
            expect(touched).toEqual([]);
            return;
          }
          expect(touched[0]).toBe(Math.floor(Math.min(...reached) / 8));
          expect(touched.at(-1)).toBe(Math.ceil((Math.max(...reached) + bits) / 8));
          expect(range?.start).toBeLessThanOrEqual(touched[0] ?? 0);
          expect(range?.end).toBeGreaterThanOrEqual(touched.at(-1) ?? 0);
        },
      ),
    );
  });
});
