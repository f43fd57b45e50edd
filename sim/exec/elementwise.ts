/**
 * The arithmetic of elementwise instructions, one loop each. A float loop stores into a Float32Array, which is the one rounding per operation: for
 * + - * / and square root of float32 operands the double result rounds to float32 as if it had been computed in float32.
 */

export type Operands = Int32Array | Float32Array | Float64Array;
/** out[e] = f(a[e], b[e]). */
export type Loop = (a: Operands, b: Operands, out: Float32Array | Float64Array) => void;

export const add: Loop = (a, b, out) => {
  for (let e = 0; e < out.length; e++) out[e] = a[e]! + b[e]!;
};
export const subtract: Loop = (a, b, out) => {
  for (let e = 0; e < out.length; e++) out[e] = a[e]! - b[e]!;
};
export const multiply: Loop = (a, b, out) => {
  for (let e = 0; e < out.length; e++) out[e] = a[e]! * b[e]!;
};
export const divide: Loop = (a, b, out) => {
  for (let e = 0; e < out.length; e++) out[e] = a[e]! / b[e]!;
};
export const maximum: Loop = (a, b, out) => {
  for (let e = 0; e < out.length; e++) {
    const x = a[e]!;
    const y = b[e]!;
    out[e] = x > y ? x : y;
  }
};
export const minimum: Loop = (a, b, out) => {
  for (let e = 0; e < out.length; e++) {
    const x = a[e]!;
    const y = b[e]!;
    out[e] = x < y ? x : y;
  }
};
