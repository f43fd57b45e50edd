/**
 * Multiply-accumulates that a kernel does. They are more than its layer has where neighbouring tiles of a joined kernel both compute the rows between them (lower/fuse.ts);
 * what bands of rows compute twice is in their layers already. Idle cells of a tile are no MACs.
 */
import type { Kernel } from '../lower/kernel.ts';
import { at, fullBox } from '../lower/layout.ts';
import type { TilePlan } from './tiles.ts';

export function macsDone(kernel: Kernel, { sizes }: Pick<TilePlan, 'sizes'>): number {
  const { macs, m, k, n } = kernel.layer;
  if (kernel.kind !== 'matmul' || kernel.epilogue === null) return macs;
  const { need } = kernel.epilogue;
  const whole = fullBox(kernel.shape);
  const elements = (counts: readonly number[]): number => counts.reduce((a, b) => a * b, 1);
  const once = elements(need(whole).count);
  const product = Math.min(macs, m * k * n);
  const times = kernel.shape.reduce((factor, size, d) => {
    let drained = 0;
    for (let start = 0; start < size; start += at(sizes, d)) {
      const count = whole.count.with(d, Math.min(at(sizes, d), size - start));
      drained += elements(need({ start: whole.start.with(d, start), count }).count);
    }
    return factor * (drained / once);
  }, 1);
  return macs + Math.round(product * (times - 1));
}
