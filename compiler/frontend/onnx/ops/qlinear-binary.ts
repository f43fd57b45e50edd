/**
 * Sums and products of two scaled tensors behind which a quantizer stands: ONNX Runtime's QLinearAdd and QLinearMul. Both compute in
 * float32, one rounding per operation: the operands times their scales, their sum or product, divided by the result's scale; the zero
 * point is added before rounding. The sum has its own graph op; the product is two `dequantize`, a multiply and a `quantize`.
 */
import { broadcastShape } from '../../../graph/ops/broadcast.ts';
import type { ImportContext } from '../context.ts';
import { dataTypeOfCodes, isFusable, type Meaning, type QuantizerTarget, type Scaling, UNBOUNDED } from '../meaning.ts';
import type { DataType } from '../model.ts';
import { isByte, linearQuantizer } from './linear-quantizers.ts';
import { isPerTensor, singleScale, singleZero } from './scaling.ts';

export interface Operand {
  readonly id: string;
  readonly scale: number;
  readonly zero: number;
}

/** A scaled tensor of the QuantizeLinear dialect with one scale, as an operand of `dataType`; undefined for anything else. */
function operand(cx: ImportContext, meaning: Meaning, index: number): (Operand & { dataType: DataType }) | undefined {
  if (meaning.kind === 'weights') {
    const { codes, origin, scaling } = meaning;
    const dataType = dataTypeOfCodes(codes.element);
    if (origin !== 'linear' || !isPerTensor(scaling) || !isByte(dataType)) return undefined;
    return { ...operandOf(cx.constantCodes(codes, cx.node.inputs[index] ?? 'operand'), scaling), dataType };
  }
  if (!isFusable(meaning) || !isByte(meaning.dataType)) return undefined;
  return { ...operandOf(meaning.id, meaning.scaling), dataType: meaning.dataType };
}

function operandOf(id: string, scaling: Scaling): Operand {
  return { id, scale: singleScale(scaling, 'the operand'), zero: singleZero(scaling, 'the operand') };
}

type Emit = (cx: ImportContext, a: Operand, b: Operand, target: QuantizerTarget, output: string) => string;

function pending(cx: ImportContext, a: Meaning, b: Meaning, fn: 'add' | 'mul', emit: Emit): Meaning | undefined {
  const left = operand(cx, a, 0);
  const right = operand(cx, b, 1);
  if (left === undefined || right === undefined || left.dataType !== right.dataType) return undefined;
  const { node } = cx;
  const name = cx.outputName;
  const [nameA, nameB] = [node.inputs[0] ?? '', node.inputs[1] ?? ''];
  return {
    kind: 'pending',
    shape: broadcastShape(cx.typeOf(a).shape, cx.typeOf(b).shape),
    bounds: UNBOUNDED,
    dataType: left.dataType,
    float: () =>
      cx.as(node, () =>
        cx.add('binary', [cx.floatOf(nameA, a), cx.floatOf(nameB, b)], { fn }, { output: `${name}.float` }),
      ),
    codes: (target, output) => cx.as(node, () => emit(cx, left, right, target, output)),
  };
}

export function pendingSum(cx: ImportContext, a: Meaning, b: Meaning): Meaning | undefined {
  return pending(cx, a, b, 'add', emitSum);
}

export function pendingProduct(cx: ImportContext, a: Meaning, b: Meaning): Meaning | undefined {
  return pending(cx, a, b, 'mul', emitProduct);
}

export function emitSum(cx: ImportContext, a: Operand, b: Operand, target: QuantizerTarget, output: string): string {
  const scale = singleScale(target.scaling, 'the result');
  const zeroPoint = singleZero(target.scaling, 'the result');
  const attributes = { aScale: a.scale, aZero: a.zero, bScale: b.scale, bZero: b.zero, scale, zeroPoint };
  return cx.add('qadd', [a.id, b.id], attributes, { element: target.element, output });
}

export function emitProduct(
  cx: ImportContext,
  a: Operand,
  b: Operand,
  target: QuantizerTarget,
  output: string,
): string {
  const floats = ([a, b] as const).map((o, i) =>
    cx.dequantize(
      o.id,
      { scale: new Float32Array([o.scale]), zero: new Int32Array([o.zero]), axis: 0 },
      `${output}.${'ab'[i]}`,
    ),
  );
  const product = cx.add('binary', floats, { fn: 'mul' }, { output: `${output}.product` });
  const quantizer = { ...linearQuantizer(target), order: 'zero-then-round' } as const;
  return cx.add('quantize', [product], quantizer, { element: target.element, output });
}
