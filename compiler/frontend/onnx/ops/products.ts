/**
 * Conv, Gemm and MatMul on quantized operands: one integer op into 32-bit accumulators; what follows decides whether a
 * requantizer or a float chain reads them. Weights must be known. The float forms of these ops are refused, with what
 * to do about it.
 */

import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, intAttribute } from '../attributes.ts';
import { make } from '../constants.ts';
import { floatTensor, type ImportContext } from '../context.ts';
import { foldTranspose } from '../fold.ts';
import { type Codes, type Meaning, type QuantizerTarget, type Scaling, UNBOUNDED } from '../meaning.ts';
import type { OnnxNode } from '../model.ts';
import { nodeLabel } from '../structure.ts';
import { emitActivationProduct, emitFloatProduct } from './activation-products.ts';
import { type BiasPlan, biasPlan, roundsWeights } from './bias.ts';
import { Expansion } from './expansion.ts';
import { imageWeights, turned, type Weights, weightsInput } from './product-weights.ts';
import { floatConv, floatProduct } from './products-float.ts';
import { isPerTensor, singleScale, singleZero } from './scaling.ts';
import { asImage, fromImage, windowOf } from './window.ts';

type Quantized = Extract<Meaning, { kind: 'quantized' }>;

/** The activation operand: codes with a scale; undefined when it is float32, for which there is a slow path. */
export function activationsInput(cx: ImportContext, index: number, noted = true): Quantized | undefined {
  const x = cx.input(index);
  if (x.kind === 'quantized') return x;
  const name = cx.node.inputs[index] ?? '';
  if (x.kind === 'codes')
    invalid(`${cx.node.opType} takes ${x.dataType} codes ('${name}')`, { expected: 'a DequantizeLinear before it' });
  if (noted)
    cx.notes.push(
      `${cx.node.opType} '${cx.node.name}' takes float activations ('${name}'): it runs in float32 on the vector unit. ` +
        'If they are really integers, say so (--input-type) and it runs on the arrays',
    );
  return undefined;
}

/** Scale of the products, and its axis in the result. */
export function productScaling(x: Scaling, w: Scaling, axis: number): Scaling {
  const xScale = singleScale(x, 'the input');
  return { scale: Float32Array.from(w.scale, (s) => s * xScale), zero: new Int32Array(1), axis };
}

export function importConv(cx: ImportContext): void {
  const w = weightsInput(cx, 1, roundsWeights);
  const x = w.kind === 'weights' ? activationsInput(cx, 0) : undefined;
  if (w.kind !== 'weights' || x === undefined) {
    floatConv(cx, w);
    return;
  }
  const o = w.codes.shape[0] ?? 0;
  const scaling = productScaling(x.scaling, w.scaling, 1);
  const bias = biasPlan(cx, 2, { scale: scaling, alpha: 1, x, result: [o] });
  const id = emitConv(cx, x, w, bias.kind === 'codes' ? bias.codes : undefined);
  finish(cx, id, scaling, x, bias, [o, ...w.codes.shape.slice(2).map(() => 1)]);
}

/** Adds an integer convolution of 1-D or 2-D data; the window comes from the current node. */
export function emitConv(
  cx: ImportContext,
  x: Codelike,
  w: { codes: Codes; scaling: Scaling },
  bias: Codes | undefined,
): string {
  const { shape } = cx.builder.typeOf(x.id);
  const codes = imageWeights(w.codes, shape.length);
  const [, , kh = 1, kw = 1] = codes.shape;
  if (!isPerTensor(w.scaling) && w.scaling.axis !== 0)
    refuse(`weights are scaled along axis ${w.scaling.axis}`, { expected: 'axis 0, the output channels' });
  const attributes = {
    window: windowOf(cx.node, shape, [kh, kw]),
    groups: intAttribute(cx.node, 'group', 1),
    xZero: singleZero(x.scaling, 'the input'),
    wZero: w.scaling.zero,
  };
  const inputs = [asImage(cx, x.id), cx.constantCodes(codes, `${cx.outputName}.weights`), ...biasInput(cx, bias)];
  return fromImage(cx, cx.add('conv', inputs, attributes), shape.length);
}

