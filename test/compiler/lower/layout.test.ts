import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Layout } from '../../../compiler/lower/layout.ts';
import {
  boxLayout,
  byteGroup,
  denseLayout,
  depthToSpaceLayout,
  packLike,
  reshapeLayout,
  sliceLayout,
  transposeLayout,
} from '../../../compiler/lower/layout.ts';

/** Element offset of a logical index. */
function offsetOf(layout: Layout, index: readonly number[]): number {
  return layout.dims.reduce((sum, factors, d) => {
    let rest = index[d] ?? 0;
    let own = 0;
    for (const f of [...factors].reverse()) {
      own += (rest % f.count) * f.stride;
      rest = Math.floor(rest / f.count);
    }
    return sum + own;
  }, layout.offset);
}

/** Offsets of all elements in row-major order of the shape. */
function offsets(layout: Layout, shape: readonly number[]): number[] {
  const size = shape.reduce((a, b) => a * b, 1);
  return Array.from({ length: size }, (_, flat) => {
    const index: number[] = [];
    let rest = flat;
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = rest % (shape[d] ?? 1);
      rest = Math.floor(rest / (shape[d] ?? 1));
    }
    return offsetOf(layout, index);
  });
}

describe('dense layouts', () => {
  it('put channels last and pad them to whole bytes', () => {
    const { layout, sizeBytes } = denseLayout([1, 3, 2, 2], 4);
    expect(layout.dims).toEqual([[], [{ count: 3, stride: 1 }], [{ count: 2, stride: 8 }], [{ count: 2, stride: 4 }]]);
    expect(sizeBytes).toBe(8);
  });

  it('pad the row where there is one channel', () => {
    expect(denseLayout([1, 1, 3, 5], 1).sizeBytes).toBe(3);
    expect(denseLayout([1, 1, 3, 5], 8).sizeBytes).toBe(15);
  });

  it.each([
    [1, 8],
    [2, 4],
    [3, 8],
    [4, 2],
    [5, 8],
    [6, 4],
    [7, 8],
    [8, 1],
    [16, 1],
  ])('%i-bit elements fill bytes in groups of %i', (bits, group) => {
    expect(byteGroup(bits)).toBe(group);
  });

  it('give every element its own place (property)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(1, 2, 3, 4, 7, 8, 16, 32),
        (shape, bits) => {
          const { layout, sizeBytes } = denseLayout(shape, bits);
          const all = offsets(layout, shape);
          expect(new Set(all).size).toBe(all.length);
          expect((Math.max(...all) + 1) * bits).toBeLessThanOrEqual(sizeBytes * 8);
        },
      ),
    );
  });
});

describe('views of a layout', () => {
  const shape = [2, 8, 3, 4];
  const { layout } = denseLayout(shape, 8);

  it('reshape keeps the row-major order of elements', () => {
    const flat = reshapeLayout(layout, [2, 96]);
    expect(flat).not.toBeNull();
    if (flat !== null) expect(offsets(flat, [2, 96])).toEqual(offsets(layout, shape));
    const split = reshapeLayout(layout, [2, 2, 4, 3, 4]);
    if (split !== null) expect(offsets(split, [2, 2, 4, 3, 4])).toEqual(offsets(layout, shape));
  });

  it('a reshape that cuts across memory is refused', () => {
    expect(reshapeLayout(denseLayout([1, 3, 2, 2], 8).layout, [1, 2, 6])).toBeNull();
  });

  it('transpose permutes dims', () => {
    const moved = transposeLayout(layout, [3, 1, 0, 2]);
    expect(offsetOf(moved, [1, 2, 1, 0])).toBe(offsetOf(layout, [1, 2, 0, 1]));
  });

  it('slice steps and starts', () => {
    const cut = sliceLayout(layout, [1, 2, 0, 1], [1, 2, 1, 2], [1, 3, 3, 2]);
    expect(cut).not.toBeNull();
    if (cut !== null) expect(offsetOf(cut, [0, 2, 1, 1])).toBe(offsetOf(layout, [1, 6, 1, 3]));
  });

  it.each(['DCR', 'CRD'] as const)('depth-to-space %s follows the operator', (mode) => {
    const moved = depthToSpaceLayout(layout, shape, 2, mode);
    expect(moved).not.toBeNull();
    if (moved === null) return;
    for (let c = 0; c < 2; c++)
      for (let y = 0; y < 6; y++)
        for (let x = 0; x < 8; x++) {
          const [by, bx] = [y % 2, x % 2];
          const channel = mode === 'DCR' ? (by * 2 + bx) * 2 + c : c * 4 + by * 2 + bx;
          expect(offsetOf(moved, [1, c, y, x])).toBe(
            offsetOf(layout, [1, channel, Math.floor(y / 2), Math.floor(x / 2)]),
          );
        }
  });

  it('a box is the part of the layout, or null when it cuts a factor', () => {
    const split = depthToSpaceLayout(layout, shape, 2, 'DCR');
    if (split === null) throw new Error('no layout');
    const box = boxLayout(split, { start: [0, 0, 2, 0], count: [1, 2, 2, 8] });
    expect(box).not.toBeNull();
    if (box !== null) expect(offsetOf(box, [0, 1, 1, 3])).toBe(offsetOf(split, [0, 1, 3, 3]));
    expect(boxLayout(split, { start: [0, 0, 1, 0], count: [1, 2, 2, 8] })).toBeNull();
  });

  it('packLike keeps the memory order and drops the gaps', () => {
    const cut = boxLayout(layout, { start: [0, 0, 1, 0], count: [1, 3, 2, 4] });
    if (cut === null) throw new Error('no box');
    const { layout: packed, sizeBytes } = packLike(cut, 8);
    expect(sizeBytes).toBe(24);
    const order = (l: Layout): number[] =>
      offsets(l, [1, 3, 2, 4])
        .map((o, i) => [o, i] as const)
        .sort((a, b) => a[0] - b[0])
        .map(([, i]) => i);
    expect(order(packed)).toEqual(order(cut));
  });
});
