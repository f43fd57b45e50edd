/** Networks of sections: the sum of the runs obeys the laws of a run, is what its sections say, and fits the DRAM or is refused. */
import { describe, expect, it } from 'vitest';
import { CapacityError } from '../../isa/base/errors.ts';
import { createRandom } from '../../isa/base/random.ts';
import { compareRuns } from '../../src/analysis/compare.ts';
import { climbSections } from '../../src/analysis/ladder.ts';
import { renderCsv } from '../../src/report/csv.ts';
import { renderHtml } from '../../src/report/html/page.ts';
import { runSchema } from '../../src/report/schema.ts';
import { renderText } from '../../src/report/text.ts';
import { compileModel, type SectionedModel } from '../../src/run/model.ts';
import { buildDocument, buildResult } from '../../src/run/result.ts';
import { compileSections, runSections } from '../../src/run/sections.ts';
import { simulatePoint } from '../../src/run/simulate-model.ts';
import { planNetwork } from '../../src/workloads/build.ts';
import { countNetwork } from '../../src/workloads/count.ts';
import type { Network } from '../../src/workloads/layers.ts';
import { describeBert } from '../../src/workloads/networks/encoders.ts';
import { describeDeepspeech2 } from '../../src/workloads/networks/recurrent.ts';
import { parseRecipe } from '../../src/workloads/recipe.ts';
import { MAIN_PRESETS } from '../harness/presets.ts';

const NETWORKS: Readonly<Record<string, Network>> = {
  bert: describeBert({ layers: 3, width: 64, tokens: 8 }),
  lstm: describeDeepspeech2({ layers: 2, hidden: 16, frames: 5 }),
};
const EXTRAS = { seed: 1, overrides: [], warnings: [] } as const;
const sum = (numbers: readonly number[]) => numbers.reduce((n, v) => n + v, 0);

function modelOf(name: string): SectionedModel {
  const options = { name, recipe: parseRecipe('w8a8'), batch: 1, random: createRandom(1) };
  const sections = planNetwork(NETWORKS[name]!, options).map(({ build, ...section }) => ({
    ...section,
    open: () => ({ name: `${name}/${section.name}`, hash: '0', graph: build(), notes: [] }),
  }));
  return { name, hash: '0', sections };
}

const CASES = Object.keys(NETWORKS).flatMap((n) => ['edge-dcim-28nm', 'conventional-int8'].map((m) => [n, m] as const));

describe.each(CASES)('%s on %s', (name, preset) => {
  const machine = MAIN_PRESETS[preset]!;
  const network = modelOf(name);
  const { point, model } = runSections(network, machine, 'steady');
  const result = buildDocument(model, point, EXTRAS);

  it('is a run/1 document with the work of its description', () => {
    expect(runSchema.parse(result)).toEqual(result);
    expect(result.model.macs).toBe(countNetwork(NETWORKS[name]!).macs);
    expect(sum(result.layers.map((l) => l.macs))).toBe(result.model.macs);
  });

  it('adds up: causes, layers, sections, units, energy, traffic', () => {
    expect(sum(Object.values(result.causes))).toBe(result.cycles);
    expect(sum(result.layers.map((l) => l.cycles))).toBe(result.cycles);
    expect(sum(result.sections!.map((s) => s.cycles))).toBe(result.cycles);
    for (const unit of Object.values(result.units))
      expect(unit.busy + sum(Object.values(unit.stalls)) + unit.idle).toBe(result.cycles);
    for (const unit of Object.values(result.units)) expect(unit.idle).toBeGreaterThanOrEqual(0);
    const actions = Object.values(result.energyFj.byAction);
    expect(sum(actions.map((a) => a.energyFj))).toBe(result.energyFj.total);
    for (const a of actions)
      expect(Math.abs(a.energyFj - a.count * a.priceFj)).toBeLessThanOrEqual(0.5 + 1e-9 * a.energyFj);
    expect(sum(result.layers.map((l) => l.energyFj))).toBe(result.energyFj.total);
    const dram = result.traffic.filter((t) => t.boundary === 'dram');
    const moved = sum(dram.map((t) => t.readBytes + t.writeBytes));
    expect(sum(result.layers.map((l) => l.dramBytes))).toBe(moved);
    expect(sum(result.sections!.map((s) => s.dramBytes))).toBe(moved);
  });

  it('beats no bound', () => {
    expect(result.cycles).toBeGreaterThanOrEqual(result.bounds.boundCycles);
    expect(result.bounds.boundCycles).toBeGreaterThan(0);
    expect(result.wall.dramCycles).toBeLessThanOrEqual(result.cycles);
  });

  it('is each section as often as it runs: once from a cold start, further steps as the one before left the chip', () => {
    network.sections.forEach(({ repeat, steps, open }, i) => {
      const one = open();
      const compiled = compileModel(one, machine);
      const alone = (state: 'cold' | 'steady') => buildResult(one, simulatePoint(compiled, machine, { state }), EXTRAS);
      const [cold, steady] = [alone('cold'), alone('steady')];
      const dram = (r: typeof cold) =>
        sum(r.traffic.filter((t) => t.boundary === 'dram').map((t) => t.readBytes + t.writeBytes));
      const times = (of: (r: typeof cold) => number) => repeat * (of(cold) + (steps - 1) * of(steady));
      expect(result.sections![i]).toMatchObject({ cycles: times((r) => r.cycles), dramBytes: times(dram) });
    });
  });
});

