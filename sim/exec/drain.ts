/** Meaning of rq: accumulators to codes in five modes, records as isa/README.md states them. Arithmetic of its own, apart from the graph's reference. */
import type { InstructionOf } from '../../isa/instructions/table.ts';
import { NO_TENSOR } from '../../isa/instructions/table.ts';
import { halfEven } from '../../isa/numerics/special.ts';
import type { TensorDescriptor } from '../../isa/tensor.ts';
import { clampOf, descriptorOf, type ExecContext, failAt, readTensor, tensorName, writeTensor } from './context.ts';
import { readRecords } from './records.ts';

/** Words of one record; `threshold` has these or more. */
const RECORD_WORDS = { saturate: 0, bias: 1, threshold: 1, 'fixed-point': 3, float32: 2 } as const;

type Rq = InstructionOf<'rq'>;

export function rq(i: Rq, cx: ExecContext): void {
  const d = descriptorOf(cx, i.dst);
  if (d.coding === 'float') failAt(cx, 'rq gives integers, the destination is float', 'use vcvt for floats');
  const sums = centredSums(i, cx);
  const codes = requantize(i, cx, sums, d);
  const { low, high } = limits(d, i.relu);
  for (let e = 0; e < codes.length; e++) codes[e] = codes[e]! < low ? low : codes[e]! > high ? high : codes[e]!;
  if (d.coding === 'bipolar') for (let e = 0; e < codes.length; e++) codes[e] = codes[e]! >= 0 ? 1 : -1;
  writeTensor(cx, i.dst, i.kdims === 0 ? codes : pooled(codes, descriptorOf(cx, i.src), i.kdims));
}

/** src + add, each less its zero point. */
function centredSums(i: Rq, cx: ExecContext): Float64Array {
  const src = readInteger(cx, i.src);
  if (i.add === NO_TENSOR) return src;
  const add = readInteger(cx, i.add);
  if (add.length !== src.length)
    failAt(cx, `add has ${add.length} elements, src ${src.length}`, 'make the counts agree');
  for (let e = 0; e < src.length; e++) src[e] = src[e]! + add[e]!;
  return src;
}

function readInteger(cx: ExecContext, index: number): Float64Array {
  const d = descriptorOf(cx, index);
  if (d.coding === 'float') failAt(cx, `${tensorName(cx.program, index)} is float; rq takes integers`, 'use vcvt');
  const raw = readTensor(cx, index);
  const out = new Float64Array(raw);
  if (d.fill !== 0) for (let e = 0; e < out.length; e++) out[e] = out[e]! - d.fill;
  return out;
}

function limits(d: TensorDescriptor, relu: boolean): { low: number; high: number } {
  const range = clampOf(d);
  return { low: relu ? Math.max(d.fill, range.min) : range.min, high: range.max };
}

/** Codes before clamping and pooling. */
function requantize(i: Rq, cx: ExecContext, sums: Float64Array, d: TensorDescriptor): Float64Array {
  const out = new Float64Array(sums.length);
  if (i.mode === 'saturate') {
    for (let e = 0; e < out.length; e++) out[e] = sums[e]! + d.fill;
    return out;
  }
  if (i.params === NO_TENSOR) failAt(cx, `rq ${i.mode} needs params`, 'name a tensor of 32-bit records');
  if (i.mode !== 'bias' && !cx.machine.core.requantizers.includes(i.mode)) {
    failAt(
      cx,
      `this machine has no ${i.mode} requantizer, only ${cx.machine.core.requantizers.join(', ')}`,
      'compile for one of these, or add it to core.requantizers',
    );
  }
  const { words, startOf, length } = readRecords(cx, i.params, sums.length);
  const least = RECORD_WORDS[i.mode];
  const { widthBits, coding } = descriptorOf(cx, i.params);
  if (widthBits !== 32 || coding !== 'signed' || length < least || (i.mode !== 'threshold' && length !== least)) {
    const wanted = `${least}${i.mode === 'threshold' ? ' or more' : ''} signed words of 32 bits`;
    failAt(
      cx,
      `${tensorName(cx.program, i.params)} gives ${length} ${coding} words of ${widthBits} bits for each element; a ${i.mode} record has ${wanted}`,
      'walk the dims of src and then one record',
    );
  }
  const step = d.coding === 'bipolar' ? 2 : 1;
  for (let e = 0; e < out.length; e++) {
    const at = startOf[e]!;
    const acc = sums[e]!;
    switch (i.mode) {
      case 'bias':
        out[e] = acc + words[at]! + d.fill;
        break;
      case 'threshold':
        out[e] = threshold(acc, words, at, length, step);
        break;
      case 'fixed-point':
        out[e] = fixedPoint(acc + words[at]!, words[at + 1]!, words[at + 2]!, cx, e) + d.fill;
        break;
      case 'float32':
        out[e] = scaled(acc + words[at]!, words[at + 1]!, cx, e) + d.fill;
        break;
    }
  }
  return out;
}

/** Thresholds are sorted, so the count is a binary search: the first T above acc (ascending), or the first T not below it. */
function threshold(acc: number, words: ArrayLike<number>, at: number, length: number, step: number): number {
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

const LIMIT_32 = 2 ** 31;

/** TFLite's MultiplyByQuantizedMultiplier: left shift, saturating rounding doubling high multiply, rounding right shift. */
function fixedPoint(x: number, multiplier: number, shift: number, cx: ExecContext, element: number): number {
  const shifted = x * 2 ** Math.max(shift, 0);
  if (shifted >= LIMIT_32 || shifted < -LIMIT_32) {
    failAt(
      cx,
      `element ${element}: the fixed-point requantizer shifts ${x} left by ${shift} out of 32 bits`,
      'choose a smaller multiplier',
    );
  }
  const high = highMultiply(shifted, multiplier);
  const divisor = 2 ** Math.max(-shift, 0);
  const size = Math.floor(Math.abs(high) / divisor + 0.5);
  return high < 0 ? -size : size;
}

/** floor((a * b + 2^30) / 2^31), saturated; a is cut into 16-bit halves so that every product is exact in a double. */
function highMultiply(a: number, b: number): number {
  if (a === -LIMIT_32 && b === -LIMIT_32) return LIMIT_32 - 1;
  const top = Math.floor(a / 65536);
  const bottom = a - top * 65536;
  const upper = top * b;
  const whole = Math.floor(upper / 32768);
  const rest = (upper - whole * 32768) * 65536 + bottom * b + 2 ** 30;
  return whole + Math.floor(rest / LIMIT_32);
}

const cast = new DataView(new ArrayBuffer(4));

/** half-even(float32(float32(sum) * scale)). */
function scaled(sum: number, scaleBits: number, cx: ExecContext, element: number): number {
  cast.setInt32(0, scaleBits, true);
  const product = Math.fround(Math.fround(sum) * cast.getFloat32(0, true));
  if (Number.isNaN(product))
    failAt(cx, `element ${element}: the scale of the float32 requantizer gives no number`, 'check the record');
  return halfEven(product);
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
