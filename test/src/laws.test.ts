/** Laws of a run, on our own model and every preset: what is printed adds up, and no run beats its bound. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../isa/base/random.ts';
import { ACTION_NAMES } from '../../isa/demand/actions.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { execute } from '../../sim/exec/execute.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { climb } from '../../src/analysis/ladder.ts';
import { runSchema } from '../../src/report/schema.ts';
import { compileModel } from '../../src/run/model.ts';
import { prepareModel } from '../../src/run/prepare.ts';
import { randomInputs } from '../../src/run/random-inputs.ts';
import { buildResult } from '../../src/run/result.ts';
import { type DesignPoint, simulatePoint } from '../../src/run/simulate-model.ts';
import { bytesOf, digitsModel } from '../harness/models.ts';
import { MAIN_PRESETS } from '../harness/presets.ts';

const model = prepareModel(bytesOf(digitsModel('w2a4.qonnx')), 'digits-w2a4');
/** A preset with two cores, on which layers are cut. */
const twoCores = (machine: Machine): Machine => ({ ...machine, name: `${machine.name} with two cores`, cores: 2 });
const machines = Object.values(MAIN_PRESETS).flatMap((m) =>
  m.core.matrix.kind === 'digital-cim' ? [m, twoCores(m)] : [m],
);
const points = new Map<string, DesignPoint>(
  machines.map((machine) => [machine.name, simulatePoint(compileModel(model, machine), machine)]),
);
const sum = (numbers: readonly number[]) => numbers.reduce((n, v) => n + v, 0);

describe.each([...points.keys()])('on %s', (name) => {
  const point = points.get(name)!;
  const result = buildResult(model, point, { seed: 1, overrides: [], warnings: [] });

  it('is a valid run/1 document', () => {
    expect(runSchema.parse(result)).toEqual(result);
  });
  it('causes add up to the cycles, and so do the layers', () => {
    expect(sum(Object.values(result.causes))).toBe(result.cycles);
    expect(sum(result.layers.map((l) => l.cycles))).toBe(result.cycles);
  });
  it('every unit is busy, stalled or idle in each cycle', () => {
    for (const unit of Object.values(result.units))
      expect(unit.busy + sum(Object.values(unit.stalls)) + unit.idle).toBe(result.cycles);
  });
  it('the critical path is contiguous from 0 to the end', () => {
    let at = 0;
    for (const p of point.result.criticalPath) {
      expect(p.startPs).toBe(at);
      at = p.endPs;
    }
    expect(at).toBe(point.result.latencyPs);
  });
  it('energy is counts times prices, by action and by layer', () => {
    const actions = Object.values(result.energyFj.byAction);
    for (const a of actions)
      expect(Math.abs(a.energyFj - a.count * a.priceFj)).toBeLessThanOrEqual(0.5 + 1e-9 * a.energyFj);
    expect(sum(actions.map((a) => a.energyFj))).toBe(result.energyFj.total);
    const leaks = Object.entries(result.energyFj.byAction).filter(([name]) => name.startsWith('leakage.'));
    expect(sum(leaks.map(([, a]) => a.energyFj))).toBe(result.energyFj.leakage);
    expect(sum(result.layers.map((l) => l.energyFj))).toBe(result.energyFj.total);
    for (const a of ACTION_NAMES) expect(result.energyFj.byAction[a]?.count ?? 0).toBe(point.result.actions[a]);
  });
  it('the range holds the value', () => {
    expect(result.energyFj.low).toBeLessThanOrEqual(result.energyFj.total);
    expect(result.energyFj.high).toBeGreaterThanOrEqual(result.energyFj.total);
  });
  it('no bound is beaten, and free memory never costs', () => {
    for (const run of [point.result, point.cold]) expect(run.cycles).toBeGreaterThanOrEqual(point.bounds.computeCycles);
    expect(result.cycles).toBeGreaterThanOrEqual(result.bounds.boundCycles);
    expect(point.freeDramCycles).toBeLessThanOrEqual(result.cycles);
  });
  it('the ledger is what the run with data moved', () => {
    const inputs = randomInputs(model.graph, createRandom(3));
    const run = execute(point.compiled.program, point.machine, inputs, { countBytes: true });
    const rows = (
      all: readonly { boundary: string; role: string; layer: number; readBytes: number; writeBytes: number }[],
    ) =>
      all
        .filter((r) => r.role !== 'instructions')
        .map((r) => `${r.boundary} ${r.role} ${r.layer} ${r.readBytes} ${r.writeBytes}`)
        .sort();
    expect(rows(point.cold.traffic)).toEqual(rows(run.moved!));
  });
  it('events of one instant may come in any order', () => {
    for (const shuffleSeed of [1, 2, 3])
      expect(simulate(point.compiled.program, point.machine, { shuffleSeed })).toEqual(point.cold);
  });
});

describe('ladder', () => {
  const machine = MAIN_PRESETS['edge-dcim-28nm']!;
  const ladder = climb(model, machine);
  const rung = (name: string) => ladder.rungs.find((r) => r.name === name && r.batch === 1 && r.state === 'steady')!;

  it('has its rungs in steady state, cold and for a batch', () => {
    expect(new Set(ladder.rungs.map((r) => `${r.state} ${r.batch}`))).toEqual(
      new Set(['steady 1', 'cold 1', 'steady 8']),
    );
  });
  it('each rung is a run of its own: the last is the reported design point', () => {
    expect(rung('resident').cycles).toBe(points.get(machine.name)!.result.cycles);
    const steady = ladder.rungs.filter((r) => r.batch === 1 && r.state === 'steady');
    expect(new Set(steady.map((r) => `${r.cycles} ${r.energyFj} ${r.dramReadBytes}`)).size).toBe(4);
  });
  it('avoided bytes are differences of measured traffic', () => {
    const reference = rung('INT8 reference');
    for (const r of ['own bits', 'in memory', 'resident'].map(rung)) {
      expect(r.avoidedBytes).toBe(
        reference.dramReadBytes + reference.dramWriteBytes - r.dramReadBytes - r.dramWriteBytes,
      );
    }
  });
  it('own bits move fewer weight bytes than bytes do, resident ones none', () => {
    expect(rung('own bits').weightDramBytes).toBeLessThan(rung('INT8 reference').weightDramBytes);
    expect(rung('resident').weightDramBytes).toBe(0);
  });
  it('compares machines of equal peak and equal on-chip bytes', () => {
    const reference = rung('INT8 reference');
    const design = rung('resident');
    expect(Math.abs(reference.peakMacsPerCycle / design.peakMacsPerCycle - 1)).toBeLessThan(0.01);
    expect(Math.abs(reference.onChipBytes / design.onChipBytes - 1)).toBeLessThan(0.01);
  });
});
