/** Full tiles of the edge preset: the table of sim/energy/README.md, and the energy of a column put together by hand. Published macros: test/src/validate/macros.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { fullTile, macro } from './full-tile.ts';

const readme = readFileSync(join(import.meta.dirname, '..', '..', '..', 'sim', 'energy', 'README.md'), 'utf8');
const short = (n: number) => Number(n.toPrecision(3)).toString();
/** One row of a table of the README, with its cells as they are now. */
function expectRow(cells: readonly string[]): void {
  expect(readme).toContain(`| ${cells.join(' | ')} |`);
}

describe('full tiles of edge-dcim-28nm', () => {
  it.each([
    [1, 1],
    [2, 2],
    [4, 2],
    [4, 4],
    [8, 8],
  ])('A%i W%i: the table of the README', (inputBits, weightBits) => {
    const t = fullTile(edgeDcim28nm, inputBits, weightBits);
    const density = t.tops / t.areaMm2.value;
    expectRow([`A${inputBits} W${weightBits}`, short(t.tops), short(t.topsPerWatt), short(density)]);
  });
});

describe('a column', () => {
  it('has the 1b energy of 256 rows by hand', () => {
    const machine = macro(28, 0.9, { rows: 256, columns: 64, rowsAtOnce: 256, weightBitsMin: 1, weightBitsMax: 1 });
    // 0.71 x 0.25 x (0.2835 + adders of 8 levels x 1.62^level x 0.7 fF x 0.81 / 256), then drivers, shift-add and clock per product.
    const drawn = 0.71;
    const flop = 2.1 * 0.81 * 0.5;
    const levels = [1, 2, 3, 4, 5, 6, 7, 8].map((l) => (256 / 2 ** l) * ((l - 1) * 6 + 2.5) * 1.62 ** (l - 1));
    const tree = 0.25 * (0.2835 + (levels.reduce((n, l) => n + l, 0) * 0.7 * 0.81) / 256);
    const driver = (0.5 * 64 * 0.35 * 0.81 + flop) / 64;
    // One-bit weights have no join; the accumulator is 9 + 1 + 8 bits, the sum of a tree 9.
    const shiftAdd = (18 * 4.2 * 0.81 + (9 + 18) * flop) / 256;
    const gates = 0.79 * 0.614 * (247 * 7.8 + 255 * 3.4 + 18 * 7.8 + 27 * 6);
    const clock = (4000 * 64 * gates) / 1e6 / (256 * 64);
    expect(2 * fullTile(machine, 1, 1).opFj.value).toBeCloseTo(drawn * (tree + driver + shiftAdd) + clock, 6);
  });
});
