/** Comparisons: every group of differences adds up to the difference of its total, on real runs of unlike machines and models. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyOverrides } from '../../../isa/machine/overrides.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { compareRuns, comparisonSchema } from '../../../src/analysis/compare.ts';
import type { RunResult } from '../../../src/report/schema.ts';
import { inertOverrides, observed } from '../../../src/run/inert.ts';
import { compileModel } from '../../../src/run/model.ts';
import { prepareModel } from '../../../src/run/prepare.ts';
import { buildResult } from '../../../src/run/result.ts';
import { simulatePoint } from '../../../src/run/simulate-model.ts';

const read = (name: string) => readFileSync(new URL(`../../../examples/digits/models/${name}`, import.meta.url));
const w2a4 = prepareModel(new Uint8Array(read('digits-w2a4.qonnx.onnx')), 'digits-w2a4');
const int8 = prepareModel(new Uint8Array(read('digits-int8.qdq.onnx')), 'digits-int8');
const edge = PRESETS['edge-dcim-28nm']!;

const designPoint = (overrides: readonly string[], model = w2a4, machine = edge) => {
  const changed = applyOverrides(machine, overrides);
  return simulatePoint(compileModel(model, changed), changed);
};
const run = (overrides: readonly string[], model = w2a4, machine = edge): RunResult =>
  buildResult(model, designPoint(overrides, model, machine), { seed: 1, overrides, warnings: [] });

const base = run([]);
const sum = (parts: readonly { delta: number }[]) => parts.reduce((n, p) => n + p.delta, 0);

describe.each([
  ['a wider feed', run(['core.matrix.inputBitsPerCycle=2'])],
  ['another clock and DRAM', run(['clocks.coreMhz=400', 'dram=lpddr5-6400-x16'])],
  ['another model', run([], int8)],
  ['another machine', run([], w2a4, PRESETS['conventional-int8'])],
])('%s', (_, after) => {
  const c = compareRuns(base, after);
  const metric = (name: string) => c.metrics.find((m) => m.name === name)!.delta;

  it('parts add up to the difference of the totals', () => {
    expect(sum(c.causesPs)).toBe(after.latencyPs - base.latencyPs);
    expect(sum(c.layersPs)).toBe(after.latencyPs - base.latencyPs);
    expect(sum(c.energyFj)).toBe(after.energyFj.total - base.energyFj.total);
    expect(sum(c.dramBytes)).toBe(metric('dram'));
    expect(metric('latency')).not.toBe(0);
  });
  it('says what the runs do not share, and is a document of its schema', () => {
    expect(c.differs.length).toBeGreaterThan(0);
    expect(comparisonSchema.parse(JSON.parse(JSON.stringify(c)))).toEqual(c);
  });
});

it('a run compared with itself has no differences', () => {
  const c = compareRuns(base, base);
  expect(c.differs).toEqual([]);
  for (const parts of [c.metrics, c.causesPs, c.energyFj, c.dramBytes, c.layersPs]) expect(sum(parts)).toBe(0);
});

describe('one knob moves the result in the direction that it must, and the comparison names the reason', () => {
  it.each([
    ['core.matrix.inputBitsPerCycle=2', 'latency', -1, 'matrix'],
    ['core.matrix.inputBitsPerCycle=2', 'area', 1, ''],
    ['core.drain.lanes=8', 'latency', 1, 'drain'],
    ['core.vector.lanes=8', 'latency', 1, 'vector'],
    ['core.dma.setupCycles=64', 'latency', 1, 'dma-setup'],
    ['core.scratchpad.portBits=32', 'latency', 1, ''],
    ['dram=hbm2-x128', 'latency', -1, 'dram-transfer'],
    ['dram.timing.rcd=90', 'cold', 1, ''],
    ['core.matrix.macros=1', 'latency', 1, ''],
    ['core.matrix.macros=1', 'area', -1, ''],
    ['technology.nodeNm=22', 'area', -1, ''],
    ['technology.supplyV=0.8', 'energy', -1, ''],
    ['buffer.sizeBytes=4194304', 'area', 1, ''],
    ['buffer.sizeBytes=4194304', 'energy', 1, ''],
  ] as const)('%s: %s', (override, metric, direction, cause) => {
    const c = compareRuns(base, run([override]));
    expect(Math.sign(c.metrics.find((m) => m.name === metric)!.delta)).toBe(direction);
    if (cause === '') return;
    // The cause that the knob acts on changed most, in the same direction.
    const towards = c.causesPs.filter((p) => Math.sign(p.delta) === direction);
    expect(towards[0]?.name).toBe(cause);
  });

  it('or is reported as inert: no refresh falls into so short a run', () => {
    const overrides = ['dram.timing.rfc=2000'];
    const inert = inertOverrides({
      overrides,
      machine: applyOverrides(edge, overrides),
      machineWith: (some) => applyOverrides(edge, some),
      observe: (machine) => observed(designPoint([], w2a4, machine)),
      seen: observed(designPoint(overrides)),
    });
    expect(inert).toHaveLength(1);
    expect(inert[0]).toContain('dram.timing.rfc=2000 is inert');
  });

  it('or is said to change only what stands behind the answers', () => {
    const overrides = ['core.sequencer.queueDepth=1'];
    const [said] = inertOverrides({
      overrides,
      machine: applyOverrides(edge, overrides),
      machineWith: (some) => applyOverrides(edge, some),
      observe: (machine) => observed(designPoint([], w2a4, machine)),
      seen: observed(designPoint(overrides)),
    });
    expect(said).toMatch(/queueDepth=1 changes only .*what units wait for.*: cycles, energy, .* are the same/);
  });
});
