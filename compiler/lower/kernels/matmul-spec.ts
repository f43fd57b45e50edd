/**
 * A convolution or matrix product as integers for the matrix unit: sum over k of x[m][k] * w[k][n] on raw codes, then
 * bias and requantizer. Weight zero points are subtracted from the weights; the input's zero point becomes part of the bias,
 * because padding reads it. Weights get the narrowest coding that holds them; bytes with a zero point need up to 10 bits and become
 * two or three signed bytes that are accumulated one after the other.
 */
import type { Machine } from '../../../isa/machine/schema.ts';
import type { ArrayDescriptor } from '../../../isa/tensor.ts';
import { codeRange } from '../../../isa/tensor.ts';
import type { RequantizeSpec, TensorData, Window } from '../../graph/types.ts';
import { refuseUnless } from '../kernel.ts';
import { at } from '../layout.ts';
import type { Format } from '../walk.ts';
import type { Records } from './integer.ts';
import { requantizeRecords } from './integer.ts';

export interface MatmulSpec {
  /** Present for convolutions: the walk of the source. */
  readonly window: Window | null;
  /** Whether the weights are a computed operand, with a group for each matrix: [groups, m, n] results (kernels/product.ts). */
  readonly dynamic: boolean;
  readonly groups: number;
  /** Rows of one group: window positions x input channels of the group. */
  readonly k: number;
  /** Outputs of one group. */
  readonly n: number;
  /** Output positions of the whole layer; of one matrix where weights are dynamic. */
  readonly m: number;
  /** Input channels of one group (k for a matrix product). */
  readonly channels: number;
  readonly inputBits: number;
  /** Zero point of the input: what padding reads. */
  readonly inputZero: number;
  readonly weightBits: number;
  readonly weightCoding: ArrayDescriptor['weightCoding'];
  /** Addends, one unless weights are wider than the arrays'. */
  readonly parts: readonly WeightTable[];
  readonly records: Records;
}

/** Operand of a kernel with dynamic weights that is written into the arrays. */
export const WRITTEN = 2;

export interface RawMatmul {
  readonly window: Window | null;
  readonly groups: number;
  readonly m: number;
  readonly k: number;
  readonly channels: number;
  /** Outputs of all groups. */
  readonly outputs: number;
  readonly input: Format;
  readonly inputZero: number;
  readonly weights: RawWeights;
  readonly bias: ArrayLike<number> | null;
  /** The fused requantizer, or null for 32-bit results. */
  readonly requantize: { readonly spec: RequantizeSpec; readonly relu: boolean } | null;
}

/** Codes of weights as the graph has them, and the zero point of all outputs or of each. */
export interface RawWeights {
  readonly codes: TensorData;
  readonly zeros: Int32Array;
  /** Elements from one output, one channel and one window position to the next. */
  readonly outputStride: number;
  readonly channelStride: number;
  readonly positionStride: number;
}

/** Throws Refusal when the machine cannot compute it exactly. */
export function matmulSpec(raw: RawMatmul, machine: Machine): MatmulSpec {
  const { matrix, accumulators } = machine.core;
  refuseUnless(
    raw.input.bits <= matrix.inputBitsMax,
    `${raw.input.bits}-bit inputs; the matrix unit takes at most ${matrix.inputBitsMax} bits (core.matrix.inputBitsMax)`,
  );
  const weights = tabulate(raw);
  const facts = survey(weights, raw.outputs);
  const sums = sumsOf(raw, facts);
  const limit = 2 ** (accumulators.widthBits - 1);
  refuseUnless(
    sums.high < limit && sums.low > -limit,
    `sums reach ${sums.low} .. ${sums.high}, more than ${accumulators.widthBits}-bit accumulators hold (core.accumulators.widthBits)`,
  );
  const bias = Int32Array.from(facts.total, (total, n) => {
    const folded = (raw.bias === null ? 0 : at(raw.bias, n)) - raw.inputZero * total;
    refuseUnless(
      Math.abs(folded) < 2 ** 31,
      `the bias of output ${n} with the zero point folded in is ${folded}: more than 32 bits`,
    );
    return folded;
  });
  return {
    window: raw.window,
    dynamic: false,
    groups: raw.groups,
    k: raw.k,
    n: raw.outputs / raw.groups,
    m: raw.m,
    channels: raw.channels,
    inputBits: raw.input.bits,
    inputZero: raw.inputZero,
    ...codeWeights(weights, facts, machine),
    records: recordsOf(raw.requantize, bias),
  };
}

