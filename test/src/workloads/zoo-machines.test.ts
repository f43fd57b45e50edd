/**
 * The zoo whole, in the long run only (npm run test:long; it takes hours): every network, section by section, compiles with all checkers on
 * programs of any size and is timed on three machines that hold it; there the small CNNs give the interpreter's values at their own size. One
 * network: QNPU_MODELS=1 npx vitest run test/src/workloads/zoo-machines.test.ts -t 'resnet18 '.
 */
import process from 'node:process';
import { afterEach, describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { runPasses } from '../../../compiler/passes/pipeline.ts';
import { requireValid } from '../../../isa/instructions/validate/program.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { checkOrder } from '../../../sim/order/check.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { boundsOf } from '../../../src/analysis/bounds.ts';
import type { ZooEntry } from '../../../src/workloads/entry.ts';
import { ZOO } from '../../../src/workloads/networks/index.ts';
import { planZoo } from '../../../src/workloads/zoo.ts';
import { LONG } from '../../harness/long.ts';
import { expectSameValues } from './values-rig.ts';

const MEMORY_BYTES = 2 ** 32;
const SMALL_MACS = 100e6;
const LARGE_MACS = 2e9;
const LARGE_PARAMS = 50e6;
/** ResNet-18 takes two minutes of CPU on edge-dcim-28nm; the largest have fifty times its MACs. */
const LIMIT_MS = 6 * 3_600_000;

/** Ternary networks at two bits, the others at eight: as bench:zoo. */
function widthsOf(name: string): string {
  if (name.startsWith('bitnet')) return 'w2a8';
  return name.startsWith('llama') ? 'w4a8' : 'w8a8';
}

/** Three presets whose DRAM holds the weights of all sections; the smallest array does not get the largest networks. */
function presetsOf({ totals }: ZooEntry, plan: ReturnType<typeof planZoo>): readonly string[] {
  const weightBytes = plan.reduce((sum, { repeat, sizeBytes }) => sum + repeat * sizeBytes, 0);
  const large = totals.macs > LARGE_MACS || totals.params > LARGE_PARAMS;
  const others = large ? ['vision-server', 'dimc-edge-soc'] : ['gemmini-16x16', 'vision-server'];
  const names = ['edge-dcim-28nm', 'tpu-v1', ...others];
  return names.filter((name) => PRESETS[name]!.dram.capacityBytes > weightBytes).slice(0, 3);
}

function expectRuns(section: ReturnType<typeof planZoo>[number], machine: Machine): void {
  // With `check`, the verifier and the checkers of provenance and semaphores.
  const { program, steadyProgram } = compile(runPasses(section.build()), machine, { check: true });
  for (const one of [program, steadyProgram]) {
    if (one === null) continue;
    requireValid(one, machine);
    expect(checkOrder(one, machine)).toEqual([]);
  }
  const { cycles, layerActions } = simulate(program, machine);
  const { boundCycles } = boundsOf(program, machine, layerActions);
  expect(boundCycles).toBeGreaterThan(0);
  expect(cycles).toBeGreaterThanOrEqual(boundCycles);
}

describe.skipIf(!LONG)('the zoo on its machines (only in the long run: npm run test:long)', () => {
  afterEach(() => {
    // Of this process so far, in KiB; the tests of a file share one.
    expect(process.resourceUsage().maxRSS * 1024).toBeLessThan(MEMORY_BYTES);
  });

  describe.each(LONG ? ZOO.map((entry): [string, ZooEntry] => [entry.name, entry]) : [])('%s', (_, entry) => {
    const name = `${entry.name}-${widthsOf(entry.name)}`;
    const plan = planZoo(name);
    const presets = presetsOf(entry, plan);

    it('has three machines', () => expect(presets).toHaveLength(3));

    describe.each(presets)('on %s', (preset) => {
      it.each(plan.map((section): [string, typeof section] => [section.name, section]))(
        '%s: compiled, checked and timed',
        (_, section) => expectRuns(section, PRESETS[preset]!),
        LIMIT_MS,
      );
    });

    it.runIf(entry.kind === 'cnn' && entry.totals.macs < SMALL_MACS)(
      'at its own size: the values of the interpreter',
      () => expectSameValues(name, undefined, presets),
      LIMIT_MS,
    );
  });

  it.skipIf(LONG)('every network: set QNPU_MODELS or run npm run test:long', () => undefined);
});
