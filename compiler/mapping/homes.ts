/**
 * Where every buffer lives. Starts with everything outside the scratchpad and moves buffers in, most traffic saved per byte and
 * step of life first, as long as the transfer time of the whole network falls: room given to a tensor is room taken from
 * the tiles of every kernel during its life. What stays out goes to the global buffer while it fits, else to DRAM.
 */
import { CapacityError } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { LIMITS, type Space } from '../../isa/tensor.ts';
import type { ConstantTensor } from '../lower/constants.ts';
import type { Kernel, KernelInput } from '../lower/kernel.ts';
import { at, roundUp } from '../lower/layout.ts';
import type { Block } from './allocate.ts';
import { aliveAt, allocate } from './allocate.ts';
import { type Homes, stageAlign } from './cuts.ts';
import type { Home } from './decisions.ts';
import { homeOf, type Pins, pinCapacity } from './pinned.ts';
import { lifeInStages, type Stages, sharedLife } from './stages.ts';
import type { Buffer, Storage } from './storage.ts';
import { operandLayout } from './storage.ts';
import { striped } from './stripes.ts';
import type { Operands, TileCache } from './tile-cache.ts';
import { tileText } from './tile-pins.ts';
import { allPrices, pinsTiles, smallestPlan, TileChoices, type TilePlan } from './tiles.ts';

/** Homes that a value may have. */
const SPACES: readonly Space[] = ['spad', 'buffer', 'dram'];

/** First and last kernel that touches a buffer. */
export interface Life {
  readonly first: number;
  readonly last: number;
}

/** Buffers of different lanes are never alive one after the other. */
export interface SharedLife extends Life {
  readonly lane?: number;
}

export interface HomePlan {
  /** By buffer. */
  readonly spaces: readonly Space[];
  readonly lives: readonly Life[];
  /** By buffer, the same where it lies in memory that all cores share: stages run at once there. */
  readonly sharedLives: readonly SharedLife[];
  /** By kernel; null for a load or store that vanished because its two sides are one tensor. */
  readonly plans: readonly (TilePlan | null)[];
  /** What else kernel `k` could be cut into, whatever pins say, cheapest first, and the scratchpad that there is for it; null for copies. Searched when asked for. */
  readonly tilesOf: (k: number) => { readonly plans: readonly TilePlan[]; readonly freeBytes: number } | null;
  /** Where its result could lie, its home first, with the time of all kernels while it lives; empty where there is no choice. */
  readonly homesOf: (k: number) => readonly HomeWay[];
  /** By kernel: it runs side by side with the one in front (mapping/beside.ts). */
  readonly beside: readonly boolean[];
  /** Where its operands and its result lie. */
  readonly placesOf: (k: number) => Homes;
}

export interface HomeWay {
  readonly home: Home;
  /** Endless where some kernel finds no room beside it. */
  readonly cycles: number;
  /** Why it cannot be; '' where it can. */
  readonly against: string;
}

/**
 * @param spadBytes scratchpad that may be planned; less than the real size when addresses did not fit before
 * @param resident constants that have a place in the scratchpad for good, outside of `spadBytes`
 * @param stages where a stream of inferences is pipelined
 */
export function planHomes(
  storage: Storage,
  machine: Machine,
  spadBytes: number,
  resident: ReadonlySet<ConstantTensor>,
  cache: TileCache,
  pins?: Pins,
  stages: Stages | null = null,
): HomePlan {
  const search = new HomeSearch(storage, machine, spadBytes, resident, cache, pins, stages);
  search.improve();
  search.settleOutside();
  return search.result();
}

class HomeSearch {
  readonly #storage: Storage;
  readonly #machine: Machine;
  readonly #spadBytes: number;
  readonly #residentConstants: ReadonlySet<ConstantTensor>;
  readonly #lives: readonly Life[];
  readonly #sharedLives: readonly SharedLife[];
  readonly #touched: readonly (readonly number[])[];
  readonly #spaces: Space[];
  readonly #resident: number[];
  readonly #cache: TileCache;
  readonly #pins: Pins | undefined;

