/** Operands of hand-made drafts: bytes in a row, with everything that is usually empty filled in. */
import type { NamedTensor } from '../../compiler/lower/draft.ts';

/** `count` signed bytes from `base` of a space on; the scratchpad unless `more` says otherwise. */
export function bytesAt(base: number, count: number, more: Partial<NamedTensor> = {}): NamedTensor {
  const space = more.space ?? 'spad';
  return {
    name: `${space}${base}`,
    space,
    base,
    baseRegister: 0,
    widthBits: 8,
    coding: 'signed',
    role: 'activations',
    fill: 0,
    axes: [{ extent: count, stride: 1, modulo: 0, origin: 0 }],
    dims: [{ count, axis: 0, step: 1 }],
    originRegisters: [],
    ...more,
  };
}
