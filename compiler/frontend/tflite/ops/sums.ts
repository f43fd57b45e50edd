/**
 * ADD, SUB, MUL, MAXIMUM, MINIMUM and SQUARED_DIFFERENCE of codes. ADD and SUB: both operands times a fixed-point factor at 20 (16 bits: 15) more fraction bits,
 * an exact sum, and the requantizer. A scaled operand of 8 bits is a table of 32-bit entries; of 16 bits, two requantizers, since one
 * shifts either left or right. MUL: exact products of centred codes, then the requantizer.
 */
import type { Tensor } from '../../../graph/types.ts';
import { INT32, type IntegerType, integerRange } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { type ImportContext, text } from '../context.ts';
import { type Multiplier, multiply } from '../fixed-point.ts';
import type { TfliteTensor } from '../schema.ts';
import { type Operand, operands } from './operands.ts';
import { activationOf, factor, requantized, rescaled, UNCHANGED } from './requantizer.ts';
import { centred, exactProduct, wholeNumbers } from './whole-numbers.ts';

export function importSum(cx: ImportContext): void {
  const [a, b, out] = codeTensors(cx);
  const extra = out.type === 'int16' ? 15 : 20;
  const [as, bs] = [cx.scaling(a).scale, cx.scaling(b).scale];
  const unit = 2 * Math.max(as, bs);
  const { form, sides } = operands(cx, [0, 1]);
  const scaled = sides.map((side, i) => {
    const { zero } = cx.scaling(i === 0 ? a : b);
    const own = factor((i === 0 ? as : bs) / unit);
    const signed = i === 1 && cx.operator.op === 'SUB' ? negated(own) : own;
    return scaledOperand(cx, side, { factor: signed, zero, extra }, `scaled${i}`);
  });
  const sum = cx.add('addi', scaled, {}, { name: `${cx.label}.sum` });
  const activation = activationOf(cx.options?.int8(0, 'fused_activation_function') ?? 0);
  const back = factor(unit / (2 ** extra * cx.scaling(out).scale));
  if (back.shift > 0)
    invalid('scales of a sum that leave no room for its fraction bits', { expected: 'a larger scale' });
  cx.result(requantized(cx, sum, [back], 0, activation), form);
}

/** Both operands and the result: codes of one type. */
function codeTensors(cx: ImportContext): readonly [TfliteTensor, TfliteTensor, TfliteTensor] {
  const tensors = [cx.inputTensor(0), cx.inputTensor(1), cx.outputTensor()] as const;
  for (const t of tensors) {
    cx.codeType(t);
    if (t.type !== tensors[0].type)
      invalid(`${text(t)} is ${t.type}, ${text(tensors[0])} is ${tensors[0].type}`, { expected: 'one type' });
  }
  if (!['int8', 'uint8', 'int16'].includes(tensors[0].type))
    refuse(`${cx.operator.op} of ${tensors[0].type}`, { expected: 'int8, uint8 or int16 codes' });
  return tensors;
}

interface Scaled {
  readonly factor: Multiplier;
  readonly zero: number;
  /** Fraction bits. */
  readonly extra: number;
}

/** A factor below 0: the kernels subtract by it, and it rounds ties the other way. */
const negated = ({ multiplier, shift }: Multiplier): Multiplier => ({ multiplier: -multiplier, shift });

function scaledOperand(cx: ImportContext, side: Operand, scaled: Scaled, suffix: string): string {
  const name = `${cx.label}.${suffix}`;
  const value = (code: number): number => multiply((code - scaled.zero) * 2 ** scaled.extra, scaled.factor);
  if (side.kind === 'constant') {
    const { type, data } = side.tensor;
    const known: Tensor = { type: { element: INT32, shape: type.shape }, data: Int32Array.from(data, value) };
    return cx.constant(known, suffix);
  }
  const element = cx.builder.typeOf(side.id).element as IntegerType;
  if (element.bits > 8) return scaledTwice(cx, side.id, scaled, name);
  const { min, max } = integerRange(element);
  const table = Int32Array.from({ length: max - min + 1 }, (_, i) => value(min + i));
  return cx.add('lut', [side.id], { table, axis: 0 }, { name, element: INT32 });
}

/** Left by the fraction bits and times the factor; then right, with its own rounding. */
function scaledTwice(cx: ImportContext, id: string, { factor: f, zero, extra }: Scaled, name: string): string {
  if (zero !== 0) return refuse('16-bit codes with a zero point', { expected: '0: 16-bit codes are symmetric' });
  const left = rescaled(cx, id, [{ ...f, shift: extra }], { element: INT32, name: `${name}.left` });
  if (f.shift === 0) return left;
  return rescaled(cx, left, [{ ...UNCHANGED, shift: f.shift }], { element: INT32, name: `${name}.right` });
}

