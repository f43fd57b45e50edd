/** The parts by hand: weights, ranges, the logarithm, what is folded, which values share a scale, what biases take back. */
import { describe, expect, it } from 'vitest';
import { importModel, makeTensor, tensorValues, traceModel } from '../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { parseWidths, quantizeModel, type Recipe } from '../../../compiler/quantize/index.ts';
import { logarithm } from '../../../compiler/quantize/logarithm.ts';
import { floatNetwork } from '../../../compiler/quantize/network.ts';
import { entropyShare, percentileRange, scaleOf } from '../../../compiler/quantize/ranges.ts';
import { NoiseMeter } from '../../../compiler/quantize/sqnr.ts';
import { quantizeWeights } from '../../../compiler/quantize/weights.ts';
import { InputError } from '../../../isa/base/errors.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { inputsOf, joinedNetwork, residualNetwork, singleLayer } from './float-models.ts';

const plain: Recipe = {
  widths: parseWidths('w8a8', 'test'),
  layers: new Map(),
  method: 'min-max',
  biasCorrection: true,
};

describe('weights', () => {
  it('of 8 bits: the largest of a channel is code 127, none is further off than half a step', () => {
    const { codes, scales, values } = quantizeWeights(Float32Array.of(0.5, -1, 0.25, 3, 1.5, 0), 2, 8);
    expect(Array.from(codes)).toEqual([64, -127, 32, 127, 64, 0]);
    expect(Array.from(scales)).toEqual([Math.fround(1 / 127), Math.fround(3 / 127)]);
    expect(values[3]).toBeCloseTo(3, 6);
  });

  it('of fewer bits: no scale of the ladder has less square error', () => {
    const random = createRandom(4);
    for (const bits of [2, 4]) {
      const weights = Float32Array.from({ length: 40 }, () => (random.real() - 0.5) ** 3);
      const { values, codes, scales } = quantizeWeights(weights, 1, bits);
      const most = 2 ** (bits - 1) - 1;
      const full = Math.max(...weights.map(Math.abs)) / most;
      const loss = (scale: number) =>
        weights.reduce((s, w) => s + (w - scale * Math.max(-most, Math.min(most, Math.round(w / scale)))) ** 2, 0);
      const own = weights.reduce((s, w, i) => s + (w - values[i]!) ** 2, 0);
      for (let i = 0; i < 24; i++) expect(own).toBeLessThanOrEqual(loss(full * (1 - i / 32)) * (1 + 1e-5));
      expect(Math.max(...codes.map(Math.abs))).toBeLessThanOrEqual(most);
      expect(scales[0]).toBeLessThan(full);
    }
  });

  it('a channel of zeros has codes of zero', () => {
    expect(Array.from(quantizeWeights(new Float32Array(4), 2, 4).codes)).toEqual([0, 0, 0, 0]);
  });
});

describe('ranges', () => {
  it('zero is a code, and the last code of [0, 6] is not above 6', () => {
    // 1 / float32(2 / 255) is a little below 127.5.
    expect(scaleOf({ low: -1, high: 1 }, 8)).toEqual({ scale: Math.fround(2 / 255), zero: 127, bits: 8 });
    expect(scaleOf({ low: -1, high: 3 }, 4)).toEqual({ scale: Math.fround(4 / 15), zero: 4, bits: 4 });
    for (const high of [6, 0.7, 1 / 3, 123.456])
      for (const bits of [4, 8, 16]) {
        const { scale, zero } = scaleOf({ low: 0, high: Math.fround(high) }, bits);
        const top = Math.fround((2 ** bits - 1) * scale);
        expect(zero).toBe(0);
        expect(top).toBeLessThanOrEqual(Math.fround(high));
        expect(top / high).toBeGreaterThan(1 - 1e-6);
      }
    expect(scaleOf({ low: 0, high: 0 }, 8)).toEqual({ scale: Math.fround(1 / 255), zero: 0, bits: 8 });
  });

  it('a percentile drops 5 of 100,000 values at either end', () => {
    const counts = new Float64Array(2048).fill(100);
    counts[0] = 1;
    counts[2047] = 3;
    counts[2046] = 3;
    // 204,507 counts: 10.2 may go at each end, bin 0 below, 2046 and 2047 above.
    const { low, high } = percentileRange(counts, { low: -2048, high: 2048 });
    expect([low, high]).toEqual([-2046, 2044]);
  });

  it('a clip by entropy cuts a thin far tail, and keeps what is even', () => {
    const even = new Float64Array(2048).fill(50);
    expect(entropyShare(even, 128)).toBe(1);
    const tailed = new Float64Array(2048);
    for (let i = 0; i < 400; i++) tailed[i] = 10_000 - 24 * i;
    tailed[2047] = 1;
    const share = entropyShare(tailed, 128);
    expect(share).toBeGreaterThanOrEqual(0.15);
    expect(share).toBeLessThan(0.25);
  });

  it('the logarithm is within two units in the last place', () => {
    const random = createRandom(8);
    for (let i = 0; i < 2000; i++) {
      const x = 2 ** (random.real() * 200 - 100);
      expect(Math.abs(logarithm(x) - Math.log(x))).toBeLessThanOrEqual(5e-16 * Math.max(1, Math.abs(Math.log(x))));
    }
    expect([logarithm(1), logarithm(2)]).toEqual([0, Math.LN2]);
  });

  it('noise a tenth of the signal is 20 dB', () => {
    const meter = new NoiseMeter();
    expect(meter.db).toBeNull();
    meter.add([1, 2, 3], [0.9, 1.8, 2.7]);
    expect(meter.db).toBe(20);
  });
});

