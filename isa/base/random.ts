/**
 * Seeded randomness (xoroshiro128+ of pure-rand). Whoever needs chance is handed one of these; nothing else is random.
 * Seeds are scrambled first, because neighbouring seeds of the bare generator begin with neighbouring numbers.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { crc32 } from './crc32.ts';

export interface Random {
  /** Integer in [low, high], both included; high - low < 2^32. By scaling 32 bits: biased by at most one part in 2^32 / range. */
  int(low: number, high: number): number;
  /** Real in [0, 1) with 32 bits. */
  real(): number;
  /** True with the given probability, one half when left out. */
  bool(probability?: number): boolean;
  /** One of the items; throws RangeError when there is none. */
  pick<T>(items: readonly T[]): T;
  /** An independent generator that depends on this one's seed and the label only, not on what was drawn so far. */
  fork(label: string): Random;
}

/** Generator for a seed: any integer, of which the low 32 bits count. Same seed, same numbers, on every platform. */
export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(scramble(seed));
  for (let i = 0; i < 4; i++) generator.next(); // spreads the seed over the whole state
  const real = () => (generator.next() >>> 0) / 2 ** 32;
  const int = (low: number, high: number) => low + Math.floor(real() * (high - low + 1));
  return {
    int,
    real,
    bool: (probability = 0.5) => real() < probability,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new RangeError('pick from an empty list');
      return items[int(0, items.length - 1)] as T;
    },
    fork: (label) => createRandom(scramble(seed) ^ crc32(new TextEncoder().encode(label))),
  };
}

/** The 32-bit finalizer of MurmurHash3 (Appleby): a bijection in which each input bit flips about half of the output. */
function scramble(seed: number): number {
  let h = seed | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