export function importMul(cx: ImportContext): void {
  const [a, b, out] = codeTensors(cx);
  const { form, sides } = operands(cx, [0, 1]);
  const zeros = [cx.scaling(a).zero, cx.scaling(b).zero];
  const sums = out.type === 'int16' ? wordProducts(cx, sides, zeros) : byteProducts(cx, sides, zeros);
  const activation = activationOf(cx.options?.int8(0, 'fused_activation_function') ?? 0);
  const scale = factor((cx.scaling(a).scale * cx.scaling(b).scale) / cx.scaling(out).scale);
  cx.result(requantized(cx, sums, [scale], 0, activation), form);
}

function byteProducts(cx: ImportContext, sides: readonly Operand[], zeros: readonly number[]): string {
  const reach = 255 * 255;
  return wholeNumbers(cx, floatOf(cx, sides, zeros, 'mul'), { min: -reach, max: reach }, INT32, '.products');
}

function wordProducts(cx: ImportContext, sides: readonly Operand[], zeros: readonly number[]): string {
  if (zeros.some((z) => z !== 0))
    refuse('16-bit codes with a zero point', { expected: '0: 16-bit codes are symmetric' });
  const [a, b] = floatSides(cx, sides, zeros) as [string, string];
  return exactProduct(cx, a, b);
}

/** Fraction bits of the operands of SQUARED_DIFFERENCE. */
const DIFFERENCE_BITS = 7;

/** SQUARED_DIFFERENCE of int8: scaled as for a sum, an exact difference of 15 bits, its exact square. */
export function importSquaredDifference(cx: ImportContext): void {
  const [a, b, out] = codeTensors(cx);
  if (out.type !== 'int8') refuse(`SQUARED_DIFFERENCE of ${out.type}`, { expected: 'int8 codes' });
  const scales = [cx.scaling(a).scale, cx.scaling(b).scale] as const;
  const unit = 2 * Math.max(...scales);
  const { form, sides } = operands(cx, [0, 1]);
  const scaled = sides.map((side, i) => {
    const { scale, zero } = cx.scaling(i === 0 ? a : b);
    return scaledOperand(cx, side, { factor: factor(scale / unit), zero, extra: DIFFERENCE_BITS }, `scaled${i}`);
  });
  const numbers = scaled.map((id, i) => centred(cx, id, 0, `${cx.label}.number${i}`));
  const difference = cx.add('binary', numbers, { fn: 'sub' }, { name: `${cx.label}.difference` });
  const back = factor((unit * unit) / (4 ** DIFFERENCE_BITS * cx.scaling(out).scale));
  if (back.shift > 0) invalid('scales that leave no room for the fraction bits', { expected: 'a larger scale' });
  cx.result(requantized(cx, exactProduct(cx, difference, difference), [back], 0, 'none'), form);
}

/** MAXIMUM and MINIMUM: codes of one scale compare as numbers. */
export function importExtreme(cx: ImportContext): void {
  const [a, b, out] = codeTensors(cx);
  cx.requireSameScaling(a, out);
  cx.requireSameScaling(b, out);
  const { form, sides } = operands(cx, [0, 1]);
  const extreme = floatOf(cx, sides, [0, 0], cx.operator.op === 'MAXIMUM' ? 'max' : 'min');
  const element = cx.codeType(out);
  cx.result(wholeNumbers(cx, extreme, integerRange(element), element), form);
}

/** One float32 operation on whole numbers below 2^24: exact. */
function floatOf(cx: ImportContext, sides: readonly Operand[], zeros: readonly number[], fn: 'mul' | 'max' | 'min') {
  return cx.add('binary', floatSides(cx, sides, zeros), { fn }, { name: `${cx.label}.${fn}` });
}

function floatSides(cx: ImportContext, sides: readonly Operand[], zeros: readonly number[]): string[] {
  return sides.map((side, i) => {
    const zero = zeros[i]!;
    if (side.kind === 'constant') {
      const { type, data } = side.tensor;
      const values = Float32Array.from(data, (v) => v - zero);
      return cx.constant({ type: { element: { kind: 'float32' }, shape: type.shape }, data: values }, `side${i}`);
    }
    return centred(cx, side.id, zero, `${cx.label}.side${i}`);
  });
}
