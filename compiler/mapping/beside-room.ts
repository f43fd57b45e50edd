/**
 * Addresses for layers side by side: what a layer touches keeps its place while the ones behind it begin, as far as the scratchpad has room beside all that is planned
 * already. Where it has not, layers there run one after the other again.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import { at } from '../lower/layout.ts';
import { type MemoryPlan, type Misfit, noRoom, place } from './addresses.ts';
import { type Beside, besideWays, cutBeside, running } from './beside.ts';
import { type KernelPins, type Pins, pinCapacity, pinError } from './pinned.ts';
import { stagedConstants } from './resident.ts';
import type { Storage } from './storage.ts';

/** Kernels that a block keeps its place for behind its last use: two, or one where there is no room. */
const REACHES = [2, 1] as const;

export interface BesidePlan {
  readonly memory: MemoryPlan;
  /** By kernel, with the one in front; null where there is none, or nothing is known of them. */
  readonly ways: readonly (Beside | null)[];
}

/**
 * The plan with layers side by side where that pays and finds room. Throws InputError or CapacityError for pins that cannot be met.
 * @param against why no layers of this network can; '' where they can
 */
export function planBeside(
  storage: Storage,
  machine: Machine,
  memory: MemoryPlan,
  pins: Pins | undefined,
  against: string,
): BesidePlan {
  const pinOf = (k: number): KernelPins | undefined => pins?.kernels[k];
  const order = running(memory.homes);
  order.forEach((k, i) => requirePossible(pinOf(k), i === 0 ? 'no layer runs in front of it' : against));
  if (against !== '') return { memory, ways: memory.homes.plans.map(() => null) };
  const ways = besideWays(storage, memory.homes, machine, pins);
  const wanted = new Set(order.filter((k, i) => i > 0 && (pinOf(k)?.beside ?? at(ways, k)?.on === true)));
  const gainOf = (k: number): number => (at(ways, k)?.apartCycles ?? 0) - (at(ways, k)?.besideCycles ?? 0);
  const found = withRoom(storage, machine, memory, new Set(wanted), gainOf, pins);
  return {
    memory: found,
    ways: ways.map((way, k) => {
      const on = found.homes.beside[k] === true;
      if (way === null) return null;
      return { ...way, on, against: !on && wanted.has(k) ? 'the scratchpad has no room for what both touch' : '' };
    }),
  };
}

function requirePossible(pins: KernelPins | undefined, against: string): void {
  if (pins?.beside === true && against !== '') throw pinError(`layer ${pins.layer}, beside`, against, 'false');
}

/** Gives up wanted layers around what finds no room, those that gain least first, until all does. */
function withRoom(
  storage: Storage,
  machine: Machine,
  memory: MemoryPlan,
  wanted: Set<number>,
  gainOf: (kernel: number) => number,
  pins: Pins | undefined,
): MemoryPlan {
  const order = running(memory.homes);
  const constants = new Map([...stagedConstants(storage, machine)].filter(([c]) => memory.constants.has(c)));
  while (wanted.size > 0) {
    const beside = memory.homes.plans.map((_, k) => wanted.has(k));
    const homes = cutBeside(storage, memory.homes, beside, machine, pins);
    let found: MemoryPlan | Misfit | null = null;
    for (const reach of REACHES) {
      const until = lastOf(order, beside, reach);
      found = place({ storage, machine, homes, constants, prefetch: memory.prefetch, stages: null, until });
      if (!('misfit' in found)) return found;
    }
    if (found === null || !('misfit' in found)) break;
    const { first, last } = found.misfit;
    const free = [...wanted].filter((k) => pins?.kernels[k]?.beside !== true);
    const near = free.filter((k) => first <= k && k <= last + 1);
    const [least] = (near.length > 0 ? near : free).sort((a, b) => gainOf(a) - gainOf(b) || a - b);
    if (least === undefined) refuse(found, wanted, machine, pins);
    wanted.delete(least);
  }
  return memory;
}

/** The last kernel that runs side by side, one with the next, with a kernel and up to `reach` behind it. */
function lastOf(order: readonly number[], beside: readonly boolean[], reach: number): (kernel: number) => number {
  const position = new Map(order.map((k, i) => [k, i]));
  return (kernel) => {
    const from = position.get(kernel);
    if (from === undefined) return kernel;
    let to = from;
    while (to < from + reach && beside[order[to + 1] ?? -1] === true) to++;
    return at(order, to);
  };
}

function refuse(found: Misfit, wanted: ReadonlySet<number>, machine: Machine, pins: Pins | undefined): never {
  const layers = [...wanted].flatMap((k) => pins?.kernels[k]?.layer ?? []);
  const { message, needed, available, unit, knob, consumers } = noRoom(found, machine);
  throw pinCapacity(`layer ${layers.join(', ')}, beside`, message, { needed, available, unit, knob, consumers });
}
