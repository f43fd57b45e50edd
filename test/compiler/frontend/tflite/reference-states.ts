/** SVDF of int8 codes with a 16-bit state, one number at a time. Like the kernel it writes the new state over the old one. */
import type { Frame } from './reference.ts';
import { clampTo } from './reference-basics.ts';
import { rescale, toFactor } from './reference-fixed.ts';

export function svdf(f: Frame): number[] {
  const [x, features, times, state] = [f.t(0), f.t(1), f.t(2), f.t(4)];
  const rank = f.o.int(0);
  const [filters, inputs] = features.shape as [number, number];
  const memory = times.shape[1]!;
  const batch = x.shape[0]!;
  const own = f.v(4) as number[];
  const single = (a: number, b: number, c: number) => toFactor(Math.fround(Math.fround(a * b) / c));
  const first = single(x.scale[0]!, features.scale[0]!, state.scale[0]!);
  const second = single(state.scale[0]!, times.scale[0]!, f.y.scale[0]!);
  const out: number[] = [];
  for (let b = 0; b < batch; b++) {
    const sums = new Array<number>(filters / rank).fill(0);
    for (let n = 0; n < filters; n++) {
      let product = 0;
      for (let i = 0; i < inputs; i++) product += (f.v(0)[b * inputs + i]! - x.zero[0]!) * f.v(1)[n * inputs + i]!;
      const start = (b * filters + n) * memory;
      for (let m = 0; m < memory - 1; m++) own[start + m] = own[start + m + 1]!;
      own[start + memory - 1] = clampTo(Number(rescale(BigInt(product), first)), [-32768, 32767]);
      for (let m = 0; m < memory; m++) sums[Math.floor(n / rank)]! += own[start + m]! * f.v(2)[n * memory + m]!;
    }
    for (const [u, sum] of sums.entries()) {
      const total = BigInt(sum + ((f.o.inputs[3] ?? -1) >= 0 ? f.v(3)[u]! : 0));
      out.push(clampTo(Number(rescale(total, second)) + f.y.zero[0]!, [-128, 127]));
    }
  }
  return out;
}
