import { describe, expect, it } from 'vitest';
import { ACTION_NAMES } from '../../../isa/demand/actions.ts';
import { applyOverrides } from '../../../isa/machine/overrides.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { ACTION_SCOPE, COMPONENTS } from '../../../sim/energy/actions.ts';
import { area } from '../../../sim/energy/area.ts';
import { assumed } from '../../../sim/energy/price.ts';
import { allPrices, explainPrice, overlayPrices, priceList } from '../../../sim/energy/price-list.ts';
import { describeSource, SOURCES } from '../../../sim/energy/sources.ts';
import { analogMachine } from '../../harness/analog.ts';

const edge = priceList(edgeDcim28nm);

describe.each(Object.values(PRESETS))('the price list of $name', (machine) => {
  const list = priceList(machine);

  it('prices every action, with the unit it needs', () => {
    expect(Object.keys(list.actions).sort()).toEqual([...ACTION_NAMES].sort());
    expect(Object.keys(ACTION_SCOPE).sort()).toEqual([...ACTION_NAMES].sort());
    for (const p of Object.values(list.actions)) expect(p.unit).toBe('fJ');
    for (const c of COMPONENTS) expect([list.leakage[c].unit, list.area[c].unit]).toEqual(['nW', 'um2']);
  });

  it('has an ordered range, a known source or a reason, and whole shares on every number', () => {
    for (const [name, p] of allPrices(list)) {
      expect(p.low, name).toBeLessThanOrEqual(p.value);
      expect(p.value, name).toBeLessThanOrEqual(p.high);
      expect(p.low, name).toBeGreaterThanOrEqual(0);
      for (const s of p.sources) expect(SOURCES).toHaveProperty(s);
      if (p.basis === 'cited') expect(p.sources.length, name).toBeGreaterThan(0);
      // Leaves carry their basis; a line with neither basis nor parts would be a bare number.
      const leaves = p.lines.filter((l, i) => (p.lines[i + 1]?.search(/\S/) ?? 0) <= l.search(/\S/));
      for (const l of leaves) expect(l).toMatch(/ (cited|fitted|assumed), \S| priced apart \((cited|fitted|assumed)\)/);
      expect(p.shares.cited + p.shares.fitted + p.shares.assumed, name).toBeCloseTo(1, 9);
    }
  });

  it('adds area up', () => {
    const a = area(list);
    expect(a.totalUm2).toBe(COMPONENTS.reduce((n, c) => n + a.byComponent[c].um2, 0));
    expect(a.lowUm2).toBeLessThan(a.totalUm2);
    expect(a.highUm2).toBeGreaterThan(a.totalUm2);
  });

  it('is the same list each time', () => {
    expect(priceList(machine).hash).toBe(list.hash);
  });
});

