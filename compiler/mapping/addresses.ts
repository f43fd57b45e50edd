/**
 * Addresses of everything: network tensors and spills in DRAM, buffers in the global buffer and the scratchpad, staged
 * pieces and scratch of every kernel in the scratchpad for as long as the kernel runs. Constants that a kernel needs from
 * its start are brought in while the kernel before it runs, so their pieces live one kernel longer; resident ones have
 * their place to themselves in every kernel.
 */
import { CapacityError } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Space } from '../../isa/tensor.ts';
import type { ConstantTensor } from '../lower/constants.ts';
import { at, roundUp } from '../lower/layout.ts';
import type { Block } from './allocate.ts';
import { aliveAt, allocate } from './allocate.ts';
import { stageAlign } from './cuts.ts';
import type { HomePlan, Life } from './homes.ts';
import { planHomes } from './homes.ts';
import type { Pins } from './pinned.ts';
import { residentConstants, stagedConstants } from './resident.ts';
import { type Stages, wholeStages } from './stages.ts';
import type { Storage } from './storage.ts';
import { TileCache, TilePool } from './tile-cache.ts';
import type { TilePlan } from './tiles.ts';

export interface Place {
  readonly space: Space;
  readonly base: number;
}

/** Scratchpad addresses of one kernel's own blocks; null where it has none. */
export interface KernelPlaces {
  readonly inputs: readonly (number | null)[];
  readonly output: number | null;
  readonly arena: number | null;
  /** Kernel during which the constants of this one are brought in: its predecessor, or itself. */
  readonly prologueAt: number;
}

export interface MemoryPlan {
  readonly homes: HomePlan;
  readonly buffers: readonly Place[];
  readonly kernels: readonly (KernelPlaces | null)[];
  /** Scratchpad addresses of constants that stay from one inference to the next. */
  readonly constants: ReadonlyMap<ConstantTensor, number>;
  /** DRAM: network inputs are below `inputsEnd`, all activations below `activationsEnd`. */
  readonly inputsEnd: number;
  readonly activationsEnd: number;
  /** Whether constants are brought in while the kernel before runs. */
  readonly prefetch: boolean;
  /** Most scratchpad and buffer bytes in use at once. */
  readonly spadPeakBytes: number;
  readonly bufferPeakBytes: number;
}

export interface MemoryOptions {
  /** Whether constants may stay in the scratchpad from one inference to the next. */
  readonly residency: boolean;
  readonly pins?: Pins | undefined;
  /** Where a stream of inferences is pipelined. */
  readonly stages?: Stages | null;
  /** What plans of the same network have in common. */
  readonly pool?: TilePool;
}

/** Parts of the share that resident constants may take which are tried. */
const SHARES = [1, 0.5, 0.25] as const;

/**
 * Plans with as many resident constants as leave everything else as it is: up to all, a half or a quarter of their share of the
 * scratchpad. Room that would cost an activation its home or a layer its tiles is not taken: what that loses no estimate of transfer
 * times foretells well, and a constant saves little.
 */
export function planMemory(storage: Storage, machine: Machine, options: MemoryOptions): MemoryPlan {
  const { pins } = options;
  const cache = new TileCache(options.pool ?? new TilePool(machine));
  const stages = options.stages ?? null;
  const least = pinnedConstants(storage, machine, pins, new Map());
  const tried = new Set<number>([least.size]);
  const without = planWith(storage, machine, least, cache, pins, stages);
  if (without instanceof CapacityError) throw without;
  for (const share of options.residency ? SHARES : []) {
    const constants = pinnedConstants(storage, machine, pins, residentConstants(storage, machine, share));
    if (tried.has(constants.size)) continue;
    tried.add(constants.size);
    const plan = planWith(storage, machine, constants, cache, pins, stages);
    if (!(plan instanceof CapacityError) && sameOtherwise(plan.homes, without.homes)) return plan;
  }
  return without;
}

/** Those of `chosen` that may stay, and those that have to, in order of first use. */
function pinnedConstants(
  storage: Storage,
  machine: Machine,
  pins: Pins | undefined,
  chosen: ReadonlyMap<ConstantTensor, number>,
): ReadonlyMap<ConstantTensor, number> {
  if (pins === undefined || pins.constants.size === 0) return chosen;
  const stays = ([c]: readonly [ConstantTensor, number]) =>
    (pins.constants.get(c) ?? (chosen.has(c) ? 'scratchpad' : '')) === 'scratchpad';
  return new Map([...stagedConstants(storage, machine)].filter(stays));
}

