/** com.microsoft.DynamicQuantizeMatMul and MatMulIntegerToFloat: what ONNX Runtime's optimizer makes of dynamic quantization and saves. */

import { refuse } from '../../refusal.ts';
import type { ImportContext } from '../context.ts';
import { dynamicCodes, dynamicMatMul, isComputedZero } from './dynamic.ts';
import { Formula } from './formula.ts';
import { emitMatMul } from './products.ts';
import { codesInput, operand, weights } from './qoperator.ts';

/** float32(sums) * (aScale * bScale) + bias. */
function scaled(cx: ImportContext, f: Formula, sums: string, aScale: string, bScale: string, bias: number): void {
  const unit = { scale: new Float32Array([1]), zero: new Int32Array(1), axis: 0 };
  const plain = cx.dequantize(sums, unit, f.name());
  const product = f.binary('mul', plain, f.binary('mul', aScale, bScale));
  cx.result({ kind: 'float', id: cx.hasInput(bias) ? f.binary('add', product, cx.floatInput(bias)) : product });
}

/** Activations in float32, weights, their scale, their zero point, bias. */
export function importDynamicQuantizeMatMul(cx: ImportContext): void {
  const f = new Formula(cx);
  const w = weights(cx, 1, { zero: 3 }, 1);
  const { codes, scale, zeroCodes } = dynamicCodes(cx, f, cx.floatInput(0));
  scaled(cx, f, dynamicMatMul(cx, codes, zeroCodes(), w), scale, cx.floatInput(2), 4);
}

/** Activations in codes, weights, both scales, both zero points, bias. */
export function importMatMulIntegerToFloat(cx: ImportContext): void {
  if (cx.input(1).kind === 'codes')
    refuse('MatMulIntegerToFloat of two activations', {
      expected: 'constant weights',
      hint: 'MatMulInteger, Cast and Mul',
    });
  const f = new Formula(cx);
  const w = weights(cx, 1, { zero: 5 }, 1);
  const sums = isComputedZero(cx, 4)
    ? dynamicMatMul(cx, codesInput(cx, 0), codesInput(cx, 4), w)
    : emitMatMul(cx, operand(cx, 0, { zero: 4 }), w, undefined);
  scaled(cx, f, sums, cx.floatInput(2), cx.floatInput(3), 6);
}
