import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delayRatio } from '../../../sim/energy/technology/delay.ts';
import { adderTree, adderTreeEnergy, gateEnergy, glitches } from '../../../sim/energy/technology/gates.ts';
import { ceilLog2, ln, logInterpolate } from '../../../sim/energy/technology/interpolate.ts';
import {
  macEnergy,
  macRegisterEnergy,
  operationEnergy,
  productBitEnergy,
} from '../../../sim/energy/technology/operations.ts';
import { areaScale, energyScale, extrapolated, polynomialScale } from '../../../sim/energy/technology/scaling.ts';

describe('node and supply scaling', () => {
  /** Factors from 45 nm at 0.9 V, as computed with the published polynomials by hwcomponents: node, energy, area. */
  const FACTORS = [
    [65, 1.253, 1.5],
    [32, 0.641, 0.46],
    [28, 0.5066, 0.3767],
    [22, 0.305, 0.2517],
    [20, 0.2378, 0.21],
    [16, 0.1873, 0.19],
    [14, 0.1501, 0.17],
    [10, 0.1273, 0.1],
    [7, 0.1024, 0.059],
    [5, 0.08654, 0.04214],
  ] as const;

  it.each(FACTORS)('has the published factors at %i nm, for energy down to 28 nm', (node, energy, area) => {
    const from = { nodeNm: 45, supplyV: 0.9 };
    const to = { nodeNm: node, supplyV: 0.9 };
    expect(Math.abs(polynomialScale(from, to) / energy - 1)).toBeLessThan(6e-4);
    expect(Math.abs(areaScale(45, node).value / area - 1)).toBeLessThan(6e-4);
    const built = energyScale(from, to).value;
    if (node >= 28) expect(built).toBeCloseTo(polynomialScale(from, to), 12);
    else expect(built / (0.5066 * (node / 28) ** 0.06)).toBeCloseTo(1, 3);
  });

  it('below 28 nm has a fitted power of the node and V^2, with a range from the polynomials to no gain at all', () => {
    const here = { nodeNm: 28, supplyV: 0.9 };
    const five = energyScale(here, { nodeNm: 5, supplyV: 0.9 });
    expect(five.basis).toBe('assumed');
    expect(five.low).toBeLessThan(polynomialScale(here, { nodeNm: 5, supplyV: 0.9 }));
    expect(five.high).toBeGreaterThan(1);
    const seven = energyScale(here, { nodeNm: 7, supplyV: 0.9 });
    expect(seven.basis).toBe('fitted');
    expect(energyScale(here, { nodeNm: 7, supplyV: 0.72 }).value / seven.value).toBeCloseTo(0.64, 12);
    // TPUv4i's own table: 0.30 to 0.36 from 45 nm to 7 nm, whose supply is about 0.75 V.
    const tpu = energyScale({ nodeNm: 45, supplyV: 0.9 }, { nodeNm: 7, supplyV: 0.75 }).value;
    expect(tpu).toBeGreaterThan(0.3);
    expect(tpu).toBeLessThan(0.36);
  });

  it('grows with node and supply', () => {
    const at = (nodeNm: number, supplyV: number) =>
      energyScale({ nodeNm: 28, supplyV: 0.9 }, { nodeNm, supplyV }).value;
    const corner = fc.record({
      node: fc.double({ min: 3, max: 65, noNaN: true }),
      v: fc.double({ min: 0.4, max: 1.2, noNaN: true }),
    });
    fc.assert(
      fc.property(corner, fc.double({ min: 1.01, max: 1.5, noNaN: true }), ({ node, v }, up) => {
        expect(at(node, v * up)).toBeGreaterThan(at(node, v));
        expect(at(node * up, v)).toBeGreaterThan(at(node, v));
        expect(areaScale(28, node * up).value).toBeGreaterThan(areaScale(28, node).value);
      }),
    );
  });

  it('is exact at the same corner, and says when it extrapolates', () => {
    const here = { nodeNm: 28, supplyV: 0.9 };
    const same = energyScale(here, here);
    expect([same.low, same.value, same.high]).toEqual([1, 1, 1]);
    expect(extrapolated(here)).toEqual([]);
    expect(extrapolated({ nodeNm: 5, supplyV: 0.5 })).toHaveLength(2);
    expect(energyScale(here, { nodeNm: 5, supplyV: 0.5 }).basis).toBe('assumed');
    expect(() => energyScale(here, { nodeNm: 180, supplyV: 1.8 })).toThrow(/180 nm/);
  });
});

