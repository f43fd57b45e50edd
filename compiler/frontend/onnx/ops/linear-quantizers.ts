/**
 * QuantizeLinear and DequantizeLinear (ONNX 10 .. 23) between integer tensors and scaled codes. A QuantizeLinear that is the only
 * user of an integer convolution or product becomes the op's requantizer: that is what ONNX Runtime fuses.
 */
import { quantize } from '../../../graph/ops/quantize.ts';
import { integerRange, type OpAttributes } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute } from '../attributes.ts';
import { size } from '../constants.ts';
import { at, floatData, floatTensor, type ImportContext } from '../context.ts';
import { axisOf } from '../fold.ts';
import {
  type Bounds,
  type Codes,
  type Constant,
  integerTypeOf,
  type Meaning,
  type QuantizerTarget,
} from '../meaning.ts';
import { type DataType, dataTypeOf } from '../model.ts';
import { saturatingType } from './code-ranges.ts';
import { isPerTensor, linearScaling, sameScaling } from './scaling.ts';

/** Reads scale, zero point and type of a QuantizeLinear node on a tensor of `shape`. */
export function quantizerTarget(cx: ImportContext, shape: readonly number[]): QuantizerTarget {
  const { node } = cx;
  const scale = cx.constantInput(1, 'the scale') ?? invalid('QuantizeLinear has no scale');
  const zero = cx.constantInput(2, 'the zero point');
  if (intAttribute(node, 'block_size', 0) !== 0)
    refuse('blocked quantization', { expected: 'one scale, or one per channel' });
  const declared = dataTypeOf(intAttribute(node, 'output_dtype', 0));
  const dataType = zero?.dataType ?? declared ?? 'uint8';
  return {
    dataType,
    element: integerTypeOf(dataType),
    scaling: linearScaling(scale, zero, shape, intAttribute(node, 'axis', 1)),
  };
}

export function importQuantizeLinear(cx: ImportContext): void {
  const x = cx.input(0);
  const shape = cx.typeOf(x).shape;
  const stated = quantizerTarget(cx, shape);
  if (x.kind === 'constant') {
    cx.result({ kind: 'constant', constant: quantizeConstant(x.constant, stated) });
    return;
  }
  const target = { ...stated, element: saturatingType(cx, stated.element, cx.outputName) };
  const id = codesOf(cx, x, target);
  cx.quantizers.push({ output: cx.outputName, codes: id });
  cx.result({ kind: 'codes', id, dataType: target.dataType });
}

function codesOf(cx: ImportContext, x: Meaning, target: QuantizerTarget): string {
  if (x.kind === 'quantized' && isIdentity(cx, x, target)) return x.id;
  const input = cx.node.inputs[0] ?? '';
  const fuses =
    x.kind === 'pending' &&
    cx.soleConsumer(input) === cx.node &&
    isPerTensor(target.scaling) &&
    (x.dataType === undefined || x.dataType === target.dataType) &&
    covers(x.bounds, target);
  if (fuses) return x.codes(target, cx.outputName);
  return cx.add('quantize', [cx.floatInput(0)], linearQuantizer(target), {
    element: target.element,
    output: cx.outputName,
  });
}

/** The runtime has integer kernels of sums, products, pools and functions for 8-bit codes only. */
export function isByte(dataType: DataType | undefined): dataType is 'uint8' | 'int8' {
  return dataType === 'uint8' || dataType === 'int8';
}

/** The codes saturate before the bounds bite, so that the bounds can go. */
function covers(bounds: Bounds, target: QuantizerTarget): boolean {
  const { min, max } = integerRange(target.element);
  const real = (code: number) => Math.fround((code - at(target.scaling.zero, 0)) * at(target.scaling.scale, 0));
  return bounds.low <= real(min) && bounds.high >= real(max);
}

/** The quantizer inside ONNX Runtime's pooling kernel, which adds the zero point before it rounds. */
export function poolQuantizer(target: QuantizerTarget): OpAttributes['quantize'] {
  return { ...linearQuantizer(target), order: 'zero-then-round' };
}

/** Attributes of a graph `quantize` that means QuantizeLinear. */
export function linearQuantizer(target: QuantizerTarget): OpAttributes['quantize'] {
  const { min, max } = integerRange(target.element);
  const { scale, zero, axis } = target.scaling;
  return { scale, zeroPoint: Float32Array.from(zero), axis, rounding: 'half-even', min, max, order: 'round-then-zero' };
}

