/**
 * Signals between cores. A DMA instruction signals one semaphore of the core that owns its destination, or of any core when it writes
 * shared memory; a multicast one number on all that receive (order.ts finds those that agree on it). What finds no such instruction travels on an empty transfer: a fill whose every element lies outside its axis writes
 * nothing, and costs its set-up alone.
 */

import { isMulticast } from '../../isa/instructions/destinations.ts';
import type { Draft, NamedTensor } from './draft.ts';
import { targetCoresOf } from './draft.ts';

/** A signal to a unit of another core. */
export interface Remote {
  readonly core: number;
  readonly semaphore: number;
}

const NOTHING: NamedTensor = {
  name: 'nothing',
  space: 'buffer',
  base: 0,
  baseRegister: 0,
  widthBits: 8,
  coding: 'unsigned',
  role: 'activations',
  fill: 0,
  axes: [{ extent: 1, stride: 1, modulo: 0, origin: 1 }],
  dims: [{ count: 1, axis: 0, step: 0 }],
  originRegisters: [],
};

/** A transfer of nothing on a channel of a core: it waits, and it signals. */
export function relay(core: number, layer: number, channel: number): Draft {
  const site = { core, group: -1 };
  return { op: 'fill', layer, site, dst: NOTHING, value: 0, channel, core: 0, signalRemote: 0 };
}

/** Whether the instruction itself can signal a semaphore of `core`. */
export function canCarry(draft: Draft, core: number): boolean {
  if (!('signalRemote' in draft) || isMulticast(draft)) return false;
  const { space } = draft.dst;
  return space === 'dram' || space === 'buffer' || targetCoresOf(draft).includes(core);
}

export function withRemote(draft: Draft, { core, semaphore }: Remote): Draft {
  if (!('signalRemote' in draft)) return draft;
  return { ...draft, core: core + 1, signalRemote: semaphore };
}

/** A multicast with the semaphore that it signals on each of its cores. */
export function withShared(draft: Draft, semaphore: number): Draft {
  return 'signalRemote' in draft ? { ...draft, signalRemote: semaphore } : draft;
}