describe('delay over the supply', () => {
  it('is the alpha-power law, and 1 at the same supply', () => {
    const law = (v: number) => v / (v - 0.388) ** 1.3;
    expect(delayRatio('logic', 0.9, 0.5)).toBeCloseTo(law(0.5) / law(0.9), 10);
    expect(delayRatio('analog', 0.8, 0.8)).toBe(1);
    expect(delayRatio('analog', 1.2, 0.85)).toBeCloseTo((0.85 / 0.4 ** 2 / 1.2) * 0.75 ** 2, 10);
  });
  it('only grows as the supply falls, and ends at the threshold', () => {
    for (const kind of ['logic', 'analog'] as const)
      for (let v = 0.5; v < 1.2; v += 0.05) expect(delayRatio(kind, v + 0.05, v), `${kind} ${v}`).toBeGreaterThan(1);
    expect(() => delayRatio('logic', 0.9, 0.38)).toThrow(/0.38 V/);
  });
});

describe('interpolation', () => {
  it('has the logarithm to 1e-13', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (x) => {
        expect(Math.abs(ln(x) - Math.log(x))).toBeLessThanOrEqual(1e-13 * Math.max(1, Math.abs(Math.log(x))));
      }),
    );
    expect([1, 2, 3, 256, 257].map(ceilLog2)).toEqual([0, 1, 2, 8, 9]);
  });

  it('follows a power law exactly and meets its points', () => {
    const points = [1, 4, 16].map((x) => ({ x, y: 3 * Math.sqrt(x) }));
    expect(points.map((p) => logInterpolate(points, p.x))).toEqual(points.map((p) => p.y));
    expect(logInterpolate(points, 9)).toBeCloseTo(9, 10);
    expect(logInterpolate(points, 64)).toBeCloseTo(24, 10);
  });
});

describe('gates and operations', () => {
  it('counts the adders of a tree', () => {
    // n (p + 1) - (p + log2 n + 1): 8 x 2 - 5 = 11 in a tree of 8 one-bit inputs, 7 of them half adders.
    expect(adderTree(8, 1)).toEqual({ fullAdders: 4, halfAdders: 7 });
    expect(adderTree(1, 4)).toEqual({ fullAdders: 0, halfAdders: 0 });
    // By hand: levels of 4 x (1 half), 2 x (1 half + 1 full), 1 x (1 half + 2 full) for 8 inputs of 1 bit.
    expect(4 * 0 + 2 * 1 + 1 * 2).toBe(4);
    // 32 inputs of 8 bits: 32 x 9 - (8 + 5 + 1) = 274.
    const t = adderTree(32, 8);
    expect(t.fullAdders + t.halfAdders).toBe(274);
  });

  it('prices them from capacitance and supply', () => {
    expect(gateEnergy('fullAdder').value).toBeCloseTo(4.2 * 0.81, 12);
    const leaf = (247 * 4.2 + 255 * 1.75) * 0.81;
    expect(adderTreeEnergy(256, 1).value).toBeCloseTo((leaf / 256) * glitches(256, 1).value, 10);
  });

  it('lets a tree switch more from level to level', () => {
    for (const [n, p] of [
      [2, 4],
      [256, 1],
    ] as const)
      expect(glitches(n, p, 1).value).toBeCloseTo(1, 12);
    expect(glitches(2, 4).value).toBe(1);
    // Eight inputs of a bit: half adders of 2.5 gates, full ones of 6; 4 x 2.5, 2 x 8.5, 1 x 14.5 gates over three levels.
    expect(glitches(8, 1, 2).value).toBeCloseTo((10 + 2 * 17 + 4 * 14.5) / (10 + 17 + 14.5), 12);
    expect(glitches(7, 2, 1.5).value).toBeGreaterThan(1);
    expect(glitches(256, 4).low).toBe(1);
    // Growth ends at the deepest tree of the fit: twice the depth is not twice the growth.
    expect(glitches(4096, 4).value / glitches(256, 4).value).toBeLessThan(1.1 * (11 / 7));
  });

  it('scales the 45 nm tables', () => {
    expect(operationEnergy('int32 add', { nodeNm: 45, supplyV: 0.9 }).value).toBe(100);
    expect(operationEnergy('fp32 mul', { nodeNm: 28, supplyV: 0.9 }).value).toBeCloseTo(3700 * 0.5066, -1);
    expect([2, 4, 8, 16].map((b) => macEnergy(b, { nodeNm: 45, supplyV: 0.9 }).value)).toEqual([
      57.48, 120.2, 297.7, 947.4,
    ]);
    const corner = { nodeNm: 45, supplyV: 0.9 };
    // Registers and 8 x 8 partial products are the 8-bit element again; 8 x 16 lies between 8 and 16 bits.
    const parts = (a: number, b: number) =>
      macRegisterEnergy(a, b, corner).value + a * b * productBitEnergy(corner).value;
    expect(parts(8, 8)).toBeCloseTo(297.7, 9);
    expect(parts(16, 16)).toBeCloseTo(947.4, 9);
    expect(parts(8, 16)).toBeCloseTo(Math.sqrt(297.7 * 947.4), 6);
    const five = macEnergy(5, { nodeNm: 45, supplyV: 0.9 }).value;
    expect(five).toBeGreaterThan(120.2);
    expect(five).toBeLessThan(297.7);
  });
});
