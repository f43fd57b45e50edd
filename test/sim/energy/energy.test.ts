import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTION_NAMES, type ActionCounts, type ActionName, noActions } from '../../../isa/demand/actions.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { efficiency, energy, type PricedRun } from '../../../sim/energy/energy.ts';
import { priceList, zeroPrices } from '../../../sim/energy/price-list.ts';

const list = priceList(edgeDcim28nm);
const machines = Object.values(PRESETS).map((m) => priceList(m));

function run(actions: Partial<Record<ActionName, number>>, more: Partial<PricedRun> = {}): PricedRun {
  return {
    cycles: 0,
    latencyPs: 0,
    actions: { ...noActions(), ...actions },
    units: [],
    layerActions: new Map(),
    layerCycles: new Map(),
    ...more,
  };
}

/** Counts of a few layers, cycles that belong to them, and a total that contains more than the layers. */
const runs: fc.Arbitrary<PricedRun> = fc
  .record({
    layers: fc.array(fc.array(fc.nat(1_000_000), { minLength: ACTION_NAMES.length, maxLength: ACTION_NAMES.length }), {
      maxLength: 4,
    }),
    rest: fc.array(fc.nat(1000), { minLength: ACTION_NAMES.length, maxLength: ACTION_NAMES.length }),
    layerCycles: fc.array(fc.nat(100_000), { minLength: 4, maxLength: 4 }),
    restCycles: fc.nat(1000),
    busy: fc.array(fc.nat(100_000), { minLength: 5, maxLength: 5 }),
  })
  .map(({ layers, rest, layerCycles, restCycles, busy }) => {
    const counts = (values: readonly number[]): ActionCounts =>
      Object.fromEntries(ACTION_NAMES.map((a, i) => [a, values[i]!])) as ActionCounts;
    const total = ACTION_NAMES.map((_, i) => rest[i]! + layers.reduce((n, l) => n + l[i]!, 0));
    const own = layers.map((_, i) => layerCycles[i]!);
    const cycles = restCycles + own.reduce((a, b) => a + b, 0);
    const kinds = ['dma', 'write', 'matrix', 'drain', 'vector'] as const;
    return {
      cycles,
      latencyPs: cycles * 2000,
      actions: counts(total),
      units: kinds.map((kind, i) => ({ kind, busyCycles: busy[i]! })),
      layerActions: new Map(layers.map((l, i) => [i, counts(l)])),
      layerCycles: new Map([...own.entries(), [-1, restCycles]]),
    };
  });

describe('energy', () => {
  it('is counts x prices: every row, every total, every layer', () => {
    fc.assert(
      fc.property(runs, fc.constantFrom(...machines), (r, prices) => {
        const e = energy(r, prices);
        for (const a of ACTION_NAMES) {
          const item = e.byAction[a]!;
          expect(item.count).toBe(r.actions[a]);
          expect(item.energyFj).toBe(Math.round(r.actions[a] * prices.actions[a].value));
          expect(item.lowFj).toBeLessThanOrEqual(item.energyFj);
          expect(item.energyFj).toBeLessThanOrEqual(item.highFj);
        }
        const rows = Object.values(e.byAction);
        expect(rows.reduce((n, x) => n + x.energyFj, e.leakageFj)).toBe(e.totalFj);
        expect(Object.values(e.leakageByComponent).reduce((n, x) => n + x.energyFj, 0)).toBe(e.leakageFj);
        expect([...e.byLayer.values()].reduce((n, x) => n + x, 0)).toBe(e.totalFj);
        for (const fj of e.byLayer.values()) {
          expect(fj).toBeGreaterThanOrEqual(0);
          expect(Number.isSafeInteger(fj)).toBe(true);
        }
        expect(e.byScope.arrays).toBeLessThanOrEqual(e.byScope.chip);
        expect(e.byScope.chip).toBeLessThanOrEqual(e.byScope.chipAndDram);
        expect(e.byScope.chipAndDram).toBe(e.totalFj);
        if (e.totalFj > 0) expect(e.shares.cited + e.shares.fitted + e.shares.assumed).toBeCloseTo(1, 9);
      }),
    );
  });

  it('is nothing at zero prices', () => {
    fc.assert(
      fc.property(runs, (r) => {
        const e = energy(r, zeroPrices(list));
        expect([e.totalFj, e.lowFj, e.highFj, e.leakageFj, e.clockFj]).toEqual([0, 0, 0, 0, 0]);
        expect(efficiency(e, 1000)).toEqual({ arrays: 0, chip: 0, chipAndDram: 0 });
      }),
    );
  });

  it('puts static power into time: LPDDR4 background over a microsecond', () => {
    // Two channels at 33.3 mW for 1 us = 66.6 nJ.
    const e = energy(run({}, { latencyPs: 1e6 }), list);
    expect(e.byAction['dram.background']!.energyFj).toBe(66_600_000);
    expect(e.byScope.chip).toBe(e.leakageFj);
    expect(e.totalFj).toBe(66_600_000 + e.leakageFj);
  });

  it('counts a unit clock by its busy cycles and the rest by all cycles', () => {
    const e = energy(
      run(
        {},
        {
          cycles: 100,
          units: [
            { kind: 'vector', busyCycles: 30 },
            { kind: 'vector', busyCycles: 10 },
          ],
        },
      ),
      list,
    );
    expect(e.byAction['clock.vector']!.count).toBe(40);
    expect(e.byAction['clock.matrix']!.count).toBe(0);
    expect(e.byAction['clock.always']!.count).toBe(100);
    expect(e.clockFj).toBe(e.totalFj);
  });

  it('has efficiency as 2 operations a MAC over energy, scope by scope', () => {
    // 1000 reads of 64 DRAM bits: 1000 x 64 x 8470 fJ, no array energy.
    const e = energy(run({ 'dram.readBit': 64_000 }), list);
    const t = efficiency(e, 1_000_000);
    expect(t.arrays).toBe(0);
    expect(t.chipAndDram).toBeCloseTo(2e6 / (64_000 * 8470e-15) / 1e12, 12);
  });
});
