/**
 * The operator dialect: ops on integer tensors that carry scales and zero points as inputs (QLinearConv and relatives of ONNX
 * and of the com.microsoft domain; ConvInteger, MatMulInteger). Each becomes the same graph ops that the pattern of
 * DequantizeLinear, op, QuantizeLinear becomes.
 */
import type { UnaryFunction } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, intAttribute } from '../attributes.ts';
import { floatTensor, type ImportContext } from '../context.ts';
import { axisOf } from '../fold.ts';
import { type Codes, type Constant, integerTypeOf, type QuantizerTarget, type Scaling } from '../meaning.ts';
import type { DataType } from '../model.ts';
import { emitActivationProduct } from './activation-products.ts';
import { dynamicConv, dynamicMatMul, isComputedZero } from './dynamic.ts';
import { codesOfConstant, linearQuantizer, requireZeroType } from './linear-quantizers.ts';
import { emitSoftmax, softmaxAxes, softmaxCodes } from './normalize.ts';
import { averageCodes, globalAverageCodes } from './pools.ts';
import { turned } from './product-weights.ts';
import {
  type Codelike,
  emitConv,
  emitMatMul,
  gemmScale,
  productScaling,
  requantize,
  transposeWeights,
} from './products.ts';
import { emitProduct, emitSum } from './qlinear-binary.ts';
import { linearScaling, sameScaling, singleScale, singleZero } from './scaling.ts';
import { asImage, fromImage, imageShape } from './window.ts';

function need(cx: ImportContext, index: number, what: string): Constant {
  return cx.constantInput(index, what) ?? invalid(`${what} (input ${index}) is missing`);
}

/** An integer operand with scale and zero point at the two inputs behind it. */
export function operand(
  cx: ImportContext,
  index: number,
  at: { scale?: number; zero: number },
  axis = 1,
): Codelike & { readonly dataType: DataType } {
  const x = cx.input(index);
  const { shape } = cx.typeOf(x);
  const scaling = scalingAt(cx, at, shape, axis);
  const zero = cx.constantInput(at.zero, 'a zero point');
  if (x.kind === 'codes') requireZeroType(zero, x.dataType);
  if (x.kind === 'constant') requireZeroType(zero, x.constant.dataType);
  if (x.kind === 'codes') return { id: x.id, scaling, dataType: x.dataType };
  if (x.kind === 'constant')
    return {
      id: cx.constantCodes(codesOfConstant(x.constant), cx.node.inputs[index] ?? 'operand'),
      scaling,
      dataType: x.constant.dataType,
    };
  return invalid(`input ${index} ('${cx.node.inputs[index]}') is float`, {
    expected: 'an integer tensor',
    hint: 'put a QuantizeLinear before it',
  });
}

function scalingAt(
  cx: ImportContext,
  at: { scale?: number; zero: number },
  shape: readonly number[],
  axis: number,
): Scaling {
  const zero = cx.constantInput(at.zero, 'a zero point');
  if (at.scale !== undefined)
    return linearScaling(flat(need(cx, at.scale, 'a scale')), zero === undefined ? undefined : flat(zero), shape, axis);
  return {
    scale: new Float32Array([1]),
    zero: zero === undefined ? new Int32Array(1) : Int32Array.from(zero.data),
    axis,
  };
}

/** A [1] or [N, 1]-shaped parameter as a vector. */
function flat(c: Constant): Constant {
  return { ...c, shape: c.data.length === 1 ? [] : [c.data.length] };
}

/** Constant weights with scale and zero point. */
export function weights(
  cx: ImportContext,
  index: number,
  at: { scale?: number; zero: number },
  axis: number,
): { codes: Codes; scaling: Scaling } {
  const w = cx.input(index);
  if (w.kind !== 'constant')
    return refuse(`${cx.node.opType} has weights that are computed at run time`, { expected: 'constant weights' });
  const codes = codesOfConstant(w.constant);
  requireZeroType(cx.constantInput(at.zero, 'a zero point'), w.constant.dataType);
  return { codes, scaling: scalingAt(cx, at, codes.shape, axis) };
}

/** Scale, zero point and type of the result. */
function resultTarget(cx: ImportContext, scaleAt: number, zeroAt: number, fallback: DataType): QuantizerTarget {
  const scale = need(cx, scaleAt, 'the scale of the result');
  const zero = cx.constantInput(zeroAt, 'the zero point of the result');
  const dataType = zero?.dataType ?? fallback;
  return {
    dataType,
    element: integerTypeOf(dataType),
    scaling: linearScaling(flat(scale), zero === undefined ? undefined : flat(zero), [], 0),
  };
}

function codesResult(cx: ImportContext, id: string, dataType: DataType): void {
  cx.quantizers.push({ output: cx.outputName, codes: id });
  cx.result({ kind: 'codes', id, dataType });
}

function integerBias(cx: ImportContext, index: number, channels: number): Codes | undefined {
  const bias = cx.constantInput(index, 'the bias');
  if (bias === undefined) return undefined;
  if (bias.dataType !== 'int32' || bias.data.length !== channels) {
    return invalid(`the bias is ${bias.dataType}[${bias.shape.join(',')}]`, {
      expected: `int32 with ${channels} elements`,
    });
  }
  return { ...codesOfConstant(bias), shape: [channels] };
}

