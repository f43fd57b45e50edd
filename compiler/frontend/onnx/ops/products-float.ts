/**
 * Conv, Gemm and MatMul of float activations, as in networks whose first layer takes the raw image, or with float weights, as in
 * networks whose last layer stayed float. The arrays cannot do it, so it becomes a float32 convolution of the vector unit; a matrix product is one with a 1 x 1 window.
 */

import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, intAttribute } from '../attributes.ts';
import { size } from '../constants.ts';
import { dequantizeCodes, floatData, floatTensor, type ImportContext } from '../context.ts';
import { type FloatWeights, imageWeights, turned, type Weights } from './product-weights.ts';
import { asImage, fromImage, windowOf } from './window.ts';

/** The numbers that quantized weights stand for, or float weights as they are. */
function values(w: Weights | FloatWeights): FloatWeights {
  if (w.kind === 'float-weights') return w;
  return { kind: 'float-weights', shape: w.codes.shape, data: dequantizeCodes(w.codes, w.scaling) };
}

export function floatConv(cx: ImportContext, given: Weights | FloatWeights): void {
  const x = cx.floatInput(0);
  const { shape } = cx.builder.typeOf(x);
  const { shape: own, data } = imageWeights(values(given), shape.length);
  const [o = 1, , kh = 1, kw = 1] = own;
  const window = windowOf(cx.node, shape, [kh, kw]);
  const weights = cx.builder.constant(floatTensor(data, own), `${cx.outputName}.weights`);
  const attributes = { window, groups: intAttribute(cx.node, 'group', 1) };
  const product = fromImage(cx, cx.add('conv-float', [asImage(cx, x), weights], attributes), shape.length);
  withBias(cx, product, [o, ...shape.slice(2).map(() => 1)]);
}

/** Weights are [K, N], or turned; [.., K] x [K, N] as a convolution of [rows, K, 1, 1] with [N, K, 1, 1]. */
export function floatProduct(
  cx: ImportContext,
  given: Weights | FloatWeights,
  form: { readonly transA: boolean; readonly transB: boolean; readonly alpha: number },
): void {
  const w = values(given);
  const [a, b] = w.shape;
  if (w.shape.length !== 2 || a === undefined || b === undefined) {
    refuse(`weights have shape [${w.shape.join(', ')}]`, {
      expected: 'a matrix: batches of weights are not supported',
    });
  }
  const [k, n] = form.transB ? [b, a] : [a, b];
  const plain = cx.floatInput(0);
  const x = form.transA ? turned(cx, plain) : plain;
  const { shape } = cx.builder.typeOf(x);
  if (shape[shape.length - 1] !== k)
    invalid(`input [${shape.join(', ')}] times weights [${k}, ${n}]`, { expected: `an input that ends in ${k}` });
  const rows = size(shape) / k;
  const name = cx.outputName;
  const rowMajor = form.transB
    ? w.data
    : Float32Array.from(w.data, (_, i) => w.data[(i % k) * n + Math.floor(i / k)] ?? 0);
  const weights = cx.builder.constant(floatTensor(rowMajor, [n, k, 1, 1]), `${name}.weights`);
  const window = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
  const flat = cx.add('reshape', [x], {}, { shape: [rows, k, 1, 1], output: `${name}.rows` });
  const sums = cx.add('conv-float', [flat, weights], { window, groups: 1 });
  const product = cx.add('reshape', [sums], {}, { shape: [...shape.slice(0, -1), n], output: `${name}.product` });
  if (form.alpha === 1) {
    withBias(cx, product, [n]);
    return;
  }
  const alpha = cx.builder.constant(floatTensor(Float32Array.of(form.alpha), []), `${name}.alpha`);
  withBias(cx, cx.add('binary', [product, alpha], { fn: 'mul' }, { output: `${name}.scaled` }), [n]);
}

function withBias(cx: ImportContext, product: string, shape: readonly number[]): void {
  const bias = cx.hasInput(2) ? cx.input(2) : undefined;
  if (bias === undefined) {
    cx.result({ kind: 'float', id: product });
    return;
  }
  if (bias.kind !== 'constant' && bias.kind !== 'weights')
    refuse('the bias is computed at run time', { expected: 'a constant bias' });
  const plain = bias.kind === 'weights' ? dequantizeCodes(bias.codes, bias.scaling) : floatData(bias.constant);
  const beta = floatAttribute(cx.node, 'beta', 1);
  const added = beta === 1 ? plain : plain.map((v) => v * beta);
  const own = bias.kind === 'weights' ? bias.codes.shape : bias.constant.shape;
  const wide = own.length > 1 && own.some((d, i) => d > 1 && i < own.length - 1);
  const constant = cx.builder.constant(
    floatTensor(added, wide ? own : added.length === 1 ? [1] : shape),
    `${cx.outputName}.bias`,
  );
  cx.result({ kind: 'float', id: cx.add('binary', [product, constant], { fn: 'add' }, { output: cx.outputName }) });
}
