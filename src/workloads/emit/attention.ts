/**
 * Products of two activations: scores and context by head, Bahdanau's attention, convolutions by computed kernels. Heads are the batch of one
 * product; heads that share keys are rows of one matrix.
 */
import { type IntegerType, integerRange } from '../../../compiler/graph/types.ts';
import { bellStep, codeOf, momentsOf } from '../bell.ts';
import type { LayerOf } from '../layers.ts';
import { activationType, weightType } from '../recipe.ts';
import { drawWeights } from '../weights.ts';
import { emitTable } from './activation.ts';
import { emitSum } from './arithmetic.ts';
import { type Coded, constant, type EmitContext, keyOf, node, operand } from './context.ts';
import { linearSums, type Sums } from './products.ts';
import { coded, Reals } from './real.ts';

/** Mean and variance of a sum's terms, over all channels together. */
interface Spread {
  readonly mean: number;
  readonly variance: number;
}

/** [1, rows, heads * d] as matrices by head of the keys: [kvHeads, group * rows, d]; `last` names the order of the last two axes. */
function byHead(
  cx: EmitContext,
  name: string,
  x: string,
  o: { readonly rows: number; readonly kvHeads: number; readonly group: number; readonly size: number },
  turned = false,
): string {
  const split = node(cx, 'reshape', `${name}.split`, [x], {}, { shape: [o.rows, o.kvHeads, o.group, o.size] });
  const moved = node(cx, 'transpose', `${name}.heads`, [split], { perm: turned ? [1, 2, 3, 0] : [1, 2, 0, 3] });
  const shape = turned ? [o.kvHeads, o.group * o.size, o.rows] : [o.kvHeads, o.group * o.rows, o.size];
  return node(cx, 'reshape', `${name}.matrices`, [moved], {}, { shape });
}

/** Sums as codes of one scale, which brings their deviation to 1. */
function requantized(cx: EmitContext, name: string, acc: string, { mean, variance }: Spread, channels: number) {
  const type: IntegerType = activationType(Math.max(2, cx.widths.activations), false);
  const { min, max } = integerRange(type);
  const step = bellStep(min, max);
  const size = Math.sqrt(variance + mean * mean);
  const scale = Math.fround(1 / (step * (size === 0 ? 1 : size)));
  const spec = { mode: 'float32', scale: Float32Array.of(scale), zeroPoint: 0 } as const;
  const value = node(cx, 'requantize', `${name}.requantize`, [acc], { spec, axis: 2, relu: false }, { element: type });
  const moments = momentsOf((z) => codeOf((mean + Math.sqrt(variance) * z) * scale, min, max));
  const all = (v: number) => new Float64Array(channels).fill(v);
  return { value, type, scale: step, mean: all(moments.mean), variance: all(moments.variance) };
}

/** Average over channels of the mean square and of the mean. */
function average(x: Coded): { readonly square: number; readonly mean: number; readonly variance: number } {
  const over = (f: (c: number) => number) => x.mean.reduce((n, _, c) => n + f(c), 0) / x.mean.length;
  const mean = over((c) => x.mean[c]!);
  const variance = over((c) => x.variance[c]!);
  return { mean, variance, square: over((c) => x.mean[c]! ** 2 + x.variance[c]!) };
}

export function emitScores(cx: EmitContext, layer: LayerOf<'attention-scores'>, inputs: readonly Coded[]): Coded {
  const [q, ...keys] = [operand(inputs), ...inputs.slice(1)];
  const { heads, kvHeads } = layer.attributes;
  const [tokens = 1, features = 1] = q.shape;
  const size = features / heads;
  const { name } = layer;
  const spread = { mean: 0, variance: size * average(q).square * average(newest(keys)).square };
  const left = byHead(cx, `${name}.q`, q.value, { rows: tokens, kvHeads, group: heads / kvHeads, size });
  const parts = keys.map((k, i) => {
    const own = partName(name, keys.length, i);
    const [rows = 1] = k.shape;
    const right = byHead(cx, `${own}.k`, k.value, { rows, kvHeads, group: 1, size }, true);
    const acc = node(cx, 'product', own, [left, right], { aZero: 0, bZero: 0 });
    return requantized(cx, own, acc, spread, rows);
  });
  const values = parts.map((p) => p.value);
  const scores = values.length === 1 ? values[0]! : node(cx, 'concat', `${name}.all`, values, { axis: 2 });
  const value = node(cx, 'reshape', `${name}.rows`, [scores], {}, { shape: [1, ...layer.output.shape] });
  const all = (pick: (x: Moments) => Float64Array) => Float64Array.from(parts.flatMap((p) => [...pick(p)]));
  const moments = { mean: all((p) => p.mean), variance: all((p) => p.variance) };
  return { ...parts[0]!, ...moments, value, shape: layer.output.shape };
}

type Moments = Pick<Coded, 'mean' | 'variance'>;

/** A cache holds what was new once: all parts are spread like the last. */
function newest(parts: readonly Coded[]): Coded {
  return operand(parts, parts.length - 1);
}

