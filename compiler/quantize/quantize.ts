/**
 * Post-training quantization: a float ONNX network and inputs of its kind become a QDQ network. The float network runs in the interpreter, which
 * shows every value; ranges, bias corrections and the noise of the result are measured on it.
 */
import { InputError } from '../../isa/base/errors.ts';
import { createRandom } from '../../isa/base/random.ts';
import {
  cutModel,
  type ImportOptions,
  knownBranches,
  type OnnxModel,
  readModel,
  type TracedModel,
  traceModel,
} from '../frontend/onnx/index.ts';
import { type Graph, integerRange, sizeOf, type TensorData } from '../graph/types.ts';
import { clip, observe } from './calibrate.ts';
import { emitQdq, type QuantizedProduct } from './emit.ts';
import { measure, type Noise } from './measure.ts';
import { type FloatNetwork, floatNetwork, type Product } from './network.ts';
import { planOf, widthsOf } from './plan.ts';
import { type Scale, scaleOf } from './ranges.ts';
import { type CalibrationMethod, type Recipe, widthsText } from './recipe.ts';
import { NoiseMeter } from './sqnr.ts';
import { quantizeWeights } from './weights.ts';

/** Data of each input of the network. */
export type CalibrationSample = ReadonlyMap<string, ArrayLike<number>>;

export interface LayerReport {
  readonly name: string;
  readonly op: string;
  readonly weightBits: number;
  /** Of the activations that it reads. */
  readonly activationBits: number;
  /** Noise of the weights alone; null where they have none. */
  readonly weightSqnrDb: number | null;
  /** Noise of the quantized result against the float network's, with all noise from the layers before; null where there is none. */
  readonly sqnrDb: number | null;
  /** Range of the result's codes. */
  readonly low: number;
  readonly high: number;
  /** Share of the result's values that the range cuts off. */
  readonly clipped: number;
}

export interface QuantizationReport {
  readonly widths: string;
  readonly method: CalibrationMethod;
  /** Inputs that ranges come from. */
  readonly samples: number;
  /** Inputs, the first of those, that the noise was measured on. */
  readonly measuredSamples: number;
  readonly biasCorrection: boolean;
  /** What was assumed for want of data. */
  readonly assumed: readonly string[];
  readonly layers: readonly LayerReport[];
  /** Of the network's results. */
  readonly outputs: readonly { readonly name: string; readonly sqnrDb: number | null }[];
}

export interface Quantized {
  readonly model: OnnxModel;
  readonly report: QuantizationReport;
}

/** Random inputs where none are given: values of [0, 1), the range of scaled pixels. */
const ASSUMED_SAMPLES = { least: 2, most: 16 } as const;
const ASSUMED_SEED = 1;
/** Noise is measured on so many inputs, of those that ranges come from. */
const MEASURED_SAMPLES = { least: 1, most: 8 } as const;
/** The interpreter takes 2.5 ns a MAC: large networks make do with fewer inputs, so that each of the two takes some ten seconds. */
const MACS_MAX = 4e9;

/** The float network, for whoever needs its inputs before quantizing. Throws InputError where it has quantizers already. */
export function traceFloat(
  source: Uint8Array | OnnxModel,
  options: ImportOptions = {},
): { model: OnnxModel; traced: TracedModel } {
  const given = source instanceof Uint8Array ? readModel(source) : source;
  const model = cutModel(knownBranches(given, options).model, options.outputs);
  const own = model.graph.nodes.find((n) => /Quant|QLinear|QGemm|Integer$|Trunc/.test(n.opType));
  if (own !== undefined) {
    const message = `the model is quantized already: it has ${own.opType} nodes`;
    throw new InputError(message, {
      code: 'E-QUANTIZE-TWICE',
      diagnostics: [{ code: 'E-QUANTIZE-TWICE', message, expected: 'a float model', hint: 'leave --quantize out' }],
    });
  }
  return { model, traced: traceModel(model, options) };
}

