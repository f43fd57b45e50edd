import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '../../../isa/base/errors.ts';
import type { Axis, Dim, TensorDescriptor } from '../../../isa/tensor.ts';
import { WIDTHS } from '../../../isa/tensor.ts';
import { OUTSIDE, resolveWalk, type Slice } from '../../../sim/walk/walk.ts';

function descriptor(
  axes: readonly Axis[],
  dims: readonly Dim[],
  more: Partial<TensorDescriptor> = {},
): TensorDescriptor {
  return {
    space: 'spad',
    base: 0,
    baseRegister: 0,
    widthBits: 8,
    coding: 'signed',
    role: 'activations',
    fill: 0,
    axes,
    dims,
    originRegisters: [],
    ...more,
  };
}

/** The address formula of isa/tensor.ts, read word by word: one element at a time, no sharing with sim/walk. */
function naive(d: TensorDescriptor, registers: readonly number[]): number[] {
  const out: number[] = [];
  const visit = (level: number, index: number[]): void => {
    const dim = d.dims[level];
    if (dim !== undefined) {
      for (let i = 0; i < dim.count; i++) visit(level + 1, [...index, i]);
      return;
    }
    let element = 0;
    for (let a = 0; a < d.axes.length; a++) {
      const axis = d.axes[a]!;
      let c =
        axis.origin + d.originRegisters.filter((o) => o.axis === a).reduce((n, o) => n + registers[o.register]!, 0);
      d.dims.forEach((x, k) => {
        if (x.axis === a) c += x.step * index[k]!;
      });
      if (c < 0 || c >= axis.extent) {
        out.push(OUTSIDE);
        return;
      }
      element += (axis.modulo > 0 ? c % axis.modulo : c) * axis.stride;
    }
    out.push(element);
  };
  visit(0, []);
  return out;
}

function touchedBytes(offsets: readonly number[], base: number, widthBits: number): number[] {
  const bytes = new Set<number>();
  for (const o of offsets) {
    if (o === OUTSIDE) continue;
    for (let bit = o * widthBits; bit < (o + 1) * widthBits; bit++) bytes.add(base + Math.floor(bit / 8));
  }
  return [...bytes].sort((a, b) => a - b);
}

function expand(intervals: Float64Array): number[] {
  const out: number[] = [];
  for (let i = 0; i < intervals.length; i += 2) for (let b = intervals[i]!; b < intervals[i + 1]!; b++) out.push(b);
  return out;
}

const axisArbitrary = fc.record({
  extent: fc.integer({ min: 1, max: 9 }),
  stride: fc.integer({ min: -12, max: 12 }),
  modulo: fc.constantFrom(0, 0, 0, 1, 3, 4),
  origin: fc.integer({ min: -3, max: 6 }),
});
const walkArbitrary = fc
  .array(axisArbitrary, { minLength: 1, maxLength: 3 })
  .chain((axes) =>
    fc.record({
      axes: fc.constant(axes),
      dims: fc.array(
        fc.record({
          count: fc.integer({ min: 1, max: 4 }),
          axis: fc.integer({ min: 0, max: axes.length - 1 }),
          step: fc.integer({ min: -3, max: 3 }),
        }),
        { minLength: 1, maxLength: 5 },
      ),
      register: fc.integer({ min: -4, max: 4 }),
      widthBits: fc.constantFrom(...WIDTHS),
    }),
  )
  .map(({ axes, dims, register, widthBits }) => ({
    d: descriptor(axes, dims, {
      base: 4096,
      baseRegister: 2,
      widthBits,
      originRegisters: [{ axis: axes.length - 1, register: 1 }],
    }),
    registers: [0, register, 64, ...new Array<number>(29).fill(0)],
  }));