/** Records of a requantizer, or plain biases when there is none. */
export function recordsOf(requantize: RawMatmul['requantize'], bias: Int32Array): Records {
  if (requantize !== null) return requantizeRecords(requantize.spec, requantize.relu, bias);
  return { mode: 'bias', channels: bias.length, words: 1, data: bias, zero: 0, relu: false };
}

/** Weights minus their zero points, where the graph has them: `codes[rows[r] + n * outputStride]` is row r (window-major, channel last) of output n of the whole layer. */
export interface WeightTable {
  readonly codes: Int8Array | Int32Array;
  readonly rows: Int32Array;
  readonly outputStride: number;
}

export function tabulate({ weights, k, channels, outputs }: RawMatmul): WeightTable {
  const { codes, zeros, outputStride, channelStride, positionStride } = weights;
  const rows = Int32Array.from(
    { length: k },
    (_, r) => (r % channels) * channelStride + Math.floor(r / channels) * positionStride,
  );
  const shifted = zeros.some((z) => z !== 0);
  if (codes instanceof Int8Array && !shifted) return { codes, rows, outputStride };
  const wide = new Int32Array(codes.length);
  for (let n = 0; n < outputs; n++) {
    const zero = shifted ? zeros[zeros.length === 1 ? 0 : n]! : 0;
    for (let r = 0; r < k; r++) {
      const i = rows[r]! + n * outputStride;
      wide[i] = codes[i]! - zero;
    }
  }
  const narrow = wide.every((w) => w >= -128 && w <= 127);
  return { codes: narrow ? Int8Array.from(wide) : wide, rows, outputStride };
}

/** What all weights of a layer are like; sums by output, of the weights and of their sizes. */
interface Survey {
  readonly total: Float64Array;
  readonly size: Float64Array;
  readonly min: number;
  readonly max: number;
  readonly zero: boolean;
}

/** Rows where outputs are neighbours, else output by output: as they lie in memory. */
function survey({ codes, rows, outputStride }: WeightTable, outputs: number): Survey {
  const total = new Float64Array(outputs);
  const size = new Float64Array(outputs);
  if (outputStride === 1) {
    for (let r = 0; r < rows.length; r += ROWS_AT_ONCE) addRows(codes, rows.subarray(r, r + ROWS_AT_ONCE), total, size);
    return { total, size, ...extremes(codes) };
  }
  for (let n = 0; n < outputs; n++) {
    let [sum, sizes] = [0, 0];
    for (let r = 0; r < rows.length; r++) {
      const w = codes[rows[r]! + n * outputStride]!;
      sum += w;
      sizes += Math.abs(w);
    }
    total[n] = sum;
    size[n] = sizes;
  }
  return { total, size, ...extremes(codes) };
}

/** More would need more numbers than the processor has registers; fewer read and write the sums more often. */
const ROWS_AT_ONCE = 4;

function addRows(codes: WeightTable['codes'], rows: Int32Array, total: Float64Array, size: Float64Array): void {
  const [a, b, c, d] = rows;
  if (a === undefined) return;
  if (b === undefined || c === undefined || d === undefined) {
    for (let n = 0; n < total.length; n++) {
      const w = codes[a + n]!;
      total[n]! += w;
      size[n]! += Math.abs(w);
    }
    addRows(codes, rows.subarray(1), total, size);
    return;
  }
  for (let n = 0; n < total.length; n++) {
    const [w, x, y, z] = [codes[a + n]!, codes[b + n]!, codes[c + n]!, codes[d + n]!];
    total[n]! += w + x + y + z;
    size[n]! += Math.abs(w) + Math.abs(x) + Math.abs(y) + Math.abs(z);
  }
}

