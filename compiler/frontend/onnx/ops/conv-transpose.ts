/**
 * ConvTranspose by phases. Output o of one axis takes tap k of input i where o + pad = stride i + dilation k, so the outputs of one remainder
 * o mod stride (a phase) are an ordinary convolution with its share of the taps, and the phases interleave: no inserted zero is multiplied. The runtime has no
 * integer kernel for it: its meaning is the float sum, a float bias, then the quantizer, which here goes in front of the interleaving.
 */
import type { Window } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute } from '../attributes.ts';
import { at, dequantizeCodes, type ImportContext } from '../context.ts';
import { type Codes, type Meaning, type QuantizerTarget, type Scaling, UNBOUNDED } from '../meaning.ts';
import { biasPlan, roundsWeights } from './bias.ts';
import { Formula } from './formula.ts';
import { linearQuantizer } from './linear-quantizers.ts';
import { type FloatWeights, imageWeights, type Weights, weightsInput } from './product-weights.ts';
import { activationsInput, productScaling } from './products.ts';
import { isPerTensor, singleZero } from './scaling.ts';
import { type AxisPhases, type Phase, transposedAxes } from './transposed-window.ts';
import { asImage, fromImage } from './window.ts';

type Quantized = Extract<Meaning, { kind: 'quantized' }>;

interface Layer {
  readonly groups: number;
  /** [C, M / groups, KH, KW]. */
  readonly shape: readonly number[];
  readonly axes: readonly [AxisPhases, AxisPhases];
  /** M. */
  readonly outputs: number;
}

export function importConvTranspose(cx: ImportContext): void {
  const given = weightsInput(cx, 1, roundsWeights);
  const plain = given.kind === 'weights' ? activationsInput(cx, 0) : undefined;
  const w = plain !== undefined && isPerTensor(plain.scaling) ? given : asFloats(given);
  const rank = cx.typeOf(cx.input(0)).shape.length;
  const shape = w.kind === 'weights' ? imageWeights(w.codes, rank).shape : imageWeights(w, rank).shape;
  const layer = layerOf(cx, shape);
  const bias = biasOf(cx, layer, plain, w);
  const parts = (): readonly string[] =>
    w.kind === 'weights' && plain !== undefined
      ? integerPhases(cx, layer, plain, w)
      : floatPhases(cx, layer, w as FloatWeights);
  finish(cx, layer, rank, plain?.dataType, parts, bias);
}

function asFloats(w: Weights | FloatWeights): FloatWeights {
  if (w.kind === 'float-weights') return w;
  return { kind: 'float-weights', shape: w.codes.shape, data: dequantizeCodes(w.codes, w.scaling) };
}

function layerOf(cx: ImportContext, shape: readonly number[]): Layer {
  const input = cx.typeOf(cx.input(0)).shape;
  const groups = intAttribute(cx.node, 'group', 1);
  const [channels = 0, perGroup = 0] = shape;
  if (channels !== input[1])
    invalid(`weights [${shape.join(', ')}] on ${input[1]} channels`, { expected: `weights [${input[1]}, ..]` });
  if (!(groups >= 1) || channels % groups !== 0)
    invalid(`${groups} groups of ${channels} channels`, { expected: 'a group count that divides the channels' });
  return { groups, shape, axes: transposedAxes(cx.node, input, shape), outputs: perGroup * groups };
}

/** float32 [M, 1, 1] added after scaling; as the runtime rounds it, where it does. */
function biasOf(cx: ImportContext, layer: Layer, x: Quantized | undefined, w: Weights | FloatWeights) {
  if (!cx.hasInput(2)) return undefined;
  const m = cx.input(2);
  if (m.kind === 'weights') return dequantizeCodes(m.codes, m.scaling);
  if (x === undefined || w.kind !== 'weights') {
    if (m.kind === 'constant') return Float32Array.from(m.constant.data);
    return refuse('the bias is computed at run time', { expected: 'a constant bias' });
  }
  // Scales as the model has them: the runtime rounds no bias that has more elements, as in groups.
  const scale = productScaling(x.scaling, w.scaling, 1);
  const plan = biasPlan(cx, 2, { scale, alpha: 1, x, result: [layer.outputs] });
  if (plan.kind === 'none') return undefined;
  if (plan.kind === 'float') return plan.values;
  return Float32Array.from(plan.codes.data, (code, c) => code * at(scale.scale, c));
}

