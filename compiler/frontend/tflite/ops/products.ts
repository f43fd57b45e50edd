/**
 * CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: exact sums with their int32 bias, then the fixed-point requantizer, one factor a channel
 * where the weights have one scale a channel. Zero-point borders of a PAD before a convolution become part of its window.
 */
import type { Tensor, Window } from '../../../graph/types.ts';
import { INT32, sizeOf } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { permuted } from '../constants.ts';
import { type ImportContext, text } from '../context.ts';
import type { Multiplier } from '../fixed-point.ts';
import type { FlatTable } from '../flat.ts';
import type { Activation, TfliteTensor } from '../schema.ts';
import { activationOf, factor, requantized } from './requantizer.ts';
import { imageShape, optionsOf, paddedWindow } from './window.ts';

export function importConv(cx: ImportContext): void {
  const options = optionsOf(cx);
  const filter = filterTensor(cx);
  const [o = 0, , , i = 0] = filter.shape;
  const channels = imageShape(cx)[3];
  if (i < 1 || channels % i !== 0)
    invalid(`weights ${text(filter)} have ${i} input channels`, { expected: `a divisor of ${channels}` });
  convolution(cx, filter, {
    outputs: o,
    groups: channels / i,
    axis: 0,
    order: [0, 3, 1, 2],
    window: windowOf(cx, options, filter, { w: 4, h: 5 }),
    activation: activationOf(options.int8(3, 'fused_activation_function')),
  });
}

export function importDepthwise(cx: ImportContext): void {
  const options = optionsOf(cx);
  const filter = filterTensor(cx);
  const [one = 0, , , o = 0] = filter.shape;
  const channels = imageShape(cx)[3];
  // Kernels take the multiplier from the shapes; the option of the file is not read.
  if (one !== 1 || o < 1 || o % channels !== 0)
    invalid(`weights ${text(filter)} have shape [${filter.shape.join(', ')}]`, {
      expected: `[1, height, width, a multiple of ${channels}]`,
    });
  convolution(cx, filter, {
    outputs: o,
    groups: channels,
    axis: 3,
    order: [3, 0, 1, 2],
    window: windowOf(cx, options, filter, { w: 5, h: 6 }),
    activation: activationOf(options.int8(4, 'fused_activation_function')),
  });
}

interface ConvolutionForm {
  readonly outputs: number;
  readonly groups: number;
  /** The file's axis of the output channels. */
  readonly axis: number;
  /** The file's axes as [O, I, KH, KW]. */
  readonly order: readonly number[];
  readonly window: Window;
  readonly activation: Activation;
}

function convolution(cx: ImportContext, filter: TfliteTensor, form: ConvolutionForm): void {
  const weights = permuted(cx.weights(1, 'weights'), form.order);
  const product = productOf(cx, filter, form.outputs, form.axis, 'double');
  const inputs = [cx.paddedImage().image, cx.constant(weights, 'weights'), ...biasInput(cx, form.outputs)];
  const { window, groups } = form;
  const { xZero, wZero } = product;
  const sums = cx.add('conv', inputs, { window, groups, xZero, wZero }, { name: `${cx.label}.sum` });
  cx.result(requantized(cx, sums, product.factors, 1, form.activation), 'image');
}

export function filterTensor(cx: ImportContext): TfliteTensor {
  const filter = cx.inputTensor(1);
  if (filter.shape.length !== 4 || sizeOf(filter.shape) < 1)
    invalid(`weights ${text(filter)} have shape [${filter.shape.join(', ')}]`, { expected: 'four dims' });
  return filter;
}

function windowOf(
  cx: ImportContext,
  options: FlatTable,
  filter: TfliteTensor,
  dilation: { readonly w: number; readonly h: number },
): Window {
  const [, kh = 0, kw = 0] = filter.shape;
  const joined = cx.operator.dilation;
  const [top, left, bottom, right] = cx.paddedImage().pads;
  const [t, l, b, r] = joined?.pads ?? [0, 0, 0, 0];
  const own = [
    options.int32(dilation.h, 'dilation_h_factor', 1),
    options.int32(dilation.w, 'dilation_w_factor', 1),
  ] as const;
  return paddedWindow(cx, {
    padding: options.int8(0, 'padding'),
    kernel: [kh, kw],
    strides: [options.int32(2, 'stride_h'), options.int32(1, 'stride_w')],
    dilations: joined?.blocks ?? own,
    borders: [top + t, left + l, bottom + b, right + r],
  });
}

/** Where an operator has its activations and its biases among its operands. */
export interface Places {
  readonly data: number;
  readonly bias: number;
}
const FORWARD: Places = { data: 0, bias: 2 };

const SHUFFLED = 1;

export function importFullyConnected(cx: ImportContext): void {
  const options = cx.options;
  if (options?.int8(1, 'weights_format') === SHUFFLED)
    refuse('weights in shuffled order', { expected: 'the default format' });
  const filter = cx.inputTensor(1);
  const [n = 0, k = 0] = filter.shape;
  const x = cx.inputTensor(0);
  if (filter.shape.length !== 2 || k < 1 || n < 1)
    invalid(`weights ${text(filter)} have shape [${filter.shape.join(', ')}]`, { expected: 'a matrix' });
  const rows = sizeOf(x.shape) / k;
  if (!Number.isInteger(rows))
    invalid(`input [${x.shape.join(', ')}] for weights [${n}, ${k}]`, { expected: `a multiple of ${k} elements` });
  const weights = permuted(cx.weights(1, 'weights'), [1, 0]);
  const { xZero, wZero, factors } = productOf(cx, filter, n, 0, 'float');
  const flat = reshaped(cx, cx.value(0, 'file'), [rows, k], 'rows');
  const inputs = [flat, cx.constant(weights, 'weights'), ...biasInput(cx, n)];
  const sums = cx.add('matmul', inputs, { xZero, wZero }, { name: `${cx.label}.sum` });
  const activation = activationOf(options?.int8(0, 'fused_activation_function') ?? 0);
  const out = cx.outputTensor();
  const codes = requantized(cx, sums, factors, 1, activation);
  if (sizeOf(out.shape) !== rows * n)
    invalid(`its result ${text(out)} has shape [${out.shape.join(', ')}]`, { expected: `${rows} rows of ${n}` });
  cx.result(reshaped(cx, codes, out.shape, 'shaped'), 'file');
}

