/**
 * Ops that only move elements. They work on whatever form their operand has: known numbers fold before they come here,
 * codes stay codes (moving commutes with scaling), floats stay floats.
 */
import type { ValueType } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import { generate, make, size } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import {
  axesOf,
  axisOf,
  checkPermutation,
  flattenTarget,
  foldTranspose,
  reshapeTarget,
  slicePlan,
  squeezeTarget,
  unsqueezeTarget,
  whole,
} from '../fold.ts';
import { type Constant, integerTypeOf, type Meaning, type Scaling, UNBOUNDED } from '../meaning.ts';
import type { OnnxNode } from '../model.ts';
import { codesOfConstant, linearQuantizer } from './linear-quantizers.ts';
import { isPerTensor, sameScaling } from './scaling.ts';

type Pending = Extract<Meaning, { kind: 'pending' }>;

export interface Move {
  /** Adds the graph node on one value. */
  readonly emit: (id: string, type: ValueType) => string;
  /** New position of a scaled axis; undefined when it does not survive as an axis. */
  readonly axis: (axis: number) => number | undefined;
}

/** Applies a move to the current node's first input in the form it has; the meaning of result `index`. */
export function moved(cx: ImportContext, move: Move, index = 0): void {
  const x = cx.input(0);
  const input = cx.node.inputs[0] ?? '';
  if (x.kind === 'codes') {
    cx.result({ ...x, id: move.emit(x.id, cx.typeOf(x)) }, index);
    return;
  }
  const scaling = x.kind === 'quantized' ? movedScaling(x.scaling, move) : undefined;
  if (x.kind === 'quantized' && scaling !== undefined) {
    const loose = x.loose === true || !carriesDequantizer(cx);
    cx.result({ ...x, id: move.emit(x.id, cx.builder.typeOf(x.id)), scaling, loose }, index);
    return;
  }
  if (x.kind === 'pending' && movesQuantizers(cx.node, cx.opset) && cx.soleConsumer(input) === cx.node) {
    cx.result(movedPending(cx, x, move));
    return;
  }
  const id = cx.node.opType.endsWith('MaxPool') ? cx.floatInput(0) : cx.floatOf(input, x);
  cx.result({ kind: 'float', id: move.emit(id, cx.builder.typeOf(id)) }, index);
}

/** The runtime moves a quantizer in front of these, and a DequantizeLinear behind them, before it looks for integer kernels. */
const CARRIERS: ReadonlySet<string> = new Set(['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Slice']);

/** Whether the runtime moves quantizers over a node, or takes the node out. */
export function movesQuantizers({ opType }: OnnxNode, opset: number): boolean {
  if (opType === 'MaxPool') return opset >= 12;
  return CARRIERS.has(opType) || opType === 'Identity' || opType === 'Dropout';
}

/** The same for a DequantizeLinear; zero padding becomes part of the window that follows. */
function carriesDequantizer(cx: ImportContext): boolean {
  if (cx.node.opType !== 'Pad') return movesQuantizers(cx.node, cx.opset);
  return ['Conv', 'AveragePool', 'MaxPool'].includes(cx.soleConsumer(cx.outputName)?.opType ?? '');
}

/** A value that waits for its quantizer, moved: the quantizer goes first. */
function movedPending(cx: ImportContext, x: Pending, move: Move): Pending {
  const { node } = cx;
  const plain = cx.floatOf(node.inputs[0] ?? '', { ...x, bounds: UNBOUNDED });
  const id = move.emit(plain, cx.builder.typeOf(plain));
  return {
    ...x,
    shape: cx.builder.typeOf(id).shape,
    moved: true,
    float: () => {
      if (node.opType === 'MaxPool') cx.floatNodes.add(node);
      return id;
    },
    codes: (target, output) =>
      cx.as({ ...node, outputs: [output] }, () => {
        const codes = x.codes(target, `${output}.codes`);
        return move.emit(codes, cx.builder.typeOf(codes));
      }),
  };
}

function movedScaling(scaling: Scaling, move: Move): Scaling | undefined {
  if (isPerTensor(scaling)) return scaling;
  const axis = move.axis(scaling.axis);
  return axis === undefined ? undefined : { ...scaling, axis };
}