function extremes(codes: WeightTable['codes']): Pick<Survey, 'min' | 'max' | 'zero'> {
  let min = 0;
  let max = 0;
  for (let i = 0; i < codes.length; i++) {
    const w = codes[i]!;
    min = w < min ? w : min;
    max = w > max ? w : max;
  }
  return { min, max, zero: codes.includes(0) };
}

/** The range that any order of accumulation stays in, over all outputs. */
function sumsOf(raw: RawMatmul, { total, size }: Survey): { readonly low: number; readonly high: number } {
  const x = codeRange(raw.input.coding, raw.input.bits);
  const xMin = Math.min(0, x.min, raw.inputZero);
  const xMax = Math.max(0, x.max, raw.inputZero);
  let low = 0;
  let high = 0;
  total.forEach((sum, n) => {
    const positive = (at(size, n) + sum) / 2;
    const negative = (sum - at(size, n)) / 2;
    low = Math.min(low, positive * xMin + negative * xMax);
    high = Math.max(high, positive * xMax + negative * xMin);
  });
  return { low, high };
}

/** Bytes minus a zero point per output reach -255 .. 255: three signed bytes. */
const MOST_PARTS = 3;

type Coded = Pick<MatmulSpec, 'weightBits' | 'weightCoding' | 'parts'>;

/** Narrowest coding of all weights of the layer. */
function codeWeights(weights: WeightTable, { min, max, zero }: Survey, machine: Machine): Coded {
  const most = machine.core.matrix.weightBitsMax;
  const coded = atLeast(narrowest(min, max, zero), machine.core.matrix.weightBitsMin, max);
  if (coded.weightBits <= Math.min(most, 8)) return { ...coded, parts: [weights] };
  const bits = Math.min(most, 8);
  const { min: low, max: high } = codeRange('signed', bits);
  const count = Math.max(Math.ceil(min / low), Math.ceil(max / high));
  refuseUnless(
    count <= MOST_PARTS,
    `weights reach ${min} .. ${max}; the matrix unit takes ${most} bits, ${MOST_PARTS} times accumulated ${MOST_PARTS * low} .. ${MOST_PARTS * high} (core.matrix.weightBitsMax)`,
  );
  // Part i is what parts 0 .. i - 1, each as large as it can be, leave of the weight.
  const clamped = (w: number, i: number): number => Math.max(i * low, Math.min(i * high, w));
  const parts = Array.from({ length: count }, (_, i) => {
    return { ...weights, codes: Int8Array.from(weights.codes, (w) => clamped(w, i + 1) - clamped(w, i)) };
  });
  return { weightBits: bits, weightCoding: 'signed', parts };
}

/** Wider where the machine has no narrower weight; two's complement unless only unsigned holds the largest. */
function atLeast(coded: ReturnType<typeof narrowest>, least: number, max: number): ReturnType<typeof narrowest> {
  if (coded.weightBits >= least) return coded;
  return { weightBits: least, weightCoding: max > 2 ** (least - 1) - 1 ? 'unsigned' : 'signed' };
}

function narrowest(
  min: number,
  max: number,
  zero: boolean,
): { readonly weightBits: number; readonly weightCoding: ArrayDescriptor['weightCoding'] } {
  if (min >= -1 && max <= 1 && !zero) return { weightBits: 1, weightCoding: 'bipolar' };
  if (min >= 0) return { weightBits: Math.max(1, Math.ceil(Math.log2(max + 1))), weightCoding: 'unsigned' };
  if (min >= -1 && max <= 1) return { weightBits: 2, weightCoding: 'ternary' };
  let bits = 2;
  while (min < -(2 ** (bits - 1)) || max > 2 ** (bits - 1) - 1) bits++;
  return { weightBits: bits, weightCoding: 'signed' };
}