/** Adds an integer matrix product; weights are [K, N]. */
export function emitMatMul(
  cx: ImportContext,
  x: Codelike,
  w: { codes: Codes; scaling: Scaling },
  bias: Codes | undefined,
): string {
  const { shape } = cx.builder.typeOf(x.id);
  const rank = shape.length;
  const [k, n] = w.codes.shape;
  if (w.codes.shape.length !== 2 || k === undefined || n === undefined) {
    return refuse(`weights have shape [${w.codes.shape.join(', ')}]`, {
      expected: 'a matrix: batches of weights are not supported',
    });
  }
  if (shape[rank - 1] !== k)
    invalid(`input [${shape.join(', ')}] times weights [${k}, ${n}]`, { expected: `an input that ends in ${k}` });
  if (!isPerTensor(w.scaling) && w.scaling.axis !== 1)
    refuse('weights are scaled along the axis that is summed', { expected: 'one scale, or one per output' });
  if (!isPerTensor(x.scaling)) refuse('activations have a scale or zero point per channel', { expected: 'one scale' });
  const inputs = [x.id, cx.constantCodes(w.codes, `${cx.outputName}.weights`), ...biasInput(cx, bias)];
  return cx.add('matmul', inputs, { xZero: singleZero(x.scaling, 'the input'), wZero: w.scaling.zero });
}

/** Codes of the graph with their scale. */
export interface Codelike {
  readonly id: string;
  readonly scaling: Scaling;
}

function biasInput(cx: ImportContext, bias: Codes | undefined): string[] {
  return bias === undefined ? [] : [cx.constantCodes(bias, `${cx.outputName}.bias`)];
}

export function importMatMul(cx: ImportContext): void {
  const known = (index: number) => ['weights', 'constant'].includes(cx.lookup(cx.node.inputs[index] ?? '')?.kind ?? '');
  if (known(0) && !known(1)) leftProduct(cx);
  else if (known(1) && isBatch(cx, 1)) knownProduct(cx);
  else if (!known(0) && !known(1)) computedProduct(cx);
  else {
    const plain = () => product(cx, 1, { transA: false, transB: false, alpha: 1 });
    const sum = addedBias(cx);
    if (sum === undefined) plain();
    else {
      cx.as({ ...cx.node, inputs: [...cx.node.inputs.slice(0, 2), sum.bias], outputs: sum.node.outputs }, plain);
      cx.absorbed.add(sum.node);
    }
  }
}

/** Whether an operand is matrices, more than one. */
function isBatch(cx: ImportContext, index: number): boolean {
  return cx
    .typeOf(cx.input(index))
    .shape.slice(0, -2)
    .some((d) => d !== 1);
}

/** A known operand as codes of the graph, where it has one scale; a computed one as it is. */
function scaledOperand(cx: ImportContext, index: number): Quantized | undefined {
  const x = cx.input(index);
  if (x.kind === 'quantized') return x;
  if (x.kind !== 'weights' || !isPerTensor(x.scaling)) return undefined;
  const id = cx.constantCodes(x.codes, `${cx.outputName}.weights`);
  return { kind: 'quantized', id, scaling: x.scaling, origin: x.origin };
}

/** One operand known, as a batch of matrices or on the left: on the arrays where both are codes with one scale each, else in float32. */
function knownProduct(cx: ImportContext): void {
  const [a, b] = [scaledOperand(cx, 0), scaledOperand(cx, 1)];
  if (a !== undefined && b !== undefined) scaledProduct(cx, a, b);
  else floatOperands(cx, cx.input(0).kind === 'quantized' ? 1 : 0);
}

/** The Add behind a MatMul, and its bias, where the runtime makes a Gemm of the two: known weights [K, N] and a known bias [N]. */
function addedBias(cx: ImportContext): { readonly node: OnnxNode; readonly bias: string } | undefined {
  const node = cx.soleConsumer(cx.outputName);
  const x = cx.lookup(cx.node.inputs[0] ?? '');
  if (node?.opType !== 'Add' || node.domain !== '' || x?.kind !== 'quantized' || x.origin !== 'linear')
    return undefined;
  const bias = node.inputs.find((name) => name !== cx.outputName) ?? '';
  const [w, b] = [cx.node.inputs[1] ?? '', bias].map((name) => {
    const m = cx.lookup(name);
    return m?.kind === 'constant' || m?.kind === 'weights' ? cx.typeOf(m).shape : [];
  });
  return w?.length === 2 && b?.length === 1 && b[0] === w[1] ? { node, bias } : undefined;
}