describe('walks', () => {
  it('give the offsets of the address formula', () => {
    fc.assert(
      fc.property(walkArbitrary, ({ d, registers }) => {
        const walk = resolveWalk(d, registers);
        expect(walk.base).toBe(4096 + 64);
        expect([...walk.offsets]).toEqual(naive(d, registers));
      }),
      { numRuns: 500 },
    );
  });

  it('give the same offsets by rows of any number of dims', () => {
    fc.assert(
      fc.property(walkArbitrary, fc.nat(5), ({ d, registers }, inner) => {
        const rows = resolveWalk(d, registers).shape.rows(Math.min(inner, d.dims.length));
        const out = new Int32Array(rows.outer * rows.inner);
        for (let m = 0; m < rows.outer; m++)
          rows.rowOffsets(m, 0, rows.inner, out.subarray(m * rows.inner, (m + 1) * rows.inner));
        expect([...out]).toEqual(naive(d, registers));
      }),
      { numRuns: 300 },
    );
  });

  it('touch exactly the bytes of their elements, in ascending disjoint runs', () => {
    fc.assert(
      fc.property(walkArbitrary, ({ d, registers }) => {
        const walk = resolveWalk(d, registers);
        const { intervals } = walk;
        expect(expand(intervals)).toEqual(touchedBytes(naive(d, registers), walk.base, d.widthBits));
        for (let i = 2; i < intervals.length; i += 2) expect(intervals[i]!).toBeGreaterThan(intervals[i - 1]!);
      }),
      { numRuns: 500 },
    );
  });

  it('touch exactly the bytes of a slice of the window', () => {
    fc.assert(
      fc.property(walkArbitrary, fc.nat(5), fc.nat(1000), fc.nat(1000), ({ d, registers }, k, a, b) => {
        const kdims = Math.min(k, d.dims.length);
        const window = d.dims.slice(d.dims.length - kdims).reduce((n, x) => n * x.count, 1);
        const from = a % window;
        const slice: Slice = { kdims, from, to: from + 1 + (b % (window - from)) };
        const walk = resolveWalk(d, registers);
        const elements = naive(d, registers).filter((_, i) => i % window >= slice.from && i % window < slice.to);
        expect(expand(walk.intervalsOf(slice))).toEqual(touchedBytes(elements, walk.base, d.widthBits));
      }),
      { numRuns: 500 },
    );
  });

  it('a padded, strided 3x3 window over a 4x4 image, by hand', () => {
    const y: Axis = { extent: 4, stride: 4, modulo: 0, origin: -1 };
    const x: Axis = { extent: 4, stride: 1, modulo: 0, origin: -1 };
    const d = descriptor(
      [y, x],
      [
        { count: 2, axis: 0, step: 2 },
        { count: 2, axis: 1, step: 2 },
        { count: 3, axis: 0, step: 1 },
        { count: 3, axis: 1, step: 1 },
      ],
    );
    const { offsets } = resolveWalk(d, new Array<number>(32).fill(0));
    const __ = OUTSIDE;
    expect([...offsets.subarray(0, 9)]).toEqual([__, __, __, __, 0, 1, __, 4, 5]);
    expect([...offsets.subarray(9, 18)]).toEqual([__, __, __, 1, 2, 3, 5, 6, 7]);
    expect([...offsets.subarray(27, 36)]).toEqual([5, 6, 7, 9, 10, 11, 13, 14, 15]);
  });

  it('a ring of three rows holds rows 2, 3, 4 of an image', () => {
    const d = descriptor(
      [
        { extent: 10, stride: 8, modulo: 3, origin: 0 },
        { extent: 8, stride: 1, modulo: 0, origin: 0 },
      ],
      [
        { count: 3, axis: 0, step: 1 },
        { count: 8, axis: 1, step: 1 },
      ],
      { originRegisters: [{ axis: 0, register: 5 }] },
    );
    const registers = new Array<number>(32).fill(0).with(5, 2);
    const walk = resolveWalk(d, registers);
    expect([...walk.offsets].filter((_, i) => i % 8 === 0)).toEqual([16, 0, 8]);
    expect([...walk.intervals]).toEqual([0, 24]);
  });

  it('refuses a walk that is larger than offsets can say', () => {
    const d = descriptor(
      [{ extent: 2 ** 20, stride: 2 ** 20, modulo: 0, origin: 0 }],
      [{ count: 2 ** 20, axis: 0, step: 1 }],
    );
    expect(() => resolveWalk(d, new Array<number>(32).fill(0)).offsets).toThrow(/elements from its base/);
  });
});

describe('walks of more elements than a list may have', () => {
  const table = (repeats: number, step: number) =>
    descriptor(
      [
        { extent: 2 ** 30, stride: 256, modulo: 0, origin: 0 },
        { extent: 256, stride: 1, modulo: 0, origin: 0 },
      ],
      [
        { count: repeats, axis: 0, step },
        { count: 256, axis: 1, step: 1 },
      ],
    );

  it('may repeat: a table is read in full for every code', () => {
    const walk = resolveWalk(table(2 ** 20, 0), new Array(32).fill(0));
    expect(walk.count).toBe(2 ** 28);
    expect([...walk.intervals]).toEqual([0, 256]);
    expect(() => walk.offsets).toThrow('handles fewer than 134217728');
  });

  it('may not move', () => {
    expect(() => resolveWalk(table(2 ** 20, 1), new Array(32).fill(0))).toThrow(UnsupportedError);
  });
});
