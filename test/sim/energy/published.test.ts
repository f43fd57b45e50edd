/**
 * The list before any fitting, held against published digital CIM macros. Nothing here is tuned to them: the tables of sim/energy/README.md say how far the unfitted
 * list is off and in which direction, and are kept up to date by this test. Their operand activity is not known; ours is 50 % x 50 %.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { fullTile, PUBLISHED } from './macros.ts';

const readme = readFileSync(join(import.meta.dirname, '..', '..', '..', 'sim', 'energy', 'README.md'), 'utf8');
const short = (n: number) => Number(n.toPrecision(3)).toString();
const range = (x: { low: number; value: number; high: number }) =>
  `${short(x.value)} [${short(x.low)} .. ${short(x.high)}]`;

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

describe('unfitted arrays against published macros', () => {
  it.each(PUBLISHED)('$name: energy, inside the stated range', ({ name, machine, inputBits, weightBits, opFj }) => {
    const ours = fullTile(machine, inputBits, weightBits).opFj;
    expectRow([name, short(opFj), range(ours), (ours.value / opFj).toFixed(2)]);
    expect(opFj).toBeGreaterThan(ours.low);
    expect(opFj).toBeLessThan(ours.high);
  });

  it.each(PUBLISHED.filter((p) => p.areaMm2 !== undefined))(
    '$name: area',
    ({ name, machine, inputBits, weightBits, areaMm2 }) => {
      const ours = fullTile(machine, inputBits, weightBits).areaMm2;
      expectRow([name, short(areaMm2!), range(ours), (ours.value / areaMm2!).toFixed(2)]);
      expect(areaMm2!).toBeLessThan(ours.high);
      // Approximate adders leave gates out, so such a macro may be smaller than any exact one.
      if (!name.includes('approximate')) expect(areaMm2!).toBeGreaterThan(ours.low);
    },
  );

  it('at 28 nm are within a factor of two; below, the polynomials shrink energy too much, as the ranges say', () => {
    for (const { machine, inputBits, weightBits, opFj } of PUBLISHED) {
      const ratio = fullTile(machine, inputBits, weightBits).opFj.value / opFj;
      if (machine.technology.nodeNm === 28) expect(Math.abs(Math.log2(ratio))).toBeLessThan(1);
      else expect(ratio).toBeLessThan(0.5);
    }
  });

  it('has the 1b energy of a 256-row column by hand', () => {
    // 0.25 x (0.2835 + (247 x 4.2 + 255 x 1.75) x 0.81 / 256), then drivers, shift-add and clock per product.
    const { machine } = PUBLISHED[1]!;
    const flop = 2.1 * 0.81 * 0.5;
    const tree = 0.25 * (0.2835 + ((247 * 4.2 + 255 * 1.75) * 0.81) / 256);
    const driver = (0.5 * 64 * 0.35 * 0.81 + flop) / 64;
    // One-bit weights have no join; the accumulator is 9 + 1 + 8 bits, the sum of a tree 9.
    const shiftAdd = (18 * 4.2 * 0.81 + (9 + 18) * flop) / 256;
    const gates = 0.614 * (247 * 7.8 + 255 * 3.4 + 18 * 7.8 + 27 * 6);
    const clock = (4000 * 64 * gates) / 1e6 / (256 * 64);
    expect(2 * fullTile(machine, 1, 1).opFj.value).toBeCloseTo(tree + driver + shiftAdd + clock, 6);
  });
});
