/** Small integer helpers and bit fields in byte arrays (little endian, first element in the lowest bits). */

/** Ceiling of a / b for non-negative integers. */
export function ceilDiv(a: number, b: number): number {
  return Math.ceil(a / b);
}

/** Smallest multiple of `step` that is at least `n`. */
export function roundUp(n: number, step: number): number {
  return ceilDiv(n, step) * step;
}

export function isPowerOfTwo(n: number): boolean {
  return n >= 1 && Number.isInteger(Math.log2(n));
}

/** Reads `widthBits` (1 .. 48) at a bit address as an unsigned number. */
export function readBits(bytes: Uint8Array, bitAddress: number, widthBits: number): number {
  let value = 0;
  let done = 0;
  let at = Math.floor(bitAddress / 8);
  let shift = bitAddress - at * 8;
  while (done < widthBits) {
    const take = Math.min(8 - shift, widthBits - done);
    const part = ((bytes[at] ?? 0) >>> shift) & ((1 << take) - 1);
    value += part * 2 ** done;
    done += take;
    at += 1;
    shift = 0;
  }
  return value;
}

/** Writes the low `widthBits` (1 .. 48) of a non-negative number at a bit address; other bits stay. */
export function writeBits(bytes: Uint8Array, bitAddress: number, widthBits: number, value: number): void {
  let rest = value;
  let left = widthBits;
  let at = Math.floor(bitAddress / 8);
  let shift = bitAddress - at * 8;
  while (left > 0) {
    const take = Math.min(8 - shift, left);
    const mask = ((1 << take) - 1) << shift;
    const part = rest % 2 ** take;
    bytes[at] = ((bytes[at] ?? 0) & ~mask) | (part << shift);
    rest = Math.floor(rest / 2 ** take);
    left -= take;
    at += 1;
    shift = 0;
  }
}
