/** A slower tier behind DRAM, end to end: what lives there, what it costs, and that it changes no value. */
import { describe, expect, it } from 'vitest';
import { CapacityError, UnsupportedError } from '../../isa/base/errors.ts';
import { createRandom } from '../../isa/base/random.ts';
import { applyOverrides } from '../../isa/machine/overrides.ts';
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { execute } from '../../sim/exec/execute.ts';
import type { Boundary } from '../../sim/result.ts';
import { renderText } from '../../src/report/text.ts';
import { compileModel } from '../../src/run/model.ts';
import { prepareModel } from '../../src/run/prepare.ts';
import { prepareZooSections } from '../../src/run/prepare-zoo.ts';
import { randomInputs } from '../../src/run/random-inputs.ts';
import { buildResult } from '../../src/run/result.ts';
import { compileSections } from '../../src/run/sections.ts';
import { type DesignPoint, simulatePoint } from '../../src/run/simulate-model.ts';
import { bytesOf, digitsModel } from '../harness/models.ts';

/** 64 KiB of DRAM: small enough for counting every byte. */
const SMALL_DRAM = ['dram.mapping=["column:3","channel:1","column:3","bank:3","row:1"]', 'dram.capacityBytes=65536'];
const STREAMED = 'capabilities.weightResidency=false';
const model = prepareModel(bytesOf(digitsModel('int8.qdq')), 'digits');
const inputs = randomInputs(model.graph, createRandom(5));

const small = applyOverrides(edgeDcim28nm, [...SMALL_DRAM, STREAMED]);
const weightsFar = applyOverrides(small, ['tier=host-pcie3-x4', 'tier.holds=weights']);

function pointOn(machine: Machine): DesignPoint {
  return simulatePoint(compileModel(model, machine), machine);
}

function bytesAt({ result }: DesignPoint, boundary: Boundary, role?: string): number {
  return result.traffic
    .filter((t) => t.boundary === boundary && (role === undefined || t.role === role))
    .reduce((n, t) => n + t.readBytes + t.writeBytes, 0);
}

const near = pointOn(small);
const far = pointOn(weightsFar);

describe('weights that are asked to live in the tier', () => {
  it('cross its boundary instead of that of DRAM, every other byte as before', () => {
    expect(bytesAt(near, 'tier')).toBe(0);
    expect(bytesAt(far, 'tier', 'weights')).toBe(bytesAt(near, 'dram', 'weights'));
    expect(bytesAt(far, 'tier')).toBe(bytesAt(far, 'tier', 'weights'));
    expect(bytesAt(far, 'dram', 'weights')).toBe(0);
    expect(bytesAt(far, 'dram')).toBe(bytesAt(near, 'dram') - bytesAt(near, 'dram', 'weights'));
    expect(bytesAt(far, 'core')).toBe(bytesAt(near, 'core'));
  });

  it('the ledger is the bytes that a run with data moves', () => {
    const { program } = far;
    const { moved, outputs } = execute(program, weightsFar, inputs, { countBytes: true });
    const key = (t: { boundary: string; role: string; layer: number }) => `${t.boundary} ${t.role} ${t.layer}`;
    const table = (rows: NonNullable<typeof moved>) =>
      Object.fromEntries(rows.map((t) => [key(t), [t.readBytes, t.writeBytes]]));
    const timed = far.result.traffic.filter((t) => t.role !== 'instructions');
    expect(table(moved!)).toEqual(table(timed));
    expect(outputs).toEqual(execute(near.program, small, inputs, {}).outputs);
  });

  it('cost time and energy, and the causes say so', () => {
    expect(far.result.cycles).toBeGreaterThan(near.result.cycles);
    expect(far.result.causes['tier-latency']).toBeGreaterThan(0);
    const bits = far.result.actions['tier.readBit'];
    expect(bits).toBeGreaterThanOrEqual(8 * bytesAt(far, 'tier'));
    expect(bits % (8 * weightsFar.tier!.blockBytes)).toBe(0);
    expect(far.energy.byAction['tier.readBit']!.energyFj).toBe(30_000 * bits);
    expect(near.result.actions['tier.readBit']).toBe(0);
  });

  it('are a bound of their own', () => {
    expect(far.bounds.tierCompulsoryBytes).toBe(bytesAt(far, 'tier'));
    // 3,500 MB/s are 7 B a cycle of 2 ns.
    expect(far.bounds.tierCycles).toBe(Math.floor(bytesAt(far, 'tier') / 7));
    expect(far.bounds.boundCycles).toBe(
      Math.max(far.bounds.tierCycles, far.bounds.dramCycles, far.bounds.computeCycles),
    );
    expect(far.result.cycles).toBeGreaterThanOrEqual(far.bounds.tierCycles);
  });

  it('are what the report says to change', () => {
    const text = renderText(buildResult(model, far, { seed: 1, overrides: [], warnings: [] }), { color: false });
    expect(text.replace(/\s+/g, ' ')).toMatch(/a free DRAM and tier would save .* of weights in the tier: more DRAM/);
    expect(text).toContain('tier <-> chip');
  });

  it('a faster link and a shorter latency help', () => {
    const cycles = (set: string) => pointOn(applyOverrides(weightsFar, [set])).result.cycles;
    expect(cycles('tier.megabytesPerSecond=500')).toBeGreaterThan(far.result.cycles);
    expect(cycles('tier.latencyPs=100000')).toBeLessThan(far.result.cycles);
    expect(cycles('tier.blockBytes=4096')).toBeGreaterThan(far.result.cycles);
  });
});

