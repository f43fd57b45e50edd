/**
 * Cores that receive what a DMA instruction writes: its own, the one that `core` names, or all of the mask `cores` (multicast: the same address
 * and the same semaphore in each). For every instruction that does not say, its own.
 */

/** Most cores of a program: bits of the widest mask. */
export const MOST_CORES = 31;

const ALONE: readonly (readonly number[])[] = Array.from({ length: MOST_CORES + 1 }, (_, core) => [core]);

/** Cores of a mask, ascending; bit c is core c. */
export function coresOf(mask: number): number[] {
  return Array.from({ length: MOST_CORES }, (_, core) => core).filter((core) => (mask >>> core) & 1);
}

/** Mask of some cores; the inverse of `coresOf`. */
export function maskOf(cores: readonly number[]): number {
  return cores.reduce((mask, core) => mask | (1 << core), 0);
}

/** Whether the destination is named by a mask. */
export function isMulticast(instruction: object): boolean {
  return 'cores' in instruction && Number(instruction.cores) !== 0;
}

/**
 * Cores whose memories the destination lies in, ascending; memory that all cores share is none of theirs, and a remote semaphore is signalled on each.
 * @param core core that issues the instruction
 */
export function destinationCores(instruction: object, core: number): readonly number[] {
  if (isMulticast(instruction)) return coresOf(Number((instruction as { readonly cores: number }).cores));
  const named = 'core' in instruction ? Number(instruction.core) : 0;
  return ALONE[named > 0 ? named - 1 : core] ?? [named - 1];
}

/** Whether the data leaves its core, or passes the interconnect as if it did: a multicast goes over the link to its own core too. */
export function leavesCore(instruction: object, core: number): boolean {
  return isMulticast(instruction) || destinationCores(instruction, core)[0] !== core;
}

/** Semaphores that an instruction signals on the cores of its destination, behind its data. */
export function remoteSignals(
  instruction: object,
  core: number,
): readonly { readonly core: number; readonly semaphore: number }[] {
  const semaphore = 'signalRemote' in instruction ? Number(instruction.signalRemote) : 0;
  if (semaphore === 0) return [];
  return destinationCores(instruction, core).map((c) => ({ core: c, semaphore }));
}
