/**
 * Elementwise ops. On float32 they become one float32 op each; Relu and Clip behind an integer kernel wait for the quantizer
 * that may make them superfluous; Add and Mul of two scaled tensors wait for the quantizer that makes them QLinearAdd and
 * QLinearMul; sums of int32 tensors stay integer.
 */
import type { BinaryFunction, UnaryFunction } from '../../../graph/types.ts';
import { floatAttribute } from '../attributes.ts';
import { floatTensor, type ImportContext } from '../context.ts';
import { type Bounds, invalid, type Meaning, refuse } from '../meaning.ts';
import { codesOfConstant } from './linear-quantizers.ts';
import { pendingProduct, pendingSum } from './qlinear-binary.ts';

export const importUnary = (fn: UnaryFunction) => (cx: ImportContext) => {
  cx.result({ kind: 'float', id: cx.add('unary', [cx.floatInput(0)], { fn }, { output: cx.outputName }) });
};

export function importRelu(cx: ImportContext): void {
  const narrowed = narrow(cx, { low: 0, high: Number.POSITIVE_INFINITY });
  if (narrowed === undefined) importUnary('relu')(cx);
  else cx.result(narrowed);
}

export function importClip(cx: ImportContext): void {
  const bounds = { low: bound(cx, 1, 'min', -3.4028234663852886e38), high: bound(cx, 2, 'max', 3.4028234663852886e38) };
  if (bounds.low > bounds.high) invalid(`Clip to [${bounds.low}, ${bounds.high}]`, { expected: 'min <= max' });
  const narrowed = narrow(cx, bounds);
  if (narrowed === undefined) {
    const id = cx.add('clip', [cx.floatInput(0)], { min: bounds.low, max: bounds.high }, { output: cx.outputName });
    cx.result({ kind: 'float', id });
  } else cx.result(narrowed);
}

/** A bound of Clip: an input since opset 11, an attribute before. */
function bound(cx: ImportContext, index: number, name: string, fallback: number): number {
  if (cx.opset < 11) return floatAttribute(cx.node, name, fallback);
  return cx.constantInput(index, name)?.data[0] ?? fallback;
}

/** Bounds added to a pending value that nothing else uses. */
function narrow(cx: ImportContext, bounds: Bounds): Meaning | undefined {
  const x = cx.input(0);
  if (x.kind !== 'pending' || cx.soleConsumer(cx.node.inputs[0] ?? '') !== cx.node) return undefined;
  const both = { low: Math.max(x.bounds.low, bounds.low), high: Math.min(x.bounds.high, bounds.high) };
  return both.low <= both.high ? { ...x, bounds: both } : undefined;
}

/** max(x, slope * x) for slopes of 0 .. 1, which is what LeakyRelu is there. */
export function importLeakyRelu(cx: ImportContext): void {
  const alpha = floatAttribute(cx.node, 'alpha', 0.01);
  if (!(alpha >= 0 && alpha <= 1)) refuse(`LeakyRelu with slope ${alpha}`, { expected: 'a slope of 0 .. 1' });
  const x = cx.floatInput(0);
  const slope = cx.builder.constant(floatTensor(new Float32Array([alpha]), []), `${cx.outputName}.slope`);
  const scaled = cx.add('binary', [x, slope], { fn: 'mul' }, { output: `${cx.outputName}.scaled` });
  cx.result({ kind: 'float', id: cx.add('binary', [x, scaled], { fn: 'max' }, { output: cx.outputName }) });
}

export const importBinary = (fn: BinaryFunction) => (cx: ImportContext) => {
  if (cx.node.inputs.length !== 2)
    refuse(`${cx.node.opType} of ${cx.node.inputs.length} operands`, { expected: '2 operands' });
  const a = cx.input(0);
  const b = cx.input(1);
  if (a.kind === 'codes' || b.kind === 'codes') {
    cx.result({ kind: 'codes', id: integerSum(cx, fn), dataType: 'int32' });
    return;
  }
  const fused = fn === 'add' ? pendingSum(cx, a, b) : fn === 'mul' ? pendingProduct(cx, a, b) : undefined;
  cx.result(
    fused ?? {
      kind: 'float',
      id: cx.add('binary', [cx.floatInput(0), cx.floatInput(1)], { fn }, { output: cx.outputName }),
    },
  );
};

/** Sum of int32 tensors, one of which may be known. */
function integerSum(cx: ImportContext, fn: BinaryFunction): string {
  if (fn !== 'add') refuse(`${cx.node.opType} of integer tensors`, { expected: 'Add, or DequantizeLinear before it' });
  const ids = [0, 1].map((i) => {
    const meaning = cx.input(i);
    if (meaning.kind === 'codes' && meaning.dataType === 'int32') return meaning.id;
    if (meaning.kind === 'constant' && meaning.constant.dataType === 'int32')
      return cx.constantCodes(codesOfConstant(meaning.constant), cx.node.inputs[i] ?? 'addend');
    return refuse(`Add of ${meaning.kind === 'codes' ? meaning.dataType : 'mixed'} operands`, {
      expected: 'int32 and int32, or float32',
    });
  });
  return cx.add('addi', ids, {}, { output: cx.outputName });
}

/** Runtime Pow: squares and square roots only. */
export function importPow(cx: ImportContext): void {
  const exponent = cx.constantInput(1, 'the exponent')?.data;
  if (exponent?.length !== 1 || (exponent[0] !== 2 && exponent[0] !== 0.5))
    refuse('Pow with this exponent', { expected: '2 or 0.5' });
  const x = cx.floatInput(0);
  const id =
    exponent[0] === 2
      ? cx.add('binary', [x, x], { fn: 'mul' }, { output: cx.outputName })
      : cx.add('unary', [x], { fn: 'sqrt' }, { output: cx.outputName });
  cx.result({ kind: 'float', id });
}

export function importReciprocal(cx: ImportContext): void {
  const one = cx.builder.constant(floatTensor(new Float32Array([1]), []), `${cx.outputName}.one`);
  cx.result({ kind: 'float', id: cx.add('binary', [one, cx.floatInput(0)], { fn: 'div' }, { output: cx.outputName }) });
}
