/** Meaning of rq: accumulators to codes in five modes, records as isa/README.md states them. Arithmetic of its own, apart from the graph's reference. */
import type { InstructionOf } from '../../isa/instructions/table.ts';
import { NO_TENSOR } from '../../isa/instructions/table.ts';
import { halfEven } from '../../isa/numerics/special.ts';
import { codeRange, type TensorDescriptor } from '../../isa/tensor.ts';
import { descriptorOf, type ExecContext, failAt, readTensor, saturates, writeTensor } from './context.ts';
import type { Codes } from './memory.ts';

const RECORD_WORDS = { saturate: 0, bias: 1, threshold: 2, 'fixed-point': 3, float32: 2 } as const;

export function rq(i: InstructionOf<'rq'>, cx: ExecContext): void {
  const src = readTensor(cx, i.src);
  const srcFill = descriptorOf(cx, i.src).fill;
  const sums = Float64Array.from(src, (v) => v - srcFill);
  if (i.add !== NO_TENSOR) addInto(sums, readTensor(cx, i.add), descriptorOf(cx, i.add).fill, cx);
  const d = descriptorOf(cx, i.dst);
  if (d.coding === 'float') failAt(cx, 'rq gives integers, the destination is float', 'use vcvt for floats');
  const records = recordsOf(i, cx, sums.length);
  const codes = new Float64Array(sums.length);
  const { low, high } = limits(d, i.relu && i.mode !== 'threshold');
  for (let e = 0; e < codes.length; e++) {
    const code = one(i.mode, sums[e]!, records.words, e * records.length, records.length, d, cx);
    codes[e] = code < low ? low : code > high ? high : code;
  }
  writeTensor(cx, i.dst, i.kdims === 0 ? codes : pooled(codes, descriptorOf(cx, i.src), i.kdims));
}

function limits(d: TensorDescriptor, relu: boolean): { low: number; high: number } {
  const range = codeRange(d.coding, d.widthBits);
  const wide = !saturates(d);
  return { low: relu ? Math.max(d.fill, wide ? -Infinity : range.min) : wide ? -Infinity : range.min, high: wide ? Infinity : range.max };
}

function addInto(sums: Float64Array, add: Codes, zero: number, cx: ExecContext): void {
  if (add.length !== sums.length) failAt(cx, `add has ${add.length} elements, src ${sums.length}`, 'make the counts agree');
  for (let e = 0; e < sums.length; e++) sums[e] = sums[e]! + add[e]! - zero;
}

function recordsOf(i: InstructionOf<'rq'>, cx: ExecContext, elements: number): { words: Codes; length: number } {
  const least = RECORD_WORDS[i.mode];
  if (i.mode === 'saturate') return { words: new Int32Array(0), length: 0 };
  if (i.params === NO_TENSOR) failAt(cx, `rq ${i.mode} needs params`, 'name a tensor of 32-bit records');
  const words = readTensor(cx, i.params);
  const length = words.length / elements;
  if (!Number.isInteger(length) || length < least || (i.mode !== 'threshold' && length !== least)) {
    failAt(cx, `params walks ${words.length} words for ${elements} elements; a ${i.mode} record has ${least}${i.mode === 'threshold' ? ' or more' : ''} words`, 'walk the dims of src and then one record');
  }
  return { words, length };
}

const castBytes = new DataView(new ArrayBuffer(4));

function asFloat(word: number): number {
  castBytes.setInt32(0, word, true);
  return castBytes.getFloat32(0, true);
}

function one(mode: InstructionOf<'rq'>['mode'], acc: number, words: Codes, at: number, length: number, d: TensorDescriptor, cx: ExecContext): number {
  switch (mode) {
    case 'saturate':
      return acc + d.fill;
    case 'bias':
      return acc + words[at]! + d.fill;
    case 'threshold':
      return threshold(acc, words, at, length, d.coding === 'bipolar' ? 2 : 1);
    case 'fixed-point':
      return fixedPoint(acc + words[at]!, words[at + 1]!, words[at + 2]!, cx) + d.fill;
    case 'float32':
      return halfEven(Math.fround(Math.fround(acc + words[at]!) * asFloat(words[at + 1]!))) + d.fill;
  }
}

/** Thresholds are sorted, so the count is a binary search: the first T above acc (ascending), or the first T not below it. */
function threshold(acc: number, words: Codes, at: number, length: number, step: number): number {
  const head = words[at]!;
  const descending = (head & 1) === 1;
  let low = at + 1;
  let high = at + length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (descending ? words[mid]! < acc : words[mid]! <= acc) low = mid + 1;
    else high = mid;
  }
  const below = low - at - 1;
  return (head >> 1) + step * (descending ? length - 1 - below : below);
}

/** TFLite: high half of twice the product rounded half up, then a rounding shift, halves away from zero. */
function fixedPoint(x: number, multiplier: number, shift: number, cx: ExecContext): number {
  const shifted = x * 2 ** Math.max(shift, 0);
  if (shifted >= 2 ** 31 || shifted < -(2 ** 31)) failAt(cx, `the fixed-point requantizer shifts ${x} left by ${shift} out of 32 bits`, 'choose a smaller multiplier');
  const high = Number(BigInt.asIntN(64, (BigInt(shifted) * BigInt(multiplier) + (1n << 30n)) >> 31n));
  const divisor = 2 ** Math.max(-shift, 0);
  const size = Math.floor(Math.abs(high) / divisor + 0.5);
  return high < 0 ? -size : size;
}

function pooled(codes: Float64Array, src: TensorDescriptor, kdims: number): Float64Array {
  const window = src.dims.slice(src.dims.length - kdims).reduce((n, dim) => n * dim.count, 1);
  const out = new Float64Array(codes.length / window);
  for (let o = 0; o < out.length; o++) {
    let best = -Infinity;
    for (let e = o * window; e < (o + 1) * window; e++) if (codes[e]! > best) best = codes[e]!;
    out[o] = best;
  }
  return out;
}
