/** Parameter records of the drain, by requantizer: 32-bit words per element. What they compute is in isa/README.md. */
import type { RequantizeMode } from './table.ts';

export interface RecordLayout {
  /** Words in order. */
  readonly words: readonly string[];
  /** Whether more words of the last kind may follow. */
  readonly open: boolean;
  readonly result: string;
}

export const RECORDS: Readonly<Record<RequantizeMode, RecordLayout>> = {
  saturate: { words: [], open: false, result: 'saturate(acc + zero point)' },
  bias: { words: ['bias'], open: false, result: 'saturate(acc + bias + zero point)' },
  threshold: {
    words: ['base * 2 + descending', 'T_1 .. T_L'],
    open: true,
    result: 'base + number of i with acc >= T_i (ascending) or acc <= T_i (descending); raw code',
  },
  'fixed-point': {
    words: ['bias', 'multiplier (Q31)', 'shift'],
    open: false,
    result:
      'TFLite: saturating rounding doubling high multiply of (acc + bias) * 2^max(shift, 0), rounding divide by 2^max(-shift, 0); + zero point; saturate',
  },
  float32: {
    words: ['bias', 'scale (binary32)'],
    open: false,
    result: 'half-even(float32(float32(acc + bias) * scale)) + zero point; saturate',
  },
};

/** Fewest words of a record; of an open one the last kind may be missing. */
export function leastRecordWords(mode: RequantizeMode): number {
  const { words, open } = RECORDS[mode];
  return open ? words.length - 1 : words.length;
}