/** Whether values have the same homes and layers the same tiles. */
function sameOtherwise(a: HomePlan, b: HomePlan): boolean {
  const tiles = (plan: TilePlan | null | undefined) => `${plan?.sizes.join()}/${plan?.order.join()}/${plan?.summed}`;
  return (
    a.spaces.every((space, i) => space === b.spaces[i]) && a.plans.every((plan, k) => tiles(plan) === tiles(b.plans[k]))
  );
}

/** Plans with all of the scratchpad first; where blocks then do not pack, with less prefetch and smaller tiles. */
function planWith(
  storage: Storage,
  machine: Machine,
  constants: ReadonlyMap<ConstantTensor, number>,
  cache: TileCache,
  pins: Pins | undefined,
  stages: Stages | null,
): MemoryPlan | CapacityError {
  const { sizeBytes } = machine.core.scratchpad;
  const kept = [...constants.values()].reduce((sum, bytes) => sum + bytes, 0);
  let last: CapacityError | null = null;
  for (const [share, prefetch] of [
    [1, true],
    [1, false],
    [0.9, false],
    [0.8, false],
    [0.65, false],
    [0.5, false],
  ] as const) {
    const ahead = prefetch && machine.capabilities.doubleBuffering;
    const wanted = pins?.network.parametersAhead ?? ahead;
    if (share === 1 && ahead !== wanted) continue;
    const homes = attempt(() =>
      planHomes(storage, machine, Math.floor(sizeBytes * share) - kept, new Set(constants.keys()), cache, pins, stages),
    );
    if (homes instanceof CapacityError) return last ?? homes;
    const plan = place({ storage, machine, homes, constants, prefetch: wanted, stages });
    if (!('misfit' in plan)) return plan;
    last = noRoom(plan, machine);
  }
  return (
    last ??
    new CapacityError('no memory plan', {
      needed: 0,
      available: sizeBytes,
      unit: 'bytes',
      knob: 'core.scratchpad.sizeBytes',
    })
  );
}

