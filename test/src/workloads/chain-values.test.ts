/** Sections one after another, what one makes going into the next: BERT of two layers, and an LSTM cell over steps; the simulator's values are the interpreter's. */
import { expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import type { Graph } from '../../../compiler/graph/types.ts';
import { runPasses } from '../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { randomInputs } from '../../../src/run/random-inputs.ts';
import { runValues } from '../../../src/run/values.ts';
import { describeBert } from '../../../src/workloads/networks/encoders.ts';
import { cell } from '../../../src/workloads/networks/recurrent.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';
import { buildSmall } from './sequence-rig.ts';

const machine = MAIN_PRESETS['edge-dcim-28nm']!;
type Inputs = ReadonlyMap<string, Int32Array>;

/** Outputs of a graph in their order, by the simulator and by the interpreter. */
function runnerOf(graph: Graph) {
  const compiled = compile(runPasses(graph), machine);
  return {
    simulated: (inputs: Inputs) => {
      const { outputs } = runValues(compiled, machine, [
        new Map([...inputs].map(([k, v]) => [k, Float64Array.from(v)])),
      ]);
      return graph.outputs.map((o) => Int32Array.from(outputs.get(o)!));
    },
    interpreted: (inputs: Inputs) => {
      const results = interpret(graph, inputs);
      return graph.outputs.map((o) => Int32Array.from(results.get(o)!.data));
    },
  };
}

it('BERT of two layers', () => {
  const sections = buildSmall(describeBert({ layers: 2, width: 64, tokens: 7 }), 'w8a8');
  const ids = [...randomInputs(sections[0]!.graph, createRandom(4)).values()][0]!;
  const path = sections.flatMap(({ graph, repeat }) => Array.from({ length: repeat }, () => graph));
  const runners = new Map(sections.map(({ graph }) => [graph, runnerOf(graph)]));
  const through = (how: 'simulated' | 'interpreted') =>
    path.reduce((x, graph) => runners.get(graph)![how](new Map([[graph.inputs[0]!, x]]))[0]!, Int32Array.from(ids));
  const found = through('simulated');
  expect(found).toEqual(through('interpreted'));
  expect(new Set(found).size).toBeGreaterThan(4);
});

it('an LSTM cell over six steps', () => {
  const hidden = 24;
  const network = { sections: [cell({ hidden, cells: 1, steps: 6, bias: true })] };
  const { graph } = buildSmall(network, 'w8a8')[0]!;
  const runner = runnerOf(graph);
  const over = (how: 'simulated' | 'interpreted') => {
    const random = createRandom(9);
    let [state, kept] = [new Int32Array(hidden), new Int32Array(hidden)];
    for (let step = 0; step < 6; step++) {
      const gates = Int32Array.from({ length: 4 * hidden }, () => random.int(-128, 127));
      const inputs = new Map([
        ['gates', gates],
        ['state', state],
        ['cell', kept],
      ]);
      [state, kept] = runner[how](inputs) as [Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>];
    }
    return [state, kept];
  };
  const found = over('simulated');
  expect(found).toEqual(over('interpreted'));
  // Cells of -6 .. 6 at most after six steps, in steps of 2^-12; and not all alike.
  expect(Math.max(...found[1]!.map(Math.abs))).toBeLessThanOrEqual(6 * 4096);
  expect(new Set(found[1]).size).toBeGreaterThan(hidden / 2);
});