describe('the generic list', () => {
  it('charges nothing for a matrix unit that is not there', () => {
    expect(edge.actions['systolic.mac'].value).toBe(0);
    expect(edge.actions['array.adderBit'].value).toBeGreaterThan(0);
    const systolic = priceList(PRESETS['conventional-int8']!);
    expect(systolic.actions['array.macroCycle'].value).toBe(0);
    expect(systolic.clocks['clock.matrix'].value).toBeGreaterThan(0);
    expect(edge.clocks['clock.matrix'].value).toBe(0);
    expect(systolic.actions['array.adderBit'].value).toBe(0);
    expect(systolic.actions['systolic.mac'].value).toBeGreaterThan(0);
  });

  it('follows node, supply and sizes', () => {
    const at = (nodeNm: number, supplyV: number) => priceList({ ...edgeDcim28nm, technology: { nodeNm, supplyV } });
    for (const a of ['mac.bit', 'array.adderBit', 'spad.readBit', 'vector.intOp', 'drain.op'] as const) {
      expect(at(22, 0.9).actions[a].value, a).toBeLessThan(edge.actions[a].value);
      expect(at(28, 0.8).actions[a].value, a).toBeLessThan(edge.actions[a].value);
    }
    const larger = priceList({ ...edgeDcim28nm, buffer: { ...edgeDcim28nm.buffer, sizeBytes: 4 * 1048576 } });
    expect(larger.actions['buffer.readBit'].value).toBeGreaterThan(edge.actions['buffer.readBit'].value);
    expect(larger.leakage.buffer.value).toBeCloseTo(4 * edge.leakage.buffer.value, 3);
    expect(larger.hash).not.toBe(edge.hash);
    expect(at(5, 0.5).warnings).toHaveLength(2);
    for (const warning of at(5, 0.5).warnings) expect(warning).toMatch(/^extrapolated: /);
  });

  it.each([
    ['technology.nodeNm=90', /^extrapolated: 90 nm/],
    ['clocks.coreMhz=3000', /^extrapolated: 3000 MHz/],
    ['core.matrix.rows=512 core.matrix.rowsAtOnce=512', /^extrapolated: adder trees of 512 rows/],
  ])('warns outside the domain: %s', (sets, warning) => {
    expect(priceList(applyOverrides(edgeDcim28nm, sets.split(' '))).warnings).toEqual([expect.stringMatching(warning)]);
  });

  it('warns of converters finer than any that was compared, and of no preset above 5 nm', () => {
    expect(priceList(applyOverrides(PRESETS['jia-65nm']!, ['core.matrix.adcBits=10'])).warnings).toHaveLength(1);
    for (const preset of Object.values(PRESETS)) expect(priceList(preset).warnings, preset.name).toEqual([]);
  });

  it('covers 65 to 5 nm: smaller is cheaper in logic, memory and area, and says where it extrapolates', () => {
    const nodes = [65, 45, 40, 28, 22, 16, 12, 7, 5];
    const lists = nodes.map((nodeNm) => priceList({ ...edgeDcim28nm, technology: { nodeNm, supplyV: 0.9 } }));
    for (let i = 1; i < nodes.length; i++) {
      for (const a of ['array.adderBit', 'systolic.mac', 'buffer.readBit', 'vector.intOp', 'drain.multiply'] as const)
        expect(lists[i]!.actions[a].value, `${a} at ${nodes[i]} nm`).toBeLessThanOrEqual(
          lists[i - 1]!.actions[a].value,
        );
      expect(area(lists[i]!).totalUm2).toBeLessThan(area(lists[i - 1]!).totalUm2);
    }
    expect(lists.map((l) => l.warnings.length)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it('takes activity from measured operands, and rests on the fit then, no longer on an assumption', () => {
    const rates = { inputActivity: 0.375, weightDensity: 0.5 };
    const activity = { ...rates, origin: 'test', measured: true, layers: new Map([[2, rates]]) };
    const measured = priceList(edgeDcim28nm, { activity });
    expect(measured.actions['array.adderBit'].basis).toBe('fitted');
    expect(edge.actions['array.adderBit'].basis).toBe('assumed');
    const ratio = measured.actions['array.adderBit'].value / edge.actions['array.adderBit'].value;
    expect(ratio).toBeCloseTo(0.375 / 0.5, 12);
    expect(measured.byLayer.get(2)!['mac.bit']).toBe(measured.actions['mac.bit'].value);
    expect(measured.hash).not.toBe(edge.hash);
  });

  it('can be overlaid, one entry at a time, under another hash', () => {
    const mine = overlayPrices(edge, 'mine', {
      actions: { 'mac.bit': assumed(7, 'fJ', 'measured in the laboratory', [6, 8]) },
    });
    expect(mine.actions['mac.bit'].value).toBe(7);
    expect(mine.actions['spad.readBit']).toBe(edge.actions['spad.readBit']);
    const rates = { inputActivity: 0.1, weightDensity: 0.5 };
    const measured = priceList(edgeDcim28nm, {
      activity: { ...rates, origin: 'test', measured: true, layers: new Map([[0, rates]]) },
    });
    const over = overlayPrices(measured, 'mine', { actions: { 'mac.bit': assumed(7, 'fJ', 'laboratory', [6, 8]) } });
    expect(over.byLayer.get(0)).not.toHaveProperty(['mac.bit']);
    expect(over.byLayer.get(0)).toHaveProperty(['array.adderBit']);
    expect(mine.hash).not.toBe(edge.hash);
    expect(edge.actions['mac.bit'].value).not.toBe(7);
  });

  it('explains a price down to its sources', () => {
    const lines = explainPrice('array.adderBit', edge)!;
    expect(lines[0]).toMatch(/^array\.adderBit: adder-tree leaf inputs/);
    expect(lines.join('\n')).toContain('247 full adders over 256 leaf bits');
    expect(lines).toContain(`  source ${describeSource('zigzag-gates')}`);
    for (const [name] of allPrices(edge)) expect(explainPrice(name, edge)!.length).toBeGreaterThan(1);
    expect(explainPrice('no.such', edge)).toBeUndefined();
  });

  it('uses every source of the table in some machine', () => {
    const activity = { inputActivity: 0.3, weightDensity: 0.5, origin: 'test', measured: true, layers: new Map() };
    const variants = [
      edge,
      priceList(edgeDcim28nm, { activity }),
      priceList(analogMachine()),
      priceList({ ...edgeDcim28nm, technology: { nodeNm: 7, supplyV: 0.8 } }),
      ...['ddr3', 'ddr4', 'hbm2', 'lpddr5'].map((technology) =>
        priceList({ ...edgeDcim28nm, dram: { ...edgeDcim28nm.dram, technology } }),
      ),
    ];
    const used = new Set(variants.flatMap(allPrices).flatMap(([, p]) => p.sources));
    expect([...used].sort()).toEqual(Object.keys(SOURCES).sort());
  });
});
