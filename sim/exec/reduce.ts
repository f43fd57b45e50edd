/** Meaning of the vector unit's reductions over the last kdims dims: vred and the window multiply-accumulate vdot. */
import type { InstructionOf } from '../../isa/instructions/table.ts';
import type { TensorDescriptor } from '../../isa/tensor.ts';
import type { Codes } from './codes.ts';
import { descriptorOf, type ExecContext, failAt, tensorName } from './context.ts';
import { readRecords, type Records } from './records.ts';
import { isFloat, operand, store, toFloat } from './vector.ts';

/** Integers beyond this are no longer exact in a double. */
const EXACT = 2 ** 53;

export function vred(i: InstructionOf<'vred'>, cx: ExecContext): void {
  const a = operand(cx, i.a);
  const float = isFloat(a.d) || (isFloat(descriptorOf(cx, i.dst)) && i.reduction !== 'argmax');
  const values = float ? toFloat(a.values) : a.values;
  const window = windowOf(cx, i.a, a.d, i.kdims);
  const out = new Float64Array(values.length / window);
  for (let o = 0; o < out.length; o++) out[o] = reduce(i.reduction, values, o * window, window, float);
  store(cx, i.dst, out, float && i.reduction !== 'argmax');
}

function reduce(reduction: InstructionOf<'vred'>['reduction'], values: Codes, start: number, count: number, float: boolean): number {
  if (reduction === 'sum') {
    let sum = 0;
    for (let e = start; e < start + count; e++) sum = float ? Math.fround(sum + values[e]!) : sum + values[e]!;
    return sum;
  }
  let best = start;
  for (let e = start + 1; e < start + count; e++) {
    if (reduction === 'min' ? values[e]! < values[best]! : values[e]! > values[best]!) best = e;
  }
  return reduction === 'argmax' ? best - start : values[best]!;
}

export function vdot(i: InstructionOf<'vdot'>, cx: ExecContext): void {
  const a = operand(cx, i.a);
  const window = windowOf(cx, i.a, a.d, i.kdims);
  const rows = a.values.length / window;
  const b = centredRecords(cx, i.b, rows);
  if (b.length !== window) failAt(cx, `operands walk ${a.values.length} and ${b.length * rows} elements`, 'make the counts agree; broadcast with step 0');
  const old = i.accumulate ? operand(cx, i.dst).values : new Float64Array(rows);
  if (old.length !== rows) failAt(cx, `dst walks ${old.length} elements, a gives ${rows}`, 'make the counts agree');
  const float = isFloat(a.d) || isFloat(descriptorOf(cx, i.b)) || isFloat(descriptorOf(cx, i.dst));
  const out = float ? dotFloat(toFloat(a.values), b, toFloat(old)) : dotInteger(cx, a.values, b, old);
  store(cx, i.dst, out, float);
}

/** The windows of b, each distinct one once: weights are shared by all positions. */
function centredRecords(cx: ExecContext, index: number, rows: number): Records {
  const records = readRecords(cx, index, rows);
  const { coding, fill, widthBits } = descriptorOf(cx, index);
  if (coding === 'float' || fill === 0) return records;
  const words = widthBits >= 32 ? new Float64Array(records.words) : records.words;
  for (let e = 0; e < words.length; e++) words[e] = words[e]! - fill;
  return { ...records, words };
}

function dotFloat(a: Float32Array, b: Records, old: Float32Array): Float32Array {
  const words = toFloat(b.words);
  const out = new Float32Array(old.length);
  for (let o = 0, e = 0; o < out.length; o++) {
    let sum = old[o]!;
    for (let w = b.startOf[o]!, end = w + b.length; w < end; w++, e++) sum = Math.fround(sum + Math.fround(a[e]! * words[w]!));
    out[o] = sum;
  }
  return out;
}

function dotInteger(cx: ExecContext, a: Codes, b: Records, old: Codes): Float64Array {
  const { words, startOf, length } = b;
  const out = new Float64Array(old);
  for (let o = 0, e = 0; o < out.length; o++) {
    let sum = out[o]!;
    let size = Math.abs(sum);
    for (let w = startOf[o]!, end = w + length; w < end; w++, e++) {
      const product = a[e]! * words[w]!;
      sum += product;
      size += Math.abs(product);
    }
    if (size >= EXACT) failAt(cx, `element ${o}: the products add up to ${size}, beyond 53 bits`, 'use narrower operands or split the window');
    out[o] = sum;
  }
  return out;
}

function windowOf(cx: ExecContext, index: number, d: TensorDescriptor, kdims: number): number {
  if (kdims > d.dims.length) failAt(cx, `kdims is ${kdims}, ${tensorName(cx.program, index)} has ${d.dims.length} dims`, 'correct kdims');
  return d.dims.slice(d.dims.length - kdims).reduce((n, dim) => n * dim.count, 1);
}
