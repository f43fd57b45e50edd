/**
 * Pooling. A maximum commutes with scaling, so it stays on codes. Averages are float32, unless a quantizer follows an average
 * over the whole image: then it is ONNX Runtime's QLinearGlobalAveragePool on integer sums. The runtime does not fuse ReduceMean.
 */
import { outputSize } from '../../../graph/ops/window.ts';
import { integerRange, type Window } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute } from '../attributes.ts';
import type { ImportContext } from '../context.ts';
import { isFusable, type QuantizerTarget, UNBOUNDED } from '../meaning.ts';
import { isByte, poolQuantizer } from './linear-quantizers.ts';
import { moved } from './movement.ts';
import type { Codelike } from './products.ts';
import { reducedAxes } from './reductions.ts';
import { singleScale, singleZero } from './scaling.ts';
import { asImage, fromImage, imageShape, poolWindow } from './window.ts';

export function importMaxPool(cx: ImportContext): void {
  if (cx.wantsOutput(1)) refuse('MaxPool with an index output', { expected: 'one output' });
  const { shape } = cx.typeOf(cx.input(0));
  const { window } = poolWindow(cx.node, shape);
  maximum(cx, window, shape.length);
}

/** The window is the whole image. */
export function importGlobalMaxPool(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const [, , h, w] = imageShape(shape);
  maximum(cx, { kernel: [h, w], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] }, shape.length);
}

function maximum(cx: ImportContext, window: Window, rank: number): void {
  const emit = (id: string) =>
    fromImage(cx, cx.add('maxpool', [asImage(cx, id)], { window }, { output: cx.outputName }), rank);
  moved(cx, { emit, axis: (a) => (a < 2 ? a : undefined) });
}

/**
 * Behind a quantizer, ONNX Runtime's QLinearAveragePool: the same mean with a quantizer that adds its zero point first, or, where the
 * window is the whole image, its global average.
 */
export function importAveragePool(cx: ImportContext): void {
  const x = cx.input(0);
  const { shape } = cx.typeOf(x);
  const { node } = cx;
  const name = cx.outputName;
  const input = node.inputs[0] ?? '';
  const mean = () => cx.as(node, () => averagePool(cx, cx.floatOf(input, x), name, 'never'));
  if (!isFusable(x) || !isByte(x.dataType)) {
    cx.result({ kind: 'float', id: mean() });
    return;
  }
  const { window } = poolWindow(node, shape);
  const [n, c, h, w] = imageShape(shape);
  const [oh, ow] = outputSize(window, h, w, false);
  cx.result({
    kind: 'pending',
    shape: shape.length === 4 ? [n, c, oh, ow] : [n, c, ow],
    bounds: UNBOUNDED,
    dataType: x.dataType,
    float: mean,
    codes: (target, output) => cx.as(node, () => averageCodes(cx, x, cx.floatOf(input, x), target, output)),
  });
}

/** Codes of the current node's windows as QLinearAveragePool computes them; `float` is `x` dequantized. */
export function averageCodes(
  cx: ImportContext,
  x: Codelike,
  float: string,
  target: QuantizerTarget,
  output: string,
): string {
  const { shape } = cx.builder.typeOf(x.id);
  const { window } = poolWindow(cx.node, shape);
  const [, , h, w] = imageShape(shape);
  if (window.kernel[0] === h && window.kernel[1] === w && window.pads.every((p) => p === 0)) {
    const own = shape.length === 4 ? output : `${output}.image`;
    const id = globalAverageCodes(cx, { ...x, id: asImage(cx, x.id) }, h * w, target, own);
    return fromImage(cx, id, shape.length, output);
  }
  const mean = averagePool(cx, float, `${cx.outputName}.mean`, 'kernel');
  return cx.add('quantize', [mean], poolQuantizer(target), { element: target.element, output });
}

/**
 * The mean of the current node's windows over float `x`. With count_include_pad and ceil_mode together, ONNX counts the declared
 * padding but not the overhang; the runtime's integer kernel divides by the whole `kernel`.
 */
export function averagePool(cx: ImportContext, x: string, output: string, overhangCounts: 'never' | 'kernel'): string {
  const rank = cx.builder.typeOf(x).shape.length;
  const { window, overhang } = poolWindow(cx.node, cx.builder.typeOf(x).shape);
  const image = asImage(cx, x);
  const countIncludePad = intAttribute(cx.node, 'count_include_pad', 0) !== 0;
  if (!countIncludePad || overhangCounts === 'kernel' || overhang.every((o) => o === 0)) {
    return fromImage(cx, cx.add('avgpool', [image], { window, countIncludePad }, { output }), rank);
  }
  // Declared padding counts, the overhang of ceil_mode does not: pad first, then leave the rest out.
  const [top, left, bottom, right] = window.pads;
  const [below, beside] = overhang;
  const after = [0, 0, bottom - below, right - beside];
  const padded = cx.add('pad', [image], { before: [0, 0, top, left], after, value: 0 }, { output: `${output}.padded` });
  const rest = { ...window, pads: [0, 0, below, beside] } as const;
  return fromImage(cx, cx.add('avgpool', [padded], { window: rest, countIncludePad: false }, { output }), rank);
}

