/** Layers that compute without weights: sums, gates, means over the image, softmax, the curves of Zero-DCE. */
import { type IntegerType, integerRange } from '../../../compiler/graph/types.ts';
import { bellStep, codeOf, momentsOf } from '../bell.ts';
import type { LayerOf } from '../layers.ts';
import { activationType } from '../recipe.ts';
import { type Coded, constant, dequantized, type EmitContext, node, oneSided, operand, quantized } from './context.ts';

const PIXEL: IntegerType = { kind: 'int', bits: 8, coding: 'unsigned' };

export function emitAdd(cx: EmitContext, layer: LayerOf<'add'>, inputs: readonly Coded[]): Coded {
  const options = { name: layer.name, relu: layer.attributes.act === 'relu', shape: layer.output.shape };
  return emitSum(cx, options, operand(inputs, 0), operand(inputs, 1));
}

/** A sum of two scales; its own scale is the step for what the sum spreads over. */
export function emitSum(
  cx: EmitContext,
  o: { readonly name: string; readonly relu: boolean; readonly shape: readonly number[] },
  a: Coded,
  b: Coded,
): Coded {
  const type = activationType(cx.widths.activations, o.relu || (oneSided(a.type) && oneSided(b.type)));
  const { min, max } = integerRange(type);
  const mean = a.mean.map((m, c) => a.scale * m + b.scale * b.mean[c]!);
  const variance = a.variance.map((v, c) => a.scale * a.scale * v + b.scale * b.scale * b.variance[c]!);
  const square = mean.reduce((n, m, c) => n + m * m + variance[c]!, 0) / mean.length;
  const scale = Math.fround(bellStep(min, max) * Math.sqrt(square === 0 ? 1 : square));
  const scales = { aScale: a.scale, aZero: 0, bScale: b.scale, bZero: 0, scale, zeroPoint: 0 };
  const value = node(cx, 'qadd', o.name, [a.value, b.value], scales, { element: type });
  const moments = Array.from(mean, (m, c) => {
    const deviation = Math.sqrt(variance[c]!);
    return momentsOf((z) => codeOf((m + deviation * z) / scale, min, max));
  });
  return {
    value,
    type,
    shape: o.shape,
    scale,
    mean: Float64Array.from(moments, (x) => x.mean),
    variance: Float64Array.from(moments, (x) => x.variance),
  };
}

/** A gate of one value a channel. Codes stay about as large. */
export function emitMultiply(cx: EmitContext, layer: LayerOf<'multiply'>, inputs: readonly Coded[]): Coded {
  const [x, gate] = [operand(inputs, 0), operand(inputs, 1)];
  const squares = gate.mean.map((m, c) => (m * m + gate.variance[c]!) * gate.scale * gate.scale);
  const usual = Math.sqrt(squares.reduce((n, v) => n + v, 0) / squares.length);
  const scale = Math.fround(x.scale * (usual === 0 ? 1 : usual));
  const scales = { aScale: x.scale, aZero: 0, bScale: gate.scale, bZero: 0, scale, zeroPoint: 0 };
  const value = node(cx, 'qmul', layer.name, [x.value, gate.value], scales, { element: x.type });
  const part = (c: number) => (gate.mean[c]! * gate.scale * x.scale) / scale;
  return {
    ...x,
    value,
    scale,
    mean: x.mean.map((m, c) => m * part(c)),
    variance: x.variance.map((v, c) => (v * squares[c]! * x.scale * x.scale) / (scale * scale)),
  };
}

/** Exact sum, then one multiply. Each nine neighbours are taken as one independent value. */
export function emitGlobalAverage(cx: EmitContext, layer: LayerOf<'global-average'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const count = (x.shape[1] ?? 1) * (x.shape[2] ?? 1);
  const type = activationType(cx.widths.activations, oneSided(x.type));
  const { min, max } = integerRange(type);
  const variance = x.variance.map((v) => v / Math.max(1, count / 9));
  const largest = x.mean.reduce((n, m, c) => Math.max(n, Math.abs(m) + 3 * Math.sqrt(variance[c]!)), 0);
  const factor = largest === 0 ? 1 : max / largest;
  const sum = node(cx, 'spatial-sum', layer.name, [x.value], { xZero: 0 });
  const spec = { mode: 'float32', scale: Float32Array.of(factor / count), zeroPoint: 0 } as const;
  const name = `${layer.name}.requantize`;
  const value = node(cx, 'requantize', name, [sum], { spec, axis: 1, relu: false }, { element: type });
  const moments = Array.from(x.mean, (m, c) => {
    const deviation = Math.sqrt(variance[c]!);
    return momentsOf((z) => codeOf((m + deviation * z) * factor, min, max));
  });
  return {
    value,
    type,
    shape: layer.output.shape,
    scale: x.scale / factor,
    mean: Float64Array.from(moments, (v) => v.mean),
    variance: Float64Array.from(moments, (v) => v.variance),
  };
}

