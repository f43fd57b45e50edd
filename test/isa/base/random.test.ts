import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../isa/base/random.ts';

const draw = (seed: number, n: number) => {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => random.int(0, 255));
};

describe('seeded randomness', () => {
  it('gives the same numbers for the same seed, on every platform', () => {
    expect(draw(7, 50)).toEqual(draw(7, 50));
    expect(draw(1, 8)).toEqual([103, 85, 232, 248, 143, 198, 5, 125]);
  });

  it('starts neighbouring seeds far apart', () => {
    const firsts = Array.from({ length: 256 }, (_, seed) => draw(seed, 1)[0]!);
    const mean = firsts.reduce((a, b) => a + b, 0) / firsts.length;
    // 256 uniform draws: mean 127.5, standard deviation 4.6, about 162 distinct values.
    expect(Math.abs(mean - 127.5)).toBeLessThan(3 * 4.6);
    expect(new Set(firsts).size).toBeGreaterThan(140);
    expect(new Set(firsts).size).toBeLessThan(185);
  });

  it('covers both ends of a range and nothing outside', () => {
    const random = createRandom(3);
    const seen = new Set(Array.from({ length: 500 }, () => random.int(-3, 3)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  });

  it('draws every value about equally often (chi-squared, 255 degrees of freedom)', () => {
    const random = createRandom(11);
    const counts = new Array<number>(256).fill(0);
    for (let i = 0; i < 256 * 100; i++) counts[random.int(0, 255)]!++;
    const chi = counts.reduce((sum, c) => sum + (c - 100) ** 2 / 100, 0);
    // 0.1 % and 99.9 % quantiles of the distribution.
    expect(chi).toBeGreaterThan(190);
    expect(chi).toBeLessThan(330);
  });

  it('bool keeps to its probability', () => {
    const random = createRandom(5);
    const hits = Array.from({ length: 10_000 }, () => random.bool(0.2)).filter(Boolean).length;
    expect(Math.abs(hits - 2000)).toBeLessThan(160); // four standard deviations of 40
    expect(random.bool(0)).toBe(false);
    expect(random.bool(1)).toBe(true);
  });

  it('forks depend on seed and label only', () => {
    const a = createRandom(1);
    const b = createRandom(1);
    b.int(0, 9);
    const numbers = (label: string, from = a) => {
      const fork = from.fork(label);
      return [fork.int(0, 1e9), fork.int(0, 1e9)];
    };
    expect(numbers('weights')).toEqual(numbers('weights', b));
    expect(numbers('weights')).not.toEqual(numbers('inputs'));
    expect(numbers('weights')).not.toEqual(numbers('weights', createRandom(2)));
  });

  it('picks from the list and refuses an empty one', () => {
    const random = createRandom(1);
    expect(['a', 'b']).toContain(random.pick(['a', 'b']));
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