  constructor(
    storage: Storage,
    machine: Machine,
    spadBytes: number,
    resident: ReadonlySet<ConstantTensor>,
    cache: TileCache,
    pins: Pins | undefined,
    stages: Stages | null,
  ) {
    this.#storage = storage;
    this.#cache = cache;
    this.#pins = pins;
    this.#residentConstants = resident;
    this.#machine = machine;
    this.#spadBytes = spadBytes;
    this.#touched = storage.kernels.map((k, i) => [
      ...new Set([at(storage.outputs, i).buffer, ...this.#inputBuffers(k)]),
    ]);
    const lives = livesOf(storage.buffers, this.#touched);
    this.#lives = stages === null ? lives : lives.map((life) => lifeInStages(life, stages));
    this.#sharedLives = stages === null ? lives : lives.map((life) => sharedLife(life, stages));
    this.#spaces = storage.buffers.map(
      (b): Space => (b.fixed !== null || b.twin !== null || b.sizeBytes > machine.buffer.sizeBytes ? 'dram' : 'buffer'),
    );
    this.#resident = storage.kernels.map(() => 0);
    for (const [id, { space, layer }] of pins?.spaces ?? []) this.#pin(id, space, layer);
  }

  /** Puts a buffer where it has to be, for good. */
  #pin(id: number, space: Space, layer: string): void {
    const { sizeBytes } = at(this.#storage.buffers, id);
    const { core, buffer } = this.#machine;
    const available = space === 'spad' ? core.scratchpad.sizeBytes : space === 'buffer' ? buffer.sizeBytes : Infinity;
    const knob = space === 'spad' ? 'core.scratchpad.sizeBytes' : 'buffer.sizeBytes';
    const size = space === 'spad' ? roundUp(sizeBytes, stageAlign(this.#machine)) : sizeBytes;
    if (size > available) {
      const message = `a value of ${sizeBytes} bytes cannot lie in the ${homeOf(space)}`;
      throw pinCapacity(`layer ${layer}, result`, message, { needed: size, available, unit: 'bytes', knob });
    }
    if (space === 'spad') this.#move(id, space, size);
    else this.#spaces[id] = space;
  }

  #inputBuffers(kernel: Kernel): number[] {
    return kernel.inputs.flatMap((i) => {
      const stored = i.source.kind === 'value' ? this.#storage.values.get(i.source.name) : undefined;
      return stored === undefined ? [] : [stored.buffer];
    });
  }

  /** Moves buffers into the scratchpad while the estimated time falls. */
  improve(): void {
    const align = stageAlign(this.#machine);
    for (const b of this.#candidates()) {
      const life = at(this.#lives, b.id);
      const size = roundUp(b.sizeBytes, align);
      const affected = range(life.first, life.last + 1);
      const before = this.#cost(affected);
      const old = at(this.#spaces, b.id);
      this.#move(b.id, 'spad', size);
      if (this.#cost(affected) < before) continue;
      this.#move(b.id, old, -size);
    }
  }

  #move(id: number, space: Space, sizeBytes: number): void {
    this.#spaces[id] = space;
    const life = at(this.#lives, id);
    for (let k = life.first; k <= life.last; k++) this.#resident[k] = at(this.#resident, k) + sizeBytes;
  }

  /** Short-lived and small buffers first: they save the same traffic for less room. */
  #candidates(): Buffer[] {
    const span = (b: Buffer): number => at(this.#lives, b.id).last - at(this.#lives, b.id).first + 1;
    const uses = (b: Buffer): number => this.#touched.filter((t) => t.includes(b.id)).length;
    const worth = (b: Buffer): number => uses(b) / span(b);
    return this.#storage.buffers
      .filter((b) => b.fixed === null && at(this.#lives, b.id).first >= 0 && b.sizeBytes <= this.#spadBytes)
      .filter((b) => this.#pins?.spaces.has(b.id) !== true)
      .sort((a, b) => worth(b) - worth(a) || a.sizeBytes - b.sizeBytes || a.id - b.id);
  }

  #cost(kernels: readonly number[]): number {
    let total = 0;
    for (const k of kernels) total += this.#elided(k) ? 0 : (this.#plan(k)?.costCycles ?? Infinity);
    return total;
  }

  /** A load or store between a network tensor and a value that lives in that very tensor. */
  #elided(k: number): boolean {
    const kernel = at(this.#storage.kernels, k);
    if (kernel.kind !== 'copy' || (kernel.layer.op !== 'load' && kernel.layer.op !== 'store')) return false;
    const [source] = this.#inputBuffers(kernel);
    return source !== undefined && this.#root(source) === this.#root(at(this.#storage.outputs, k).buffer);
  }

  #root(id: number): number {
    const { twin } = at(this.#storage.buffers, id);
    return twin !== null && this.#spaces[id] === 'dram' ? twin : id;
  }

  #plan(k: number): TilePlan | null {
    const kernel = at(this.#storage.kernels, k);
    const homes = this.#homesOf(k);
    const choices = this.#cache.choicesOf(k, kernel, homes, this.#pins?.kernels[k]);
    const budget = this.#spadBytes - at(this.#resident, k);
    return budget < 0 ? null : choices.within(budget);
  }

  #homesOf(k: number): Homes {
    const kernel = at(this.#storage.kernels, k);
    const operands = this.#cache.operandsOf(k, () => operandsOf(this.#storage, k));
    const inputs = kernel.inputs.map(({ source }): Space => {
      if (source.kind === 'constant') return this.#residentConstants.has(source.constant) ? 'spad' : 'dram';
      const stored = this.#storage.values.get(source.name);
      return stored === undefined ? 'dram' : at(this.#spaces, stored.buffer);
    });
    return { ...operands, inputs, output: at(this.#spaces, at(this.#storage.outputs, k).buffer) };
  }

  /** Puts what is outside the scratchpad into the global buffer where it fits at its time, else into DRAM. */
  settleOutside(): void {
    const outside = this.#storage.buffers.filter((b) => this.#spaces[b.id] === 'buffer');
    const pinned = outside.filter((b) => this.#pins?.spaces.has(b.id) === true);
    if (pinned.length > 0) {
      this.#settleAround(pinned, outside);
      return;
    }
    for (const b of this.#misfits(outside)) this.#spaces[b.id] = 'dram';
  }

  /** As many as fit beside what has to be in the buffer, largest first. */
  #settleAround(pinned: readonly Buffer[], outside: readonly Buffer[]): void {
    const [misfit] = this.#misfits(pinned);
    if (misfit !== undefined) this.#refuseBuffer(misfit, pinned);
    const inside = new Set(pinned);
    const others = outside.filter((b) => !inside.has(b)).sort((a, b) => b.sizeBytes - a.sizeBytes || a.id - b.id);
    for (const b of others) {
      inside.add(b);
      if (this.#misfits(outside.filter((o) => inside.has(o))).length === 0) continue;
      inside.delete(b);
      this.#spaces[b.id] = 'dram';
    }
  }

  #misfits(buffers: readonly Buffer[]): Buffer[] {
    const blocks = buffers.map(
      (b): Block => ({ name: b.name, sizeBytes: b.sizeBytes, ...at(this.#sharedLives, b.id) }),
    );
    const placed = allocate(blocks, this.#machine.buffer.sizeBytes, stageAlign(this.#machine));
    return buffers.filter((_, i) => at(placed, i).address === null);
  }

  #refuseBuffer(misfit: Buffer, pinned: readonly Buffer[]): never {
    const { first, last } = at(this.#lives, misfit.id);
    const alive = pinned.filter((b) => at(this.#lives, b.id).first <= last && first <= at(this.#lives, b.id).last);
    const layer = this.#pins?.spaces.get(misfit.id)?.layer ?? '';
    throw pinCapacity(
      `layer ${layer}, result`,
      'it finds no room in the global buffer beside what else is pinned there',
      {
        needed: alive.reduce((n, b) => n + b.sizeBytes, 0),
        available: this.#machine.buffer.sizeBytes,
        unit: 'bytes',
        knob: 'buffer.sizeBytes',
        consumers: alive.map((b) => ({ name: b.name, amount: b.sizeBytes })).sort((a, b) => b.amount - a.amount),
      },
    );
  }

  result(): HomePlan {
    const plans = this.#storage.kernels.map((kernel, k) => {
      if (this.#elided(k)) return null;
      const plan = this.#plan(k) ?? this.#refuse(kernel, k);
      if (pinsTiles(this.#pins?.kernels[k])) return plan;
      return striped(kernel, this.#homesOf(k), plan, this.#machine);
    });
    const tilesOf = (k: number) => this.#tilesOf(k);
    return {
      spaces: this.#spaces,
      lives: this.#lives,
      sharedLives: this.#sharedLives,
      plans,
      beside: plans.map(() => false),
      tilesOf,
      homesOf: (k) => this.#waysHome(k),
      placesOf: (k) => this.#homesOf(k),
    };
  }

  #tilesOf(k: number) {
    const kernel = at(this.#storage.kernels, k);
    if (kernel.kind === 'copy') return null;
    const homes = this.#homesOf(k);
    const free = new TileChoices(kernel, homes, this.#machine, () => allPrices(kernel, homes, this.#machine));
    return { plans: free.every(), freeBytes: this.#spadBytes - at(this.#resident, k) };
  }

  #waysHome(k: number): HomeWay[] {
    const { buffer } = at(this.#storage.outputs, k);
    const { fixed, sizeBytes } = at(this.#storage.buffers, buffer);
    if (fixed !== null) return [];
    const own = at(this.#spaces, buffer);
    const life = at(this.#lives, buffer);
    const affected = range(life.first, life.last + 1);
    const ways = [own, ...SPACES.filter((s) => s !== own)].map((space): HomeWay => {
      this.#rehome(buffer, space);
      const cycles = this.#cost(affected);
      const inBuffer = this.#storage.buffers.filter((b) => this.#spaces[b.id] === 'buffer');
      const full = space === 'buffer' && this.#misfits(inBuffer).length > 0;
      const room = space === 'spad' ? 'no room for it beside the smallest tiles' : 'some layer finds no tile';
      const against = full ? 'the global buffer is full' : Number.isFinite(cycles) ? '' : room;
      return { home: homeOf(space), cycles: full ? Infinity : cycles, against: space === own ? '' : against };
    });
    this.#rehome(buffer, own);
    return sizeBytes === 0 ? [] : ways;
  }

  #rehome(id: number, space: Space): void {
    const size = roundUp(at(this.#storage.buffers, id).sizeBytes, stageAlign(this.#machine));
    const old = at(this.#spaces, id);
    if (old === space) return;
    if (old === 'spad') this.#move(id, space, -size);
    else if (space === 'spad') this.#move(id, space, size);
    else this.#spaces[id] = space;
  }

  #refuse(kernel: Kernel, k: number): never {
    const pins = this.#pins?.kernels[k];
    const least = smallestPlan(kernel, this.#homesOf(k), this.#machine, pins);
    const blocks = this.#storage.buffers
      .filter((b) => this.#spaces[b.id] === 'spad')
      .map((b): Block => ({ name: b.name, sizeBytes: b.sizeBytes, ...at(this.#lives, b.id) }));
    const own = kernel.inputs.map((input, i) => ({
      name: input.source.kind === 'value' ? input.source.name : input.source.constant.name,
      amount: (least.inputs[i]?.sizeBytes ?? 0) * (least.inputs[i]?.depth ?? 0),
    }));
    const needed = least.scratchBytes + at(this.#resident, k);
    const pinned = pins?.sizes === undefined ? undefined : this.#tilesInstead(kernel, k, pins.sizes);
    throw new CapacityError(
      pinned ??
        `layer ${kernel.name} needs ${needed} bytes of scratchpad for its smallest tile, ${this.#machine.name} has ${this.#machine.core.scratchpad.sizeBytes}`,
      {
        code: pinned === undefined ? 'E-CAPACITY-SPAD' : 'E-MAPPING-CAPACITY',
        needed,
        available: this.#machine.core.scratchpad.sizeBytes,
        unit: 'bytes',
        knob: 'core.scratchpad.sizeBytes',
        consumers: [...own, ...aliveAt(blocks, k).map((b) => ({ name: b.name, amount: b.sizeBytes }))].sort(
          (a, b) => b.amount - a.amount,
        ),
      },
    );
  }

  /** A pinned tile that is too large, and the best one that is not. */
  #tilesInstead(kernel: Kernel, k: number, sizes: readonly (number | undefined)[]): string {
    const homes = this.#homesOf(k);
    const free = new TileChoices(kernel, homes, this.#machine, () => allPrices(kernel, homes, this.#machine));
    const best = free.within(this.#spadBytes - at(this.#resident, k));
    const instead = best === null ? 'no tile of it fits' : `possible: ${tileText(best.sizes)}`;
    const layer = this.#pins?.kernels[k]?.layer ?? kernel.name;
    return `layer ${layer}, tile: ${tileText(sizes)} finds no room in the scratchpad of ${this.#machine.name}; ${instead}`;
  }
}

function operandsOf(storage: Storage, k: number): Operands {
  const kernel = at(storage.kernels, k);
  const bitsOf = ({ source }: KernelInput): number =>
    source.kind === 'constant' ? source.constant.format.bits : (storage.values.get(source.name)?.format.bits ?? 8);
  return {
    inputBits: kernel.inputs.map(bitsOf),
    layouts: kernel.inputs.map((_, n) => operandLayout(storage, kernel, n)),
    result: kernel.shape.length > LIMITS.axes ? at(storage.outputs, k).layout : null,
  };
}

function livesOf(buffers: readonly Buffer[], touched: readonly (readonly number[])[]): Life[] {
  return buffers.map((b) => {
    const steps = touched.flatMap((t, k) => (t.includes(b.id) ? [k] : []));
    return { first: steps[0] ?? -1, last: steps.at(-1) ?? -1 };
  });
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
