import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aliveAt, allocate } from '../../../compiler/mapping/allocate.ts';

const block = (name: string, sizeBytes: number, first: number, last: number) => ({ name, sizeBytes, first, last });

describe('allocation by lifetime', () => {
  it('reuses bytes of blocks that are dead', () => {
    const placed = allocate([block('a', 60, 0, 1), block('b', 60, 2, 3), block('c', 40, 0, 3)], 100, 1);
    expect(placed.map((p) => p.address)).toEqual([0, 0, 60]);
  });

  it('says which block does not fit', () => {
    expect(allocate([block('a', 60, 0, 1), block('b', 60, 1, 2)], 100, 1).map((p) => p.address)).toEqual([0, null]);
  });

  it('tries other orders where largest first leaves a block without room that is there', () => {
    // Largest first: a 0, b 5, c 0, e 10, f 10, and d finds no two bytes.
    const blocks = [
      ...[block('a', 5, 4, 5), block('b', 5, 3, 5), block('c', 5, 0, 2)],
      ...[block('d', 2, 1, 4), block('e', 5, 5, 6), block('f', 5, 1, 3)],
    ];
    expect(allocate(blocks, 15, 1).every((p) => p.address !== null)).toBe(true);
    // At step 5 live 15 bytes.
    expect(allocate(blocks, 14, 1).some((p) => p.address === null)).toBe(true);
  });

  it('never lets two live blocks overlap, aligns, and stays inside (property)', () => {
    const any = fc.array(
      fc
        .record({
          sizeBytes: fc.integer({ min: 1, max: 50 }),
          first: fc.integer({ min: 0, max: 9 }),
          length: fc.integer({ min: 0, max: 5 }),
        })
        .map((b) => block('x', b.sizeBytes, b.first, b.first + b.length)),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(any, fc.constantFrom(1, 8, 64), (blocks, align) => {
        const placed = allocate(blocks, 300, align);
        for (const p of placed) {
          if (p.address === null) continue;
          expect(p.address % align).toBe(0);
          expect(p.address + p.block.sizeBytes).toBeLessThanOrEqual(300);
          for (const q of placed) {
            if (q === p || q.address === null || q.block.first > p.block.last || p.block.first > q.block.last) continue;
            expect(p.address + p.block.sizeBytes <= q.address || q.address + q.block.sizeBytes <= p.address).toBe(true);
          }
        }
      }),
    );
  });

  it('lists what is alive, largest first', () => {
    expect(aliveAt([block('a', 1, 0, 1), block('b', 5, 1, 2), block('c', 3, 2, 2)], 1).map((b) => b.name)).toEqual([
      'b',
      'a',
    ]);
  });
});
