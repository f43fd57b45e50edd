/** Meaning of the vector unit's elementwise instructions: centred integers or float32, one rounding per operation, as isa/README.md states. */
import type { InstructionOf, Rounding } from '../../isa/instructions/table.ts';
import { halfEven, special } from '../../isa/numerics/special.ts';
import { codeRange, type TensorDescriptor } from '../../isa/tensor.ts';
import type { Codes } from './codes.ts';
import { clampOf, descriptorOf, type ExecContext, failAt, readTensor, tensorName, writeTensor } from './context.ts';
import { add, divide, type Loop, maximum, minimum, multiply, subtract } from './elementwise.ts';
import { readRecords } from './records.ts';

interface Operand {
  readonly d: TensorDescriptor;
  /** Raw minus zero point for integers, the number itself for floats. */
  readonly values: Codes;
}

export function operand(cx: ExecContext, index: number): Operand {
  const d = descriptorOf(cx, index);
  return { d, values: centred(readTensor(cx, index), d) };
}

/** Raw codes less their zero point, in place where that fits; floats as they are. */
export function centred(codes: Codes, d: TensorDescriptor): Codes {
  if (d.coding === 'float' || d.fill === 0) return codes;
  // A centred 32-bit code may need a bit more than an Int32Array has.
  const out = d.widthBits >= 32 ? new Float64Array(codes) : codes;
  for (let e = 0; e < out.length; e++) out[e] = out[e]! - d.fill;
  return out;
}

/** The values as float32. */
export function toFloat(values: Codes): Float32Array {
  return values instanceof Float32Array ? values : new Float32Array(values);
}

export function isFloat(d: TensorDescriptor): boolean {
  return d.coding === 'float';
}

function requireSame(cx: ExecContext, a: Operand, b: Operand): void {
  if (a.values.length !== b.values.length)
    failAt(
      cx,
      `operands walk ${a.values.length} and ${b.values.length} elements`,
      'make the counts agree; broadcast with step 0',
    );
}

/** Result of an operation on centred operands into dst: rounded where it came from float, zero point added, settled. */
export function store(
  cx: ExecContext,
  dst: number,
  results: Float32Array | Float64Array,
  float: boolean,
  rounding: Rounding = 'half-even',
): void {
  const d = descriptorOf(cx, dst);
  if (isFloat(d)) return writeTensor(cx, dst, toFloat(results));
  const codes = new Float64Array(results.length);
  const { min, max } = clampOf(d);
  for (let e = 0; e < codes.length; e++) {
    const x = results[e]!;
    const r = (float ? (rounding === 'half-even' ? halfEven(x) : round(x, rounding)) : x) + d.fill;
    if (Number.isNaN(r))
      failAt(
        cx,
        `element ${e} is not a number and ${tensorName(cx.program, dst)} is an integer`,
        'check the operands of the division or of the special function',
      );
    codes[e] = r < min ? min : r > max ? max : r;
  }
  if (d.coding === 'bipolar') for (let e = 0; e < codes.length; e++) codes[e] = codes[e]! >= 0 ? 1 : -1;
  writeTensor(cx, dst, codes);
}

/** Rounds to an integer by QONNX's names; ties matter only in the three `half` modes. */
function round(x: number, rounding: Rounding): number {
  const size = Math.abs(x);
  const sign = x < 0 ? -1 : 1;
  switch (rounding) {
    case 'half-even':
      return halfEven(x);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'toward-zero':
      return sign * Math.floor(size);
    case 'away-from-zero':
      return sign * Math.ceil(size);
    case 'half-up':
      return sign * Math.floor(size + 0.5);
    case 'half-down':
      return sign * Math.ceil(size - 0.5);
  }
}

type Binary = { readonly dst: number; readonly a: number; readonly b: number };
type Meaning<I> = (i: I, cx: ExecContext) => void;

function elementwise(loop: Loop, floatOnly = false): Meaning<Binary> {
  return (i, cx) => {
    const a = operand(cx, i.a);
    const b = operand(cx, i.b);
    requireSame(cx, a, b);
    const float = isFloat(a.d) || isFloat(b.d) || isFloat(descriptorOf(cx, i.dst));
    if (floatOnly && !float) failAt(cx, 'this instruction works on float operands only', 'convert with vcvt first');
    const out = float ? new Float32Array(a.values.length) : new Float64Array(a.values.length);
    if (float) loop(toFloat(a.values), toFloat(b.values), out);
    else loop(a.values, b.values, out);
    store(cx, i.dst, out, float);
  };
}

