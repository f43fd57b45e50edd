/** One network compiled and run with data on machines, and what the interpreter makes of the same graph as it was built. */
import { expect } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { runPasses } from '../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { randomInputs } from '../../../src/run/random-inputs.ts';
import { runValues } from '../../../src/run/values.ts';
import type { Chw } from '../../../src/workloads/entry.ts';
import { openZoo } from '../../../src/workloads/zoo.ts';

/** @param input its image in place of the network's own @param presets names of the machines */
export function expectSameValues(name: string, input?: Chw, presets: readonly string[] = ['edge-dcim-28nm']): void {
  const graph = openZoo(name, input === undefined ? {} : { input });
  const inputs = randomInputs(graph, createRandom(3));
  const codes = new Map([...inputs].map(([k, v]) => [k, Int32Array.from(v)]));
  const expected = interpret(graph, codes);
  for (const preset of presets) {
    const machine = PRESETS[preset]!;
    const compiled = compile(runPasses(graph), machine);
    expect(simulate(compiled.program, machine).cycles).toBeGreaterThan(0);
    const run = runValues(compiled, machine, [inputs]);
    for (const [output, { data }] of expected)
      expect(Array.from(run.outputs.get(output)!), `${output} on ${preset}`).toEqual(Array.from(data));
  }
}
