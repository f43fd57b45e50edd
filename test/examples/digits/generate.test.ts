/** The digit generator: the committed test set, byte for byte, and what a set promises. */
import { describe, expect, it } from 'vitest';
import { drawDigits, SIZE } from '../../../examples/digits/generate.ts';
import { SETS } from '../../../examples/digits/recipe.ts';
import { writeNpy } from '../../../src/io/npy.ts';
import { bytesOf, digitsData } from '../../harness/models.ts';
import { difference } from './files.ts';

const { count, seed } = SETS.test;
const set = drawDigits(count, seed);

describe('the generator', () => {
  it('gives the committed images and labels', () => {
    const images = writeNpy([count, 1, SIZE, SIZE], 'u1', set.images);
    expect(difference(images, bytesOf(digitsData('test-images')))).toBe('equal');
    expect(difference(writeNpy([count], 'u1', set.labels), bytesOf(digitsData('test-labels')))).toBe('equal');
  });
  it('draws each digit equally often', () => {
    for (let digit = 0; digit < 10; digit++) expect(set.labels.filter((l) => l === digit)).toHaveLength(count / 10);
  });
  it('begins a longer set with the shorter one', () => {
    expect(difference(drawDigits(30, seed).images, set.images.subarray(0, 30 * SIZE * SIZE))).toBe('equal');
  });
  it('shares no image with the set that calibrates, which begins the training set', () => {
    const key = (images: Uint8Array, i: number) => images.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE).join();
    const test = new Set(Array.from(set.labels, (_, i) => key(set.images, i)));
    const other = drawDigits(SETS.calibration.count, SETS.calibration.seed);
    expect(other.labels.findIndex((_, i) => test.has(key(other.images, i)))).toBe(-1);
    expect(SETS.calibration.seed).toBe(SETS.train.seed);
    expect(SETS.train.seed).not.toBe(seed);
  });
  it('leaves ink where strokes are and paper where none is', () => {
    const mean = (pick: (x: number, y: number) => boolean) => {
      const at = Array.from(set.images.keys()).filter((p) => pick(p % SIZE, Math.floor(p / SIZE) % SIZE));
      return at.reduce((sum, p) => sum + set.images[p]!, 0) / at.length;
    };
    const border = mean((x, y) => x === 0 || y === 0 || x === SIZE - 1 || y === SIZE - 1);
    expect(mean((x, y) => x > 4 && x < 11 && y > 1 && y < 14)).toBeGreaterThan(2 * border);
  });
});
