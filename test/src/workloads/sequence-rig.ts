/** Networks of the zoo at any size: their MACs, and their values on both kinds of arrays. */
import { expect } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import type { Graph } from '../../../compiler/graph/types.ts';
import { verify } from '../../../compiler/graph/verify.ts';
import { runPasses } from '../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { randomInputs } from '../../../src/run/random-inputs.ts';
import { runValues } from '../../../src/run/values.ts';
import { type BuiltSection, buildNetwork } from '../../../src/workloads/build.ts';
import { countNetwork } from '../../../src/workloads/count.ts';
import type { Network } from '../../../src/workloads/layers.ts';
import { parseRecipe } from '../../../src/workloads/recipe.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';
import { graphMacs } from './graph-counts.ts';

export function buildSmall(network: Network, recipe: string): readonly BuiltSection[] {
  return buildNetwork(network, { name: 'small', recipe: parseRecipe(recipe), batch: 1, random: createRandom(1) });
}

/** Checked on the first kind of arrays; timed and run with data on both. */
export function expectValuesOf(graph: Graph): void {
  run(graph, 'edge-dcim-28nm', true);
  run(graph, 'conventional-int8', false);
}

function run(graph: Graph, preset: string, check: boolean): void {
  const machine = MAIN_PRESETS[preset]!;
  const compiled = compile(runPasses(graph), machine, { check });
  expect(simulate(compiled.program, machine).cycles).toBeGreaterThan(0);
  const inputs = randomInputs(graph, createRandom(3));
  const { outputs } = runValues(compiled, machine, [inputs]);
  const codes = new Map([...inputs].map(([k, v]) => [k, Int32Array.from(v)]));
  for (const [output, { data }] of interpret(graph, codes))
    expect(Array.from(outputs.get(output)!)).toEqual(Array.from(data));
}

/** Well-formed graphs of as many MACs as the description says. */
export function expectCounts(network: Network, sections: readonly BuiltSection[]): void {
  expect(sections.flatMap((s) => verify(s.graph))).toEqual([]);
  const macs = sections.reduce((n, s) => n + s.repeat * s.steps * graphMacs(s.graph), 0);
  expect(macs).toBe(countNetwork(network).macs);
}
