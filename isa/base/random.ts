/** Seeded randomness (xoroshiro128+ of pure-rand). Whoever needs chance is handed one of these; nothing else is random. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Random {
  /** Integer in [low, high], both included; high - low < 2^32. */
  int(low: number, high: number): number;
  /** Real in [0, 1) with 32 bits. */
  real(): number;
  pick<T>(items: readonly T[]): T;
}

export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed | 0);
  const word = () => generator.next() >>> 0;
  const real = () => word() / 2 ** 32;
  const int = (low: number, high: number) => low + Math.floor(real() * (high - low + 1));
  return {
    int,
    real,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new RangeError('pick from an empty list');
      return items[int(0, items.length - 1)] as T;
    },
  };
}