it('batch norm is folded in double, factor by factor', () => {
  const model = residualNetwork(2);
  const { steps } = floatNetwork(model, traceModel(model));
  const product = steps.find((s) => s.kind === 'product')!;
  const numbers = (name: string) => Array.from(tensorValues(model.graph.initializers.find((t) => t.name === name)!));
  const norm = model.graph.nodes.find((n) => n.opType === 'BatchNormalization')!;
  const [gamma, beta, mean, variance] = norm.inputs.slice(1).map(numbers) as [number[], number[], number[], number[]];
  const conv = model.graph.nodes.find((n) => n.opType === 'Conv')!;
  const weights = numbers(conv.inputs[1]!);
  const factor = gamma.map((g, c) => g / Math.sqrt(variance[c]! + 1e-5));
  expect(product.kind === 'product' && Array.from(product.weights)).toEqual(
    weights.map((w, i) => Math.fround(w * factor[Math.floor(i / 27)]!)),
  );
  expect(product.kind === 'product' && Array.from(product.bias!)).toEqual(
    beta.map((b, c) => Math.fround(b - mean[c]! * factor[c]!)),
  );
  expect(steps.map((s) => s.node.opType)).toEqual([
    'Conv',
    'Relu',
    'Conv',
    'Add',
    'Relu',
    'Conv',
    'Clip',
    'GlobalAveragePool',
    'Flatten',
    'Gemm',
  ]);
});

it('what is joined has one scale; inputs and results keep 8 bits; a layer may differ', () => {
  const model = joinedNetwork(3);
  const layers = new Map([[model.graph.nodes.find((n) => n.opType === 'Gemm')!.name, parseWidths('w8a8', 'test')]]);
  const { model: quantized, report } = quantizeModel(
    model,
    { ...plain, widths: parseWidths('w4a4', 'test'), layers },
    inputsOf(model, 4, 1),
  );
  expect(report.layers.map((l) => `w${l.weightBits}a${l.activationBits}`)).toEqual(['w4a8', 'w4a8', 'w8a8']);
  const quantizers = quantized.graph.nodes.filter((n) => n.opType === 'QuantizeLinear');
  const scaleBefore = (op: string) => {
    const node = quantized.graph.nodes.find((n) => n.opType === op)!;
    const makers = node.inputs.map((i) => quantized.graph.nodes.find((n) => n.outputs.includes(i))!.inputs[1]);
    return new Set(makers);
  };
  expect(scaleBefore('Concat').size).toBe(1);
  expect(new Set(quantizers.map((q) => q.inputs[1])).size).toBe(3);
});

it('a corrected bias has the mean of the float layer', () => {
  const model = singleLayer(6);
  const inputs = inputsOf(model, 6, 2, 0, 1);
  const means = (correct: boolean) => {
    const recipe = { ...plain, widths: parseWidths('w2a16', 'test'), biasCorrection: correct };
    const { graph } = importModel(quantizeModel(model, recipe, inputs).model);
    const exact = traceModel(model).graph;
    const sums = [0, 0, 0];
    for (const sample of inputs) {
      const [ours, theirs] = [graph, exact].map((g) => [...interpret(g, sample).values()][0]!.data);
      ours!.forEach((v, i) => {
        sums[Math.floor(i / 16)]! += (v - theirs![i]!) / (16 * inputs.length);
      });
    }
    return Math.max(...sums.map(Math.abs));
  };
  expect(means(false)).toBeGreaterThan(0.02);
  expect(means(true)).toBeLessThan(0.0002);
});

it('without data it says what it assumed, and leaves biases alone', () => {
  const { report } = quantizeModel(singleLayer(1), plain, undefined);
  expect(report).toMatchObject({ samples: 16, biasCorrection: false });
  expect(report.assumed[0]).toMatch(/16 random inputs, seed 1, uniform in \[0, 1\) for x/);
});

it('refuses what it cannot quantize: models that are, layers that are not, nothing at all', () => {
  const model = singleLayer(1);
  const quantized = quantizeModel(model, plain, undefined).model;
  expect(() => quantizeModel(quantized, plain, undefined)).toThrow(/quantized already/);
  const [w, ...others] = model.graph.initializers;
  const broken = makeTensor(w!.name, 'float32', w!.dims, new Float32Array(54).fill(Number.POSITIVE_INFINITY));
  const infinite = { ...model, graph: { ...model.graph, initializers: [broken, ...others] } };
  expect(() => quantizeModel(infinite, plain, undefined)).toThrow(/weights that are not finite/);
  expect(() => quantizeModel(model, plain, [])).toThrow(/no calibration inputs/);
  const layers = new Map([['nobody', plain.widths]]);
  expect(() => quantizeModel(model, { ...plain, layers }, undefined)).toThrow(/there is no layer 'nobody'/);
  for (const text of ['w3a8', 'a8w8', '8', 'w8a8 ']) expect(() => parseWidths(text, 'test')).toThrow(InputError);
});
