/** Trained models made by others on two machines: the simulated program computes what the interpreter does, bit for bit. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../../../compiler/compile.ts';
import { importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { PRESETS } from '../../../../isa/machine/presets/index.ts';
import { randomInputs } from '../../../../src/run/random-inputs.ts';
import { runValues } from '../../../../src/run/values.ts';
import { LONG } from '../../../harness/long.ts';
import { sharedModel } from '../../../harness/models.ts';

/** Whole networks take seconds: a normal run takes each on one machine, the long run on both. */
const RUNS: readonly (readonly [name: string, presets: readonly string[]])[] = LONG
  ? ['resnet8', 'kws-dscnn', 'ad-autoencoder'].map((n) => [n, ['edge-dcim-28nm', 'conventional-int8']])
  : [
      ['resnet8', ['conventional-int8']],
      ['kws-dscnn', ['edge-dcim-28nm']],
      ['ad-autoencoder', ['conventional-int8']],
    ];

describe.each(RUNS)('mlperf-tiny-%s-int8.tflite (needs ../shared/models)', (name, presets) => {
  const bytes = sharedModel(`mlperf-tiny-${name}-int8.tflite`);
  describe.skipIf(bytes === undefined)('simulator = interpreter', () => {
    const graph = bytes === undefined ? undefined! : importTflite(bytes, { name }).graph;

    it.each(presets)('on %s', (preset) => {
      const machine = PRESETS[preset]!;
      const sample = randomInputs(graph, createRandom(7));
      const run = runValues(compile(runPasses(graph), machine), machine, [sample]);
      const inputs = new Map([...sample].map(([n, v]) => [n, Int32Array.from(v)]));
      for (const [output, { data }] of interpret(graph, inputs))
        expect(Array.from(run.outputs.get(output)!)).toEqual(Array.from(data));
    });
  });
});