function reshaped(cx: ImportContext, id: string, shape: readonly number[], suffix: string): string {
  if (cx.builder.typeOf(id).shape.join() === shape.join()) return id;
  return cx.add('reshape', [id], {}, { shape, name: `${cx.label}.${suffix}` });
}

export interface Product {
  readonly xZero: number;
  readonly wZero: Int32Array;
  readonly factors: readonly Multiplier[];
}

/**
 * Zero points and factors. The factor is xs·ws/ys in double; `float` kernels with one scale, and all uint8 kernels, multiply xs·ws in
 * float32 first.
 */
export function productOf(
  cx: ImportContext,
  filter: TfliteTensor,
  outputs: number,
  axis: number,
  single: 'double' | 'float',
  places: Places = FORWARD,
): Product {
  const x = cx.inputTensor(places.data);
  const out = cx.outputTensor();
  const pairs = ['int8 int8', 'int8 int4', 'uint8 uint8', 'int16 int8'];
  if (!pairs.includes(`${x.type} ${filter.type}`)) {
    if (x.type === 'float32' && filter.quantization !== undefined)
      refuse(`float activations with ${filter.type} weights (dynamic-range quantization)`, {
        expected: 'codes on both sides: scales of activations are found at run time here',
        hint: 'convert with full-integer quantization: a representative dataset and TFLITE_BUILTINS_INT8',
      });
    cx.codeType(x);
    cx.codeType(filter);
    refuse(`${x.type} activations with ${filter.type} weights`, { expected: pairs.join(', ').replaceAll(' ', ' x ') });
  }
  if (out.type !== x.type) refuse(`a result of type ${out.type} from ${x.type}`, { expected: x.type });
  const q = filter.quantization ?? invalid(`weights ${text(filter)} have no scale`, { expected: 'a scale' });
  if (q.scale.length > 1 && (q.scale.length !== outputs || q.axis !== axis))
    invalid(`weights ${text(filter)} have ${q.scale.length} scales along axis ${q.axis}`, {
      expected: `one, or ${outputs} along axis ${axis}`,
    });
  const unsigned = x.type === 'uint8';
  if (q.zeroPoint.some((z) => (unsigned ? z < 0 || z > 255 : z !== 0)))
    invalid(`weights ${text(filter)} have zero point ${q.zeroPoint.find((z) => z !== 0)}`, {
      expected: unsigned ? 'a code' : '0: signed weights are symmetric',
    });
  const xs = cx.scaling(x);
  const ys = cx.scaling(out).scale;
  const rounded = unsigned || (single === 'float' && q.scale.length === 1);
  const factors = Array.from(q.scale, (ws) => factor((rounded ? Math.fround(xs.scale * ws) : xs.scale * ws) / ys));
  return { xZero: xs.zero, wZero: Int32Array.from(q.zeroPoint), factors: widened(cx, x, factors, places) };
}

/**
 * 16-bit activations with a 64-bit bias, or none: the kernels keep 15 bits of the multiplier and round once. The machine rounds twice;
 * so the result is at most one code off, which is said.
 */
function widened(
  cx: ImportContext,
  x: TfliteTensor,
  factors: readonly Multiplier[],
  { bias }: Places,
): readonly Multiplier[] {
  if (x.type !== 'int16' || (cx.hasInput(bias) && cx.inputTensor(bias).type === 'int32')) return factors;
  cx.notes.push(
    `${cx.label}: sums of 64 bits are scaled with one rounding by TensorFlow Lite and with two by the requantizer: some codes of 16 bits differ by one`,
  );
  return factors.map(({ multiplier, shift }) => ({
    multiplier: (multiplier < 0x7fff0000 ? (multiplier + 2 ** 15) >>> 16 : 0x7fff) * 2 ** 16,
    shift,
  }));
}

function biasInput(cx: ImportContext, outputs: number): string[] {
  const data = biases(cx, outputs, FORWARD);
  return data === undefined ? [] : [cx.constant({ type: { element: INT32, shape: [outputs] }, data }, 'bias')];
}

/** The biases, one for each output channel; undefined where there are none. */
export function biases(cx: ImportContext, outputs: number, { bias: at }: Places): Int32Array | undefined {
  if (!cx.hasInput(at)) return undefined;
  const bias: Tensor = cx.constantInput(at, 'biases');
  if (bias.type.element.kind !== 'int' || bias.type.element.bits !== 32)
    invalid(`biases ${text(cx.inputTensor(at))} are ${cx.inputTensor(at).type}`, { expected: 'int32' });
  if (bias.data.length !== outputs)
    invalid(`${bias.data.length} biases`, { expected: `${outputs}, one for each output channel` });
  return Int32Array.from(bias.data);
}