/** Products of several parts have their number in their names. */
function partName(name: string, parts: number, i: number): string {
  return parts === 1 ? name : `${name}.part${i}`;
}

/** Shares of 256ths times values: a weighted mean of as many rows as the shares are spread over. */
export function emitContext(cx: EmitContext, layer: LayerOf<'attention-context'>, inputs: readonly Coded[]): Coded {
  const [p, ...values] = [operand(inputs), ...inputs.slice(1)];
  const { heads, kvHeads } = layer.attributes;
  const [tokens = 1, features = 1] = layer.output.shape;
  const [, context = 1] = p.shape;
  const [size, group] = [features / heads, heads / kvHeads];
  const { name } = layer;
  const shares = node(cx, 'reshape', `${name}.p`, [p.value], {}, { shape: [kvHeads, group * tokens, context] });
  let first = 0;
  const sums = values.map((v, i) => {
    const own = partName(name, values.length, i);
    const [rows = 1] = v.shape;
    const shape = [kvHeads, group * tokens, rows];
    const cut = { starts: [0, 0, first], steps: [1, 1, 1] };
    first += rows;
    const left = rows === context ? shares : node(cx, 'slice', `${own}.p`, [shares], cut, { shape });
    const right = byHead(cx, `${own}.v`, v.value, { rows, kvHeads, group: 1, size });
    return node(cx, 'product', own, [left, right], { aZero: 0, bZero: 0 });
  });
  const acc = sums.reduce((a, b, i) => node(cx, 'addi', `${name}.sum${i}`, [a, b], {}));
  const { mean, variance } = average(newest(values));
  const total = 1 / p.scale;
  const spread = { mean: total * mean, variance: (2 * variance * total * total) / context };
  const result = requantized(cx, name, acc, spread, features);
  const split = node(cx, 'reshape', `${name}.split`, [result.value], {}, { shape: [kvHeads, group, tokens, size] });
  const back = node(cx, 'transpose', `${name}.tokens`, [split], { perm: [2, 0, 1, 3] });
  const value = node(cx, 'reshape', `${name}.rows`, [back], {}, { shape: [1, tokens, features] });
  return { ...result, value, shape: layer.output.shape };
}

/** Scores v tanh(Wq q + Wm m) for each step and each row of the memory, softmax, weighted mean of the rows. */
export function emitAdditiveAttention(
  cx: EmitContext,
  layer: LayerOf<'additive-attention'>,
  inputs: readonly Coded[],
): Coded {
  const [query, memory] = [operand(inputs, 0), operand(inputs, 1)];
  const [[steps = 1, width = 1], [source = 1]] = [query.shape, memory.shape];
  const { name } = layer;
  const wide = { ...cx, widths: { ...cx.widths, activations: 8 } };
  const project = (x: Coded, label: string, shape: readonly number[]): Coded => {
    const projected = projection(wide, `${name}.${label}`, x, width);
    const value = node(cx, 'reshape', `${name}.${label}.grid`, [projected.value], {}, { shape });
    return { ...projected, value };
  };
  const q = project(query, 'query', [steps, 1, width]);
  const m = project(memory, 'memory', [1, source, width]);
  const sum = emitSum(wide, { name: `${name}.sum`, relu: false, shape: [steps, source, width] }, q, m);
  const bent = emitTable(wide, `${name}.sum`, sum, 'tanh');
  const scores = projection(wide, `${name}.score`, bent, 1);
  const real = new Reals(cx, name);
  const logits = real.of({
    ...scores,
    value: node(cx, 'reshape', `${name}.logits`, [scores.value], {}, { shape: [steps, source] }),
  });
  const shares = real.codes(node(cx, 'softmax', `${name}.softmax`, [logits], { axis: 1 }), SHARE, 1 / 256);
  const left = node(cx, 'reshape', `${name}.p`, [shares], {}, { shape: [1, steps, source] });
  const acc = node(cx, 'product', `${name}.context`, [left, memory.value], { aZero: 0, bZero: 0 });
  const { mean, variance } = average(memory);
  const spread = { mean: 256 * mean, variance: (2 * variance * 256 * 256) / source };
  return { ...requantized(cx, `${name}.context`, acc, spread, width), shape: layer.output.shape };
}

const SHARE: IntegerType = { kind: 'int', bits: 8, coding: 'unsigned' };

/** A product with drawn weights over the last axis, at the recipe's widths. */
function projection(cx: EmitContext, name: string, x: Coded, outputs: number): Coded {
  const features = x.mean.length;
  const type = weightType(Math.max(1, cx.widths.weights));
  const codes = drawWeights(features * outputs, type, keyOf(cx, name));
  const sums: Sums = linearSums(codes, x, features, outputs);
  const weights = constant(cx, `${name}.w`, type, [features, outputs], codes);
  const acc = node(cx, 'matmul', name, [x.value, weights], { xZero: 0, wZero: Int32Array.of(0) });
  const mean = sums.mean.reduce((n, v) => n + v * v, 0) / outputs;
  const variance = sums.variance.reduce((n, v) => n + v, 0) / outputs + mean;
  return { ...requantized(cx, name, acc, { mean: 0, variance }, outputs), shape: [...x.shape.slice(0, -1), outputs] };
}