/** The quantizer gives back the codes that its operand was made from. */
function isIdentity(cx: ImportContext, x: Extract<Meaning, { kind: 'quantized' }>, target: QuantizerTarget): boolean {
  const { element } = cx.builder.typeOf(x.id);
  if (element.kind !== 'int' || element.bits > 16) return false;
  const from = integerRange(element);
  const to = integerRange(target.element);
  return (
    element.coding === target.element.coding &&
    from.min === to.min &&
    from.max === to.max &&
    sameScaling(x.scaling, target.scaling)
  );
}

function quantizeConstant(x: Constant, target: QuantizerTarget): Constant {
  if (x.dataType !== 'float32') invalid(`QuantizeLinear of a ${x.dataType} constant`, { expected: 'float32' });
  const tensor = floatTensor(Float32Array.from(x.data), x.shape);
  const data = quantize.reference(linearQuantizer(target), [tensor], { element: target.element, shape: x.shape });
  return { dataType: target.dataType, shape: x.shape, data: Int32Array.from(data) };
}

export function importDequantizeLinear(cx: ImportContext): void {
  const x = cx.input(0);
  const scale = cx.constantInput(1, 'the scale') ?? invalid('DequantizeLinear has no scale');
  const zero = cx.constantInput(2, 'the zero point');
  if (scale.dataType !== 'float32') refuse(`a ${scale.dataType} scale`, { expected: 'float32' });
  if (intAttribute(cx.node, 'block_size', 0) !== 0) {
    if (x.kind !== 'constant')
      refuse('blocked quantization of computed codes', { expected: 'one scale, or one per channel' });
    requireZeroType(zero, x.constant.dataType);
    cx.result(blockedWeights(cx, codesOfConstant(x.constant), scale, zero));
    return;
  }
  const shape = cx.typeOf(x).shape;
  const scaling = linearScaling(scale, zero, shape, intAttribute(cx.node, 'axis', 1));
  if (x.kind === 'constant') requireZeroType(zero, x.constant.dataType);
  if (x.kind === 'codes') requireZeroType(zero, x.dataType);
  if (x.kind === 'constant') {
    cx.result({ kind: 'weights', codes: codesOfConstant(x.constant), scaling, origin: 'linear' });
  } else if (x.kind === 'codes') {
    cx.result({ kind: 'quantized', id: x.id, scaling, origin: 'linear', dataType: x.dataType });
  } else {
    invalid('DequantizeLinear of a float tensor', { expected: 'an integer tensor' });
  }
}

/** The weights of a blocked DequantizeLinear: scale and zero point have the shape of the codes, with an element for each block of `axis`. */
function blockedWeights(cx: ImportContext, codes: Codes, scale: Constant, zero: Constant | undefined): Meaning {
  const axis = axisOf(intAttribute(cx.node, 'axis', 1), codes.shape.length);
  const block = intAttribute(cx.node, 'block_size', 0);
  const wanted = codes.shape.map((d, i) => (i === axis ? Math.ceil(d / block) : d));
  for (const [what, c] of [
    ['scale', scale],
    ['zero point', zero],
  ] as const)
    if (c !== undefined && c.shape.join() !== wanted.join())
      invalid(`the ${what} has shape [${c.shape.join(', ')}]`, { expected: `[${wanted.join(', ')}]` });
  const zeros = zero === undefined ? new Int32Array(size(wanted)) : Int32Array.from(zero.data);
  return { kind: 'blocked', codes, blocks: { scale: floatData(scale), zero: zeros, shape: wanted, axis, size: block } };
}

/** A zero point is a code of its tensor: of another type it could be a number that the tensor cannot hold. */
export function requireZeroType(zero: Constant | undefined, dataType: DataType): void {
  if (zero !== undefined && zero.dataType !== dataType)
    invalid(`a ${zero.dataType} zero point for ${dataType} codes`, { expected: `a ${dataType} zero point` });
}

/** Integer constants as codes of the graph, checked against the range of their type. */
export function codesOfConstant(constant: Constant): Codes {
  const element = integerTypeOf(constant.dataType);
  const { min, max } = integerRange(element);
  const data = constant.data instanceof Int32Array ? constant.data : Int32Array.from(constant.data);
  const bad = data.findIndex((v) => v < min || v > max);
  if (bad >= 0)
    invalid(`element ${bad} is ${at(data, bad)}`, { expected: `${min} .. ${max} for ${constant.dataType}` });
  return { element, shape: constant.shape, data };
}
