/**
 * Which constants (requantizer records, tables, constant operands) stay in the scratchpad from one inference to the next, as weights stay in
 * the arrays. They may take a fixed share of it, because what they take is gone for the tiles of every layer; the smallest first,
 * since each one saved is a transfer saved. Whether there is room that nothing else wants is decided with the whole plan (addresses.ts).
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { ConstantTensor } from '../lower/constants.ts';
import { denseLayout, roundUp } from '../lower/layout.ts';
import { stageAlign } from './cuts.ts';
import type { Storage } from './storage.ts';

/** Largest share of the scratchpad that resident constants may take. */
export const RESIDENT_SHARE = 0.25;

/** Bytes of scratchpad that resident constants may take on a machine. */
export function residentLimitBytes(machine: Machine): number {
  return Math.floor(machine.core.scratchpad.sizeBytes * RESIDENT_SHARE);
}

/** Constants that kernels stage, each with its bytes in the scratchpad. */
export function stagedConstants(storage: Storage, machine: Machine): ReadonlyMap<ConstantTensor, number> {
  const align = stageAlign(machine);
  const out = new Map<ConstantTensor, number>();
  for (const kernel of storage.kernels) {
    if (kernel.kind === 'copy') continue;
    for (const { source, accepts } of kernel.inputs) {
      if (source.kind !== 'constant' || !accepts(source.constant.layout)) continue;
      const { shape, format } = source.constant;
      out.set(source.constant, roundUp(denseLayout(shape, format.bits).sizeBytes, align));
    }
  }
  return out;
}

/** The constants that may stay, in order of first use. @param part of the share that they may take, 0 .. 1 */
export function residentConstants(
  storage: Storage,
  machine: Machine,
  part: number,
): ReadonlyMap<ConstantTensor, number> {
  const staged = stagedConstants(storage, machine);
  let left = residentLimitBytes(machine) * part;
  const chosen = new Set<ConstantTensor>();
  for (const [constant, bytes] of [...staged].sort((a, b) => a[1] - b[1])) {
    if (bytes > left) break;
    left -= bytes;
    chosen.add(constant);
  }
  return new Map([...staged].filter(([constant]) => chosen.has(constant)));
}
