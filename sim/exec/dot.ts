/**
 * The inner product of the functional run: gathered activation rows times a weight panel, both with k innermost. Blocks of 2 rows x 4 outputs keep eight
 * sums in registers and use each loaded number several times. One function, so that a faster kernel can take its place.
 */

/**
 * out[m * n + j] = sum over k of x[m * k + i] * w[j * k + i], for rows x n sums. An Int32Array `out` promises that no partial sum leaves 32 bits;
 * into a Float64Array sums are exact below 2^53.
 */
export function dotPanels(x: Int32Array, w: Int32Array, rows: number, k: number, n: number, out: Int32Array | Float64Array): void {
  if (out instanceof Float64Array) return dotDouble(x, w, rows, k, n, out);
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

function block2x4(x: Int32Array, w: Int32Array, xAt: number, wAt: number, k: number, out: Int32Array, at: number, n: number): void {
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

function dotDouble(x: Int32Array, w: Int32Array, rows: number, k: number, n: number, out: Float64Array): void {
  for (let m = 0; m < rows; m++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += x[m * k + i]! * w[j * k + i]!;
      out[m * n + j] = sum;
    }
  }
}
