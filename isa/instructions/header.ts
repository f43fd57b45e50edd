/**
 * The part of the words that every instruction has: op, three waits, three signals. The table (table.ts) describes
 * only what a row adds, so encoder, decoder, lint and manual take the common part from here.
 */

/** Instruction length in 32-bit words. */
export const WORDS = 4;

export interface BitField {
  readonly name: string;
  readonly word: 0 | 1 | 2 | 3;
  readonly lsb: number;
  readonly bits: number;
}

export const OP_FIELD: BitField = { name: 'op', word: 0, lsb: 0, bits: 8 };

/** Wait slots, filled from the first; 0 = none. */
export const WAIT_FIELDS: readonly BitField[] = [0, 1, 2].map((i) => ({
  name: `wait${i}`,
  word: 0,
  lsb: 8 + 6 * i,
  bits: 6,
}));

/** Signal slots, filled from the first; bits 5..0 semaphore (0 = none), bit 6 set = at done, clear = at release. */
export const SIGNAL_FIELDS: readonly BitField[] = [0, 1, 2].map((i) => ({
  name: `signal${i}`,
  word: 1,
  lsb: 7 * i,
  bits: 7,
}));

/** Bit of a signal slot that says "at done". */
export const AT_DONE = 0x40;

export const COMMON_FIELDS: readonly BitField[] = [OP_FIELD, ...WAIT_FIELDS, ...SIGNAL_FIELDS];

/** Reads a bit field of a word as an unsigned number; a field of 32 bits is the word. */
export function extract(word: number, lsb: number, bits: number): number {
  return bits === 32 ? word >>> 0 : (word >>> lsb) & ((1 << bits) - 1);
}
