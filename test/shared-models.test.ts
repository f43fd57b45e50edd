/** Trained models made by others, on every preset: the simulated program computes what the interpreter does, bit for bit, on 100 random inputs each. */
import { describe, expect, it } from 'vitest';
import { compile } from '../compiler/compile.ts';
import { importModel } from '../compiler/frontend/onnx/index.ts';
import { interpret } from '../compiler/graph/interpret.ts';
import { runPasses } from '../compiler/passes/pipeline.ts';
import { UnsupportedError } from '../isa/base/errors.ts';
import { createRandom } from '../isa/base/random.ts';
import { randomInputs } from '../src/run/random-inputs.ts';
import { runValues } from '../src/run/values.ts';
import { sharedModel } from './harness/models.ts';
import { MAIN_PRESETS } from './harness/presets.ts';

const INPUTS = 100;
/** The image model is run on a small image: the same layers, windows and borders, 100 times in seconds. */
const MODELS = [
  { file: 'tfc-w1a1.qonnx.onnx', dims: {} },
  { file: 'tfc-w2a2.qonnx.onnx', dims: {} },
  { file: 'espcn-subpixel-w8w4.qonnx.onnx', dims: { 'x.7[2]': 9, 'x.7[3]': 7 } },
];

describe.each(MODELS)('$file (needs ../shared/models)', ({ file, dims }) => {
  const bytes = sharedModel(file);
  describe.skipIf(bytes === undefined)('simulator = interpreter', () => {
    const imported = bytes === undefined ? undefined : importModel(bytes, { dims });
    const graph = imported === undefined ? undefined : runPasses(imported.graph);
    it.each(Object.keys(MAIN_PRESETS))(
      'on %s',
      (name) => {
        const compiled = compile(graph!, MAIN_PRESETS[name]!);
        const random = createRandom(20261121);
        const samples = Array.from({ length: INPUTS }, () => randomInputs(graph!, random));
        const run = runValues(compiled, MAIN_PRESETS[name]!, samples);
        // The reference runs the graph as imported, before any pass.
        samples.forEach((sample, s) => {
          const inputs = new Map([...sample].map(([n, v]) => [n, Float32Array.from(v)]));
          for (const [output, tensor] of interpret(imported!.graph, inputs)) {
            const size = tensor.data.length;
            expect(Array.from(run.outputs.get(output)!.subarray(s * size, (s + 1) * size))).toEqual(
              Array.from(tensor.data),
            );
          }
        });
      },
      600_000,
    );
  });
});

it.skipIf(sharedModel('mnist-conv-float.onnx') === undefined)(
  'a float model is refused with what to do (needs ../shared/models)',
  () => {
    const attempt = () => importModel(sharedModel('mnist-conv-float.onnx')!);
    expect(attempt).toThrow(UnsupportedError);
    try {
      attempt();
    } catch (error) {
      const { diagnostics } = error as UnsupportedError;
      expect(diagnostics.map((d) => d.where)).toEqual([
        "node 'Convolution28' (Conv)",
        "node 'Convolution110' (Conv)",
        "node 'Times212' (MatMul)",
      ]);
      for (const d of diagnostics) expect(d.hint).toContain('quantize the model first');
    }
  },
);
