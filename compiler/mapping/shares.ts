/**
 * A kernel's output cut into one box a core, along one dim. Tiling never changes a value, so neither does a share: a core runs the tiles of its
 * own box. For planning, the largest share stands for all: a kernel of that shape whose operands are as large as any share's.
 */
import type { Kernel, KernelInput, MatmulKernel } from '../lower/kernel.ts';
import { plainDims } from '../lower/kernel.ts';
import { channelDim } from '../lower/kernels/matmul.ts';
import type { Box, Layout } from '../lower/layout.ts';
import { at, boxLayout, byteGroup, fullBox } from '../lower/layout.ts';
import type { Storage } from './storage.ts';
import { operandLayout } from './storage.ts';

export interface Split {
  /** Output dim that is cut; null when one core makes all of it. */
  readonly dim: number | null;
  /** What each core makes, from core `first` on; cores without a box do nothing here. */
  readonly boxes: readonly Box[];
  readonly first: number;
}

export function serial(kernel: Kernel): Split {
  return { dim: null, boxes: [fullBox(kernel.shape)], first: 0 };
}

/** Every way in which kernel `k` may be cut over up to `cores` cores, one core first. */
export function splitsOf(storage: Storage, k: number, cores: number): readonly Split[] {
  const kernel = at(storage.kernels, k);
  const cuts = kernel.shape.flatMap((_, dim): Split[] => {
    const boxes = cutDim(kernel, at(storage.outputs, k).layout, dim, cores);
    return boxes.length > 1 && legal(storage, k, boxes) ? [{ dim, boxes, first: 0 }] : [];
  });
  return [serial(kernel), ...cuts];
}

/** Even boxes that end on whole grains, fewer than `cores` where there are fewer grains. */
function cutDim(kernel: Kernel, output: Layout, dim: number, cores: number): Box[] {
  const size = at(kernel.shape, dim);
  const grain = kernel.kind === 'copy' ? copyGrain(kernel, output, dim) : at(kernel.grain, dim);
  const grains = Math.ceil(size / grain);
  const parts = Math.min(cores, grains);
  const end = (i: number): number => Math.min(size, Math.floor((i * grains) / parts) * grain);
  return Array.from({ length: parts }, (_, i) => ({
    start: kernel.shape.map((_, d) => (d === dim ? end(i) : 0)),
    count: kernel.shape.map((n, d) => (d === dim ? end(i + 1) - end(i) : n)),
  }));
}

/** Copies may be cut wherever no two cores write the same byte. */
function copyGrain(kernel: Kernel, output: Layout, dim: number): number {
  return at(output.dims, dim).some((f) => f.stride === 1) ? byteGroup(kernel.format.bits) : 1;
}

function legal(storage: Storage, k: number, boxes: readonly Box[]): boolean {
  const kernel = at(storage.kernels, k);
  const output = at(storage.outputs, k).layout;
  if (boxes.some((box) => boxLayout(output, box) === null)) return false;
  if (kernel.kind === 'copy') {
    const from = copySource(storage, k);
    return from !== null && boxes.every((box) => boxLayout(from, box) !== null);
  }
  return kernel.inputs.every((_, i) => plainDims(operandLayout(storage, kernel, i)));
}

/** A copy's source under the result's shape, or null where it cannot be seen that way. */
export function copySource(storage: Storage, k: number): Layout | null {
  const kernel = at(storage.kernels, k);
  if (kernel.kind !== 'copy' || kernel.arrange === null) return null;
  return kernel.arrange(operandLayout(storage, kernel, 0));
}

/** The kernel as one core sees it; the largest share stands for all. */
export function shareKernel(kernel: Kernel, { dim, boxes }: Split): Kernel {
  if (dim === null) return kernel;
  const shape = kernel.shape.map((_, d) => Math.max(...boxes.map((b) => at(b.count, d))));
  const like = kernel.like === undefined ? undefined : `${kernel.like} in ${JSON.stringify(boxes)}`;
  return { ...largestShare(kernel, boxes, shape), like };
}

function largestShare(kernel: Kernel, boxes: readonly Box[], shape: readonly number[]): Kernel {
  if (kernel.kind === 'copy') return { ...kernel, shape };
  const inputs = kernel.inputs.map((input): KernelInput => ({ ...input, need: largestOf(input.need, boxes) }));
  if (kernel.kind === 'plain') return { ...kernel, shape, inputs };
  return shareProduct({ ...kernel, inputs }, shape);
}

/** Where the first core's operand starts, as long as the longest. */
function largestOf(need: KernelInput['need'], boxes: readonly Box[]): KernelInput['need'] {
  const from = (box: Box, share: Box): Box =>
    need({ start: box.start.map((s, d) => s + at(share.start, d)), count: box.count });
  return (box) => {
    const all = boxes.map((share) => from(box, share));
    const { start, count } = at(all, 0);
    return { start, count: count.map((_, d) => Math.max(...all.map((b) => at(b.count, d)))) };
  };
}

function shareProduct(kernel: MatmulKernel, shape: readonly number[]): MatmulKernel {
  const { matmul, drained, epilogue } = kernel;
  const box = fullBox(shape);
  const own = epilogue === null ? shape : epilogue.need(box).count;
  const outputs = at(own, channelDim(kernel));
  const n = Math.min(matmul.n, outputs);
  return {
    ...kernel,
    shape,
    drained: { ...drained, shape: own },
    matmul: { ...matmul, n, groups: Math.ceil(outputs / n) },
  };
}

/** The storage as one core sees it: same buffers and values, every kernel its largest share. */
export function shareStorage(storage: Storage, splits: readonly Split[]): Storage {
  return { ...storage, kernels: storage.kernels.map((kernel, k) => shareKernel(kernel, at(splits, k))) };
}
