/** A run with values is priced for the operands that it saw, and says so; without values for random operands. */
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import { climb } from '../../src/analysis/ladder.ts';
import { compileModel } from '../../src/run/model.ts';
import { prepareModel } from '../../src/run/prepare.ts';
import { buildResult } from '../../src/run/result.ts';
import { repriced, simulatePoint } from '../../src/run/simulate-model.ts';
import { runValues } from '../../src/run/values.ts';
import { bytesOf, digitsModel } from '../harness/models.ts';

const model = prepareModel(bytesOf(digitsModel('w2a4.qonnx')), 'digits-w2a4');
const machine = PRESETS['edge-dcim-28nm']!;
const point = simulatePoint(compileModel(model, machine), machine);
const report = (p: typeof point) => buildResult(model, p, { seed: 1, overrides: [], warnings: [] });
const [input] = model.graph.inputs;

/** Statistics of one picture in which a share of the pixels is lit. */
function statisticsOf(lit: number) {
  const size = model.graph.values.get(input!)!.shape.reduce((a, b) => a * b, 1);
  const pixels = Float32Array.from({ length: size }, (_, i) => (i % 100 < 100 * lit ? ((i * 37) % 200) / 255 : 0));
  return runValues(point.compiled, machine, [new Map([[input!, pixels]])]).statistics;
}

describe('activity of a run', () => {
  const dense = repriced(point, statisticsOf(1));
  const sparse = repriced(point, statisticsOf(0.05));

  it('is measured with values and assumed without, and the report says which', () => {
    expect(report(point).prices.activity).toMatch(/^random operands, assumed: input bits switch 50 %, products 25 %$/);
    expect(report(dense).prices.activity).toMatch(/^measured operands: input bits switch \d/);
    expect(report(dense).prices.hash).not.toBe(report(point).prices.hash);
  });

  it('costs less in the arrays the sparser the pictures are, and nothing else changes', () => {
    const arrays = (p: typeof point) => p.energy.byScope.arrays;
    expect(arrays(sparse)).toBeLessThan(arrays(dense));
    expect(arrays(dense)).toBeLessThan(arrays(point));
    const beyond = (p: typeof point) => p.energy.totalFj - arrays(p);
    expect(beyond(sparse)).toBe(beyond(dense));
    expect(sparse.result).toBe(dense.result);
    for (const p of [dense, sparse])
      expect([...p.energy.byLayer.values()].reduce((n, fj) => n + fj, 0)).toBe(p.energy.totalFj);
  });

  it('prices the rungs of the ladder as the headline', () => {
    const statistics = statisticsOf(1);
    const rungs = climb(model, machine, statistics).rungs.filter((r) => r.batch === 1 && r.state === 'steady');
    expect(rungs.find((r) => r.name === 'resident')!.energyFj).toBe(repriced(point, statistics).energy.totalFj);
  });
});
