/**
 * Between floats and codes, and SOFTMAX. Quantizing rounds half away from zero in float32. SOFTMAX of 8-bit codes is computed in float32 and
 * rounded once: the reference kernel's 32-bit fixed point divides by a sum found at run time, which no table holds.
 */

import { invalid, refuse } from '../../refusal.ts';
import { codeLimits, type ImportContext, text } from '../context.ts';
import { formOf } from './operands.ts';
import { importRescale } from './tables.ts';
import { importWordSoftmax } from './word-softmax.ts';

export function importQuantize(cx: ImportContext): void {
  if (cx.inputTensor(0).type !== 'float32') {
    importRescale(cx);
    return;
  }
  const form = formOf(cx, [0]);
  cx.result(quantized(cx, cx.value(0, form)), form);
}

/** Codes of the operator's result: float32 over its scale, rounded half away from zero, plus its zero point. */
export function quantized(cx: ImportContext, id: string): string {
  const out = cx.outputTensor();
  const element = cx.codeType(out);
  const { scale, zero } = cx.scaling(out);
  const { low, high } = codeLimits(element);
  if (element.bits > 16) refuse(`codes of ${element.bits} bits`, { expected: 'int8, uint8 or int16' });
  const attributes = {
    scale: Float32Array.of(scale),
    zeroPoint: Float32Array.of(zero),
    axis: 0,
    rounding: 'half-up',
    min: low,
    max: high,
    order: 'round-then-zero',
  } as const;
  return cx.add('quantize', [id], attributes, { element });
}

export function importDequantize(cx: ImportContext): void {
  const x = cx.inputTensor(0);
  if (cx.meaning(x).kind === 'constant')
    refuse(`weights ${text(x)} that become floats`, {
      expected: 'kernels on codes',
      hint: 'convert with full-integer quantization: a representative dataset and TFLITE_BUILTINS_INT8',
    });
  const form = formOf(cx, [0]);
  cx.result(floats(cx, cx.value(0, form), 1), form);
}

/** float32((x − zero) · scale · factor). */
function floats(cx: ImportContext, id: string, factor: number, suffix = ''): string {
  const x = cx.inputTensor(0);
  cx.codeType(x);
  const { scale, zero } = cx.scaling(x);
  const attributes = { scale: Float32Array.of(scale * factor), zeroPoint: Int32Array.of(zero), axis: 0 };
  return cx.add('dequantize', [id], attributes, { name: `${cx.label}${suffix}` });
}

export function importSoftmax(cx: ImportContext): void {
  const [x, out] = [cx.inputTensor(0), cx.outputTensor()];
  const beta = cx.options?.float32(0, 'beta') ?? 0;
  const rank = x.shape.length;
  if (rank < 1) invalid('SOFTMAX of a single number', { expected: 'one dim or more' });
  if (x.type === 'float32') {
    if (beta !== 1) refuse(`SOFTMAX of floats with a factor of ${beta}`, { expected: '1' });
    cx.result(cx.add('softmax', [cx.value(0, 'file')], { axis: rank - 1 }), 'file');
    return;
  }
  if (!(beta > 0) || !Number.isFinite(beta))
    invalid(`SOFTMAX with a factor of ${beta}`, { expected: 'a positive number' });
  if (x.type === 'int16') {
    importWordSoftmax(cx, beta);
    return;
  }
  const element = cx.codeType(out);
  const { scale, zero } = cx.scaling(out);
  if (x.type !== out.type || element.bits > 8)
    refuse(`SOFTMAX from ${x.type} to ${out.type}`, { expected: '8-bit codes of one type' });
  if (scale !== 1 / 256 || zero !== codeLimits(element).low)
    invalid(`its result ${text(out)} has scale ${scale} and zero point ${zero}`, {
      expected: `scale 1/256 and zero point ${codeLimits(element).low}, which the kernel computes with`,
    });
  cx.notes.push(
    `${cx.label}: SOFTMAX is computed in float32; TensorFlow Lite's fixed-point kernel gives codes that may differ by one`,
  );
  const numbers = floats(cx, cx.value(0, 'file'), beta, '.numbers');
  const shares = cx.add('softmax', [numbers], { axis: rank - 1 }, { name: `${cx.label}.shares` });
  cx.result(quantized(cx, shares), 'file');
}