export const vadd = elementwise(add);
export const vsub = elementwise(subtract);
export const vmul = elementwise(multiply);
export const vdiv = elementwise(divide, true);
export const vmax = elementwise(maximum);
export const vmin = elementwise(minimum);

export function vcvt(i: InstructionOf<'vcvt'>, cx: ExecContext): void {
  const a = operand(cx, i.a);
  store(cx, i.dst, isFloat(a.d) ? toFloat(a.values) : new Float64Array(a.values), isFloat(a.d), i.rounding);
}

export function vsqrt(i: InstructionOf<'vsqrt'>, cx: ExecContext): void {
  floatUnary(i, cx, Math.sqrt);
}

export function vfun(i: InstructionOf<'vfun'>, cx: ExecContext): void {
  floatUnary(i, cx, (x) => special(i.fn, x));
}

function floatUnary(i: { dst: number; a: number }, cx: ExecContext, f: (x: number) => number): void {
  const a = operand(cx, i.a);
  if (!isFloat(a.d))
    failAt(cx, `${tensorName(cx.program, i.a)} is an integer, this instruction takes float`, 'convert with vcvt first');
  const out = new Float32Array(a.values.length);
  for (let e = 0; e < out.length; e++) out[e] = f(a.values[e]!);
  store(cx, i.dst, out, true);
}

export function vaddq(i: InstructionOf<'vaddq'>, cx: ExecContext): void {
  const a = readTensor(cx, i.a);
  const b = readTensor(cx, i.b);
  const d = descriptorOf(cx, i.dst);
  if (a.length !== b.length) failAt(cx, `operands walk ${a.length} and ${b.length} elements`, 'make the counts agree');
  if ([i.a, i.b, i.dst].some((t) => isFloat(descriptorOf(cx, t))))
    failAt(cx, 'vaddq takes and gives integer codes', 'use vmul and vadd for floats');
  const { words: p, startOf, length } = readRecords(cx, i.params, a.length);
  if (!isFloat(descriptorOf(cx, i.params)) || length !== 3)
    failAt(
      cx,
      `${tensorName(cx.program, i.params)} gives ${length} words for each element`,
      'a record of vaddq is 3 float words',
    );
  const { min, max } = clampOf(d);
  const f = Math.fround;
  const out = new Float64Array(a.length);
  for (let e = 0; e < out.length; e++) {
    const at = startOf[e]!;
    const left = f(f(f(a[e]!) * p[at]!) + p[at + 2]!);
    const sum = halfEven(f(left + f(f(b[e]!) * p[at + 1]!)));
    if (Number.isNaN(sum)) failAt(cx, `element ${e} is not a number`, 'check the scales');
    out[e] = d.coding === 'bipolar' ? (sum >= 0 ? 1 : -1) : sum < min ? min : sum > max ? max : sum;
  }
  writeTensor(cx, i.dst, out);
}

export function vlut(i: InstructionOf<'vlut'>, cx: ExecContext): void {
  const a = readTensor(cx, i.a);
  const from = descriptorOf(cx, i.a);
  const to = descriptorOf(cx, i.dst);
  const entry = descriptorOf(cx, i.b);
  if (isFloat(from) || from.widthBits > 16)
    failAt(
      cx,
      `${tensorName(cx.program, i.a)} has ${from.widthBits}-bit ${from.coding} codes; an index has at most 16 integer bits`,
      'quantize it first',
    );
  if (entry.widthBits !== to.widthBits || isFloat(entry) !== isFloat(to)) {
    failAt(
      cx,
      `entries have ${entry.widthBits} bits (${entry.coding}), ${tensorName(cx.program, i.dst)} has ${to.widthBits} (${to.coding})`,
      'entries are copied raw: give both the same width',
    );
  }
  const low = codeRange(from.coding, from.widthBits).min;
  const { words, startOf, length } = readRecords(cx, i.b, a.length);
  const out = new Float64Array(a.length);
  for (let e = 0; e < out.length; e++) {
    const at = a[e]! - low;
    if (at < 0 || at >= length)
      failAt(
        cx,
        `code ${a[e]} is beyond the ${length} entries of ${tensorName(cx.program, i.b)}`,
        'give the table an entry for each code',
      );
    out[e] = words[startOf[e]! + at]!;
  }
  writeTensor(cx, i.dst, out);
}
