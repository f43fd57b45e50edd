/**
 * Functions of one 8-bit code whose tables the kernels fill from float32: EXP, LOG, ELU, GELU; and ABS, SQRT and RSQRT. Where a library's exponential and
 * ours round a float32 differently, a code can differ only if its exact value lies within that of a tie.
 */
import {
  complementaryError,
  exponential,
  hyperbolicTangent,
  naturalLogarithm,
} from '../../../graph/ops/transcendental.ts';
import { codeLimits, type ImportContext } from '../context.ts';
import { inverseSquareRoot } from '../fixed-functions.ts';
import { multiply, quantizeMultiplier } from '../fixed-point.ts';
import { activationLimits, factor } from './requantizer.ts';
import { byteFunction, codeFunction, tabulated } from './tables.ts';

const f32 = Math.fround;

/** The usual approximation of GELU, each operation in float32. */
function tanhGelu(x: number): number {
  const cube = f32(f32(f32(f32(0.044715) * x) * x) * x);
  const bent = f32(hyperbolicTangent(f32(f32(0.7978845608028654) * f32(x + cube))));
  return f32(f32(0.5 * x) * f32(1 + bent));
}

const CURVES: Readonly<Record<string, (x: number) => number>> = {
  EXP: exponential,
  LOG: (x) => (x > 0 ? naturalLogarithm(x) : Number.NEGATIVE_INFINITY),
  ELU: (x) => (x < 0 ? exponential(x) - 1 : x),
  GELU: (x) => f32(f32(0.5 * x) * f32(complementaryError(f32(x * f32(-Math.SQRT1_2))))),
};

/** The code of f32(scale · (code − zero)) under the function, over the result's scale, ties away from zero. */
export function importCurve(cx: ImportContext): void {
  const { x, y } = byteFunction(cx);
  const approximate = cx.operator.op === 'GELU' && (cx.options?.uint8(0, 'approximate') ?? 0) !== 0;
  const curve = approximate ? tanhGelu : CURVES[cx.operator.op]!;
  const inverse = f32(1 / y.scale);
  const limits = activationLimits(cx, 'none', cx.outputTensor());
  tabulated(cx, limits, (code) => {
    const steps = f32(f32(curve(f32(x.scale * (code - x.zero)))) * inverse);
    return y.zero + Math.sign(steps) * Math.floor(Math.abs(steps) + 0.5);
  });
}

export function importAbs(cx: ImportContext): void {
  const { x, y } = codeFunction(cx);
  const scale = factor(f32(x.scale / y.scale));
  const limits = activationLimits(cx, 'none', cx.outputTensor());
  tabulated(cx, limits, (code) => {
    const size = Math.abs(code - x.zero);
    return y.zero + (x.scale === y.scale ? size : multiply(size, scale));
  });
}

/** Codes below zero, at which the kernels stop, count as zero; that is said. */
function noteNegative(cx: ImportContext): void {
  if (cx.scaling(cx.inputTensor(0)).zero > codeLimits(cx.codeType(cx.inputTensor(0))).low)
    cx.notes.push(`${cx.label}: ${cx.operator.op} of a negative number stops TensorFlow Lite; here it is that of zero`);
}

/** Cut off, not rounded. */
export function importSqrt(cx: ImportContext): void {
  const { x, y } = byteFunction(cx);
  noteNegative(cx);
  const limits = activationLimits(cx, 'none', cx.outputTensor());
  tabulated(cx, limits, (code) => {
    const root = f32(Math.sqrt(f32(x.scale * Math.max(0, code - x.zero))));
    return Math.trunc(f32(root / y.scale)) + y.zero;
  });
}

/** Fraction bits of the inverse root between its two factors. */
const ROOT_BITS = 20;

export function importRsqrt(cx: ImportContext): void {
  const { x, y } = byteFunction(cx);
  noteNegative(cx);
  const limits = activationLimits(cx, 'none', cx.outputTensor());
  const back = quantizeMultiplier(1 / f32(f32(Math.sqrt(x.scale)) * y.scale));
  tabulated(cx, limits, (code) => {
    if (code <= x.zero) return limits.high;
    const { multiplier, shift } = inverseSquareRoot(code - x.zero);
    const root = multiply(1, { multiplier, shift: shift + ROOT_BITS });
    return y.zero + multiply(root, { ...back, shift: back.shift - ROOT_BITS });
  });
}
