/** The requantizer's arithmetic by hand: multipliers, the two roundings, steps of an average. */
import { expect, it } from 'vitest';
import {
  doublingHigh,
  multiply,
  quantizeMultiplier,
  shiftRight,
} from '../../../../compiler/frontend/tflite/fixed-point.ts';
import { averageSteps, divided } from '../../../../compiler/frontend/tflite/ops/pools.ts';

it('a factor is a multiplier of 31 bits and a shift', () => {
  expect(quantizeMultiplier(0.5)).toEqual({ multiplier: 2 ** 30, shift: 0 });
  expect(quantizeMultiplier(1)).toEqual({ multiplier: 2 ** 30, shift: 1 });
  expect(quantizeMultiplier(0.75)).toEqual({ multiplier: 3 * 2 ** 29, shift: 0 });
  expect(quantizeMultiplier(0.375 / 16)).toEqual({ multiplier: 3 * 2 ** 29, shift: -5 });
  // One step below 1 rounds up to 1.
  expect(quantizeMultiplier(1 - 2 ** -40)).toEqual({ multiplier: 2 ** 30, shift: 1 });
  expect(quantizeMultiplier(2 ** -40)).toEqual({ multiplier: 0, shift: 0 });
});

it('halves are rounded away from zero, once for each of two roundings', () => {
  expect([1, 3, -1, -3].map((x) => doublingHigh(x, 2 ** 30))).toEqual([1, 2, 0, -1]);
  expect([2, 6, -2, -6, 5].map((x) => shiftRight(x, 2))).toEqual([1, 2, -1, -2, 1]);
  // 31 / 64 is 0.48; halving first gives 15.5, rounded 16, and 16 / 32 is a half: rounded twice it is 1.
  expect(multiply(31, { multiplier: 2 ** 30, shift: -5 })).toBe(1);
  expect(multiply(7, { multiplier: 2 ** 30, shift: 3 })).toBe(28);
  expect(doublingHigh(-(2 ** 31), -(2 ** 31))).toBe(2 ** 31 - 1);
});

it('steps of an average are where sum over count rounds up, ties away from zero', () => {
  for (const count of [1, 2, 5, 64]) {
    const spec = averageSteps(count, { low: -4, high: 4 });
    if (spec.mode !== 'threshold') throw new Error('thresholds');
    for (let sum = -6 * count; sum <= 6 * count; sum++) {
      const mean = sum / count;
      const rounded = Math.sign(mean) * Math.floor(Math.abs(mean) + 0.5);
      const steps = spec.thresholds.filter((t) => sum >= t).length;
      expect(-4 + steps).toBe(Math.min(4, Math.max(-4, rounded)) + 0);
    }
  }
});

it('a mean has its count in the factor', () => {
  expect(divided({ multiplier: 2 ** 30, shift: 1 }, 64)).toEqual({ multiplier: 2 ** 30, shift: -5 });
  expect(divided({ multiplier: 2 ** 30, shift: 0 }, 3)).toEqual({ multiplier: Math.floor(2 ** 31 / 3), shift: -1 });
});