/** Over runs of elements; the result is shares in 256ths. What a causal run does not see is far below zero before. */
export function emitSoftmax(cx: EmitContext, layer: LayerOf<'softmax'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const { run, causal } = layer.attributes;
  const rows = (cx.batch * x.shape.reduce((n, d) => n * d, 1)) / run;
  const runs = causal === undefined ? [rows, run] : [rows / causal.tokens, causal.tokens, run];
  const flat = node(cx, 'reshape', `${layer.name}.flatten`, [x.value], {}, { shape: runs });
  const real = dequantized(cx, `${layer.name}.dequantize`, { ...x, value: flat });
  const seen = causal === undefined ? real : masked(cx, layer.name, real, { run, ...causal });
  const shares = node(cx, 'softmax', layer.name, [seen], { axis: runs.length - 1 });
  const codes = quantized(cx, `${layer.name}.quantize`, shares, PIXEL, 1 / 256);
  const shape = [cx.batch, ...layer.output.shape];
  const value = node(cx, 'reshape', `${layer.name}.image`, [codes], {}, { shape });
  const mean = x.mean.map(() => 256 / run);
  return { value, type: PIXEL, shape: layer.output.shape, scale: 1 / 256, mean, variance: mean.map((m) => m * m) };
}

const FLAG: IntegerType = { kind: 'int', bits: 1, coding: 'unsigned' };

/** [heads, tokens, run]: the first token sees `first` elements and each next one sees one more. */
function masked(
  cx: EmitContext,
  name: string,
  value: string,
  o: { readonly run: number; readonly tokens: number; readonly first: number },
): string {
  const { run, tokens, first } = o;
  const flags = Int32Array.from({ length: tokens * run }, (_, i) => (i % run < first + Math.floor(i / run) ? 1 : 0));
  const mask = constant(cx, `${name}.mask`, FLAG, [1, tokens, run], flags);
  const least = cx.builder.constant(
    { type: { element: { kind: 'float32' }, shape: [] }, data: Float32Array.of(-1e9) },
    `${name}.least`,
  );
  return node(cx, 'where', `${name}.seen`, [mask, value, least], {});
}

/** x + r * (x^2 - x) in float32, pixels of 0 .. 1, with three maps an iteration. */
export function emitCurve(cx: EmitContext, layer: LayerOf<'curve'>, inputs: readonly Coded[]): Coded {
  const [image, maps] = [operand(inputs, 0), operand(inputs, 1)];
  const pixel = { ...image, scale: 1 / 255 };
  let x = dequantized(cx, `${layer.name}.image`, pixel);
  const all = dequantized(cx, `${layer.name}.maps`, maps);
  const shape = [cx.batch, ...layer.output.shape];
  const channels = layer.output.shape[0] ?? 0;
  const binary = (fn: 'mul' | 'sub' | 'add', label: string, a: string, b: string) =>
    node(cx, 'binary', `${layer.name}.${label}`, [a, b], { fn });
  for (let i = 0; i < layer.attributes.iterations; i++) {
    const starts = [0, i * channels, 0, 0];
    const map = node(cx, 'slice', `${layer.name}.map${i}`, [all], { starts, steps: [1, 1, 1, 1] }, { shape });
    const bent = binary('sub', `bent${i}`, binary('mul', `square${i}`, x, x), x);
    x = binary('add', `step${i}`, x, binary('mul', `scaled${i}`, map, bent));
  }
  return { ...pixel, value: quantized(cx, `${layer.name}.quantize`, x, PIXEL, 1 / 255), type: PIXEL };
}
