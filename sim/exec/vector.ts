/** Meaning of the vector unit: centred integers or float32, one rounding per operation, as isa/README.md states. */
import type { InstructionOf, Rounding } from '../../isa/instructions/table.ts';
import { halfEven, special } from '../../isa/numerics/special.ts';
import { codeRange, type TensorDescriptor } from '../../isa/tensor.ts';
import { descriptorOf, type ExecContext, failAt, readTensor, settle, tensorName, writeTensor } from './context.ts';
import type { Codes } from './memory.ts';

interface Operand {
  readonly d: TensorDescriptor;
  /** Raw minus zero point for integers, the number itself for floats. */
  readonly values: Codes;
}

function operand(cx: ExecContext, index: number): Operand {
  const d = descriptorOf(cx, index);
  const values = readTensor(cx, index);
  if (d.coding !== 'float' && d.fill !== 0) for (let e = 0; e < values.length; e++) values[e] = values[e]! - d.fill;
  return { d, values };
}

function same(cx: ExecContext, a: Operand, b: Operand): void {
  if (a.values.length !== b.values.length) failAt(cx, `operands walk ${a.values.length} and ${b.values.length} elements`, 'make the counts agree; broadcast with step 0');
}

/** Result of an operation on centred operands into dst: rounded half to even if it came from float, zero point added, settled. */
function store(cx: ExecContext, dst: number, results: Float64Array, float: boolean, rounding: Rounding = 'half-even'): void {
  const d = descriptorOf(cx, dst);
  if (d.coding === 'float') {
    for (let e = 0; e < results.length; e++) results[e] = Math.fround(results[e]!);
  } else {
    for (let e = 0; e < results.length; e++) {
      const r = float ? round(results[e]!, rounding) : results[e]!;
      if (Number.isNaN(r)) failAt(cx, `element ${e} is not a number and ${tensorName(cx.program, dst)} is an integer`, 'check the operands of the division or of the special function');
      results[e] = settle(d, r + d.fill);
    }
  }
  writeTensor(cx, dst, results);
}

function round(x: number, rounding: Rounding): number {
  const size = Math.abs(x);
  switch (rounding) {
    case 'half-even':
      return halfEven(x);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'toward-zero':
      return x < 0 ? -Math.floor(size) : Math.floor(size);
    case 'away-from-zero':
      return x < 0 ? -Math.ceil(size) : Math.ceil(size);
    case 'half-up':
      return x < 0 ? -Math.floor(size + 0.5) : Math.floor(size + 0.5);
    case 'half-down':
      return x < 0 ? -Math.ceil(size - 0.5) : Math.ceil(size - 0.5);
  }
}

type Binary = { readonly dst: number; readonly a: number; readonly b: number };

function elementwise(i: Binary, cx: ExecContext, f: (a: number, b: number) => number, floatOnly = false): void {
  const a = operand(cx, i.a);
  const b = operand(cx, i.b);
  same(cx, a, b);
  const float = [a.d, b.d, descriptorOf(cx, i.dst)].some((d) => d.coding === 'float');
  if (floatOnly && !float) failAt(cx, 'this instruction works on float operands only', 'convert with vcvt first');
  const out = new Float64Array(a.values.length);
  for (let e = 0; e < out.length; e++) {
    out[e] = float ? Math.fround(f(Math.fround(a.values[e]!), Math.fround(b.values[e]!))) : f(a.values[e]!, b.values[e]!);
  }
  store(cx, i.dst, out, float);
}

export const vadd = (i: InstructionOf<'vadd'>, cx: ExecContext): void => elementwise(i, cx, (a, b) => a + b);
export const vsub = (i: InstructionOf<'vsub'>, cx: ExecContext): void => elementwise(i, cx, (a, b) => a - b);
export const vmul = (i: InstructionOf<'vmul'>, cx: ExecContext): void => elementwise(i, cx, (a, b) => a * b);
export const vdiv = (i: InstructionOf<'vdiv'>, cx: ExecContext): void => elementwise(i, cx, (a, b) => a / b, true);
export const vmax = (i: InstructionOf<'vmax'>, cx: ExecContext): void => elementwise(i, cx, (a, b) => (b > a ? b : a));
export const vmin = (i: InstructionOf<'vmin'>, cx: ExecContext): void => elementwise(i, cx, (a, b) => (b < a ? b : a));

export function vcvt(i: InstructionOf<'vcvt'>, cx: ExecContext): void {
  const a = operand(cx, i.a);
  const float = a.d.coding === 'float';
  store(cx, i.dst, Float64Array.from(a.values), float, i.rounding);
}