export function importGlobalAveragePool(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  if (shape.length < 3) invalid(`input [${shape.join(', ')}]`, { expected: '[N, C, L] or [N, C, H, W]' });
  const axes = shape.map((_, d) => d).slice(2);
  mean(cx, axes, true, true);
}

export function importReduceMean(cx: ImportContext): void {
  const axes = reducedAxes(cx);
  if (axes.length === 0) refuse('ReduceMean over no axes', { expected: 'at least one axis' });
  mean(cx, axes, intAttribute(cx.node, 'keepdims', 1) !== 0, false);
}

/**
 * The mean over `axes`: the axes go last, the tensor becomes an image whose channels are what is kept, and that image is
 * averaged in float32. `fuses`: a quantizer behind it makes it QLinearGlobalAveragePool; the runtime does so for GlobalAveragePool alone.
 */
function mean(cx: ImportContext, axes: readonly number[], keep: boolean, fuses: boolean): void {
  const x = cx.input(0);
  const { node } = cx;
  const output = cx.outputName;
  const { shape } = cx.typeOf(x);
  const kept = shape.flatMap((_, d) => (axes.includes(d) ? [] : [d]));
  const perm = [...kept, ...axes];
  const [rows, count] = [kept, axes].map((some) => some.reduce((n, d) => n * (shape[d] ?? 1), 1)) as [number, number];
  const last = axes.length > 1 ? (shape[axes[axes.length - 1] ?? 0] ?? 1) : count;
  const spatial = kept.length === 2 && axes.length <= 2 && perm.every((p, d) => p === d);
  const image = spatial ? [shape[0] ?? 1, shape[1] ?? 1, count / last, last] : [1, rows, count / last, last];
  const result = keep ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : kept.map((d) => shape[d] ?? 1);
  const before = (id: string): string => {
    const turned = perm.every((p, d) => p === d)
      ? id
      : cx.add('transpose', [id], { perm }, { output: `${output}.turned` });
    const same = cx.builder.typeOf(turned).shape.join() === image.join();
    return same ? turned : cx.add('reshape', [turned], {}, { shape: image, output: `${output}.image` });
  };
  const after = (id: string, name: string): string =>
    cx.builder.typeOf(id).shape.join() === result.join()
      ? id
      : cx.add('reshape', [id], {}, { shape: result, output: name });
  const float = (): string => {
    const kernel = [count / last, last] as const;
    const window = { kernel, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
    const id = before(cx.floatOf(node.inputs[0] ?? '', x));
    return after(cx.add('avgpool', [id], { window, countIncludePad: false }, { output: `${output}.mean` }), output);
  };
  if (!fuses || !isFusable(x) || !isByte(x.dataType)) {
    cx.result({ kind: 'float', id: float() });
    return;
  }
  cx.result({
    kind: 'pending',
    shape: result,
    bounds: UNBOUNDED,
    dataType: x.dataType,
    float: () => cx.as(node, float),
    codes: (target, name) =>
      cx.as(node, () => {
        const own = shape.length === 4 ? name : `${name}.mean`;
        return after(globalAverageCodes(cx, { ...x, id: before(x.id) }, count, target, own), name);
      }),
  });
}

/** code = saturate(half-even(float32(sum of (x - zero)) * float32(xs / float32(ys * count))) + zero), as QLinearGlobalAveragePool. */
export function globalAverageCodes(
  cx: ImportContext,
  x: Codelike,
  count: number,
  target: QuantizerTarget,
  output: string,
): string {
  const { element } = cx.builder.typeOf(x.id);
  const range = element.kind === 'int' ? integerRange(element) : { min: 0, max: 0 };
  if ((range.max - range.min) * count >= 2 ** 31)
    refuse(`a global average over ${count} elements`, { expected: 'a sum below 2^31' });
  const sum = cx.add('spatial-sum', [x.id], { xZero: singleZero(x.scaling, 'the input') }, { output: `${output}.sum` });
  const ratio = singleScale(x.scaling, 'the input') / Math.fround(singleScale(target.scaling, 'the quantizer') * count);
  const spec = {
    mode: 'float32',
    scale: new Float32Array([ratio]),
    zeroPoint: singleZero(target.scaling, 'the quantizer'),
  } as const;
  return cx.add('requantize', [sum], { spec, axis: 1, relu: false }, { element: target.element, output });
}
