/**
 * Convolutions and matrix products: seeded weights, a bias that takes away the mean of the sums (what batch norm does) and adds some spread, a requantizer that
 * brings each channel to its step, and the activation. Sums of independent inputs: mean = sum of w * mean, variance = sum of w^2 * variance.
 */
import { INT32, type IntegerType, integerRange, type TensorData } from '../../../compiler/graph/types.ts';
import { bellDraw, bellStep, bellValue, codeOf, momentsOf } from '../bell.ts';
import type { Activation, Affine, LayerOf } from '../layers.ts';
import { activationType, weightType } from '../recipe.ts';
import { drawWeights } from '../weights.ts';
import { emitTable, isClamp, isOneSided } from './activation.ts';
import { type Coded, constant, type EmitContext, keyOf, node, operand } from './context.ts';

/** Moments of accumulators by channel. */
export interface Sums {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Deviations of a channel after its requantizer, as the scales of batch norms differ. */
const SPREAD = [0.8, 0.95, 1.05, 1.2] as const;

export function emitConv(cx: EmitContext, layer: LayerOf<'conv'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const { kernel, strides, pads, groups } = layer.attributes;
  const out = layer.output.shape[0] ?? 0;
  const perGroup = (x.shape[0] ?? 0) / groups;
  const taps = kernel[0] * kernel[1];
  const type = weightType(cx.widths.weights);
  const codes = drawWeights(out * perGroup * taps, type, keyOf(cx, 'w'));
  const sums = convSums(codes, x, { out, perGroup, taps, groups });
  const weights = constant(cx, `${layer.name}.w`, type, [out, perGroup, kernel[0], kernel[1]], codes);
  const bias = emitBias(cx, layer.name, layer.attributes, sums);
  const window = { kernel, strides, pads, dilations: [1, 1] } as const;
  const attributes = { window, groups, xZero: 0, wZero: Int32Array.of(0) };
  const acc = node(cx, 'conv', layer.name, [x.value, weights, ...bias.values], attributes);
  return emitResult(cx, resultOf(layer), acc, bias.sums);
}

interface Form {
  readonly out: number;
  readonly perGroup: number;
  readonly taps: number;
  readonly groups: number;
}

export function convSums(codes: TensorData, x: Coded, { out, perGroup, taps, groups }: Form): Sums {
  const sums = { mean: new Float64Array(out), variance: new Float64Array(out) };
  let at = 0;
  for (let o = 0; o < out; o++) {
    const first = Math.floor(o / (out / groups)) * perGroup;
    for (let c = 0; c < perGroup; c++) {
      let plain = 0;
      let square = 0;
      for (let t = 0; t < taps; t++) {
        const w = codes[at++]!;
        plain += w;
        square += w * w;
      }
      sums.mean[o]! += plain * x.mean[first + c]!;
      sums.variance[o]! += square * x.variance[first + c]!;
    }
  }
  return sums;
}

export function emitLinear(cx: EmitContext, layer: LayerOf<'linear'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const rows = x.shape.length === 2;
  const features = rows ? (x.shape[1] ?? 0) : x.shape.reduce((n, d) => n * d, 1);
  const flat =
    rows || x.shape.length === 1
      ? x.value
      : node(cx, 'reshape', `${layer.name}.flatten`, [x.value], {}, { shape: [cx.batch, features] });
  const out = layer.output.shape.at(-1) ?? 0;
  const type = weightType(cx.widths.weights);
  const codes = drawWeights(features * out, type, keyOf(cx, 'w'));
  const sums = linearSums(codes, x, features, out);
  const weights = constant(cx, `${layer.name}.w`, type, [features, out], codes);
  const bias = emitBias(cx, layer.name, layer.attributes, sums);
  const attributes = { xZero: 0, wZero: Int32Array.of(0) };
  const acc = node(cx, 'matmul', layer.name, [flat, weights, ...bias.values], attributes);
  return emitResult(cx, resultOf(layer), acc, bias.sums);
}

/** Weights in rows of one input each. */
export function linearSums(codes: TensorData, x: Coded, rows: number, columns: number): Sums {
  const perChannel = rows / x.mean.length;
  const sums = { mean: new Float64Array(columns), variance: new Float64Array(columns) };
  for (let k = 0; k < rows; k++) {
    const mean = x.mean[Math.floor(k / perChannel)]!;
    const variance = x.variance[Math.floor(k / perChannel)]!;
    for (let n = 0; n < columns; n++) {
      const w = codes[k * columns + n]!;
      sums.mean[n]! += w * mean;
      sums.variance[n]! += w * w * variance;
    }
  }
  return sums;
}

/**
 * A bias where the layer has one or folds a batch norm into one, and what it makes of the sums; `repeat` neighbouring columns share theirs,
 * taken from their average.
 */
export function emitBias(
  cx: EmitContext,
  name: string,
  { bias, bn }: Affine,
  sums: Sums,
  repeat = 1,
): { readonly values: readonly string[]; readonly sums: Sums } {
  if (!bias && !bn) return { values: [], sums };
  const key = keyOf(cx, 'b');
  const codes = Int32Array.from(sums.mean, (_, i) => {
    const channel = Math.floor(i / repeat);
    const average = (v: Float64Array) =>
      v.subarray(channel * repeat, (channel + 1) * repeat).reduce((n, m) => n + m, 0) / repeat;
    const shift = 0.25 * Math.sqrt(average(sums.variance)) * bellValue(bellDraw(key, channel));
    return Math.round(shift - average(sums.mean));
  });
  const value = constant(cx, `${name}.b`, INT32, [codes.length], codes);
  return { values: [value], sums: { ...sums, mean: sums.mean.map((mean, c) => mean + codes[c]!) } };
}

function resultOf({ name, attributes, output }: LayerOf<'conv'> | LayerOf<'linear'>): ResultOptions {
  return { name, act: attributes.act, shape: output.shape, axis: output.shape.length === 2 ? 2 : 1 };
}

export interface ResultOptions {
  readonly name: string;
  readonly act: Activation;
  /** Of the result, without the batch. */
  readonly shape: readonly number[];
  /** Axis of the channels in the graph; 1 when left out, the last for rows of features. */
  readonly axis?: number;
  /** How many neighbouring accumulator channels belong to one channel of the layer. */
  readonly repeat?: number;
}

/** Accumulators [batch, channels, ...] to the layer's result. */
export function emitResult(cx: EmitContext, o: ResultOptions, acc: string, sums: Sums): Coded {
  const { act } = o;
  const clamp = isClamp(act);
  const bits = clamp ? cx.widths.activations : Math.max(8, cx.widths.activations);
  const type = activationType(bits, clamp && isOneSided(act));
  const coded = requantize(cx, o, acc, sums, type);
  return clamp ? coded : emitTable(cx, o.name, coded, act);
}

function requantize(cx: EmitContext, o: ResultOptions, acc: string, sums: Sums, type: IntegerType): Coded {
  const { min, max } = integerRange(type);
  const channels = sums.mean.length;
  const step = type.coding === 'bipolar' ? 1 : bellStep(min, max);
  const key = keyOf(cx, 'spread');
  const floor = leastDeviation(sums);
  const offset = averageSquare(sums.mean);
  const scale = Float32Array.from(sums.variance, (variance, c) => {
    const spread = SPREAD[bellDraw(key, Math.floor(c / (o.repeat ?? 1))) & 3] ?? 1;
    return spread / (step * Math.max(floor, Math.sqrt(variance + offset)));
  });
  const moments = Array.from(sums.mean, (mean, c) => {
    const deviation = Math.sqrt(sums.variance[c]!);
    return momentsOf((z) => {
      const real = mean + deviation * z;
      return type.coding === 'bipolar' ? (real < 0 ? -1 : 1) : codeOf(real * scale[c]!, min, max);
    });
  });
  const spec = type.coding === 'bipolar' ? signs(channels) : ({ mode: 'float32', scale, zeroPoint: 0 } as const);
  const relu = type.coding !== 'bipolar' && isOneSided(o.act);
  const value = node(
    cx,
    'requantize',
    `${o.name}.requantize`,
    [acc],
    { spec, axis: o.axis ?? 1, relu },
    { element: type },
  );
  return {
    value,
    type,
    shape: o.shape,
    scale: step,
    mean: Float64Array.from(moments, (m) => m.mean),
    variance: Float64Array.from(moments, (m) => m.variance),
  };
}

/** +1 where the sum is not negative. */
function signs(channels: number) {
  return {
    mode: 'threshold',
    levels: 1,
    base: new Int32Array(channels).fill(-1),
    descending: new Uint8Array(channels),
    thresholds: new Int32Array(channels),
  } as const;
}

/** A channel whose weights are nearly all zero is not blown up: a quarter of the layer's usual deviation, or 1. */
function leastDeviation({ variance }: Sums): number {
  const usual = Math.sqrt(variance.reduce((n, v) => n + v, 0) / variance.length);
  return usual === 0 ? 1 : usual / 4;
}

/** What the means of channels without a bias add to the deviation. */
function averageSquare(mean: Float64Array): number {
  return mean.reduce((n, m) => n + m * m, 0) / mean.length;
}
