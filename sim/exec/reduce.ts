/** Meaning of the vector unit's reductions over the last kdims dims: vred and the window multiply-accumulate vdot. */
import type { InstructionOf } from '../../isa/instructions/table.ts';
import type { TensorDescriptor } from '../../isa/tensor.ts';
import { type Codes, createCodes } from './codes.ts';
import { descriptorOf, type ExecContext, failAt, openSource, requireCodes, tensorName } from './context.ts';
import { type Records, readRecords } from './records.ts';
import { centred, isFloat, operand, store, toFloat } from './vector.ts';

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

function reduce(
  reduction: InstructionOf<'vred'>['reduction'],
  values: Codes,
  start: number,
  count: number,
  float: boolean,
): number {
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

/** Gathered elements of a that are alive at once, so that they stay in the processor's cache. */
const BLOCK_ELEMENTS = 32768;

export function vdot(i: InstructionOf<'vdot'>, cx: ExecContext): void {
  const operands = openSource(cx, i.a);
  const { walk, memory, descriptor: d } = operands;
  const window = windowOf(cx, i.a, d, i.kdims);
  const rows = walk.shape.rows(i.kdims);
  const b = centredRecords(cx, i.b, rows.outer);
  if (b.length !== window)
    failAt(
      cx,
      `operands walk ${walk.count} and ${b.length * rows.outer} elements`,
      'make the counts agree; broadcast with step 0',
    );
  const old = i.accumulate ? operand(cx, i.dst).values : new Float64Array(rows.outer);
  if (old.length !== rows.outer)
    failAt(cx, `dst walks ${old.length} elements, a gives ${rows.outer}`, 'make the counts agree');
  const float = isFloat(d) || isFloat(descriptorOf(cx, i.b)) || isFloat(descriptorOf(cx, i.dst));
  const out = float ? new Float32Array(old) : new Float64Array(old);
  const words = float ? toFloat(b.words) : b.words;
  const block = Math.min(rows.outer, Math.max(4, Math.floor(BLOCK_ELEMENTS / window) & ~3));
  const codes = createCodes(d, block * window);
  const source = memory.source(walk, walk.count);
  for (let m = 0; m < rows.outer; m += block) {
    const count = Math.min(block, rows.outer - m);
    memory.readRows(source, rows, m, m + count, 0, window, codes);
    requireCodes(cx, operands, codes);
    const x = centred(codes, d);
    if (float) dotFloat(toFloat(x), words as Float32Array, b.startOf, window, out as Float32Array, m, m + count);
    else dotInteger(cx, x, words, b.startOf, window, out, m, m + count);
  }
  store(cx, i.dst, out, float);
}

/** The windows of b, each distinct one once: weights are shared by all positions. */
function centredRecords(cx: ExecContext, index: number, rows: number): Records {
  const records = readRecords(cx, index, rows);
  return { ...records, words: centred(records.words, descriptorOf(cx, index)) };
}

/** Four outputs side by side: the roundings of one sum wait for each other, those of four do not. x holds the windows of outputs first .. last. */
function dotFloat(
  x: Float32Array,
  w: Float32Array,
  startOf: Int32Array,
  length: number,
  out: Float32Array,
  first: number,
  last: number,
): void {
  const f = Math.fround;
  let o = first;
  let x0 = 0;
  for (; o + 3 < last; o += 4, x0 += 4 * length) {
    const x1 = x0 + length;
    const x2 = x1 + length;
    const x3 = x2 + length;
    const w0 = startOf[o]!;
    const w1 = startOf[o + 1]!;
    const w2 = startOf[o + 2]!;
    const w3 = startOf[o + 3]!;
    let s0 = out[o]!;
    let s1 = out[o + 1]!;
    let s2 = out[o + 2]!;
    let s3 = out[o + 3]!;
    for (let k = 0; k < length; k++) {
      s0 = f(s0 + f(x[x0 + k]! * w[w0 + k]!));
      s1 = f(s1 + f(x[x1 + k]! * w[w1 + k]!));
      s2 = f(s2 + f(x[x2 + k]! * w[w2 + k]!));
      s3 = f(s3 + f(x[x3 + k]! * w[w3 + k]!));
    }
    out[o] = s0;
    out[o + 1] = s1;
    out[o + 2] = s2;
    out[o + 3] = s3;
  }
  for (; o < last; o++, x0 += length) {
    let sum = out[o]!;
    for (let k = 0; k < length; k++) sum = f(sum + f(x[x0 + k]! * w[startOf[o]! + k]!));
    out[o] = sum;
  }
}

function dotInteger(
  cx: ExecContext,
  x: Codes,
  w: Codes,
  startOf: Int32Array,
  length: number,
  out: Float32Array | Float64Array,
  first: number,
  last: number,
): void {
  for (let o = first, at = 0; o < last; o++, at += length) {
    const start = startOf[o]!;
    let sum = out[o]!;
    let size = Math.abs(sum);
    for (let k = 0; k < length; k++) {
      const product = x[at + k]! * w[start + k]!;
      sum += product;
      size += Math.abs(product);
    }
    if (size >= EXACT)
      failAt(
        cx,
        `element ${o}: the products add up to ${size}, beyond 53 bits`,
        'use narrower operands or split the window',
      );
    out[o] = sum;
  }
}

function windowOf(cx: ExecContext, index: number, d: TensorDescriptor, kdims: number): number {
  if (kdims > d.dims.length)
    failAt(cx, `kdims is ${kdims}, ${tensorName(cx.program, index)} has ${d.dims.length} dims`, 'correct kdims');
  return d.dims.slice(d.dims.length - kdims).reduce((n, dim) => n * dim.count, 1);
}
