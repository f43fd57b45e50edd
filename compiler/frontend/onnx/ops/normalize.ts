/**
 * BatchNormalization in inference form and Softmax. Batch norm is taken apart as ONNX Runtime computes it, each step one float32
 * operation: factor = gamma / sqrt(variance + epsilon), offset = beta - mean * factor, y = x * factor + offset.
 */
import { floatAttribute, intAttribute } from '../attributes.ts';
import { at, floatData, floatTensor, type ImportContext } from '../context.ts';
import { axisOf } from '../fold.ts';
import { invalid, refuse } from '../meaning.ts';

export function importBatchNormalization(cx: ImportContext): void {
  if (intAttribute(cx.node, 'training_mode', 0) !== 0)
    refuse('BatchNormalization in training mode', { expected: 'training_mode = 0' });
  if (cx.node.outputs.slice(1).some((o) => o !== ''))
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

/** Before opset 13 Softmax flattens to 2-D at `axis`; supported where that is the same as one axis. */
export function importSoftmax(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const old = cx.opset < 13;
  const axis = axisOf(intAttribute(cx.node, 'axis', old ? 1 : -1), shape.length);
  if (old && shape.slice(axis + 1).some((d) => d !== 1))
    refuse('a Softmax over several axes', { expected: 'one axis', hint: 'export with opset 13 or later' });
  cx.result({ kind: 'float', id: cx.add('softmax', [cx.floatInput(0)], { axis }, { output: cx.outputName }) });
}
