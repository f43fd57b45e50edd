/**
 * Bytes that a descriptor can touch: one interval per descriptor, a safe superset of the walk. A strided walk counts
 * as its whole span, so two walks that interleave are taken to overlap; that costs an unneeded wait at worst.
 * Registers are zero here: drafts name their addresses in full.
 */
import type { ArrayDescriptor, TensorDescriptor } from '../../isa/tensor.ts';

/** Half-open interval; bytes of a space, or macro-planes of the matrix unit. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Lowest and highest legal position of one axis that the walk reaches, or null when every coordinate is outside. */
function positions(t: TensorDescriptor, axis: number): Interval | null {
  const a = t.axes[axis];
  if (a === undefined) return null;
  let low = a.origin;
  let high = a.origin;
  for (const d of t.dims) {
    if (d.axis !== axis) continue;
    const reach = d.step * (d.count - 1);
    if (reach > 0) high += reach;
    else low += reach;
  }
  low = Math.max(low, 0);
  high = Math.min(high, a.extent - 1);
  if (low > high) return null;
  if (a.modulo > 0) return { start: 0, end: Math.min(a.modulo, a.extent) - 1 };
  return { start: low, end: high };
}

/** Byte interval of a walk, or null when it touches nothing (all coordinates outside). */
export function footprint(t: TensorDescriptor): Interval | null {
  let low = 0;
  let high = 0;
  for (let axis = 0; axis < t.axes.length; axis++) {
    const range = positions(t, axis);
    if (range === null) return null;
    const stride = t.axes[axis]?.stride ?? 0;
    low += Math.min(range.start * stride, range.end * stride);
    high += Math.max(range.start * stride, range.end * stride);
  }
  return {
    start: t.base + Math.floor((low * t.widthBits) / 8),
    end: t.base + Math.ceil(((high + 1) * t.widthBits) / 8),
  };
}

/** Macro-planes of a weight tile as an interval: plane * macros + macro. */
export function cellFootprint(a: ArrayDescriptor, macros: number): Interval {
  const start = a.plane * macros + a.firstMacro;
  return { start, end: start + a.gridK * a.gridN * a.replicas };
}