/** x, its scale and zero point, w, its scale and zero point, result scale and zero point, int32 bias. */
export function importQLinearConv(cx: ImportContext): void {
  const w = weights(cx, 3, { scale: 4, zero: 5 }, 0);
  const x = operand(cx, 0, { scale: 1, zero: 2 });
  const acc = emitConv(cx, x, w, integerBias(cx, 8, w.codes.shape[0] ?? 0));
  const target = resultTarget(cx, 6, 7, x.dataType);
  codesResult(cx, requantize(cx, acc, productScaling(x.scaling, w.scaling, 1), target, cx.outputName), target.dataType);
}

/** Whether the second operand of a product is computed. */
function isComputed(cx: ImportContext, index: number): boolean {
  return cx.input(index).kind === 'codes';
}

export function importQLinearMatMul(cx: ImportContext): void {
  if (isComputed(cx, 3)) {
    const [a, b] = [operand(cx, 0, { scale: 1, zero: 2 }), operand(cx, 3, { scale: 4, zero: 5 })];
    const target = resultTarget(cx, 6, 7, a.dataType);
    const scale = singleScale(a.scaling, 'the first operand') * singleScale(b.scaling, 'the second operand');
    const scaling = { scale: Float32Array.of(scale), zero: new Int32Array(1), axis: 0 };
    const id = requantize(cx, emitActivationProduct(cx, a, b), scaling, target, cx.outputName);
    codesResult(cx, id, target.dataType);
    return;
  }
  const w = weights(cx, 3, { scale: 4, zero: 5 }, 1);
  const x = operand(cx, 0, { scale: 1, zero: 2 });
  const acc = emitMatMul(cx, x, w, undefined);
  const target = resultTarget(cx, 6, 7, x.dataType);
  const axis = cx.builder.typeOf(acc).shape.length - 1;
  codesResult(
    cx,
    requantize(cx, acc, productScaling(x.scaling, w.scaling, axis), target, cx.outputName),
    target.dataType,
  );
}

/** com.microsoft.QGemm: float32 result when the result scale is absent. */
export function importQGemm(cx: ImportContext): void {
  const transposed = intAttribute(cx.node, 'transB', 0) !== 0;
  const given = weights(cx, 3, { scale: 4, zero: 5 }, transposed ? 0 : 1);
  const w = transposed ? transposeWeights(given) : given;
  const plain = operand(cx, 0, { scale: 1, zero: 2 });
  const x = intAttribute(cx.node, 'transA', 0) === 0 ? plain : { ...plain, id: turned(cx, plain.id) };
  const acc = emitMatMul(cx, x, w, integerBias(cx, 6, w.codes.shape[1] ?? 0));
  const alpha = floatAttribute(cx.node, 'alpha', 1);
  const scaling = { ...productScaling(x.scaling, w.scaling, 1), scale: gemmScale(alpha, x.scaling, w.scaling) };
  if (!cx.hasInput(7)) {
    cx.result({ kind: 'float', id: cx.dequantize(acc, scaling, cx.outputName) });
    return;
  }
  const target = resultTarget(cx, 7, 8, x.dataType);
  codesResult(cx, requantize(cx, acc, scaling, target, cx.outputName), target.dataType);
}

export const importQLinearBinary = (fn: 'add' | 'mul') => (cx: ImportContext) => {
  const [a, b] = [operand(cx, 0, { scale: 1, zero: 2 }), operand(cx, 3, { scale: 4, zero: 5 })];
  const target = resultTarget(cx, 6, 7, a.dataType);
  const [left, right] = [a, b].map((o) => ({
    id: o.id,
    scale: singleScale(o.scaling, 'an operand'),
    zero: singleZero(o.scaling, 'an operand'),
  }));
  if (left === undefined || right === undefined) return;
  codesResult(cx, (fn === 'add' ? emitSum : emitProduct)(cx, left, right, target, cx.outputName), target.dataType);
};

export function importQLinearGlobalAveragePool(cx: ImportContext): void {
  const x = operand(cx, 0, { scale: 1, zero: 2 });
  const { shape } = cx.builder.typeOf(x.id);
  const [, , h, w] = imageShape(shape);
  const target = resultTarget(cx, 3, 4, x.dataType);
  const own = { id: asImage(cx, x.id), scaling: x.scaling };
  const id = globalAverageCodes(cx, own, h * w, target, cx.outputName);
  codesResult(cx, fromImage(cx, id, shape.length), target.dataType);
}

/** Float meaning of the operand, of `f` and of the quantizer behind it, one after the other. */
function throughFloat(cx: ImportContext, f: (id: string) => string): void {
  const x = operand(cx, 0, { scale: 1, zero: 2 });
  const target = resultTarget(cx, 3, 4, x.dataType);
  const name = cx.outputName;
  const result = f(cx.dequantize(x.id, x.scaling, `${name}.in`));
  codesResult(
    cx,
    cx.add('quantize', [result], linearQuantizer(target), { element: target.element, output: name }),
    target.dataType,
  );
}

