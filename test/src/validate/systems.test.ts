/** TPUv1 and Gemmini rows of `qnpu validate systems`; Eyeriss is only listed, and takes a minute of small tiles. */
import { expect, it } from 'vitest';
import { gemminiRows, tpuRows } from '../../../src/validate/systems.ts';

const rows = [...tpuRows(), ...gemminiRows()];
const row = (quantity: string) => rows.find((r) => r.quantity === quantity)!;

it('nothing misses but what the notes explain', () => {
  expect(rows.filter((r) => !r.ok).map((r) => r.quantity)).toEqual(['MLP1, array active', 'matrix product 64x64x64']);
  for (const missed of rows.filter((r) => !r.ok)) expect(missed.note).not.toBe('');
  expect(rows.every((r) => r.use === 'held-out' || r.use === 'listed')).toBe(true);
});

it('bounds that need no simulator hold: weights of MLP0 over the DRAM bandwidth, products over the array', () => {
  const mlp0 = row('MLP0, batch 200');
  // 20 MB at 34.1 GB/s are 0.586 ms, in which 8 Gop are done.
  expect(mlp0.ours).toBeLessThan(8e9 / (20e6 / 34.1e9) / 1e12);
  const cube = row('matrix product 512x512x512');
  expect(cube.ours).toBeGreaterThanOrEqual(512 ** 3 / 256);
});
