/** Post-training quantization held against ONNX Runtime: the float network that is measured, the codes of what comes out, the noise that is told. */
import { describe, expect, it } from 'vitest';
import { importModel, type OnnxModel, readModel, traceModel } from '../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { type CalibrationMethod, parseWidths, quantizeModel, type Recipe } from '../../../compiler/quantize/index.ts';
import { committedTest } from '../../examples/digits/files.ts';
import { bytesOf, digitsModel, sharedModel } from '../../harness/models.ts';
import { FLOAT_NETWORKS, inputsOf } from './float-models.ts';
import { askRuntime } from './oracle.ts';

const digits = readModel(bytesOf(digitsModel('float')));
const images = committedTest()
  .images.slice(0, 24)
  .map((data) => new Map([['image', data]]));

function recipe(widths: string, method: CalibrationMethod = 'min-max', biasCorrection = true): Recipe {
  return { widths: parseWidths(widths, 'test'), layers: new Map(), method, biasCorrection };
}

interface Case {
  readonly model: OnnxModel;
  readonly inputs: readonly Map<string, Float32Array>[];
}

const CASES: readonly (readonly [name: string, make: () => Case])[] = [
  ['digits', () => ({ model: digits, inputs: images })],
  ...Object.entries(FLOAT_NETWORKS).map(([name, make]) => {
    const model = make(11);
    return [name, () => ({ model, inputs: inputsOf(model, 12, 5) })] as const;
  }),
];

function first<K>(results: ReadonlyMap<K, { readonly data: ArrayLike<number> }>): number[] {
  return Array.from([...results.values()][0]!.data);
}

describe.each(CASES)('%s', (name, make) => {
  const { model, inputs } = make();

  it("is measured on the runtime's float results", async () => {
    const theirs = await askRuntime(model, inputs);
    const { graph } = traceModel(model);
    inputs.forEach((sample, i) => {
      const ours = first(interpret(graph, sample));
      const reach = Math.max(...theirs[i]!.map(Math.abs));
      // Sums of float32 in another order: a few units in the last place of the largest.
      ours.forEach((v, j) => expect(Math.abs(v - theirs[i]![j]!)).toBeLessThan(reach * 1e-5));
    });
  });

  it.each(['w8a8', 'w4a8'])("%s: the runtime's codes", async (widths) => {
    const quantized = quantizeModel(model, recipe(widths), inputs.slice(0, 8)).model;
    const theirs = await askRuntime(quantized, inputs);
    const { graph } = importModel(quantized);
    inputs.forEach((sample, i) => expect(first(interpret(graph, sample))).toEqual(theirs[i]));
  });

  // The runtime's optimizations cannot load 4-bit MaxPool and Clip; without them it leaves the bias behind a MatMul in float32.
  it("w4a4: the runtime's codes", async () => {
    const quantized = quantizeModel(model, recipe('w4a4'), inputs.slice(0, 8)).model;
    const theirs = await askRuntime(quantized, inputs, name === 'tokenNetwork' ? 'all' : 'disabled');
    const { graph } = importModel(quantized);
    inputs.forEach((sample, i) => expect(first(interpret(graph, sample))).toEqual(theirs[i]));
  });

  it.each(['min-max', 'percentile', 'entropy'] as const)('%s: the noise is what the runtime shows', async (method) => {
    const given = inputs.slice(0, 8);
    const { model: quantized, report } = quantizeModel(model, recipe('w4a8', method), given);
    const exact = (await askRuntime(model, given)).flat();
    const found = (await askRuntime(quantized, given)).flat();
    const power = (list: readonly number[]) => list.reduce((s, v) => s + v * v, 0);
    const db = 10 * Math.log10(power(exact) / power(exact.map((v, i) => v - found[i]!)));
    expect(Math.abs(report.outputs[0]!.sqnrDb! - db)).toBeLessThan(0.02);
    expect(report).toMatchObject({
      widths: 'w4a8',
      method,
      samples: 8,
      measuredSamples: 8,
      biasCorrection: true,
      assumed: [],
    });
  });

  it('8 bits are closer than 4', () => {
    const db = (widths: string) => quantizeModel(model, recipe(widths), inputs.slice(0, 8)).report.outputs[0]!.sqnrDb!;
    expect(db('w8a8')).toBeGreaterThan(25);
    expect(db('w8a8')).toBeGreaterThan(db('w4a8') + 5);
    expect(db('w8a16')).toBeGreaterThan(db('w8a8'));
    expect(db('w4a8')).toBeGreaterThan(db('w2a8'));
  });
});

describe('mnist-conv-float.onnx (needs ../shared/models)', () => {
  const bytes = sharedModel('mnist-conv-float.onnx');

  it.skipIf(bytes === undefined)('is measured and quantized as the runtime computes it', async () => {
    const model = readModel(bytes!);
    const inputs = inputsOf({ ...model, graph: { ...model.graph, inputs: [model.graph.inputs[0]!] } }, 6, 3, 0, 255);
    const quantized = quantizeModel(model, recipe('w8a8'), inputs.slice(0, 4));
    expect(quantized.report.layers.map((l) => l.name)).toEqual(['Convolution28', 'Convolution110', 'Times212']);
    // Integer kernels need opset 10; the ops of this network mean the same in 8 and 11.
    const theirs = await askRuntime(
      { ...quantized.model, opsets: quantized.model.opsets.map((o) => (o.domain === '' ? { ...o, version: 11 } : o)) },
      inputs,
    );
    const { graph } = importModel(quantized.model);
    inputs.forEach((sample, i) => expect(first(interpret(graph, sample))).toEqual(theirs[i]));
    expect(quantized.report.outputs[0]!.sqnrDb).toBeGreaterThan(30);
  });
});