/** Gemm; where its second operand or its bias is computed, or its first one known, the plain nodes that it stands for. */
export function importGemm(cx: ImportContext): void {
  const flag = (name: string) => intAttribute(cx.node, name, 0) !== 0;
  const known = (i: number) =>
    ['weights', 'constant', 'blocked'].includes(cx.lookup(cx.node.inputs[i] ?? '')?.kind ?? '');
  if (!known(1) || known(0) || (cx.hasInput(2) && !known(2))) {
    const e = new Expansion(cx);
    const [a, b] = ['transA', 'transB'].map((name, i) => (flag(name) ? e.turned(e.input(i)) : e.input(i)));
    const product = e.times(e.node('MatMul', [a ?? '', b ?? '']), floatAttribute(cx.node, 'alpha', 1));
    const bias = cx.hasInput(2) ? e.times(e.input(2), floatAttribute(cx.node, 'beta', 1)) : undefined;
    e.result(bias === undefined ? product : e.node('Add', [product, bias]));
    return;
  }
  product(cx, 1, { transA: flag('transA'), transB: flag('transB'), alpha: floatAttribute(cx.node, 'alpha', 1) });
}

/** W X with known W: the transpose of X' W' where W is one matrix of codes. Only the last two axes turn. */
function leftProduct(cx: ImportContext): void {
  const [given, x] = [cx.input(0), cx.input(1)];
  const { shape } = cx.typeOf(x);
  if (given.kind !== 'weights' || given.codes.shape.length !== 2 || x.kind !== 'quantized' || shape.length < 2) {
    knownProduct(cx);
    return;
  }
  const perm = shape.map((_, d) => d);
  perm.splice(-2, 2, shape.length - 1, shape.length - 2);
  const w = transposeWeights(given);
  const turned = cx.add('transpose', [x.id], { perm }, { output: `${cx.outputName}.turned` });
  const acc = emitMatMul(cx, { ...x, id: turned }, w, undefined);
  const id = cx.add('transpose', [acc], { perm }, { output: `${cx.outputName}.sums` });
  finish(cx, id, productScaling(x.scaling, w.scaling, shape.length - 2), x, { kind: 'none' }, []);
}

/** Both operands computed: on the arrays where both are scaled codes with one scale each, else in float32 on the vector unit. */
function computedProduct(cx: ImportContext): void {
  const [a, b] = [cx.input(0), cx.input(1)];
  if (a.kind !== 'quantized' || b.kind !== 'quantized') {
    floatOperands(cx, a.kind === 'quantized' ? 1 : 0);
    return;
  }
  scaledProduct(cx, a, b);
}

function scaledProduct(cx: ImportContext, a: Quantized, b: Pick<Quantized, 'id' | 'scaling' | 'origin'>): void {
  const id = emitActivationProduct(cx, a, b);
  const axis = Math.max(0, cx.builder.typeOf(id).shape.length - 1);
  const scale = Float32Array.of(
    singleScale(a.scaling, 'the first operand') * singleScale(b.scaling, 'the second operand'),
  );
  const origin = a.origin === 'qonnx' ? a.origin : b.origin;
  finish(cx, id, { scale, zero: new Int32Array(1), axis }, { origin, dataType: a.dataType }, { kind: 'none' }, []);
}

/** A product of which operand `plain` has no quantizer. */
function floatOperands(cx: ImportContext, plain: number): void {
  const name = cx.node.inputs[plain] ?? '';
  if (!cx.quantizedModel)
    refuse(`a product of two activations of which '${name}' is not quantized`, {
      expected: 'codes with a scale on both sides: the arrays multiply integers',
      hint: 'quantize both operands of attention products (softmax too: unsigned, scale 1/256)',
    });
  cx.notes.push(
    `${nodeLabel(cx.node)} multiplies activations of which '${name}' is not quantized: it runs in float32 on the vector unit, not on the arrays`,
  );
  cx.result({ kind: 'float', id: emitFloatProduct(cx, cx.floatInput(0), cx.floatInput(1)) });
}

interface ProductForm {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly alpha: number;
}

