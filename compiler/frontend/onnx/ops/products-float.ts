/**
 * Conv, Gemm and MatMul of float activations with quantized weights, as in networks whose first layer takes the raw image. The
 * arrays cannot do it, so it becomes a float32 convolution of the vector unit; a matrix product is one with a 1 x 1 window.
 */
import { floatAttribute, intAttribute } from '../attributes.ts';
import { size } from '../constants.ts';
import { dequantizeCodes, floatData, floatTensor, type ImportContext } from '../context.ts';
import { invalid, refuse } from '../meaning.ts';
import type { Weights } from './products.ts';
import { windowOf } from './window.ts';

export function floatConv(cx: ImportContext, w: Weights): void {
  const { shape } = w.codes;
  const [o, , kh, kw] = shape;
  if (shape.length !== 4 || o === undefined || kh === undefined || kw === undefined) {
    refuse(`weights have shape [${shape.join(', ')}]`, { expected: '2-D convolution: [O, C / groups, KH, KW]' });
  }
  const x = cx.floatInput(0);
  const window = windowOf(cx.node, cx.builder.typeOf(x).shape, [kh, kw]);
  const weights = cx.builder.constant(
    floatTensor(dequantizeCodes(w.codes, w.scaling), shape),
    `${cx.outputName}.weights`,
  );
  const product = cx.add('conv-float', [x, weights], { window, groups: intAttribute(cx.node, 'group', 1) });
  withBias(cx, product, [o, 1, 1]);
}

/** Weights are [K, N]; [.., K] x [K, N] as a convolution of [rows, K, 1, 1] with [N, K, 1, 1]. */
export function floatProduct(cx: ImportContext, w: Weights, alpha: number): void {
  const [k, n] = w.codes.shape;
  if (w.codes.shape.length !== 2 || k === undefined || n === undefined) {
    refuse(`weights have shape [${w.codes.shape.join(', ')}]`, {
      expected: 'a matrix: batches of weights are not supported',
    });
  }
  if (alpha !== 1) refuse(`Gemm of float activations with alpha ${alpha}`, { expected: 'alpha = 1' });
  const x = cx.floatInput(0);
  const { shape } = cx.builder.typeOf(x);
  if (shape[shape.length - 1] !== k)
    invalid(`input [${shape.join(', ')}] times weights [${k}, ${n}]`, { expected: `an input that ends in ${k}` });
  const rows = size(shape) / k;
  const name = cx.outputName;
  const values = dequantizeCodes(w.codes, w.scaling);
  const turned = Float32Array.from(values, (_, i) => values[(i % k) * n + Math.floor(i / k)] ?? 0);
  const weights = cx.builder.constant(floatTensor(turned, [n, k, 1, 1]), `${name}.weights`);
  const window = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
  const flat = cx.add('reshape', [x], {}, { shape: [rows, k, 1, 1], output: `${name}.rows` });
  const product = cx.add('conv-float', [flat, weights], { window, groups: 1 });
  withBias(cx, cx.add('reshape', [product], {}, { shape: [...shape.slice(0, -1), n], output: `${name}.product` }), [n]);
}

function withBias(cx: ImportContext, product: string, shape: readonly number[]): void {
  const bias = cx.node.opType === 'MatMul' || !cx.hasInput(2) ? undefined : cx.input(2);
  if (bias === undefined) {
    cx.result({ kind: 'float', id: product });
    return;
  }
  if (bias.kind !== 'constant' && bias.kind !== 'weights')
    refuse('the bias is computed at run time', { expected: 'a constant bias' });
  const plain = bias.kind === 'weights' ? dequantizeCodes(bias.codes, bias.scaling) : floatData(bias.constant);
  const beta = floatAttribute(cx.node, 'beta', 1);
  const values = beta === 1 ? plain : plain.map((v) => v * beta);
  const constant = cx.builder.constant(floatTensor(values, values.length === 1 ? [1] : shape), `${cx.outputName}.bias`);
  cx.result({ kind: 'float', id: cx.add('binary', [product, constant], { fn: 'add' }, { output: cx.outputName }) });
}