/** Reshape, Flatten, Squeeze, Unsqueeze: same elements, `target` shape. */
function reshaped(cx: ImportContext, target: readonly number[]): void {
  const x = cx.input(0);
  const from = cx.typeOf(x).shape;
  const axis = (a: number) => survivingAxis(from, target, a);
  if (x.kind === 'weights') {
    const scaling = movedScaling(x.scaling, { emit: (id) => id, axis });
    if (scaling === undefined)
      refuse(`reshaping [${from.join(', ')}] to [${target.join(', ')}] splits the axis of the scales`);
    cx.result({ ...x, codes: { ...x.codes, shape: target }, scaling });
    return;
  }
  moved(cx, { emit: (id) => cx.add('reshape', [id], {}, { shape: target, output: cx.outputName }), axis });
}

/** Where an axis is after a reshape that keeps it whole. */
function survivingAxis(from: readonly number[], to: readonly number[], axis: number): number | undefined {
  const before = size(from.slice(0, axis));
  const at = to.findIndex((d, i) => d === from[axis] && size(to.slice(0, i)) === before);
  return at < 0 ? undefined : at;
}

export function importReshape(cx: ImportContext): void {
  const shape = cx.constantInput(1, 'the target shape');
  const target = shape === undefined ? intsAttribute(cx.node, 'shape') : whole(shape);
  const from = cx.typeOf(cx.input(0)).shape;
  reshaped(
    cx,
    reshapeTarget(from, target ?? invalid('Reshape has no shape'), intAttribute(cx.node, 'allowzero', 0) !== 0),
  );
}

export function importFlatten(cx: ImportContext): void {
  reshaped(cx, flattenTarget(cx.typeOf(cx.input(0)).shape, intAttribute(cx.node, 'axis', 1)));
}

export function importSqueeze(cx: ImportContext): void {
  reshaped(cx, squeezeTarget(cx.typeOf(cx.input(0)).shape, axesOf(cx.node, cx.constantInput(1, 'axes'))));
}

export function importUnsqueeze(cx: ImportContext): void {
  const axes = axesOf(cx.node, cx.constantInput(1, 'axes')) ?? invalid('Unsqueeze has no axes');
  reshaped(cx, unsqueezeTarget(cx.typeOf(cx.input(0)).shape, axes));
}

/** The operand itself; one that waits for its quantizer is that only when nothing else reads it. */
export function importIdentity(cx: ImportContext): void {
  const x = cx.input(0);
  const shared = x.kind === 'pending' && cx.soleConsumer(cx.node.inputs[0] ?? '') !== cx.node;
  cx.result(shared ? { kind: 'float', id: cx.floatOf(cx.node.inputs[0] ?? '', x) } : x);
}

/** Of a network that is not in training the operand, and a mask of ones. */
export function importDropout(cx: ImportContext): void {
  const training = cx.constantInput(2, 'training_mode');
  if (training?.data[0] === 1)
    refuse('Dropout in training mode: its result is drawn', {
      expected: 'training_mode = false',
      hint: 'export in evaluation mode: model.eval()',
    });
  importIdentity(cx);
  if ((cx.node.outputs[1] ?? '') === '') return;
  const constant = generate('bool', cx.typeOf(cx.input(0)).shape, () => 1);
  cx.result({ kind: 'constant', constant }, 1);
}

