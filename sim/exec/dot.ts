/**
 * The inner product of the functional run: rows of a gathered window times a weight panel. Zero activations are passed over, which is
 * common after ReLU and changes no sum. One function, so that a faster kernel can take its place.
 */

/**
 * x: rows x window codes (only [kStart, kStart + k) of each is used); w: k x n. Gives rows x n sums. `fits` promises that no
 * partial sum leaves 32 bits; otherwise sums are kept in doubles, exact below 2^53.
 */
export function dotPanels(x: ArrayLike<number>, window: number, kStart: number, w: Int32Array, rows: number, k: number, n: number, fits: boolean): Int32Array | Float64Array {
  const out = fits ? new Int32Array(rows * n) : new Float64Array(rows * n);
  if (fits) dotInto32(x as Int32Array, window, kStart, w, rows, k, n, out as Int32Array);
  else dotIntoDouble(x, window, kStart, w, rows, k, n, out as Float64Array);
  return out;
}

/** Four weights rows at a time, so that each partial sum is loaded and stored once for four products. */
function dotInto32(x: Int32Array, window: number, kStart: number, w: Int32Array, rows: number, k: number, n: number, out: Int32Array): void {
  const k4 = k - (k % 4);
  for (let m = 0; m < rows; m++) {
    const xs = m * window + kStart;
    const os = m * n;
    for (let j = 0; j < k4; j += 4) {
      const a = x[xs + j]!;
      const b = x[xs + j + 1]!;
      const c = x[xs + j + 2]!;
      const d = x[xs + j + 3]!;
      if ((a | b | c | d) === 0) continue;
      const wa = j * n;
      const wb = wa + n;
      const wc = wb + n;
      const wd = wc + n;
      for (let e = 0; e < n; e++) {
        out[os + e] = (out[os + e]! + a * w[wa + e]! + b * w[wb + e]! + c * w[wc + e]! + d * w[wd + e]!) | 0;
      }
    }
    for (let j = k4; j < k; j++) {
      const a = x[xs + j]!;
      if (a === 0) continue;
      for (let e = 0; e < n; e++) out[os + e] = (out[os + e]! + a * w[j * n + e]!) | 0;
    }
  }
}

function dotIntoDouble(x: ArrayLike<number>, window: number, kStart: number, w: Int32Array, rows: number, k: number, n: number, out: Float64Array): void {
  for (let m = 0; m < rows; m++) {
    for (let j = 0; j < k; j++) {
      const a = x[m * window + kStart + j]!;
      if (a === 0) continue;
      for (let e = 0; e < n; e++) out[m * n + e] = out[m * n + e]! + a * w[j * n + e]!;
    }
  }
}
