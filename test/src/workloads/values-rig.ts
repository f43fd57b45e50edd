/** One network compiled and run with data on edge-dcim-28nm, and what the interpreter makes of the same graph as it was built. */
import { expect } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { runPasses } from '../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { randomInputs } from '../../../src/run/random-inputs.ts';
import { runValues } from '../../../src/run/values.ts';
import type { Chw } from '../../../src/workloads/entry.ts';
import { openZoo } from '../../../src/workloads/zoo.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';

export function expectSameValues(name: string, input?: Chw): void {
  const machine = MAIN_PRESETS['edge-dcim-28nm']!;
  const graph = openZoo(name, input === undefined ? {} : { input });
  const compiled = compile(runPasses(graph), machine);
  expect(simulate(compiled.program, machine).cycles).toBeGreaterThan(0);
  const inputs = randomInputs(graph, createRandom(3));
  const run = runValues(compiled, machine, [inputs]);
  const codes = new Map([...inputs].map(([k, v]) => [k, Int32Array.from(v)]));
  for (const [output, { data }] of interpret(graph, codes))
    expect(Array.from(run.outputs.get(output)!)).toEqual(Array.from(data));
}
