/**
 * Functions of one code, as tables that the reference kernels' fixed-point arithmetic fills: RELU and its relatives, LEAKY_RELU, PRELU,
 * LOGISTIC, TANH, HARD_SWISH, and QUANTIZE from codes to codes. Tables of 16-bit codes have 65,536 entries, 128 KiB, which is said; RELU and
 * QUANTIZE of such codes are requantizers.
 */
import type { IntegerType } from '../../../graph/types.ts';
import { integerRange } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { type ImportContext, type Scaling, text } from '../context.ts';
import { logistic, tanh } from '../fixed-functions.ts';
import { doublingHigh16, type Multiplier, multiply, quantizeMultiplier, shiftRight, split } from '../fixed-point.ts';
import type { Clipping } from '../schema.ts';
import { wideLogistic, wideTanh } from '../wide-functions.ts';
import { formOf } from './operands.ts';
import { activationLimits, factor, type Limits, noteWideTable, requantized } from './requantizer.ts';

/** Input and result scalings; refuses floats and inputs of more than 8 bits. */
export function byteFunction(cx: ImportContext): { readonly x: Scaling; readonly y: Scaling } {
  const [input, out] = [cx.inputTensor(0), cx.outputTensor()];
  cx.codeType(input);
  cx.codeType(out);
  if (input.type !== 'int8' && input.type !== 'uint8')
    refuse(`${cx.operator.op} of ${input.type}`, { expected: 'int8 or uint8' });
  return { x: cx.scaling(input), y: cx.scaling(out) };
}

/** The same for functions that have a kernel of 16-bit codes too. */
export function codeFunction(cx: ImportContext): { readonly x: Scaling; readonly y: Scaling } {
  const [input, out] = [cx.inputTensor(0), cx.outputTensor()];
  if (input.type !== 'int16') return byteFunction(cx);
  if (out.type !== 'int16') refuse(`${cx.operator.op} from int16 to ${out.type}`, { expected: 'int16' });
  const [x, y] = [cx.scaling(input), cx.scaling(out)];
  if (x.zero !== 0 || y.zero !== 0)
    refuse('16-bit codes with a zero point', { expected: '0: 16-bit codes are symmetric' });
  noteWideTable(cx);
  return { x, y };
}

/** A table of `code`, clipped to the limits. */
export function tabulated(cx: ImportContext, limits: Limits, code: (x: number) => number): void {
  const form = formOf(cx, [0]);
  const from = cx.codeType(cx.inputTensor(0));
  const element: IntegerType = cx.codeType(cx.outputTensor());
  const { min, max } = integerRange(from);
  const table = Int32Array.from({ length: max - min + 1 }, (_, i) =>
    Math.min(limits.high, Math.max(limits.low, code(min + i))),
  );
  cx.result(cx.add('lut', [cx.value(0, form)], { table, axis: 0 }, { element }), form);
}

/** RELU, RELU6, RELU_N1_TO_1 and RELU_0_TO_1 of any scale: rescaled, then clipped. */
export function importRelu(cx: ImportContext): void {
  const activation = cx.operator.op.toLowerCase() as Clipping;
  if (cx.inputTensor(0).type === 'int16') rescaledWords(cx, activation);
  else rescaledBytes(cx, activation);
}

/** QUANTIZE of codes: another scale, zero point or type. */
export function importRescale(cx: ImportContext): void {
  if (cx.inputTensor(0).type === 'int16') rescaledWords(cx, 'none');
  else rescaledBytes(cx, 'none');
}

function rescaledBytes(cx: ImportContext, activation: Clipping): void {
  const { x, y } = byteFunction(cx);
  const scale = factor(x.scale / y.scale);
  const limits = activationLimits(cx, activation, cx.outputTensor());
  tabulated(cx, limits, (code) => y.zero + multiply(code - x.zero, scale));
}

function rescaledWords(cx: ImportContext, activation: Clipping): void {
  const x = cx.scaling(cx.inputTensor(0));
  if (x.zero !== 0) refuse('16-bit codes with a zero point', { expected: '0: 16-bit codes are symmetric' });
  const form = formOf(cx, [0]);
  const scale = factor(x.scale / cx.scaling(cx.outputTensor()).scale);
  cx.result(requantized(cx, cx.value(0, form), [scale], 0, activation), form);
}

export function importLeakyRelu(cx: ImportContext): void {
  const { x, y } = codeFunction(cx);
  const alpha = cx.options?.float32(0, 'alpha') ?? 0;
  if (!(alpha > 0) || !Number.isFinite(alpha)) refuse(`a slope of ${alpha}`, { expected: 'a positive slope' });
  const above = factor(Math.fround(x.scale / y.scale));
  const below = factor(Math.fround(Math.fround(x.scale * alpha) / y.scale));
  const limits = activationLimits(cx, 'none', cx.outputTensor());
  tabulated(cx, limits, (code) => y.zero + multiply(code - x.zero, code >= x.zero ? above : below));
}

