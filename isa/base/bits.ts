/**
 * Small integer helpers and bit fields in byte arrays (little endian, the first element in the lowest bits).
 * Fields are assembled a byte at a time by multiplying, never by shifting, so widths above 32 bits are exact.
 */
import { InternalError } from './errors.ts';

/** Widest bit field: the widest tensor element. Numbers up to 2^48 are exact in a double. */
const MAX_FIELD_BITS = 48;

/** Ceiling of a / b for non-negative safe integers, b > 0. */
export function ceilDiv(a: number, b: number): number {
  return Math.ceil(a / b);
}

/** Smallest multiple of `step` that is at least `n`. */
export function roundUp(n: number, step: number): number {
  return ceilDiv(n, step) * step;
}

/** Whether `n` is 1, 2, 4, ... up to the largest double; false for anything else. */
export function isPowerOfTwo(n: number): boolean {
  if (!Number.isInteger(n) || n < 1) return false;
  let rest = n;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}

/** Reads `widthBits` (1 .. 48) at a bit address as an unsigned number. Throws InternalError outside the bytes. */
export function readBits(bytes: Uint8Array, bitAddress: number, widthBits: number): number {
  checkField(bytes, bitAddress, widthBits);
  let value = 0;
  let done = 0;
  let at = Math.floor(bitAddress / 8);
  let shift = bitAddress - at * 8;
  while (done < widthBits) {
    const take = Math.min(8 - shift, widthBits - done);
    const part = (bytes[at]! >>> shift) & ((1 << take) - 1);
    value += part * 2 ** done;
    done += take;
    at += 1;
    shift = 0;
  }
  return value;
}

/** Writes the low `widthBits` (1 .. 48) of a non-negative integer at a bit address; the other bits stay. Throws InternalError outside the bytes. */
export function writeBits(bytes: Uint8Array, bitAddress: number, widthBits: number, value: number): void {
  checkField(bytes, bitAddress, widthBits);
  let rest = value;
  let left = widthBits;
  let at = Math.floor(bitAddress / 8);
  let shift = bitAddress - at * 8;
  while (left > 0) {
    const take = Math.min(8 - shift, left);
    const mask = ((1 << take) - 1) << shift;
    const part = rest % 2 ** take;
    bytes[at] = (bytes[at]! & ~mask) | (part << shift);
    rest = Math.floor(rest / 2 ** take);
    left -= take;
    at += 1;
    shift = 0;
  }
}

function checkField(bytes: Uint8Array, bitAddress: number, widthBits: number): void {
  if (widthBits >= 1 && widthBits <= MAX_FIELD_BITS && bitAddress >= 0 && bitAddress + widthBits <= bytes.length * 8)
    return;
  throw new InternalError(
    `bit field of ${widthBits} bits at bit ${bitAddress} does not lie in ${bytes.length} bytes (widths 1 .. ${MAX_FIELD_BITS})`,
    { code: 'E-BITS-RANGE' },
  );
}