describe('reports', () => {
  const machine = MAIN_PRESETS['edge-dcim-28nm']!;
  const { point, model } = runSections(modelOf('bert'), machine, 'steady');
  const result = buildDocument(model, point, EXTRAS);

  it('show sections and name layers after them', () => {
    const text = renderText(result, { color: false });
    for (const part of ['Sections', 'block ', 'follow one another', 'every section loaded anew'])
      expect(text).toContain(part);
    expect(renderHtml(result)).toContain('<h2>Sections</h2>');
    expect(renderCsv(result)).toContain('block/att.q');
  });

  it('can be compared', () => {
    const slow = { ...machine, clocks: { ...machine.clocks, bufferMhz: machine.clocks.bufferMhz / 2 } };
    const other = runSections(modelOf('bert'), slow, 'steady');
    const { metrics, causesPs } = compareRuns(result, buildDocument(other.model, other.point, EXTRAS));
    expect(sum(causesPs.map((c) => c.delta))).toBe(metrics.find((m) => m.name === 'latency')?.delta);
  });

  it('climb the ladder', () => {
    const { rungs } = climbSections(modelOf('bert'), machine);
    const last = rungs.find((r) => r.name === 'resident' && r.batch === 1)!;
    expect(last).toMatchObject({ cycles: result.cycles, energyFj: result.energyFj.total });
    expect(new Set(rungs.map((r) => `${r.cycles}`)).size).toBeGreaterThan(1);
  });
});

describe('capacity', () => {
  const machine = MAIN_PRESETS['edge-dcim-28nm']!;
  const network = modelOf('bert');
  const within = (capacityBytes: number) => ({ ...machine, dram: { ...machine.dram, capacityBytes } });
  const refusal = (capacityBytes: number): CapacityError => {
    try {
      compileSections(network, within(capacityBytes));
    } catch (error) {
      if (error instanceof CapacityError) return error;
      throw error;
    }
    throw new Error('it fits');
  };

  it('is refused before anything is built where sizes alone rule it out, and says who needs what', () => {
    const closed = { ...network, sections: network.sections.map((s) => ({ ...s, open: () => expect.fail('built') })) };
    expect(() => runSections(closed, within(2_100_000), 'steady')).toThrow(CapacityError);
    const { knob, message, consumers } = refusal(2_100_000);
    expect(knob).toBe('dram.capacityBytes');
    expect(message).toContain('all sections of bert, even at their own widths');
    expect(consumers.some((c) => c.name === '3 x block')).toBe(true);
  });

  it('counts the weights of every repetition as they are stored: the byte decides', () => {
    const { needed } = refusal(2_100_000);
    const exact = refusal(needed).needed;
    expect(exact).toBeGreaterThan(needed);
    compileSections(network, within(exact));
    expect(refusal(exact - 1).needed).toBe(exact);
    expect(() => runSections(network, within(exact - 1), 'steady')).toThrow(CapacityError);
  });
});