export function vsqrt(i: InstructionOf<'vsqrt'>, cx: ExecContext): void {
  floatUnary(i, cx, (x) => Math.sqrt(x));
}

export function vfun(i: InstructionOf<'vfun'>, cx: ExecContext): void {
  floatUnary(i, cx, (x) => special(i.fn, x));
}

function floatUnary(i: { dst: number; a: number }, cx: ExecContext, f: (x: number) => number): void {
  const a = operand(cx, i.a);
  if (a.d.coding !== 'float') failAt(cx, `${tensorName(cx.program, i.a)} is an integer, this instruction takes float`, 'convert with vcvt first');
  store(cx, i.dst, Float64Array.from(a.values, f), true);
}

export function vaddq(i: InstructionOf<'vaddq'>, cx: ExecContext): void {
  const a = readTensor(cx, i.a);
  const b = readTensor(cx, i.b);
  const p = readTensor(cx, i.params);
  const d = descriptorOf(cx, i.dst);
  if (a.length !== b.length || p.length !== 3 * a.length) failAt(cx, `operands walk ${a.length}, ${b.length} elements and ${p.length} parameter words`, 'params walks the dims of dst and then 3 words');
  if (descriptorOf(cx, i.params).coding !== 'float' || d.coding === 'float') failAt(cx, 'vaddq takes float records and gives integers', 'check the codings');
  const range = codeRange(d.coding, d.widthBits);
  const out = new Float64Array(a.length);
  for (let e = 0; e < out.length; e++) {
    const left = Math.fround(Math.fround(a[e]! * p[3 * e]!) + p[3 * e + 2]!);
    const sum = halfEven(Math.fround(left + Math.fround(b[e]! * p[3 * e + 1]!)));
    out[e] = sum < range.min ? range.min : sum > range.max ? range.max : sum;
  }
  writeTensor(cx, i.dst, out);
}

export function vlut(i: InstructionOf<'vlut'>, cx: ExecContext): void {
  const a = readTensor(cx, i.a);
  const da = descriptorOf(cx, i.a);
  if (da.coding === 'float') failAt(cx, 'a float cannot index a table', 'quantize it first');
  const low = codeRange(da.coding, da.widthBits).min;
  const table = readTensor(cx, i.b);
  const entries = table.length / a.length;
  const out = new Float64Array(a.length);
  for (let e = 0; e < out.length; e++) {
    const at = a[e]! - low;
    if (at >= entries) failAt(cx, `code ${a[e]} is beyond the ${entries} entries of ${tensorName(cx.program, i.b)}`, 'give the table an entry for each code');
    out[e] = table[e * entries + at]!;
  }
  writeTensor(cx, i.dst, out);
}

export function vred(i: InstructionOf<'vred'>, cx: ExecContext): void {
  const a = operand(cx, i.a);
  const float = a.d.coding === 'float';
  const window = windowOf(a.d, i.kdims);
  const out = new Float64Array(a.values.length / window);
  for (let o = 0; o < out.length; o++) out[o] = reduce(i.reduction, a.values, o * window, window, float);
  store(cx, i.dst, out, float && i.reduction !== 'argmax');
}

function reduce(reduction: InstructionOf<'vred'>['reduction'], values: Codes, start: number, count: number, float: boolean): number {
  let sum = 0;
  let best = 0;
  for (let e = 0; e < count; e++) {
    const v = values[start + e]!;
    sum = float ? Math.fround(sum + v) : sum + v;
    if (reduction === 'min' ? v < values[start + best]! : v > values[start + best]!) best = e;
  }
  return reduction === 'sum' ? sum : reduction === 'argmax' ? best : values[start + best]!;
}

export function vdot(i: InstructionOf<'vdot'>, cx: ExecContext): void {
  const a = operand(cx, i.a);
  const b = operand(cx, i.b);
  same(cx, a, b);
  const float = a.d.coding === 'float' || b.d.coding === 'float';
  const window = windowOf(a.d, i.kdims);
  const out = new Float64Array(a.values.length / window);
  const old = i.accumulate ? operand(cx, i.dst).values : undefined;
  for (let o = 0; o < out.length; o++) {
    let sum = old === undefined ? 0 : old[o]!;
    for (let e = o * window; e < (o + 1) * window; e++) {
      sum = float ? Math.fround(sum + Math.fround(a.values[e]! * b.values[e]!)) : sum + a.values[e]! * b.values[e]!;
    }
    out[o] = sum;
  }
  store(cx, i.dst, out, float);
}

function windowOf(d: TensorDescriptor, kdims: number): number {
  return d.dims.slice(d.dims.length - kdims).reduce((n, dim) => n * dim.count, 1);
}
