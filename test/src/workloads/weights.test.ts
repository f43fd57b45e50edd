/** Seeded weights and the distribution they are drawn from. */
import { describe, expect, it } from 'vitest';
import { bellDraw, bellStep, bellValue, momentsOf } from '../../../src/workloads/bell.ts';
import { weightType } from '../../../src/workloads/recipe.ts';
import { drawWeights } from '../../../src/workloads/weights.ts';

describe('the bell', () => {
  it('has mean 0 and deviation 1, by its points and by draws', () => {
    const points = momentsOf((z) => z);
    expect(points.mean).toBeCloseTo(0, 12);
    expect(points.variance).toBeCloseTo(1, 3);
    const draws = Array.from({ length: 100_000 }, (_, n) => bellValue(bellDraw(12345, n)));
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length).toBeCloseTo(1, 1);
    // Neighbouring numbers and neighbouring keys are not alike.
    const lag = draws.slice(1).reduce((n, z, i) => n + z * draws[i]!, 0) / draws.length;
    expect(Math.abs(lag)).toBeLessThan(0.015);
  });

  it('has the best steps of quantizers as J. Max 1960 tabulates them for normal values, to 10 %', () => {
    // His have 16 and 32 levels, half a step off zero; these have 15 and 31, one of them zero.
    expect(bellStep(-7, 7)).toBeGreaterThan(0.3352 * 0.9);
    expect(bellStep(-7, 7)).toBeLessThan(0.3352 * 1.1);
    expect(bellStep(-15, 15)).toBeGreaterThan(0.1881 * 0.9);
    expect(bellStep(-15, 15)).toBeLessThan(0.1881 * 1.1);
  });
});

describe('weights', () => {
  it.each([
    [1, [-1, 1]],
    [2, [-1, 0, 1]],
    [3, [-3, -2, -1, 0, 1, 2, 3]],
  ])('of %i bits are %j', (bits, codes) => {
    const drawn = Array.from(drawWeights(20_000, weightType(bits), 7));
    expect([...new Set(drawn)].sort((a, b) => a - b)).toEqual(codes);
    const mean = drawn.reduce((a, b) => a + b, 0) / drawn.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
  });

  it('of 8 bits use the range and stay inside', () => {
    const drawn = drawWeights(200_000, weightType(8), 7);
    expect(Math.max(...drawn.subarray(0, 100_000))).toBeLessThanOrEqual(127);
    expect(drawn.some((w) => w > 115)).toBe(true);
    expect(drawn.some((w) => w < -115)).toBe(true);
    expect(drawn.every((w) => Math.abs(w) <= 127)).toBe(true);
  });

  it('are a function of key and number: a longer draw begins with the shorter', () => {
    expect(drawWeights(100, weightType(4), 9)).toEqual(drawWeights(500, weightType(4), 9).subarray(0, 100));
    expect(drawWeights(100, weightType(4), 9)).not.toEqual(drawWeights(100, weightType(4), 10));
  });
});
