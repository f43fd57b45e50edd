/** The natural logarithm of exact operations, so that every platform gives the same bits; within 1e-15 relative of it. */

/** x = m · 2^e with m in [1/√2, √2); ln m = 2 (z + z³/3 + z⁵/5 + ...) for z = (m − 1) / (m + 1). x is a positive normal double. */
export function logarithm(x: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const exponent = ((view.getUint32(0) >>> 20) & 0x7ff) - 1023;
  const mantissa = x / 2 ** exponent;
  const high = mantissa > Math.SQRT2;
  const m = high ? mantissa / 2 : mantissa;
  const z = (m - 1) / (m + 1);
  let sum = 0;
  for (let k = 23; k >= 1; k -= 2) sum = sum * z * z + 1 / k;
  return 2 * z * sum + (exponent + (high ? 1 : 0)) * Math.LN2;
}
