/**
 * AVERAGE_POOL_2D, MAX_POOL_2D, MEAN, SUM, REDUCE_MAX and REDUCE_MIN of codes. An average is the integer sum of the codes over the count of those inside the
 * image, ties away from zero: over a whole image by thresholds, else in float32, which is exact for counts this small. A mean has the
 * count in its fixed-point factor, as the reference kernel folds it in.
 */
import { integerRange, type RequantizeSpec, sizeOf, type Window } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { type ImportContext, text } from '../context.ts';
import type { Multiplier } from '../fixed-point.ts';
import { activationLimits, activationOf, clipped, factor, type Limits, requantized } from './requantizer.ts';
import { centred, wholeNumbers } from './whole-numbers.ts';
import { imageShape, optionsOf, paddedWindow } from './window.ts';

function poolWindow(cx: ImportContext): { readonly window: Window; readonly limits: Limits } {
  const options = optionsOf(cx);
  cx.codeType(cx.inputTensor(0));
  cx.requireSameScaling(cx.inputTensor(0), cx.outputTensor());
  const window = paddedWindow(cx, {
    padding: options.int8(0, 'padding'),
    kernel: [options.int32(4, 'filter_height'), options.int32(3, 'filter_width')],
    strides: [options.int32(2, 'stride_h'), options.int32(1, 'stride_w')],
    dilations: [1, 1],
    borders: [0, 0, 0, 0],
  });
  const activation = activationOf(options.int8(5, 'fused_activation_function'));
  return { window, limits: activationLimits(cx, activation, cx.outputTensor()) };
}

export function importMaxPool(cx: ImportContext): void {
  const { window, limits } = poolWindow(cx);
  cx.result(clipped(cx, cx.add('maxpool', [cx.value(0, 'image')], { window }), limits), 'image');
}

export function importAveragePool(cx: ImportContext): void {
  const { window, limits } = poolWindow(cx);
  const [, height, width] = imageShape(cx);
  const [kh, kw] = window.kernel;
  const x = cx.value(0, 'image');
  const element = cx.codeType(cx.outputTensor());
  const whole = kh === height && kw === width && window.pads.every((p) => p === 0);
  if (whole && element.bits <= 8) {
    const sums = cx.add('spatial-sum', [x], { xZero: 0 }, { name: `${cx.label}.sum` });
    const spec = averageSteps(kh * kw, limits);
    cx.result(cx.add('requantize', [sums], { spec, axis: 1, relu: false }, { element }), 'image');
    return;
  }
  // A quotient is at least 1 / (2 count) from a tie that it does not hit; float32 has 2^-17 below 128, 2^-9 below 2^15.
  const counts = element.bits > 8 ? 2 ** 8 : 2 ** 15;
  if (kh * kw >= counts) refuse(`an average over ${kh * kw} codes`, { expected: `fewer than ${counts}` });
  const numbers = centred(cx, x, 0, `${cx.label}.numbers`);
  const mean = cx.add('avgpool', [numbers], { window, countIncludePad: false }, { name: `${cx.label}.mean` });
  cx.result(wholeNumbers(cx, mean, { min: limits.low, max: limits.high }, element), 'image');
}

/**
 * Steps of sum / count, ties away from zero: a positive code v begins at v·count − ⌊count/2⌋, a code v ≤ 0 at
 * (v − 1)·count + ⌊count/2⌋ + 1.
 */
export function averageSteps(count: number, { low, high }: Limits): RequantizeSpec {
  const half = Math.floor(count / 2);
  const thresholds = Int32Array.from({ length: high - low }, (_, i) => {
    const v = low + 1 + i;
    return v > 0 ? v * count - half : (v - 1) * count + half + 1;
  });
  return {
    mode: 'threshold',
    levels: high - low,
    base: Int32Array.of(low),
    descending: Uint8Array.of(0),
    thresholds,
  };
}

