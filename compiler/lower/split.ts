/** Cutting boxes into pieces of bounded size, outermost dim first, so that pieces stay runs of memory. */
import type { Box } from './layout.ts';
import { at } from './layout.ts';

/** Ranges of at most `size` that cover [start, start + count), of equal size up to the last. */
export function ranges(
  start: number,
  count: number,
  size: number,
): { readonly start: number; readonly count: number }[] {
  const out = [];
  for (let i = 0; i < count; i += size) out.push({ start: start + i, count: Math.min(size, count - i) });
  return out;
}

/** Even cut: pieces of ceil(count / ceil(count / most)), so that the last is not a sliver. */
export function evenSize(count: number, most: number, grain = 1): number {
  const parts = Math.ceil(count / Math.max(1, most));
  return Math.min(count, Math.ceil(Math.ceil(count / parts) / grain) * grain);
}

/**
 * Cuts the dims `order` (outermost first) of a box until a piece has at most `most` elements in them; the other dims
 * stay whole. A piece of one element per dim is always allowed.
 */
export function splitBox(box: Box, order: readonly number[], most: number): Box[] {
  const sizes = [...box.count];
  for (const d of order) {
    const inner = order.reduce((n, e) => (e === d ? n : n * at(sizes, e)), 1);
    if (inner * at(sizes, d) <= most) break;
    sizes[d] = evenSize(at(sizes, d), Math.max(1, Math.floor(most / inner)));
  }
  return tilesOf(
    box,
    sizes,
    box.count.map((_, d) => d),
  );
}

/** All tiles of `sizes` in a box, `order` outermost first. */
export function tilesOf(box: Box, sizes: readonly number[], order: readonly number[]): Box[] {
  let tiles: Box[] = [box];
  for (const d of order) {
    tiles = tiles.flatMap((tile) =>
      ranges(at(tile.start, d), at(tile.count, d), at(sizes, d)).map((r) => ({
        start: tile.start.map((s, i) => (i === d ? r.start : s)),
        count: tile.count.map((c, i) => (i === d ? r.count : c)),
      })),
    );
  }
  return tiles;
}