/** Scales by output channel: those of axis 1 come again in each group. */
function channelScaling(w: Weights, { groups, shape, outputs }: Layer): Scaling {
  const { scaling } = w;
  const [channels = 1, perGroup = 1] = shape;
  if (isPerTensor(scaling)) return { ...scaling, axis: 1 };
  const depthwise = scaling.axis === 0 && channels === groups;
  if (scaling.axis !== 1 && !depthwise)
    refuse(`weights are scaled along axis ${scaling.axis}`, { expected: 'axis 1, the output channels' });
  const pick = (list: ArrayLike<number>) => (o: number) =>
    at(list, depthwise ? Math.floor(o / perGroup) : o % perGroup);
  const each = { length: outputs };
  const [scale, zero] = [pick(scaling.scale), pick(scaling.zero)];
  return {
    scale: Float32Array.from(each, (_, o) => scale(o)),
    zero: scaling.zero.length === 1 ? scaling.zero : Int32Array.from(each, (_, o) => zero(o)),
    axis: 1,
  };
}

type Taps = readonly [Phase, Phase];

/** Phases that are one convolution: all of them where their windows are the same (one pixel in, for one), else one. */
interface Bundle {
  readonly phases: readonly Taps[];
  readonly window: Window;
}

/** Rows outermost. */
function bundlesOf({ axes: [rows, columns], groups }: Layer): readonly Bundle[] {
  const bundles = rows.phases.flatMap((v) =>
    columns.phases.map((h): Bundle => {
      const kernel = [v.taps.length, h.taps.length] as const;
      const pads = [v.before, h.before, v.after, h.after] as const;
      return { phases: [[v, h]], window: { kernel, strides: [1, 1], dilations: [v.dilation, h.dilation], pads } };
    }),
  );
  const form = ({ window, phases: [taps] }: Bundle) => JSON.stringify([window, taps?.map((p) => [p.start, p.count])]);
  const [first] = bundles;
  const same = first !== undefined && groups === 1 && bundles.every((b) => form(b) === form(first));
  return same ? [{ ...first, phases: bundles.flatMap((b) => b.phases) }] : bundles;
}

/** A list by output channel once for each phase of a bundle; one element stays one. */
function repeated<A extends Float32Array | Int32Array>(list: A, { phases }: Bundle): A {
  if (list.length === 1 || phases.length === 1) return list;
  const all = phases.flatMap(() => Array.from(list));
  return (list instanceof Float32Array ? Float32Array.from(all) : Int32Array.from(all)) as A;
}

/** Elements of W for one phase as [M, C / groups, taps, taps]: flat positions, -1 where there is no tap. */
function positions({ groups, shape }: Layer, [v, h]: Taps): number[] {
  const [channels, perGroup, kh, kw] = shape as [number, number, number, number];
  const inner = channels / groups;
  const found: number[] = [];
  for (let o = 0; o < groups * perGroup; o++)
    for (let c = 0; c < inner; c++)
      for (const ky of v.taps)
        for (const kx of h.taps) {
          const row = Math.floor(o / perGroup) * inner + c;
          found.push(ky < 0 || kx < 0 ? -1 : ((row * perGroup + (o % perGroup)) * kh + ky) * kw + kx);
        }
  return found;
}

function integerPhases(cx: ImportContext, layer: Layer, x: Quantized, w: Weights): string[] {
  const f = new Formula(cx);
  const own = channelScaling(w, layer);
  const image = asImage(cx, x.id);
  const inner = (layer.shape[0] ?? 1) / layer.groups;
  return bundlesOf(layer).map((bundle) => {
    const from = bundle.phases.flatMap((taps) => positions(layer, taps));
    const outputs = layer.outputs * bundle.phases.length;
    const scaling = { ...own, scale: repeated(own.scale, bundle), zero: repeated(own.zero, bundle) };
    const zero = (i: number) => at(scaling.zero, Math.floor(i / (from.length / outputs)));
    const codes: Codes = {
      element: from.includes(-1) && w.codes.element.coding === 'bipolar' ? TWO_BITS : w.codes.element,
      shape: [outputs, inner, ...bundle.window.kernel],
      data: Int32Array.from(from, (p, i) => (p < 0 ? zero(i) : (w.codes.data[p] ?? 0))),
    };
    const { window } = bundle;
    const xZero = singleZero(x.scaling, 'the input');
    const inputs = [cut(f, image, bundle), cx.constantCodes(codes, `${cx.outputName}.weights`)];
    const acc = cx.add('conv', inputs, { window, groups: layer.groups, xZero, wZero: scaling.zero });
    return cx.dequantize(acc, productScaling(x.scaling, scaling, 1), f.name());
  });
}

