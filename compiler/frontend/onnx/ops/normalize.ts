/**
 * BatchNormalization in inference form and Softmax. Batch norm is taken apart as ONNX Runtime computes it, each step one float32
 * operation: factor = gamma / sqrt(variance + epsilon), offset = beta - mean * factor, y = x * factor + offset.
 */

import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, intAttribute } from '../attributes.ts';
import { size } from '../constants.ts';
import { at, floatData, floatTensor, type ImportContext } from '../context.ts';
import { axisOf } from '../fold.ts';
import { isFusable, type QuantizerTarget, UNBOUNDED } from '../meaning.ts';
import { Formula } from './formula.ts';
import { isByte, linearQuantizer } from './linear-quantizers.ts';
import { singleScale } from './scaling.ts';

export function importBatchNormalization(cx: ImportContext): void {
  if (intAttribute(cx.node, 'training_mode', 0) !== 0)
    refuse('BatchNormalization in training mode', { expected: 'training_mode = 0' });
  if ([1, 2, 3, 4].some((i) => cx.wantsOutput(i)))
    refuse('BatchNormalization with running statistics as outputs', { expected: 'one output' });
  const { shape } = cx.typeOf(cx.input(0));
  const channels = shape[1] ?? invalid('the input has no channel axis');
  const [gamma, beta, mean, variance] = ['scale', 'bias', 'mean', 'variance'].map((what, i) => {
    const data = floatData(cx.constantInput(i + 1, what) ?? invalid(`${what} is missing`));
    return data.length === channels
      ? data
      : invalid(`${what} has ${data.length} elements`, { expected: `${channels}, the channels` });
  }) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const epsilon = Math.fround(floatAttribute(cx.node, 'epsilon', 1e-5));
  const factor = gamma.map((g, c) => g / Math.fround(Math.sqrt(Math.fround(at(variance, c) + epsilon))));
  const offset = beta.map((b, c) => b - Math.fround(at(mean, c) * at(factor, c)));
  const dims = [channels, ...shape.slice(2).map(() => 1)];
  const name = cx.outputName;
  const scaled = cx.add(
    'binary',
    [cx.floatInput(0), cx.builder.constant(floatTensor(factor, dims), `${name}.factor`)],
    { fn: 'mul' },
    { output: `${name}.scaled` },
  );
  const id = cx.add(
    'binary',
    [scaled, cx.builder.constant(floatTensor(offset, dims), `${name}.offset`)],
    { fn: 'add' },
    { output: name },
  );
  cx.result({ kind: 'float', id });
}

/**
 * LayerNormalization, and RMSNormalization under its names: from `axis` on all axes together, in float32. The runtime adds in another order, and
 * divides where we multiply by the reciprocal: last bits differ.
 */
export const importLayerNormalization = (centred: boolean) => (cx: ImportContext) => {
  if ([1, 2, 3, 4].some((i) => cx.wantsOutput(i)))
    refuse(`${cx.node.opType} with mean or deviation as outputs`, { expected: 'one output' });
  const { shape } = cx.typeOf(cx.input(0));
  const axis = axisOf(intAttribute(cx.node, 'axis', -1), shape.length);
  const features = shape.slice(axis).reduce((n, d) => n * d, 1);
  const name = cx.outputName;
  const vector = (index: number, what: string): string => {
    const id = cx.floatInput(index);
    const own = cx.builder.typeOf(id).shape;
    if (own.reduce((n, d) => n * d, 1) !== features)
      invalid(`${what} has shape [${own.join(', ')}]`, { expected: `${features} elements` });
    return own.length === 1 ? id : cx.add('reshape', [id], {}, { shape: [features], output: `${name}.${what}` });
  };
  const parameters = [vector(1, 'scale'), ...(cx.hasInput(2) ? [vector(2, 'shift')] : [])];
  const attributes = { epsilon: Math.fround(floatAttribute(cx.node, 'epsilon', 1e-5)), centred };
  const x = cx.floatInput(0);
  if (axis === shape.length - 1) {
    cx.result({ kind: 'float', id: cx.add('layer-norm', [x, ...parameters], attributes, { output: name }) });
    return;
  }
  const rows = cx.add('reshape', [x], {}, { shape: [...shape.slice(0, axis), features], output: `${name}.rows` });
  const normed = cx.add('layer-norm', [rows, ...parameters], attributes, { output: `${name}.normed` });
  cx.result({ kind: 'float', id: cx.add('reshape', [normed], {}, { shape, output: name }) });
};