/** MEAN and SUM over any axes: those axes become the rows of images whose channels are what stays. */
export function importReduce(cx: ImportContext): void {
  const x = cx.inputTensor(0);
  cx.codeType(x);
  const { scale, zero } = cx.scaling(x);
  const axes = reducedAxes(cx, x.shape.length);
  const kept = x.shape.map((_, d) => d).filter((d) => !axes.includes(d));
  const count = sizeOf(axes.map((d) => x.shape[d]!));
  const image = axes.join() === '1,2' && x.shape.length === 4;
  const rows = image ? cx.value(0, 'image') : columns(cx, [...kept, ...axes], kept.length, count);
  const sums = cx.add('spatial-sum', [rows], { xZero: zero }, { name: `${cx.label}.sum` });
  const whole = factor(scale / cx.scaling(cx.outputTensor()).scale);
  const codes = requantized(cx, sums, [cx.operator.op === 'MEAN' ? divided(whole, count) : whole], 0, 'none');
  reduced(cx, codes, axes, image);
}

/** REDUCE_MAX over any axes as a pool; the least is the greatest of the codes counted from the other end. */
export function importReduceExtreme(cx: ImportContext): void {
  const x = cx.inputTensor(0);
  const element = cx.codeType(x);
  cx.requireSameScaling(x, cx.outputTensor());
  const axes = reducedAxes(cx, x.shape.length);
  const kept = x.shape.map((_, d) => d).filter((d) => !axes.includes(d));
  const count = sizeOf(axes.map((d) => x.shape[d]!));
  const image = axes.join() === '1,2' && x.shape.length === 4;
  const rows = image ? cx.value(0, 'image') : columns(cx, [...kept, ...axes], kept.length, count);
  const kernel = cx.builder.typeOf(rows).shape.slice(2) as [number, number];
  const window: Window = { kernel, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const turned = (id: string, suffix: string): string => {
    if (cx.operator.op === 'REDUCE_MAX') return id;
    if (element.bits > 8) return refuse('REDUCE_MIN of 16-bit codes', { expected: '8-bit codes, or REDUCE_MAX' });
    const { min, max } = integerRange(element);
    const table = Int32Array.from({ length: max - min + 1 }, (_, i) => max - i);
    return cx.add('lut', [id], { table, axis: 0 }, { name: `${cx.label}${suffix}`, element });
  };
  const most = cx.add('maxpool', [turned(rows, '.turned_codes')], { window }, { name: `${cx.label}.most` });
  reduced(cx, turned(most, '.back'), axes, image);
}

/** One code for each group of codes, [1, kept, 1, 1] or images, as the operator's result. */
function reduced(cx: ImportContext, codes: string, axes: readonly number[], image: boolean): void {
  const [x, out] = [cx.inputTensor(0), cx.outputTensor()];
  const keep = (cx.options?.uint8(0, 'keep_dims') ?? 0) !== 0;
  const shape = x.shape.flatMap((d, i) => (axes.includes(i) ? (keep ? [1] : []) : [d]));
  if (shape.join() !== out.shape.join())
    invalid(`its result ${text(out)} has shape [${out.shape.join(', ')}]`, { expected: `[${shape.join(', ')}]` });
  if (image && keep) cx.result(codes, 'image');
  else cx.result(cx.add('reshape', [codes], {}, { shape, name: `${cx.label}.shaped` }), 'file');
}

function reducedAxes(cx: ImportContext, rank: number): number[] {
  const given = cx.integerInput(1, 'the axes').map((a) => (a < 0 ? a + rank : a));
  if (given.some((a) => a < 0 || a >= rank))
    invalid('an axis outside of the operand', { expected: `0 .. ${rank - 1}` });
  return [...new Set(given)].sort((a, b) => a - b);
}

/** The operand as [1, kept, reduced, 1]. */
function columns(cx: ImportContext, perm: readonly number[], kept: number, count: number): string {
  const { shape } = cx.inputTensor(0);
  const turned = perm.every((p, i) => p === i)
    ? cx.value(0, 'file')
    : cx.add('transpose', [cx.value(0, 'file')], { perm }, { name: `${cx.label}.turned` });
  const channels = sizeOf(perm.slice(0, kept).map((d) => shape[d]!));
  return cx.add('reshape', [turned], {}, { shape: [1, channels, count, 1], name: `${cx.label}.columns` });
}

/** The factor over a count: the multiplier is shifted left by the count's bits first, and the quotient cut off. */
export function divided({ multiplier, shift }: Multiplier, count: number): Multiplier {
  const bits = Math.min(31 - Math.clz32(count), 31 + shift);
  const quotient = (BigInt(multiplier) << BigInt(bits)) / BigInt(count);
  return { multiplier: Number(quotient), shift: shift - bits };
}
