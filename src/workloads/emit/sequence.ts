/** Layers of sequences that are no products: embeddings, norms, rotations, caches, the order of an image's columns. */
import { type IntegerType, integerRange } from '../../../compiler/graph/types.ts';
import { bellDraw, bellStep, bellValue } from '../bell.ts';
import { TABLE_MAX } from '../describe.ts';
import type { LayerOf } from '../layers.ts';
import { activationType } from '../recipe.ts';
import { drawWeights } from '../weights.ts';
import { emitSum } from './arithmetic.ts';
import { type Coded, constant, type EmitContext, keyOf, node, operand } from './context.ts';
import { coded, Reals } from './real.ts';

/** Rows by word, and of further tables by position and by type 0, added up. */
export function emitEmbedding(cx: EmitContext, layer: LayerOf<'embedding'>, inputs: readonly Coded[]): Coded {
  const ids = operand(inputs);
  const { rows, width } = layer.attributes;
  const [tokens = 1] = layer.output.shape;
  const type = activationType(cx.widths.activations, false);
  const named = 2 ** ids.type.bits;
  const words = rows[0] === undefined || rows[0] * width > TABLE_MAX ? named : rows[0];
  const table = (label: string, count: number, shape: readonly number[]): Coded => {
    const codes = drawWeights(count * width, type, keyOf(cx, label));
    const value = constant(cx, `${layer.name}.${label}`, type, shape, codes);
    return bellCoded(value, type, shape, width);
  };
  const vocabulary = table('words', words, [words, width]);
  const value = node(cx, 'gather', layer.name, [vocabulary.value, ids.value], {});
  let sum: Coded = { ...vocabulary, value, shape: layer.output.shape };
  rows.slice(1).forEach((_, i) => {
    const label = i === 0 ? 'positions' : `types${i}`;
    const count = i === 0 ? tokens : 1;
    const part = { ...table(label, count, [1, count, width]), shape: layer.output.shape };
    sum = emitSum(cx, { name: `${layer.name}.${label}.add`, relu: false, shape: layer.output.shape }, sum, part);
  });
  return sum;
}

/** Bell-shaped codes of deviation 1. */
function bellCoded(value: string, type: IntegerType, shape: readonly number[], channels: number): Coded {
  const { min, max } = integerRange(type);
  const scale = bellStep(min, max);
  const variance = new Float64Array(channels).fill(1 / (scale * scale));
  return { value, type, shape, scale, mean: new Float64Array(channels), variance };
}

/** Scale around 1, shift around 0, by feature. */
export function emitNorm(
  cx: EmitContext,
  layer: LayerOf<'layer-norm'> | LayerOf<'rms-norm'>,
  inputs: readonly Coded[],
): Coded {
  const x = operand(inputs);
  const centred = layer.kind === 'layer-norm';
  const features = x.mean.length;
  const draw = (label: string, at: number, spread: number): Float64Array => {
    const key = keyOf(cx, label);
    return Float64Array.from({ length: features }, (_, c) => Math.fround(at + spread * bellValue(bellDraw(key, c))));
  };
  const gamma = draw('gamma', 1, 0.1);
  const beta = centred ? draw('beta', 0, 0.1) : new Float64Array(features);
  const real = new Reals(cx, layer.name);
  const parameters = [real.constant(gamma, [features]), ...(centred ? [real.constant(beta, [features])] : [])];
  const attributes = { epsilon: Math.fround(1e-5), centred };
  const normed = node(cx, 'layer-norm', layer.name, [real.of(x), ...parameters], attributes);
  return coded(cx, real, normed, { shape: layer.output.shape, mean: beta, variance: gamma.map((g) => g * g) });
}

/** Neighbouring features turned by an angle; cosines and sines come from drawn tangents, which fit as well and are the same everywhere. */
export function emitRotary(cx: EmitContext, layer: LayerOf<'rotary'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const [tokens = 1, features = 2] = x.shape;
  const pairs = features / 2;
  const key = keyOf(cx, 'angles');
  const tangents = Float64Array.from({ length: tokens * pairs }, (_, i) => bellValue(bellDraw(key, i)));
  const real = new Reals(cx, layer.name);
  const shape = [1, tokens, pairs, 1];
  const cosine = real.constant(
    tangents.map((t) => (1 - t * t) / (1 + t * t)),
    shape,
  );
  const sine = real.constant(
    tangents.map((t) => (2 * t) / (1 + t * t)),
    shape,
  );
  const all = real.reshape(real.of(x), [1, tokens, pairs, 2]);
  const [even, odd] = [real.slice(all, 3, 0, 1), real.slice(all, 3, 1, 1)];
  const left = real.binary('sub', real.binary('mul', even, cosine), real.binary('mul', odd, sine));
  const right = real.binary('add', real.binary('mul', even, sine), real.binary('mul', odd, cosine));
  const turned = real.reshape(real.concat([left, right], 3), [1, tokens, features]);
  const square = x.mean.map((m, c) => m * m + x.variance[c]!);
  const usual = square.reduce((n, v) => n + v, 0) / features;
  const value = real.codes(turned, x.type, x.scale);
  return { ...x, value, mean: new Float64Array(features), variance: new Float64Array(features).fill(usual) };
}

/** Columns of an image as a sequence. */
export function emitToSequence(cx: EmitContext, layer: LayerOf<'to-sequence'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const [, height = 1] = x.shape;
  const turned = node(cx, 'transpose', `${layer.name}.turned`, [x.value], { perm: [0, 3, 1, 2] });
  const value = node(cx, 'reshape', layer.name, [turned], {}, { shape: [cx.batch, ...layer.output.shape] });
  const each = (v: Float64Array) =>
    Float64Array.from({ length: v.length * height }, (_, i) => v[Math.floor(i / height)]!);
  return { ...x, value, shape: layer.output.shape, mean: each(x.mean), variance: each(x.variance) };
}
