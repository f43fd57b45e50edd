/**
 * The inner product of the functional run: gathered activation rows times a weight panel, both with k innermost. 16-bit codes go through the SIMD kernel where
 * there is one; other codes, and sums that may leave 32 bits, through plain loops. All ways give the same integers.
 */
import { roundUp } from '../../isa/base/bits.ts';
import type { Panel } from './arrays.ts';
import { createSimdKernel, type SimdKernel } from './simd.ts';

/** Room for gathered rows, and their product. */
export interface Stage {
  /** Row m starts at m * stride. */
  readonly x: Int16Array | Int32Array;
  readonly stride: number;
  /** Multiplies the first `rows` rows; writes rows x n sums from out[at]. */
  multiply(rows: number, out: Int32Array | Float64Array, at: number): void;
}

/** What bounds an operand: the largest absolute value of a code. */
export interface Magnitudes {
  readonly input: number;
  readonly weight: number;
}

export class DotKernel {
  readonly #simd: SimdKernel | undefined;

  /** @param simd false forces the plain loops. */
  constructor(simd = true) {
    this.#simd = simd ? createSimdKernel() : undefined;
  }

  get usesSimd(): boolean {
    return this.#simd !== undefined;
  }

  /** Prepares for up to `rows` rows at a time against a panel of n x k weights. The stage is good until the next one is made. */
  stage(rows: number, k: number, n: number, panel: Panel, largest: Magnitudes): Stage {
    const fits = k * largest.input * largest.weight < 2 ** 31;
    if (fits && this.#simd !== undefined && largest.input < 2 ** 15 && largest.weight < 2 ** 15)
      return simdStage(this.#simd, rows, k, n, panel);
    const x = new Int32Array(rows * k);
    return {
      x,
      stride: k,
      multiply: (count, out, at) => dotPanels(x, panel.weights, count, k, n, out.subarray(at, at + count * n), fits),
    };
  }
}

const PAGE = 65536;

function simdStage({ memory, dot }: SimdKernel, rows: number, k: number, n: number, panel: Panel): Stage {
  const kPadded = roundUp(k, 8);
  const nPadded = roundUp(n, 4);
  const rowsPadded = roundUp(rows, 2);
  const wAt = rowsPadded * kPadded * 2;
  const outAt = wAt + nPadded * kPadded * 2;
  const end = outAt + rowsPadded * nPadded * 4;
  if (memory.buffer.byteLength < end) memory.grow(Math.ceil((end - memory.buffer.byteLength) / PAGE));
  const x = new Int16Array(memory.buffer, 0, rowsPadded * kPadded);
  const sums = new Int32Array(memory.buffer, outAt, rowsPadded * nPadded);
  x.fill(0);
  new Int16Array(memory.buffer, wAt, nPadded * kPadded).set(panel.packed(kPadded, nPadded));
  return {
    x,
    stride: kPadded,
    multiply: (count, out, at) => {
      dot(0, wAt, outAt, roundUp(count, 2), kPadded * 2, nPadded);
      if (n === nPadded) out.set(sums.subarray(0, count * n), at);
      else for (let m = 0; m < count; m++) out.set(sums.subarray(m * nPadded, m * nPadded + n), at + m * n);
    },
  };
}

/**
 * out[m * n + j] = sum over i of x[m * k + i] * w[j * k + i], for rows x n sums. `fits` promises that no partial sum leaves 32 bits; otherwise sums are kept
 * in doubles, exact below 2^53, and `out` must be a Float64Array.
 */
export function dotPanels(
  x: Int32Array,
  w: Int32Array,
  rows: number,
  k: number,
  n: number,
  out: Int32Array | Float64Array,
  fits: boolean,
): void {
  if (!fits) return dotDouble(x, w, rows, k, n, out);
  const n4 = n - (n % 4);
  let m = 0;
  for (; m + 1 < rows; m += 2) {
    for (let j = 0; j < n4; j += 4) block2x4(x, w, m * k, j * k, k, out, m * n + j, n);
    for (let j = n4; j < n; j++) {
      out[m * n + j] = dot(x, m * k, w, j * k, k);
      out[(m + 1) * n + j] = dot(x, (m + 1) * k, w, j * k, k);
    }
  }
  if (m < rows) for (let j = 0; j < n; j++) out[m * n + j] = dot(x, m * k, w, j * k, k);
}

/** 2 rows x 4 outputs: eight sums in registers, each loaded number used several times. */
function block2x4(
  x: Int32Array,
  w: Int32Array,
  xAt: number,
  wAt: number,
  k: number,
  out: Int32Array | Float64Array,
  at: number,
  n: number,
): void {
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  const x1 = xAt + k;
  const w1 = wAt + k;
  const w2 = w1 + k;
  const w3 = w2 + k;
  for (let i = 0; i < k; i++) {
    const p = x[xAt + i]!;
    const q = x[x1 + i]!;
    const c0 = w[wAt + i]!;
    const c1 = w[w1 + i]!;
    const c2 = w[w2 + i]!;
    const c3 = w[w3 + i]!;
    a0 = (a0 + Math.imul(p, c0)) | 0;
    a1 = (a1 + Math.imul(p, c1)) | 0;
    a2 = (a2 + Math.imul(p, c2)) | 0;
    a3 = (a3 + Math.imul(p, c3)) | 0;
    b0 = (b0 + Math.imul(q, c0)) | 0;
    b1 = (b1 + Math.imul(q, c1)) | 0;
    b2 = (b2 + Math.imul(q, c2)) | 0;
    b3 = (b3 + Math.imul(q, c3)) | 0;
  }
  out[at] = a0;
  out[at + 1] = a1;
  out[at + 2] = a2;
  out[at + 3] = a3;
  out[at + n] = b0;
  out[at + n + 1] = b1;
  out[at + n + 2] = b2;
  out[at + n + 3] = b3;
}

function dot(x: Int32Array, xAt: number, w: Int32Array, wAt: number, k: number): number {
  let sum = 0;
  for (let i = 0; i < k; i++) sum = (sum + Math.imul(x[xAt + i]!, w[wAt + i]!)) | 0;
  return sum;
}

function dotDouble(
  x: Int32Array,
  w: Int32Array,
  rows: number,
  k: number,
  n: number,
  out: Int32Array | Float64Array,
): void {
  for (let m = 0; m < rows; m++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += x[m * k + i]! * w[j * k + i]!;
      out[m * n + j] = sum;
    }
  }
}
