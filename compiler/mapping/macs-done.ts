/**
 * Multiply-accumulates that a kernel does. They are more than its layer has where neighbouring tiles of a joined kernel, on one core or on two, both compute the rows
 * between them (lower/fuse.ts); what bands of rows compute twice is in their layers already. Idle cells of a tile are no MACs.
 */
import type { Kernel } from '../lower/kernel.ts';
import { at, type Box, fullBox } from '../lower/layout.ts';
import type { Split } from './shares.ts';
import type { TilePlan } from './tiles.ts';

/** @param kernel as it is before it is cut over cores */
export function macsDone(kernel: Kernel, { boxes }: Pick<Split, 'boxes'>, { sizes }: Pick<TilePlan, 'sizes'>): number {
  const { macs, m, k, n } = kernel.layer;
  if (kernel.kind !== 'matmul' || kernel.epilogue === null) return macs;
  const { need } = kernel.epilogue;
  const drained = (box: Box): number => need(box).count.reduce((a, b) => a * b, 1);
  /** What the tiles of a box drain: along each dim so many times what they would without rows in common. */
  const inTiles = (box: Box): number =>
    box.count.reduce((all, size, d) => {
      let sum = 0;
      for (let i = 0; i < size; i += at(sizes, d)) {
        const start = box.start.with(d, at(box.start, d) + i);
        sum += drained({ start, count: box.count.with(d, Math.min(at(sizes, d), size - i)) });
      }
      return (all * sum) / drained(box);
    }, drained(box));
  const whole = fullBox(kernel.shape);
  const done = boxes.reduce((sum, box) => sum + inTiles(box), 0);
  return macs + Math.round(Math.min(macs, m * k * n) * (done / drained(whole) - 1));
}
