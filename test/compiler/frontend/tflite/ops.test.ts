/** Each operator on random small files: the graph against the reference kernels, code by code, and the machine against the graph. */
import { describe, expect, it } from 'vitest';
import { importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { PRESETS } from '../../../../isa/machine/presets/index.ts';
import { checkGraph, randomInputs, seeded } from '../../../harness/differential.ts';
import { CODES, type ModelSpec, makeTflite, OPTIONS } from './make.ts';
import { runReference } from './reference.ts';
import { readReference } from './reference-file.ts';
import { EXACT, softmax, wideConvolution } from './single-op.ts';
import { MORE_EXACT } from './single-op-more.ts';

const DRAWS = 12;

function compared(spec: ModelSpec, seed: number): { readonly expected: number[]; readonly found: number[] } {
  const bytes = makeTflite(spec);
  const { graph } = importTflite(bytes);
  const inputs = randomInputs(graph, seeded(seed));
  const given = new Map(spec.inputs.map((t, i) => [t, Array.from(inputs.get(graph.inputs[i]!)!)]));
  const values = runReference(readReference(bytes), given);
  const results = interpret(graph, inputs);
  return {
    expected: spec.outputs.flatMap((o) => [...values[o]!]),
    found: graph.outputs.flatMap((o) => Array.from(results.get(o)!.data)),
  };
}

describe.each([...EXACT, ...MORE_EXACT])('%s', (name, draw) => {
  it("gives the reference kernel's codes", () => {
    for (let i = 0; i < DRAWS; i++) {
      const { expected, found } = compared(draw(seeded(i + 1)), i + 100);
      expect(found).toEqual(expected);
    }
  });

  // The machine with 8-bit inputs refuses 16-bit ones.
  const presets = name.startsWith('CONV_2D int16') ? ['edge-dcim-28nm'] : ['edge-dcim-28nm', 'conventional-int8'];
  it.each(presets)('runs on %s', (preset) => {
    const { graph } = importTflite(makeTflite(draw(seeded(3))));
    expect(checkGraph(runPasses(graph), PRESETS[preset]!, seeded(5)).program.cores.length).toBeGreaterThan(0);
  });
});

it.each([
  ['SOFTMAX in float32, against fixed point', softmax],
  ['CONV_2D int16 with a 64-bit bias, two roundings for one', (r: () => number) => wideConvolution(r, 'int64')],
])('%s: at most one code apart; the differing ones are counted', (_, draw) => {
  let differing = 0;
  let total = 0;
  for (let i = 0; i < 200; i++) {
    const { expected, found } = compared(draw(seeded(i + 1)), i + 7);
    total += expected.length;
    expected.forEach((e, j) => {
      if (e !== found[j]) differing += 1;
      expect(Math.abs(e - found[j]!)).toBeLessThanOrEqual(1);
    });
  }
  // Fixed draws: a change of either side shows.
  expect({ differing, total }).toMatchSnapshot();
});

it('GATHER by computed indices takes rows of a constant table', () => {
  const table = { name: 't', shape: [7, 3], type: 'int8', scale: [0.5], zero: [3] } as const;
  const spec: ModelSpec = {
    tensors: [
      { ...table, data: Array.from({ length: 21 }, (_, i) => i - 10) },
      { name: 'i', shape: [2, 2], type: 'int32' },
      { ...table, name: 'y', shape: [2, 2, 3] },
    ],
    operators: [{ code: CODES.GATHER, inputs: [0, 1], outputs: [2], options: { type: OPTIONS.gather, fields: [] } }],
    inputs: [1],
    outputs: [2],
  };
  const { graph } = importTflite(makeTflite(spec));
  const found = interpret(graph, new Map([['i', Int32Array.of(6, 0, 3, 6)]])).get(graph.outputs[0]!)!.data;
  expect(Array.from(found)).toEqual([8, 9, 10, -10, -9, -8, -1, 0, 1, 8, 9, 10]);
});
