/**
 * Transposed convolution by phases: output position s*q + r takes the taps k = r + pad (mod s), so each of the s*s phases is an ordinary convolution of the
 * image with its share of the taps, and the results interleave. No tap is multiplied by an inserted zero. One pixel in is a matrix product.
 */
import { InternalError } from '../../../isa/base/errors.ts';
import type { LayerOf, Pair } from '../layers.ts';
import { weightType } from '../recipe.ts';
import { drawWeights } from '../weights.ts';
import { type Coded, constant, type EmitContext, keyOf, node, operand } from './context.ts';
import { convSums, emitBias, emitResult, linearSums, type Sums } from './products.ts';

/** One axis of a phase: taps in the order of an ordinary convolution, and its pads. */
interface Phase {
  readonly taps: number;
  readonly before: number;
  readonly after: number;
}

export function emitDeconv(cx: EmitContext, layer: LayerOf<'deconv'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const { name, output, attributes } = layer;
  if (x.shape[1] === 1 && x.shape[2] === 1 && output.shape[1] === attributes.kernel) return emitFromPixel(cx, layer, x);
  const [out = 0] = output.shape;
  const [channels = 0] = x.shape;
  const phases = [1, 2].map((axis) => phasesOf(attributes, x.shape[axis] ?? 0, output.shape[axis] ?? 0, name));
  const type = weightType(cx.widths.weights);
  const parts = phases[0]!.flatMap((v, i) =>
    phases[1]!.map((h, j) => {
      const codes = drawWeights(out * channels * v.taps * h.taps, type, keyOf(cx, `w${i}${j}`));
      const form = { out, perGroup: channels, taps: v.taps * h.taps, groups: 1 };
      return { name: `${name}.phase${i}${j}`, codes, v, h, sums: convSums(codes, x, form) };
    }),
  );
  const bias = emitBias(cx, name, attributes, averageOf(parts.map((p) => p.sums)));
  const pieces = parts.map((p) => {
    const size: Pair = [p.v.taps, p.h.taps];
    const pads = [p.v.before, p.h.before, p.v.after, p.h.after] as const;
    const window = { kernel: size, strides: [1, 1], dilations: [1, 1], pads } as const;
    const weights = constant(cx, `${p.name}.w`, type, [out, channels, ...size], p.codes);
    const form = { window, groups: 1, xZero: 0, wZero: Int32Array.of(0) };
    const acc = node(cx, 'conv', p.name, [x.value, weights, ...bias.values], form);
    return emitResult(cx, { name: p.name, act: attributes.act, shape: output.shape }, acc, bias.sums);
  });
  if (pieces.length === 1) return operand(pieces);
  const values = pieces.map((p) => p.value);
  const joined = node(cx, 'concat', `${name}.join`, values, { axis: 1 });
  const block = attributes.stride;
  return { ...operand(pieces), value: node(cx, 'depth-to-space', `${name}.weave`, [joined], { block, mode: 'DCR' }) };
}

function phasesOf(a: LayerOf<'deconv'>['attributes'], size: number, out: number, name: string): Phase[] {
  return Array.from({ length: a.stride }, (_, r) => {
    const first = (r + a.pad) % a.stride;
    const taps = Math.ceil((a.kernel - first) / a.stride);
    const shift = Math.floor((r + a.pad) / a.stride);
    const phase = { taps, before: taps - 1 - shift, after: out / a.stride - size + shift };
    if (out % a.stride !== 0 || taps < 1 || phase.before < 0 || phase.after < 0)
      throw new InternalError(`${name}: a transposed convolution whose phases differ in size`);
    return phase;
  });
}

/** One pixel in, one kernel out: outputs x kernel x kernel columns. */
function emitFromPixel(cx: EmitContext, layer: LayerOf<'deconv'>, x: Coded): Coded {
  const { name, output, attributes } = layer;
  const [out = 0] = output.shape;
  const [rows = 0] = x.shape;
  const repeat = attributes.kernel * attributes.kernel;
  const type = weightType(cx.widths.weights);
  const codes = drawWeights(rows * out * repeat, type, keyOf(cx, 'w'));
  const columns = linearSums(codes, x, rows, out * repeat);
  const bias = emitBias(cx, name, attributes, columns, repeat);
  const flat = node(cx, 'reshape', `${name}.flatten`, [x.value], {}, { shape: [cx.batch, rows] });
  const weights = constant(cx, `${name}.w`, type, [rows, out * repeat], codes);
  const form = { xZero: 0, wZero: Int32Array.of(0) };
  const acc = node(cx, 'matmul', name, [flat, weights, ...bias.values], form);
  const result = emitResult(cx, { name, act: attributes.act, shape: output.shape, repeat }, acc, bias.sums);
  const value = node(cx, 'reshape', `${name}.image`, [result.value], {}, { shape: [cx.batch, ...output.shape] });
  const first = (_: number, i: number) => i % repeat === 0;
  return { ...result, value, mean: result.mean.filter(first), variance: result.variance.filter(first) };
}

function averageOf(all: readonly Sums[]): Sums {
  const mean = (pick: (s: Sums) => Float64Array) =>
    pick(all[0]!).map((_, c) => all.reduce((n, s) => n + pick(s)[c]!, 0) / all.length);
  return { mean: mean((s) => s.mean), variance: mean((s) => s.variance) };
}
