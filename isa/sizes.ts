/** Bytes of instructions and descriptors as they are stored and fetched; the binary form is isa/instructions/descriptor-codec.ts. */
import { roundUp } from './base/bits.ts';
import type { TensorDescriptor } from './tensor.ts';

export const instructionBytes = 16;
export const arrayDescriptorBytes = 32;

/** A header of 5 words, 4 words an axis, 2 words a dim, in whole 16-byte lines. */
export function tensorDescriptorBytes(t: TensorDescriptor): number {
  return roundUp(4 * (5 + 4 * t.axes.length + 2 * t.dims.length), 16);
}