/** What `make` gives, or the CapacityError that it throws. */
export function attempt<T>(make: () => T): T | CapacityError {
  try {
    return make();
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
}

interface KernelBlocks {
  readonly inputs: (number | null)[];
  output: number | null;
  readonly arena: number | null;
  readonly prologueAt: number;
}

export interface PlaceInput {
  readonly storage: Storage;
  readonly machine: Machine;
  readonly homes: HomePlan;
  /** Those that stay in the scratchpad, with their bytes. */
  readonly constants: ReadonlyMap<ConstantTensor, number>;
  readonly prefetch: boolean;
  readonly stages: Stages | null;
  /** The last kernel during which a block must keep its place whose last use is in a kernel. */
  readonly until?: (kernel: number) => number;
}

/** A block that finds no room, and all others. */
export interface Misfit {
  readonly misfit: Block;
  readonly blocks: readonly Block[];
}

export function place(input: PlaceInput): MemoryPlan | Misfit {
  const { storage, machine, homes, constants, prefetch, stages, until = (k) => k } = input;
  const align = stageAlign(machine);
  const blocks: Block[] = [];
  const add = (block: Block): number => blocks.push({ ...block, last: until(block.last) }) - 1;
  const own = storage.buffers.map((b) =>
    homes.spaces[b.id] === 'spad' ? add({ name: b.name, sizeBytes: b.sizeBytes, ...at(homes.lives, b.id) }) : -1,
  );
  const kernels = storage.kernels.map((kernel, k): KernelBlocks | null => {
    const plan = at(homes.plans, k);
    if (plan === null) return null;
    const earlier = prefetch ? before(homes, k) : k;
    const prologueAt = stages === null || stages.of[earlier] === stages.of[k] ? earlier : k;
    const stage = (
      name: string,
      s: { readonly sizeBytes: number; readonly depth: number } | null | undefined,
      first: number,
    ): number | null =>
      s === null || s === undefined
        ? null
        : add({ name, sizeBytes: roundUp(s.sizeBytes, align) * s.depth, first, last: k });
    return {
      inputs: kernel.inputs.map((input, i) => {
        const early = input.source.kind === 'constant' && plan.inputs[i]?.loads === 1;
        return stage(`${kernel.name} operand ${i}`, plan.inputs[i], early ? prologueAt : k);
      }),
      output: stage(`${kernel.name} result`, plan.output, k),
      arena:
        plan.arenaBytes === 0
          ? null
          : add({ name: `${kernel.name} scratch`, sizeBytes: plan.arenaBytes * plan.arenaDepth, first: k, last: k }),
      prologueAt,
    };
  });
  const always = { first: 0, last: storage.kernels.length - 1 };
  const stays = [...constants].map(([constant, bytes]) => {
    const life = stages === null ? always : constantLife(storage, constant, stages);
    return { constant, block: add({ name: constant.name, sizeBytes: bytes, ...life }) };
  });
  const { sizeBytes } = machine.core.scratchpad;
  const placed = allocate(blocks, sizeBytes, align);
  const misfit = placed.find((p) => p.address === null);
  if (misfit !== undefined) return { misfit: misfit.block, blocks };
  const address = (i: number | null): number | null => (i === null ? null : at(placed, i).address);
  const outside = placeOutside(storage, machine, homes);
  return {
    homes,
    ...outside,
    prefetch,
    buffers: storage.buffers.map((b) =>
      at(own, b.id) >= 0 ? { space: 'spad', base: address(at(own, b.id)) ?? 0 } : at(outside.buffers, b.id),
    ),
    kernels: kernels.map((k) =>
      k === null
        ? null
        : {
            inputs: k.inputs.map(address),
            output: address(k.output),
            arena: address(k.arena),
            prologueAt: k.prologueAt,
          },
    ),
    constants: new Map(stays.map(({ constant, block }) => [constant, address(block) ?? 0])),
    spadPeakBytes: peak(placed),
  };
}

/** A constant is on the cores of the stages that use it. */
function constantLife({ kernels }: Storage, constant: ConstantTensor, stages: Stages): Life {
  const users = kernels.flatMap(({ inputs }, k) =>
    inputs.some(({ source }) => source.kind === 'constant' && source.constant === constant) ? [k] : [],
  );
  return wholeStages({ first: at(users, 0), last: at(users, users.length - 1) }, stages);
}

/** The last kernel before `k` that runs, or `k` when it is the first. */
function before(homes: HomePlan, k: number): number {
  for (let i = k - 1; i >= 0; i--) if (homes.plans[i] !== null) return i;
  return k;
}

function peak(placed: readonly { readonly block: Block; readonly address: number | null }[]): number {
  return placed.reduce((most, p) => Math.max(most, (p.address ?? 0) + p.block.sizeBytes), 0);
}

/** Global buffer and DRAM: network tensors first, then spills that share room by lifetime. */
function placeOutside(storage: Storage, machine: Machine, homes: HomePlan) {
  const align = machine.dram.burstBytes;
  const buffers: Place[] = storage.buffers.map(() => ({ space: 'dram', base: 0 }));
  const blockOf = (id: number): Block => ({
    name: at(storage.buffers, id).name,
    sizeBytes: at(storage.buffers, id).sizeBytes,
    ...at(homes.sharedLives, id),
  });
  let dramEnd = 0;
  const appendFixed = (kind: 'input' | 'output'): void => {
    for (const b of storage.buffers.filter((x) => x.fixed === kind)) {
      buffers[b.id] = { space: 'dram', base: dramEnd };
      dramEnd = roundUp(dramEnd + b.sizeBytes, align);
    }
  };
  appendFixed('input');
  const inputsEnd = dramEnd;
  appendFixed('output');
  const spilled = storage.buffers.filter((b) => b.fixed === null && homes.spaces[b.id] === 'dram');
  const twins = spilled.filter((b) => b.twin !== null);
  for (const b of twins) buffers[b.id] = at(buffers, b.twin ?? 0);
  const spills = spilled.filter((b) => b.twin === null);
  const inDram = allocate(
    spills.map((b) => blockOf(b.id)),
    Number.MAX_SAFE_INTEGER,
    align,
  );
  inDram.forEach((p, i) => {
    buffers[at(spills, i).id] = { space: 'dram', base: dramEnd + (p.address ?? 0) };
  });
  const inBuffer = storage.buffers.filter((b) => homes.spaces[b.id] === 'buffer');
  const placedBuffers = allocate(
    inBuffer.map((b) => blockOf(b.id)),
    machine.buffer.sizeBytes,
    stageAlign(machine),
  );
  placedBuffers.forEach((p, i) => {
    buffers[at(inBuffer, i).id] = { space: 'buffer', base: p.address ?? 0 };
  });
  return {
    buffers,
    inputsEnd,
    activationsEnd: roundUp(dramEnd + peak(inDram), align),
    bufferPeakBytes: peak(placedBuffers),
  };
}

export function noRoom({ misfit: block, blocks }: Misfit, machine: Machine): CapacityError {
  const { sizeBytes } = machine.core.scratchpad;
  const alive = aliveAt(blocks, block.last);
  const needed = alive.reduce((n, b) => n + b.sizeBytes, 0);
  return new CapacityError(
    `${block.name} (${block.sizeBytes} bytes) finds no room in the scratchpad of ${machine.name}`,
    {
      code: 'E-CAPACITY-SPAD',
      needed,
      available: sizeBytes,
      unit: 'bytes',
      knob: 'core.scratchpad.sizeBytes',
      consumers: alive.map((b) => ({ name: b.name, amount: b.sizeBytes })),
    },
  );
}