/** A bipolar code has no zero for taps that are not there. */
const TWO_BITS = { kind: 'int', bits: 2, coding: 'signed' } as const;

function floatPhases(cx: ImportContext, layer: Layer, w: FloatWeights): string[] {
  const f = new Formula(cx);
  const image = asImage(cx, cx.floatInput(0));
  const inner = (layer.shape[0] ?? 1) / layer.groups;
  return bundlesOf(layer).map((bundle) => {
    const from = bundle.phases.flatMap((taps) => positions(layer, taps));
    const values = from.map((p) => (p < 0 ? 0 : (w.data[p] ?? 0)));
    const weights = f.constant(values, [layer.outputs * bundle.phases.length, inner, ...bundle.window.kernel]);
    const attributes = { window: bundle.window, groups: layer.groups };
    return cx.add('conv-float', [cut(f, image, bundle), weights], attributes);
  });
}

/** The part of the image that the phases of a bundle read. */
function cut(f: Formula, image: string, { phases: [taps] }: Bundle): string {
  if (taps === undefined) return image;
  const [v, h] = taps;
  return f.part(f.part(image, 2, v.start, v.count), 3, h.start, h.count);
}

/** Bias, then the quantizer of `target` where there is one, on each phase; then the phases interleave. */
function finish(
  cx: ImportContext,
  layer: Layer,
  rank: number,
  dataType: Quantized['dataType'],
  parts: () => readonly string[],
  bias: Float32Array | undefined,
): void {
  const { node } = cx;
  const { axes, outputs } = layer;
  const [batch = 1] = cx.typeOf(cx.input(0)).shape;
  const image = [batch, outputs, axes[0].out, axes[1].out];
  const biased = (): readonly string[] => {
    const f = new Formula(cx, `${cx.outputName}.phase`);
    if (bias === undefined) return parts();
    const bundles = bundlesOf(layer);
    const constant = (i: number) => {
      const own = bundles[i] === undefined ? bias : repeated(bias, bundles[i]);
      return f.constant(own, own.length === 1 ? [] : [own.length, 1, 1]);
    };
    return parts().map((p, i) => f.binary('add', p, constant(i)));
  };
  const float = () => cx.as(node, () => interleaved(cx, layer, biased(), rank, `${cx.outputName}.float`));
  const codes = (target: QuantizerTarget, output: string) =>
    cx.as(node, () => {
      const quantized = biased().map((p) =>
        cx.add('quantize', [p], linearQuantizer(target), { element: target.element, output: `${output}.phase` }),
      );
      return interleaved(cx, layer, quantized, rank, output);
    });
  const shape = rank === 4 ? image : [batch, outputs, axes[1].out];
  cx.result({ kind: 'pending', shape, bounds: UNBOUNDED, dataType, float, codes });
}

/** Phases [N, M, h, w] as one image: joined along the channels, then blocks of one pixel each. */
function interleaved(cx: ImportContext, layer: Layer, parts: readonly string[], rank: number, output: string): string {
  const [v, h] = layer.axes;
  const f = new Formula(cx, `${output}.woven`);
  const joined = f.join(parts, 1);
  const block = v.phases.length;
  const woven = (): string => {
    if (block * h.phases.length === 1) return joined;
    if (block === h.phases.length)
      return cx.add('depth-to-space', [joined], { block, mode: 'DCR' }, { output: f.name() });
    const [n = 1] = cx.builder.typeOf(joined).shape;
    const cells = f.reshape(joined, [n, block, h.phases.length, layer.outputs, v.count, h.count]);
    const shape = [n, layer.outputs, v.count * block, h.count * h.phases.length];
    return f.reshape(f.transpose(cells, [0, 3, 4, 1, 5, 2]), shape);
  };
  const image = f.part(f.part(woven(), 2, 0, v.out), 3, 0, h.out);
  return fromImage(cx, image, rank, output);
}