export const importQLinearUnary = (fn: UnaryFunction) => (cx: ImportContext) =>
  throughFloat(cx, (id) => cx.add('unary', [id], { fn }, { output: `${cx.outputName}.float` }));

export function importQLinearLeakyRelu(cx: ImportContext): void {
  const alpha = floatAttribute(cx.node, 'alpha', 0.01);
  if (!(alpha >= 0 && alpha <= 1)) refuse(`QLinearLeakyRelu with slope ${alpha}`, { expected: 'a slope of 0 .. 1' });
  throughFloat(cx, (id) => {
    const slope = cx.builder.constant(floatTensor(new Float32Array([alpha]), []), `${cx.outputName}.slope`);
    const scaled = cx.add('binary', [id, slope], { fn: 'mul' }, { output: `${cx.outputName}.scaled` });
    return cx.add('binary', [id, scaled], { fn: 'max' }, { output: `${cx.outputName}.float` });
  });
}

export function importQLinearAveragePool(cx: ImportContext): void {
  const x = operand(cx, 0, { scale: 1, zero: 2 });
  const target = resultTarget(cx, 3, 4, x.dataType);
  const name = cx.outputName;
  codesResult(cx, averageCodes(cx, x, cx.dequantize(x.id, x.scaling, `${name}.in`), target, name), target.dataType);
}

/** Float softmax along `axis`, then ONNX Runtime's quantizer for it. */
export function importQLinearSoftmax(cx: ImportContext): void {
  const x = operand(cx, 0, { scale: 1, zero: 2 });
  const { shape } = cx.builder.typeOf(x.id);
  const axes = softmaxAxes(cx, shape, intAttribute(cx.node, 'opset', cx.opset));
  const target = resultTarget(cx, 3, 4, x.dataType);
  const name = cx.outputName;
  const float = cx.dequantize(x.id, x.scaling, `${name}.in`);
  const softmax = emitSoftmax(cx, float, axes, `${name}.float`);
  codesResult(cx, softmaxCodes(cx, softmax, target, name), target.dataType);
}

/** Result scale and zero point, then three inputs for each part; a part with another scale goes through float. */
export function importQLinearConcat(cx: ImportContext): void {
  const count = (cx.node.inputs.length - 2) / 3;
  if (!Number.isInteger(count) || count < 1)
    invalid(`QLinearConcat has ${cx.node.inputs.length} inputs`, { expected: '2 + 3 per part' });
  const parts = Array.from({ length: count }, (_, i) => operand(cx, 2 + i * 3, { scale: 3 + i * 3, zero: 4 + i * 3 }));
  const target = resultTarget(cx, 0, 1, parts[0]?.dataType ?? 'uint8');
  const name = cx.outputName;
  const ids = parts.map((p, i) => {
    const { element } = cx.builder.typeOf(p.id);
    const same = p.dataType === target.dataType && element.kind === 'int' && element.bits === target.element.bits;
    if (same && sameScaling(p.scaling, target.scaling)) return p.id;
    const float = cx.dequantize(p.id, p.scaling, `${name}.part${i}`);
    return cx.add('quantize', [float], linearQuantizer(target), {
      element: target.element,
      output: `${name}.codes${i}`,
    });
  });
  const axis = axisOf(intAttribute(cx.node, 'axis', 0), cx.builder.typeOf(ids[0] ?? '').shape.length);
  codesResult(cx, cx.add('concat', ids, { axis }, { output: name }), target.dataType);
}

/** A computed integer tensor. */
export function codesInput(cx: ImportContext, index: number): string {
  const x = cx.input(index);
  if (x.kind === 'codes') return x.id;
  return refuse(`input ${index} ('${cx.node.inputs[index]}') is not a computed integer tensor`, {
    expected: 'codes of DynamicQuantizeLinear',
  });
}

export function importConvInteger(cx: ImportContext): void {
  const w = weights(cx, 1, { zero: 3 }, 0);
  if (isComputedZero(cx, 2)) {
    cx.result({ kind: 'codes', id: dynamicConv(cx, codesInput(cx, 0), codesInput(cx, 2), w), dataType: 'int32' });
    return;
  }
  const x = operand(cx, 0, { zero: 2 });
  cx.result({ kind: 'codes', id: emitConv(cx, x, w, undefined), dataType: 'int32' });
}

export function importMatMulInteger(cx: ImportContext): void {
  if (isComputed(cx, 1)) {
    const id = emitActivationProduct(cx, operand(cx, 0, { zero: 2 }), operand(cx, 1, { zero: 3 }));
    cx.result({ kind: 'codes', id, dataType: 'int32' });
    return;
  }
  const w = weights(cx, 1, { zero: 3 }, 1);
  if (isComputedZero(cx, 2)) {
    cx.result({ kind: 'codes', id: dynamicMatMul(cx, codesInput(cx, 0), codesInput(cx, 2), w), dataType: 'int32' });
    return;
  }
  const x = operand(cx, 0, { zero: 2 });
  cx.result({ kind: 'codes', id: emitMatMul(cx, x, w, undefined), dataType: 'int32' });
}