describe('constants for which DRAM has no room', () => {
  const tiny = applyOverrides(small, [
    'dram.mapping=["column:3","channel:1","column:3","bank:2"]',
    'dram.banks=4',
    'dram.capacityBytes=16384',
  ]);

  it('are refused without a tier, and go there with one: as few as need be, with the same values', () => {
    const { program } = compileModel(model, small);
    expect(program.dramBytes).toBeGreaterThan(tiny.dram.capacityBytes);
    expect(() => compileModel(model, tiny)).toThrow(CapacityError);
    const overflowing = applyOverrides(tiny, ['tier=host-pcie3-x4']);
    const point = pointOn(overflowing);
    expect(bytesAt(point, 'tier')).toBeGreaterThan(0);
    expect(bytesAt(point, 'tier')).toBeLessThan(bytesAt(far, 'tier'));
    expect(point.program.codeAddress).toBeLessThan(tiny.dram.capacityBytes);
    expect(execute(point.program, overflowing, inputs, {}).outputs).toEqual(
      execute(near.program, small, inputs, {}).outputs,
    );
  });

  it('are refused where the tier has no room either', () => {
    const full = applyOverrides(tiny, ['tier=host-pcie3-x4', 'tier.capacityBytes=256']);
    expect(() => compileModel(model, full)).toThrow(/slower tier/);
  });

  it('stay in DRAM where they fit: the tier changes nothing', () => {
    const same = pointOn(applyOverrides(small, ['tier=flash-ufs3']));
    expect([same.result.cycles, same.energy.totalFj]).toEqual([near.result.cycles, near.energy.totalFj]);
  });
});

it('a machine without the tier it names is told which there are', () => {
  expect(() => applyOverrides(small, ['tier=flash'])).toThrow(/1 problem/);
  expect(() => applyOverrides(small, ['tier.latencyPs=5'])).toThrow(/cannot be applied/);
  expect(() => applyOverrides(weightsFar, ['tier.blockBytes=48'])).toThrow(/3 problems/);
});

it('a network of sections is refused: its sections would have to share the tier', () => {
  const network = prepareZooSections('bert-base-s128-w8a8');
  expect(network).toBeDefined();
  expect(() => compileSections(network!, weightsFar)).toThrow(UnsupportedError);
});