/** Quantizes a float network. Throws InputError or UnsupportedError with every finding. */
export function quantizeModel(
  source: Uint8Array | OnnxModel,
  recipe: Recipe,
  given: readonly CalibrationSample[] | undefined,
  options: ImportOptions = {},
): Quantized {
  const { model, traced } = traceFloat(source, options);
  const network = floatNetwork(model, traced);
  requireLayers(network, recipe);
  const plan = planOf(network, recipe);
  if (given?.length === 0) throw new InputError('there are no calibration inputs', { code: 'E-QUANTIZE-INPUT' });
  const macs = network.steps.reduce((n, s) => n + (s.kind === 'product' ? macsOf(s, traced) : 0), 0);
  const affordable = ({ least, most }: { readonly least: number; readonly most: number }): number =>
    Math.max(least, Math.min(most, Math.floor(MACS_MAX / macs)));
  const samples = (given ?? assumedSamples(traced.graph, affordable(ASSUMED_SAMPLES))).map((s) =>
    dataOf(traced.graph, s),
  );
  const measured = samples.slice(0, affordable(MEASURED_SAMPLES));
  const products = new Map<Product, QuantizedProduct>();
  for (const step of network.steps) {
    if (step.kind !== 'product') continue;
    const bits = widthsOf(recipe, step.name).weightBits;
    products.set(step, { product: step, weights: quantizeWeights(step.weights, step.channels, bits), bits });
  }
  const corrects = recipe.biasCorrection && given !== undefined;
  const { ranges, corrections } = observe(network, plan, samples, corrects ? products : undefined);
  const clipped = recipe.method === 'min-max' ? ranges : clip(network, samples, ranges, recipe.method);
  const scales = new Map([...plan.groups].map(([value, group]) => [value, scaleOf(clipped.get(group)!, group.bits)]));
  for (const [product, shift] of corrections)
    product.bias = Float32Array.from(shift, (v, c) => (product.bias?.[c] ?? 0) + v);
  const emitted = emitQdq(network, plan, scales, products);
  const noise = measure(network, plan, scales, emitted, measured, options);
  const report: QuantizationReport = {
    widths: widthsText(recipe.widths),
    method: recipe.method,
    samples: samples.length,
    measuredSamples: measured.length,
    biasCorrection: corrects,
    assumed: given === undefined ? assumptions(traced.graph, samples.length) : [],
    layers: [...products.values()].map((p) => layerReport(p, network, scales, noise)),
    outputs: model.graph.outputs.map(({ name }) => ({ name, sqnrDb: noise.get(name)?.meter.db ?? null })),
  };
  return { model: emitted.model, report };
}

function macsOf({ output, weights, channels }: Product, { graph, floats }: TracedModel): number {
  return (sizeOf(graph.values.get(floats.get(output)!)!.shape) * weights.length) / channels;
}

function requireLayers({ steps }: FloatNetwork, { layers }: Recipe): void {
  const names = steps.flatMap((s) => (s.kind === 'product' ? [s.name] : []));
  const wrong = [...layers.keys()].filter((name) => !names.includes(name));
  if (wrong.length === 0) return;
  const diagnostics = wrong.map((name) => ({
    code: 'E-QUANTIZE-LAYER',
    message: `there is no layer '${name}' with weights`,
    expected: names.slice(0, 12).join(', ') + (names.length > 12 ? `, and ${names.length - 12} more` : ''),
    hint: 'layers go by the name of their ONNX node',
  }));
  throw new InputError(diagnostics[0]!.message, { diagnostics });
}

function dataOf(graph: Graph, sample: CalibrationSample): Map<string, TensorData> {
  return new Map(
    graph.inputs.map((name) => {
      const float = graph.values.get(name)!.element.kind === 'float32';
      return [name, float ? Float32Array.from(sample.get(name) ?? []) : Int32Array.from(sample.get(name) ?? [])];
    }),
  );
}

function assumedSamples(graph: Graph, count: number): CalibrationSample[] {
  const random = createRandom(ASSUMED_SEED);
  return Array.from({ length: count }, () => {
    return new Map(
      graph.inputs.map((name) => {
        const { element, shape } = graph.values.get(name)!;
        const range = element.kind === 'int' ? integerRange(element) : undefined;
        const draw = () => (range === undefined ? random.real() : random.int(0, Math.min(1, range.max)));
        return [name, Array.from({ length: sizeOf(shape) }, draw)];
      }),
    );
  });
}

function assumptions(graph: Graph, count: number): string[] {
  const floats = graph.inputs.filter((i) => graph.values.get(i)!.element.kind === 'float32').join(', ');
  return [
    `no calibration data: ranges come from ${count} random inputs, seed ${ASSUMED_SEED}, uniform in [0, 1) for ${floats}; what is outside of them saturates`,
    'biases are not corrected: the means of random inputs say nothing',
  ];
}

function layerReport(
  { product, weights, bits }: QuantizedProduct,
  { readers }: FloatNetwork,
  scales: ReadonlyMap<string, Scale>,
  noise: ReadonlyMap<string, Noise>,
): LayerReport {
  const meter = new NoiseMeter();
  meter.add(product.weights, weights.values);
  // The quantizer may come behind a clamp.
  const clamp = readers.get(product.output)?.[0]?.outputs[0] ?? '';
  const value = noise.has(product.output) ? product.output : clamp;
  const { scale, zero, bits: own } = scales.get(value) ?? { scale: 0, zero: 0, bits: 0 };
  const found = noise.get(value);
  return {
    name: product.name,
    op: product.node.opType,
    weightBits: bits,
    activationBits: scales.get(product.data)!.bits,
    weightSqnrDb: meter.db,
    sqnrDb: found?.meter.db ?? null,
    low: -zero * scale,
    high: (2 ** own - 1 - zero) * scale,
    clipped: found === undefined ? 0 : found.clipped / found.total,
  };
}