/**
 * com.microsoft.SkipLayerNormalization: the norm of the sum of two operands and a bias; the sum itself is the fourth result. Centred: scale, shift, bias behind the
 * operands; else scale, bias.
 */
export const importSkipNormalization = (centred: boolean) => (cx: ImportContext) => {
  const { node } = cx;
  if ([1, 2].some((i) => cx.wantsOutput(i)))
    refuse(`${node.opType} with mean or deviation as outputs`, { expected: 'the norm and the sum' });
  const f = new Formula(
    cx,
    node.outputs[3] === undefined || node.outputs[3] === '' ? `${cx.outputName}.sum` : node.outputs[3],
  );
  const bias = centred ? 4 : 3;
  const plain = f.binary('add', cx.floatInput(0), cx.floatInput(1));
  const sum = cx.hasInput(bias) ? f.binary('add', plain, cx.floatInput(bias)) : plain;
  if ((node.outputs[3] ?? '') !== '') cx.result({ kind: 'float', id: sum }, 3);
  const parameters = [cx.floatInput(2), ...(centred && cx.hasInput(3) ? [cx.floatInput(3)] : [])];
  const attributes = { epsilon: Math.fround(floatAttribute(node, 'epsilon', 1e-12)), centred };
  cx.result({ kind: 'float', id: cx.add('layer-norm', [sum, ...parameters], attributes, { output: cx.outputName }) });
};

/** Before opset 13 Softmax takes all axes from `axis` on together, since then one. */
export function softmaxAxes(cx: ImportContext, shape: readonly number[], opset: number): readonly number[] {
  const old = opset < 13;
  const axis = axisOf(intAttribute(cx.node, 'axis', old ? 1 : -1), shape.length);
  const others = old ? [...shape.keys()].filter((d) => d > axis && shape[d] !== 1) : [];
  return [axis, ...others];
}

/** Softmax of a float32 value over adjacent axes. */
export function emitSoftmax(cx: ImportContext, x: string, axes: readonly number[], output: string): string {
  const [axis = 0] = axes;
  if (axes.length === 1) return cx.add('softmax', [x], { axis }, { output });
  const { shape } = cx.builder.typeOf(x);
  const rows = size(shape.slice(0, axis));
  const flat = cx.add('reshape', [x], {}, { shape: [rows, size(shape) / rows], output: `${output}.rows` });
  const shares = cx.add('softmax', [flat], { axis: 1 }, { output: `${output}.shares` });
  return cx.add('reshape', [shares], {}, { shape, output });
}

export function importSoftmax(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const axes = softmaxAxes(cx, shape, cx.opset);
  const x = cx.input(0);
  const { node } = cx;
  const [name, input] = [cx.outputName, node.inputs[0] ?? ''];
  const float = () => cx.as(node, () => emitSoftmax(cx, cx.floatOf(input, x), axes, name));
  if (!isFusable(x) || !isByte(x.dataType)) {
    cx.result({ kind: 'float', id: float() });
    return;
  }
  cx.result({
    kind: 'pending',
    shape,
    bounds: UNBOUNDED,
    dataType: x.dataType,
    float,
    codes: (target, output) => softmaxCodes(cx, float(), target, output),
  });
}

/**
 * code = saturate(half-even(softmax * floor(1 / ys)) + zero): ONNX Runtime's QLinearSoftmax, which rounds the reciprocal of the
 * result's scale down (no difference at the usual scale of 1/256). Its exponentials carry a common factor that cancels, so its
 * last float32 bit, and once in many thousands a code, can be another.
 */
export function softmaxCodes(cx: ImportContext, softmax: string, target: QuantizerTarget, output: string): string {
  const steps = Math.floor(Math.fround(1 / singleScale(target.scaling, 'the quantizer')));
  const constant = cx.builder.constant(floatTensor(new Float32Array([steps]), []), `${output}.steps`);
  const scaled = cx.add('binary', [softmax, constant], { fn: 'mul' }, { output: `${output}.scaled` });
  const unit = { ...target, scaling: { ...target.scaling, scale: new Float32Array([1]) } };
  return cx.add('quantize', [scaled], linearQuantizer(unit), { element: target.element, output });
}
