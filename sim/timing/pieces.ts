/**
 * A transfer cut into pieces: a DRAM row segment, or a run of on-chip words. Pieces are at most half of what a DMA channel may have in
 * flight, so that one piece moves while the next is asked for, and short enough for channels to share what they meet in.
 */
import type { Walk } from '../walk/walk.ts';
import type { Segment } from './dram/mapping.ts';
import type { System } from './system.ts';

/** On-chip pieces are at most this long. */
const PIECE_BYTES = 512;

export interface Piece {
  /** Share of the whole, as bytes done before and after. */
  readonly from: number;
  readonly to: number;
  /** DMA requests that it takes: bursts, or as many bytes on chip. */
  readonly requests: number;
  readonly read: Segment | undefined;
  readonly write: Segment | undefined;
}

/** `reads` and `writes` are what the two ends touch in DRAM; undefined for an end elsewhere. */
export function cutPieces(
  system: System,
  total: number,
  reads: Float64Array | undefined,
  writes: Float64Array | undefined,
): Piece[] {
  if (total === 0) return [];
  const { burstBytes } = system.machine.dram;
  const limit = Math.max(burstBytes, Math.floor((system.machine.core.dma.outstanding * burstBytes) / 2));
  const from = reads === undefined ? [] : system.map.segments(reads, limit);
  const to = writes === undefined ? [] : system.map.segments(writes, limit);
  const count =
    reads === undefined && writes === undefined
      ? Math.ceil(total / Math.min(PIECE_BYTES, limit))
      : Math.max(1, from.length, to.length);
  const leading = from.length >= to.length ? from : to;
  const own = leading.reduce((n, s) => n + s.bytes, 0);
  const scaled = (bytes: number, i: number) => Math.floor(own === 0 ? (total * i) / count : (bytes * total) / own);
  let bytes = 0;
  return Array.from({ length: count }, (_, i) => {
    const start = scaled(bytes, i);
    bytes += leading[i]?.bytes ?? 0;
    const end = scaled(bytes, i + 1);
    const bursts = Math.max(from[i]?.segment.bursts ?? 0, to[i]?.segment.bursts ?? 0);
    return {
      from: start,
      to: end,
      requests: bursts > 0 ? bursts : Math.max(1, Math.ceil((end - start) / burstBytes)),
      read: from[i]?.segment,
      write: to[i]?.segment,
    };
  });
}

/** Words of a port that runs of bytes touch: each run rounded out to whole words. */
export function wordsOf(intervals: Float64Array, portBits: number): number {
  const bytes = portBits / 8;
  let n = 0;
  let last = -1;
  for (let i = 0; i < intervals.length; i += 2) {
    const first = Math.floor(intervals[i]! / bytes);
    const end = Math.ceil(intervals[i + 1]! / bytes);
    n += end - Math.max(first, last);
    last = end;
  }
  return n;
}

/**
 * What gather reads of its table, without the indices that only a run with data knows: as many rows as there are indices, spread evenly over
 * the table and in ascending order.
 */
export function gatheredIntervals(table: Walk, rows: number): Float64Array {
  const d = table.descriptor;
  const axis = d.axes[d.dims[0]!.axis]!;
  const strideBits = axis.stride * d.widthBits;
  const row = table.intervals;
  const out: number[] = [];
  for (let r = 0; r < rows; r++) {
    const shift = Math.floor((Math.floor((r * axis.extent) / rows) * strideBits) / 8);
    for (const b of row) out.push(b + shift);
  }
  return Float64Array.from(out);
}
