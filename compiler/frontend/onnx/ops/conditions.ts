/**
 * Comparisons, logic and casts of computed values: masks as exporters compute them at run time. A condition is a code of one bit; it is computed in float32
 * from the sign of a difference, exact for whole numbers up to 2^24 and for every pair of floats.
 */

import { type IntegerType, integerRange } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute } from '../attributes.ts';
import { floatTensor, type ImportContext, otherFloat } from '../context.ts';
import { foldCast } from '../fold.ts';
import { integerTypeOf, type Meaning } from '../meaning.ts';
import { type DataType, dataTypeOf, isFloatType } from '../model.ts';
import { Formula } from './formula.ts';

const BIT = { kind: 'int', bits: 1, coding: 'unsigned' } as const;
const UNIT = { scale: new Float32Array([1]), zero: new Int32Array(1), axis: 0 };
/** Whole numbers that float32 holds, and the conversion to codes makes. */
const MOST_WHOLE = 2 ** 23;
const LARGEST_FLOAT = 3.4028234663852886e38;

/** Input `index` as float32, whatever it holds: integers and conditions as their numbers. */
export function numbersOf(cx: ImportContext, index: number): string {
  const x = cx.input(index);
  const name = cx.node.inputs[index] ?? '';
  if (x.kind === 'codes') return cx.dequantize(x.id, UNIT, `${cx.outputName}.number${index}`);
  if (x.kind !== 'constant' || x.constant.dataType === 'float32') return cx.floatInput(index);
  const { data, shape } = x.constant;
  if (!data.every((v) => Math.abs(v) <= 2 * MOST_WHOLE))
    refuse(`'${name}' has numbers above 2^24 that are compared with computed ones`, { expected: 'at most 2^24' });
  return cx.builder.constant(floatTensor(Float32Array.from(data), shape), `${cx.outputName}.known`);
}

/** Zeros and ones in float32 as a condition. */
function flags(cx: ImportContext, id: string): Meaning {
  const attributes = {
    scale: UNIT.scale,
    zeroPoint: new Float32Array(1),
    axis: 0,
    rounding: 'half-even',
    min: 0,
    max: 1,
    order: 'round-then-zero',
  } as const;
  const codes = cx.add('quantize', [id], attributes, { element: BIT, output: cx.outputName });
  return { kind: 'codes', id: codes, dataType: 'bool' };
}

type Condition = (f: Formula, a: string, b: string) => string;

const above: Condition = (f, a, b) => f.unary('relu', f.unary('sign', f.binary('sub', a, b)));
const not = (f: Formula, x: string): string => f.binary('sub', 1, x);
const differs: Condition = (f, a, b) => f.unary('sign', f.unary('abs', f.binary('sub', a, b)));

/** Infinities as the largest numbers, so that their difference has a sign; integers have none. */
function finite(cx: ImportContext, f: Formula, index: number): string {
  const x = cx.input(index);
  const id = numbersOf(cx, index);
  if (x.kind === 'codes' || x.kind === 'quantized') return id;
  return f.clip(id, -LARGEST_FLOAT, LARGEST_FLOAT);
}

const compare = (condition: Condition) => (cx: ImportContext) => {
  const f = new Formula(cx);
  cx.result(flags(cx, condition(f, finite(cx, f, 0), finite(cx, f, 1))));
};

export const importEqual = compare((f, a, b) => not(f, differs(f, a, b)));
export const importGreater = compare(above);
export const importLess = compare((f, a, b) => above(f, b, a));
export const importGreaterOrEqual = compare((f, a, b) => not(f, above(f, b, a)));
export const importLessOrEqual = compare((f, a, b) => not(f, above(f, a, b)));

const logic = (condition: Condition) => (cx: ImportContext) => {
  cx.result(flags(cx, condition(new Formula(cx), numbersOf(cx, 0), numbersOf(cx, 1))));
};

