/** NumPy broadcasting of two shapes, and the walk over an operand that it means. */
import type { ValueType } from '../types.ts';
import { requireThat, stridesOf } from './op.ts';

/** NumPy broadcasting; throws OpError when the shapes do not agree. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[i - rank + a.length] ?? 1;
    const db = b[i - rank + b.length] ?? 1;
    requireThat(da === db || da === 1 || db === 1, `shapes [${a}] and [${b}] do not broadcast`);
    return Math.max(da, db);
  });
}

/** Flat index into an operand for a flat index into the broadcast result. */
export function broadcastIndex(operand: ValueType, result: ValueType): (i: number) => number {
  const lead = result.shape.length - operand.shape.length;
  if (lead === 0 && operand.shape.every((d, i) => d === result.shape[i])) return (i) => i;
  const own = stridesOf(operand.shape);
  const dims = stridesOf(result.shape).map((stride, i) => {
    const size = i < lead ? 1 : operand.shape[i - lead]!;
    return { stride, size: result.shape[i]!, step: size === 1 ? 0 : own[i - lead]! };
  });
  return (i) => {
    let at = 0;
    for (const d of dims) at += (Math.floor(i / d.stride) % d.size) * d.step;
    return at;
  };
}