/** Depthwise along tokens with drawn kernels: images of height 1. */
export function emitDepthwiseConv1d(
  cx: EmitContext,
  layer: LayerOf<'depthwise-conv1d'>,
  inputs: readonly Coded[],
): Coded {
  const x = operand(inputs);
  const { kernel, bias } = layer.attributes;
  const [tokens = 1, features = 1] = x.shape;
  const { name } = layer;
  const type = weightType(cx.widths.weights);
  const codes = drawWeights(features * kernel, type, keyOf(cx, 'w'));
  const w = constant(cx, `${name}.w`, type, [features, 1, 1, kernel], codes);
  const turned = node(cx, 'transpose', `${name}.turned`, [x.value], { perm: [0, 2, 1] });
  const image = node(cx, 'reshape', `${name}.image`, [turned], {}, { shape: [1, features, 1, tokens] });
  const window = {
    kernel: [1, kernel],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, kernel >> 1, 0, (kernel - 1) >> 1],
  } as const;
  const attributes = { window, groups: features, xZero: 0, wZero: Int32Array.of(0) };
  const shift = bias
    ? [constant(cx, `${name}.b`, { kind: 'int', bits: 32, coding: 'signed' }, [features], new Int32Array(features))]
    : [];
  const acc = node(cx, 'conv', name, [image, w, ...shift], attributes);
  let square = 0;
  for (const c of codes) square += c * c;
  const spread = { mean: 0, variance: (square / features) * average(x).square };
  const flat = node(cx, 'reshape', `${name}.sums`, [acc], {}, { shape: [1, features, tokens] });
  const result = requantized(cx, name, flat, spread, features);
  const value = node(cx, 'transpose', `${name}.rows`, [result.value], { perm: [0, 2, 1] });
  return { ...result, value, shape: layer.output.shape };
}

/** Kernels of each token and head times the rows around the token: one small product each. */
export function emitDynamicConv1d(cx: EmitContext, layer: LayerOf<'dynamic-conv1d'>, inputs: readonly Coded[]): Coded {
  const [x, kernels] = [operand(inputs, 0), operand(inputs, 1)];
  const { kernel, heads } = layer.attributes;
  const [tokens = 1, features = 1] = x.shape;
  const { name } = layer;
  const before = [0, kernel >> 1, 0];
  const after = [0, (kernel - 1) >> 1, 0];
  const padded = node(cx, 'pad', `${name}.pad`, [x.value], { before, after, value: 0 });
  const rows = Array.from({ length: kernel }, (_, i) =>
    node(
      cx,
      'slice',
      `${name}.row${i}`,
      [padded],
      { starts: [0, i, 0], steps: [1, 1, 1] },
      { shape: [1, tokens, features] },
    ),
  );
  const windows = node(cx, 'concat', `${name}.windows`, rows, { axis: 0 });
  const size = features / heads;
  const split = node(cx, 'reshape', `${name}.split`, [windows], {}, { shape: [kernel, tokens * heads, size] });
  const right = node(cx, 'transpose', `${name}.matrices`, [split], { perm: [1, 0, 2] });
  const left = node(cx, 'reshape', `${name}.kernels`, [kernels.value], {}, { shape: [tokens * heads, 1, kernel] });
  const acc = node(cx, 'product', name, [left, right], { aZero: 0, bZero: 0 });
  const total = 1 / kernels.scale;
  const { mean, variance } = average(x);
  const spread = { mean: total * mean, variance: (2 * variance * total * total) / kernel };
  const result = requantized(cx, name, acc, spread, features);
  const value = node(cx, 'reshape', `${name}.rows`, [result.value], {}, { shape: [1, tokens, features] });
  return { ...result, value, shape: layer.output.shape };
}

/** Krizhevsky 2012: x / (2 + 1e-4 * sum of squares of `size` neighbouring channels)^0.75; the power by square roots. */
export function emitLrn(cx: EmitContext, layer: LayerOf<'lrn'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const { size } = layer.attributes;
  const [channels = 1, height = 1, width = 1] = x.shape;
  const real = new Reals(cx, layer.name);
  const value = real.of(x);
  const squares = real.binary('mul', value, value);
  const around = [size >> 1, (size - 1) >> 1] as const;
  const edges = { before: [0, around[0], 0, 0], after: [0, around[1], 0, 0], value: 0 };
  const padded = node(cx, 'pad', `${layer.name}.pad`, [squares], edges);
  const parts = Array.from({ length: size }, (_, i) => real.slice(padded, 1, i, channels));
  const sum = parts.reduce((a, b) => real.binary('add', a, b));
  const root = real.unary('sqrt', real.binary('add', real.binary('mul', sum, 1e-4), 2));
  const normed = real.binary('div', value, real.binary('mul', root, real.unary('sqrt', root)));
  const factor = x.scale / 2 ** 0.75;
  return coded(cx, real, normed, {
    shape: [channels, height, width],
    mean: x.mean.map((m) => m * factor),
    variance: x.variance.map((v) => v * factor * factor),
    oneSided: x.type.coding === 'unsigned',
  });
}