export const importAnd = logic((f, a, b) => f.binary('mul', a, b));
export const importOr = logic((f, a, b) => f.binary('max', a, b));
export const importXor = logic(differs);

export function importNot(cx: ImportContext): void {
  cx.result(flags(cx, not(new Formula(cx), numbersOf(cx, 0))));
}

/** A maximum takes its second operand where the first is no number: then -2 is left of what a limit of -1 .. 1 passes on. */
export function importIsNaN(cx: ImportContext): void {
  const f = new Formula(cx);
  const limited = f.binary('max', f.clip(cx.floatInput(0), -1, 1), -2);
  cx.result(flags(cx, above(f, f.constant([-1.5], []), limited)));
}

/** Infinities are more than the largest number away from zero. */
export function importIsInf(cx: ImportContext): void {
  const f = new Formula(cx);
  const x = cx.floatInput(0);
  const wants = (name: string) => intAttribute(cx.node, name, 1) !== 0;
  const high = wants('detect_positive') ? x : f.binary('min', x, 0);
  const beyond = f.unary('abs', wants('detect_negative') ? high : f.unary('relu', high));
  // A share of the number itself is left where it is finite, one where it is not.
  const limited = f.binary('min', beyond, LARGEST_FLOAT);
  cx.result(flags(cx, above(f, beyond, limited)));
}

/** Between types: integers and conditions to float32 and back (towards zero, at most 2^23), to wider integers as they are. */
export function importCast(cx: ImportContext): void {
  castTo(cx, dataTypeOf(intAttribute(cx.node, 'to', 0)) ?? invalid('Cast has no type'));
}

/** To the type of the second operand. */
export function importCastLike(cx: ImportContext): void {
  const like = cx.input(1);
  castTo(cx, like.kind === 'codes' ? like.dataType : like.kind === 'constant' ? like.constant.dataType : 'float32');
}

function castTo(cx: ImportContext, stated: DataType): void {
  const x = cx.input(0);
  const to = isFloatType(stated) ? 'float32' : stated;
  if (to !== stated) cx.noteOnce(otherFloat(stated));
  if (x.kind === 'codes' && (to === x.dataType || (x.dataType !== 'bool' && (to === 'int32' || to === 'int64')))) {
    cx.result({ ...x, dataType: to });
    return;
  }
  if (x.kind === 'constant') {
    cx.result({ kind: 'constant', constant: foldCast(x.constant, stated) });
    return;
  }
  if (to === 'float32') {
    cx.result(x.kind === 'codes' ? { kind: 'float', id: cx.dequantize(x.id, UNIT, cx.outputName) } : x);
    return;
  }
  const f = new Formula(cx);
  if (to === 'bool') {
    cx.result(flags(cx, f.unary('sign', f.unary('abs', numbersOf(cx, 0)))));
    return;
  }
  cx.result({ kind: 'codes', id: wholeCodes(cx, numbersOf(cx, 0), to), dataType: to });
}

function wholeCodes(cx: ImportContext, id: string, to: DataType): string {
  if (to !== 'int64' && !/^u?int(8|16|32)$/.test(to))
    refuse(`Cast to ${to}`, { expected: 'a float type, bool or an integer type' });
  return wholeNumbers(cx, id, integerTypeOf(to === 'int64' ? 'int32' : to));
}

/** Float32 numbers cut to whole ones of `element`, of at most 2^23. */
export function wholeNumbers(cx: ImportContext, id: string, element: IntegerType, output = cx.outputName): string {
  const { min, max } = integerRange(element);
  const attributes = {
    scale: UNIT.scale,
    zeroPoint: new Float32Array(1),
    axis: 0,
    rounding: 'toward-zero',
    min: Math.max(min, -MOST_WHOLE),
    max: Math.min(max, MOST_WHOLE),
    order: 'round-then-zero',
  } as const;
  return cx.add('quantize', [id], attributes, { element, output });
}