/** PRELU: a slope for each channel, or one; tables of a channel where there are several. */
export function importPrelu(cx: ImportContext): void {
  const { x, y } = byteFunction(cx);
  const slopes = cx.constantInput(1, 'the slopes');
  const alpha = cx.scaling(cx.inputTensor(1));
  const { shape } = cx.inputTensor(0);
  const channels = slopes.data.length;
  if (channels !== 1 && (channels !== shape.at(-1) || slopes.type.shape.at(-1) !== channels))
    refuse(`slopes of shape [${slopes.type.shape.join(', ')}]`, { expected: 'one, or one for each channel' });
  const above = factor(x.scale / y.scale);
  const below = factor((x.scale * alpha.scale) / y.scale);
  const limits = activationLimits(cx, 'none', cx.outputTensor());
  const form = formOf(cx, [0]);
  const { min, max } = integerRange(cx.codeType(cx.inputTensor(0)));
  const codes = max - min + 1;
  const table = Int32Array.from({ length: channels * codes }, (_, i) => {
    const code = min + (i % codes) - x.zero;
    const slope = slopes.data[Math.floor(i / codes)]! - alpha.zero;
    const value = y.zero + (code >= 0 ? multiply(code, above) : multiply(code * slope, below));
    return Math.min(limits.high, Math.max(limits.low, value));
  });
  const axis = form === 'image' ? 1 : shape.length - 1;
  const element = cx.codeType(cx.outputTensor());
  cx.result(cx.add('lut', [cx.value(0, form)], { table, axis: channels === 1 ? 0 : axis }, { element }), form);
}

/** Bits before the point of the argument of LOGISTIC and TANH. */
const ARGUMENT_BITS = 4;

/** LOGISTIC and TANH of 16-bit codes: between 256 values of the logistic function. */
function importWideSigmoid(cx: ImportContext): void {
  const { x, y } = codeFunction(cx);
  const out = cx.outputTensor();
  if (y.scale !== 2 ** -15)
    invalid(`its result ${text(out)} has scale ${y.scale}`, {
      expected: 'scale 2^-15, which the kernel computes with',
    });
  const of = cx.operator.op === 'TANH' ? wideTanh(x.scale) : wideLogistic(x.scale);
  tabulated(cx, activationLimits(cx, 'none', out), of);
}

/** LOGISTIC and TANH: the argument with 4 integer bits, the function, and its top 8 bits, ties away from zero. */
export function importSigmoid(cx: ImportContext): void {
  if (cx.inputTensor(0).type === 'int16') {
    importWideSigmoid(cx);
    return;
  }
  const { x, y } = byteFunction(cx);
  const { low, high } = activationLimits(cx, 'none', cx.outputTensor());
  const isTanh = cx.operator.op === 'TANH';
  const [scale, zero, shift] = isTanh ? [1 / 128, low + 128, 24] : [1 / 256, low, 23];
  if (y.scale !== scale || y.zero !== zero)
    invalid(`its result ${text(cx.outputTensor())} has scale ${y.scale} and zero point ${y.zero}`, {
      expected: `scale ${scale} and zero point ${zero}, which the kernel computes with`,
    });
  const argument = argumentFactor(x.scale);
  const radius = Math.floor((15 * 2 ** 27) / 2 ** argument.shift);
  tabulated(cx, { low, high }, (code) => {
    const centred = code - x.zero;
    if (centred <= -radius) return low;
    if (centred >= radius) return high;
    const raw = multiply(centred, argument);
    return zero + shiftRight(isTanh ? tanh(raw, ARGUMENT_BITS) : logistic(raw, ARGUMENT_BITS), shift);
  });
}

/** scale · 2^27 as a multiplier; the kernel takes it as it comes, even where rounding gives 2^31. */
function argumentFactor(scale: number): Multiplier {
  const found = factor(scale * 2 ** (31 - ARGUMENT_BITS));
  if (found.shift < 0 || found.shift > 30 || split(scale).fraction * 2 ** 31 > 2 ** 31 - 1)
    refuse(`an argument of scale ${scale}`, { expected: 'a scale from 2^-27 to 8' });
  return found;
}

const word = (x: number): number => Math.min(2 ** 15 - 1, Math.max(-(2 ** 15), x));

/** HARD_SWISH in 16-bit fixed point, as the reference kernel: x · relu6(x + 3) / 6. */
export function importHardSwish(cx: ImportContext): void {
  const { x, y } = byteFunction(cx);
  const fine = Math.fround(x.scale / 128);
  const output = inWords(Math.fround(fine / y.scale));
  const gate = inWords(Math.fround(fine / Math.fround(3 / 32768)));
  if (output.shift > 0) refuse("a result scale far below the argument's", { expected: 'at least 1/128 of it' });
  const limits = activationLimits(cx, 'none', cx.outputTensor());
  tabulated(cx, limits, (code) => {
    const value = (code - x.zero) * 128;
    let share = gate.shift > 0 ? word(value * 2 ** (gate.shift - 1)) : value;
    share = doublingHigh16(share, gate.multiplier);
    if (gate.shift > 0) share = word(share * 2);
    else share = shiftRight(share, -gate.shift);
    const weighted = Math.trunc((((share + 2 ** 15) >> 1) * doublingHigh16(value, output.multiplier)) / 2 ** 15);
    return y.zero + shiftRight(weighted, -output.shift);
  });
}

/** A factor with 15 bits: the upper half of the multiplier, rounded. */
function inWords(value: number): Multiplier {
  const { multiplier, shift } = quantizeMultiplier(value);
  return { multiplier: multiplier >= 0x7fff8000 ? 0x7fff : (multiplier + 2 ** 15) >>> 16, shift };
}