export function importTranspose(cx: ImportContext): void {
  const x = cx.input(0);
  const rank = cx.typeOf(x).shape.length;
  const perm = intsAttribute(cx.node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  checkPermutation(perm, rank);
  if (x.kind === 'weights') {
    const turned = foldTranspose(make('int32', x.codes.shape, Array.from(x.codes.data)), perm);
    const codes = { ...x.codes, shape: turned.shape, data: Int32Array.from(turned.data) };
    cx.result({
      ...x,
      codes,
      scaling: { ...x.scaling, axis: isPerTensor(x.scaling) ? 0 : perm.indexOf(x.scaling.axis) },
    });
    return;
  }
  if (x.kind === 'blocked') {
    const turn = (shape: readonly number[], data: ArrayLike<number>, type: 'int32' | 'float32') =>
      foldTranspose(make(type, shape, data), perm);
    const codes = turn(x.codes.shape, x.codes.data, 'int32');
    const { blocks } = x;
    const scale = turn(blocks.shape, blocks.scale, 'float32');
    const zero = Int32Array.from(turn(blocks.shape, blocks.zero, 'int32').data);
    const turned = { ...blocks, scale: Float32Array.from(scale.data), zero, shape: scale.shape };
    cx.result({
      ...x,
      codes: { ...x.codes, shape: codes.shape, data: Int32Array.from(codes.data) },
      blocks: { ...turned, axis: perm.indexOf(blocks.axis) },
    });
    return;
  }
  moved(cx, {
    emit: (id) => cx.add('transpose', [id], { perm }, { output: cx.outputName }),
    axis: (a) => perm.indexOf(a),
  });
}

export function importSlice(cx: ImportContext): void {
  const inputs: (Constant | undefined)[] = [undefined, 1, 2, 3, 4].map((i) =>
    i === undefined ? undefined : cx.constantInput(i, ['', 'starts', 'ends', 'axes', 'steps'][i] ?? ''),
  );
  const { shape } = cx.typeOf(cx.input(0));
  const plan = slicePlan(cx.node, shape, inputs);
  if (plan.shape.some((d) => d === 0)) refuse('a Slice that leaves nothing', { expected: 'at least one element' });
  const { starts, steps } = plan;
  moved(cx, {
    emit: (id) => cx.add('slice', [id], { starts, steps }, { shape: plan.shape, output: cx.outputName }),
    axis: (a) => (plan.shape[a] === shape[a] && steps[a] === 1 ? a : undefined),
  });
}

export function importDepthToSpace(cx: ImportContext): void {
  const mode = stringAttribute(cx.node, 'mode', 'DCR');
  if (mode !== 'DCR' && mode !== 'CRD') invalid(`mode is ${mode}`, { expected: 'DCR or CRD' });
  const block = intAttribute(cx.node, 'blocksize', 0);
  if (block < 1) invalid(`blocksize is ${block}`, { expected: 'at least 1' });
  moved(cx, {
    emit: (id) => cx.add('depth-to-space', [id], { block, mode }, { output: cx.outputName }),
    axis: () => undefined,
  });
}

/** Codes of one type and scale are joined as codes, anything else as float. */
export function importConcat(cx: ImportContext): void {
  const inputs = cx.node.inputs.map((_, i) => cx.input(i));
  const [first] = inputs;
  if (first === undefined) invalid('Concat has no inputs');
  const axis = axisOf(intAttribute(cx.node, 'axis', 0), cx.typeOf(first).shape.length);
  const codes = joinable(cx, inputs, axis);
  const ids = codes ?? cx.node.inputs.map((_, i) => cx.floatInput(i));
  const id = cx.add('concat', ids, { axis }, { output: cx.outputName });
  if (codes === undefined) cx.result({ kind: 'float', id });
  else if (first.kind === 'quantized') cx.result({ ...first, id, loose: true });
  else cx.result({ kind: 'codes', id, dataType: first.kind === 'codes' ? first.dataType : 'int8' });
}

function joinable(cx: ImportContext, inputs: readonly Meaning[], axis: number): string[] | undefined {
  const [first] = inputs;
  const ids: string[] = [];
  for (const [i, x] of inputs.entries()) {
    if (first?.kind === 'codes') {
      if (x.kind === 'constant') ids.push(cx.constantCodes(codesOfConstant(x.constant), cx.node.inputs[i] ?? 'part'));
      else if (x.kind === 'codes' && x.dataType === first.dataType) ids.push(fullType(cx, x));
      else return invalid('Concat joins tensors of different types');
    } else {
      if (first?.kind !== 'quantized' || x.kind !== 'quantized' || !sameScaling(x.scaling, first.scaling))
        return undefined;
      if (!isPerTensor(x.scaling) && x.scaling.axis === axis) return undefined;
      if (JSON.stringify(cx.builder.typeOf(x.id).element) !== JSON.stringify(cx.builder.typeOf(first.id).element))
        return undefined;
      ids.push(x.id);
    }
  }
  return ids;
}

/** Codes in the type that ONNX states, where a Clip had left a narrower one. */
function fullType(cx: ImportContext, x: Extract<Meaning, { kind: 'codes' }>): string {
  const stated = integerTypeOf(x.dataType);
  const { element } = cx.builder.typeOf(x.id);
  if (element.kind !== 'int' || element.bits === stated.bits) return x.id;
  const unit = { scale: new Float32Array([1]), zero: new Int32Array(1), axis: 0 };
  const plain = cx.dequantize(x.id, unit, `${x.id}.plain`);
  return cx.add('quantize', [plain], linearQuantizer({ dataType: x.dataType, element: stated, scaling: unit }), {
    element: stated,
    output: `${x.id}.wide`,
  });
}
