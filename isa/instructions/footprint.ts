/**
 * The box of bytes that a walk can touch while its registers are zero: exact at both ends for one-way walks, a bound where a ring
 * wraps. What an axis clips is left out, as in the hardware. Static checks and the assembler's layout need no more.
 */
import type { TensorDescriptor } from '../tensor.ts';

export interface ByteRange {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

/** Undefined when every element lies outside its axes. */
export function walkBytes(t: TensorDescriptor): ByteRange | undefined {
  let low = 0;
  let high = 0;
  for (const [a, axis] of t.axes.entries()) {
    const reach = positionRange(t, a);
    if (reach === undefined) return undefined;
    const [first, last] = [reach.min * axis.stride, reach.max * axis.stride];
    low += Math.min(first, last);
    high += Math.max(first, last);
  }
  return {
    start: t.base + Math.floor((low * t.widthBits) / 8),
    end: t.base + Math.ceil(((high + 1) * t.widthBits) / 8),
  };
}

/** Smallest and largest position on an axis, clipped to the extent and folded into the ring. */
function positionRange(t: TensorDescriptor, a: number): { readonly min: number; readonly max: number } | undefined {
  const axis = t.axes[a]!;
  let min = axis.origin;
  let max = axis.origin;
  for (const d of t.dims) {
    if (d.axis !== a) continue;
    const far = (d.count - 1) * d.step;
    if (far < 0) min += far;
    else max += far;
  }
  min = Math.max(min, 0);
  max = Math.min(max, axis.extent - 1);
  if (min > max) return undefined;
  if (axis.modulo === 0 || max < axis.modulo) return { min, max };
  return Math.floor(min / axis.modulo) === Math.floor(max / axis.modulo)
    ? { min: min % axis.modulo, max: max % axis.modulo }
    : { min: 0, max: axis.modulo - 1 };
}

/** Whether a register moves the walk, so that its box is known only when it runs. */
export function isMoved(t: TensorDescriptor): boolean {
  return t.baseRegister !== 0 || t.originRegisters.length > 0;
}