function product(cx: ImportContext, index: number, form: ProductForm): void {
  const given = weightsInput(cx, index, roundsWeights);
  const plain = activationsInput(cx, 0, given.kind === 'weights');
  if (given.kind !== 'weights' || plain === undefined) {
    floatProduct(cx, given, form);
    return;
  }
  const matrix = asMatrix(given, cx.typeOf(plain).shape.length);
  const w = form.transB ? transposeWeights(matrix) : matrix;
  const x = form.transA ? { ...plain, id: turned(cx, plain.id) } : plain;
  const n = w.codes.shape[1] ?? 0;
  const { shape } = cx.typeOf(x);
  const axis = shape.length - 1;
  const sums = productScaling(x.scaling, w.scaling, axis);
  const scaling = form.alpha === 1 ? sums : { ...sums, scale: gemmScale(form.alpha, x.scaling, w.scaling) };
  const bias = biasPlan(cx, 2, { scale: sums, alpha: form.alpha, x: plain, result: [...shape.slice(0, -1), n] });
  const acc = emitMatMul(cx, x, w, bias.kind === 'codes' ? bias.codes : undefined);
  // A vector of weights takes the last axis away.
  const vector = given.codes.shape.length === 1;
  const id = vector ? cx.add('reshape', [acc], {}, { shape: shape.slice(0, -1) }) : acc;
  finish(cx, id, vector ? { ...scaling, axis: 0 } : scaling, x, bias, [n]);
}

/** Weights of a matrix product as [K, N]: a vector is one column, leading axes of extent 1 go where the data has them. */
function asMatrix(w: Weights, rank: number): Weights {
  const { shape } = w.codes;
  const lead = shape.length - 2;
  const axis = w.scaling.axis;
  if (shape.length === 1)
    return { ...w, codes: { ...w.codes, shape: [shape[0] ?? 1, 1] }, scaling: { ...w.scaling, axis: 0 } };
  if (lead <= 0 || lead > rank - 2 || shape.slice(0, lead).some((d) => d !== 1)) return w;
  const scaling = isPerTensor(w.scaling) ? w.scaling : { ...w.scaling, axis: axis - lead };
  return { ...w, codes: { ...w.codes, shape: shape.slice(lead) }, scaling };
}

/** ONNX Runtime's order: (alpha * xScale) * wScale in float32. */
export function gemmScale(alpha: number, x: Scaling, w: Scaling): Float32Array {
  const left = Math.fround(Math.fround(alpha) * singleScale(x, 'the input'));
  return Float32Array.from(w.scale, (s) => left * s);
}

export function transposeWeights<W extends { readonly codes: Codes; readonly scaling: Scaling }>(w: W): W {
  const { codes, scaling } = w;
  const turned = foldTranspose(
    make('int32', codes.shape, Array.from(codes.data)),
    codes.shape.map((_, i) => codes.shape.length - 1 - i),
  );
  return {
    ...w,
    codes: { ...codes, shape: turned.shape, data: Int32Array.from(turned.data) },
    scaling: { ...scaling, axis: codes.shape.length - 1 - scaling.axis },
  };
}

/**
 * What becomes of accumulators. QONNX and a float bias: scaled at once. Else pending: a QuantizeLinear that follows becomes
 * code = saturate(half-even(float32(acc) * float32(xs*ws / ys)) + zero), as the QLinear kernels compute it.
 */
function finish(
  cx: ImportContext,
  acc: string,
  scaling: Scaling,
  x: Pick<Quantized, 'origin' | 'dataType'>,
  bias: BiasPlan,
  biasShape: readonly number[],
): void {
  const name = cx.outputName;
  if (bias.kind === 'float') {
    const scaled = cx.dequantize(acc, scaling, `${name}.scaled`);
    const shape = bias.values.length === 1 ? [1] : (bias.shape ?? biasShape);
    const constant = cx.builder.constant(floatTensor(bias.values, shape), `${name}.bias`);
    cx.result({ kind: 'float', id: cx.add('binary', [scaled, constant], { fn: 'add' }, { output: name }) });
  } else if (x.origin === 'qonnx') {
    cx.result({ kind: 'float', id: cx.dequantize(acc, scaling, name) });
  } else {
    cx.result({
      kind: 'pending',
      shape: cx.builder.typeOf(acc).shape,
      bounds: UNBOUNDED,
      dataType: x.dataType,
      float: () => cx.dequantize(acc, scaling, `${name}.scaled`),
      codes: (target, output) => requantize(cx, acc, scaling, target, output),
    });
  }
}

/** Accumulators to codes with one float32 multiply. */
export function requantize(
  cx: ImportContext,
  acc: string,
  scaling: Scaling,
  target: QuantizerTarget,
  output: string,
): string {
  const ys = singleScale(target.scaling, 'the quantizer');
  const scale = Float32Array.from(scaling.scale, (s) => s / ys);
  const zeroPoint = singleZero(target.scaling, 'the quantizer');
  return cx.add(
    'requantize',
    [acc],
    { spec: { mode: 'float32', scale, zeroPoint }, axis: scaling.axis, relu: false },
    { element: target.element, output },
  );
}
