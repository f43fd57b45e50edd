/**
 * Turns a sequential list of drafts into one that asynchronous units may overlap: finds what each instruction must follow
 * (hazards.ts), drops what is already known by transitivity (vector clocks per unit, one entry for sources read
 * and one for results seen), and pays the rest with counting semaphores. Because instructions of a unit are in order and
 * every signal is made for exactly one wait, the n-th wait on a (producer, consumer, mode) semaphore always pairs with its
 * n-th signal; so programs are race-free, balanced and keep the order law by construction.
 * Vector clocks after Fidge and Mattern; counting semaphores between in-order units after decoupled access/execute machines.
 */
import { InternalError } from '../../isa/base/errors.ts';
import { type InstructionOf, type Signal, TABLE, type UnitKind } from '../../isa/instructions/table.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { SemaphoreDeclaration } from '../../isa/program.ts';
import { LIMITS, SPACES } from '../../isa/tensor.ts';
import type { Draft } from './draft.ts';
import { accessOf, channelOf } from './draft.ts';
import type { Interval } from './footprint.ts';
import { cellFootprint, footprint } from './footprint.ts';
import type { Dependence } from './hazards.ts';
import { HazardMap } from './hazards.ts';

type WorkUnit = Exclude<UnitKind, 'seq'>;
const FIXED_UNITS: readonly WorkUnit[] = ['write', 'matrix', 'drain', 'vector'];

export interface OrderOptions {
  readonly machine: Machine;
  /** DRAM that only the loader or the host writes: reading it orders nothing. */
  readonly readOnlyDram: readonly Interval[];
}

/** A draft, or a `sync`, with its waits and signals. */
export interface Ordered {
  readonly draft:
    | Draft
    | { readonly op: 'sync'; readonly layer: number; readonly unit: WorkUnit; readonly channel: number };
  readonly waits: readonly number[];
  readonly signals: readonly Signal[];
}

export interface OrderedProgram {
  readonly instructions: readonly Ordered[];
  readonly semaphores: readonly SemaphoreDeclaration[];
}

/** What a unit knows of the others: entry 2v is the last position of v that has read its sources, 2v+1 the last done. */
type Clock = Int32Array;

interface Slot {
  readonly draft: Draft;
  readonly unit: number;
  readonly waits: number[];
  readonly signals: Signal[];
  /** Signals that found no room on the instruction; carried by syncs right behind it. */
  readonly late: Signal[];
}

/** Adds waits and signals. Throws InternalError when a program would need more semaphores than a core has. */
export function order(drafts: readonly Draft[], options: OrderOptions): OrderedProgram {
  return tryOrder(drafts, options, true) ?? tryOrder(drafts, options, false) ?? tooMany();
}

function tooMany(): never {
  throw new InternalError('more unit pairs than semaphores: use fewer DMA channels');
}

function tryOrder(drafts: readonly Draft[], options: OrderOptions, useRelease: boolean): OrderedProgram | null {
  const pool = new SemaphorePool(useRelease);
  const state = new OrderState(options);
  const slots: Slot[] = [];
  const bySeq: Slot[][] = Array.from({ length: state.units }, () => []);
  for (const draft of drafts) {
    const unit = unitIndex(draft);
    const slot: Slot = { draft, unit, waits: [], signals: [], late: [] };
    for (const edge of state.add(draft, unit)) {
      const done = edge.done || !useRelease || (bySeq[edge.unit]?.[edge.seq]?.signals.length ?? 0) >= LIMITS.signals;
      const semaphore = pool.of(edge.unit, unit, done);
      if (semaphore === null) return null;
      const source = bySeq[edge.unit]?.[edge.seq];
      if (source === undefined) throw new InternalError('an ordering names an instruction that was never emitted');
      const signal: Signal = { semaphore, at: done ? 'done' : 'release' };
      (source.signals.length < LIMITS.signals ? source.signals : source.late).push(signal);
      slot.waits.push(semaphore);
      state.learn(unit, { ...edge, done });
    }
    bySeq[unit]?.push(slot);
    slots.push(slot);
  }
  return { instructions: slots.flatMap(expand), semaphores: pool.declarations() };
}

/** An instruction with the syncs that carry the waits and signals for which it has no room. */
function expand(slot: Slot): Ordered[] {
  const { kind, channel } = unitOf(slot.unit);
  const sync = (waits: readonly number[], signals: readonly Signal[]): Ordered => ({
    draft: { op: 'sync', layer: slot.draft.layer, unit: kind, channel },
    waits,
    signals,
  });
  const out: Ordered[] = [];
  const extra = Math.max(0, slot.waits.length - LIMITS.waits);
  for (let i = 0; i < extra; i += LIMITS.waits)
    out.push(sync(slot.waits.slice(i, Math.min(extra, i + LIMITS.waits)), []));
  out.push({ draft: slot.draft, waits: slot.waits.slice(extra), signals: slot.signals });
  for (let i = 0; i < slot.late.length; i += LIMITS.signals) out.push(sync([], slot.late.slice(i, i + LIMITS.signals)));
  return out;
}

function unitIndex(draft: Draft): number {
  const kind = TABLE[draft.op].unit;
  return kind === 'dma' ? FIXED_UNITS.length + channelOf(draft) : FIXED_UNITS.indexOf(kind);
}

function unitOf(index: number): { readonly kind: WorkUnit; readonly channel: number } {
  const kind = FIXED_UNITS[index];
  return kind === undefined ? { kind: 'dma', channel: index - FIXED_UNITS.length } : { kind, channel: 0 };
}

/** Semaphores by (producer, consumer, mode), handed out when first used. */
class SemaphorePool {
  readonly #numbers = new Map<string, number>();
  readonly #declared: SemaphoreDeclaration[] = [];
  readonly #useRelease: boolean;

  constructor(useRelease: boolean) {
    this.#useRelease = useRelease;
  }

  of(producer: number, consumer: number, done: boolean): number | null {
    const key = `${producer}>${consumer}${done || !this.#useRelease ? '!' : ''}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const index = this.#declared.length + 1;
    if (index >= LIMITS.semaphores) return null;
    this.#numbers.set(key, index);
    this.#declared.push({
      core: 0,
      index,
      initial: 0,
      producer: { core: 0, ...unitOf(producer) },
      consumer: { core: 0, ...unitOf(consumer) },
    });
    return index;
  }

  declarations(): readonly SemaphoreDeclaration[] {
    return this.#declared;
  }
}

/** Hazards of every space and what every unit knows; `add` must see instructions in sequential order. */
class OrderState {
  readonly units: number;
  readonly #spaces: Readonly<Record<string, HazardMap>>;
  readonly #cells: HazardMap;
  readonly #macros: number;
  readonly #readOnlyDram: readonly Interval[];
  readonly #clocks: Clock[];
  /** Per unit and position: the clock with which that instruction starts. Shared while nothing changes. */
  readonly #snapshots: Clock[][];

  constructor({ machine, readOnlyDram }: OrderOptions) {
    this.units = FIXED_UNITS.length + machine.core.dma.channels;
    this.#spaces = Object.fromEntries(SPACES.map((s) => [s, new HazardMap(this.units)]));
    this.#cells = new HazardMap(this.units);
    this.#macros = matrixGeometry(machine.core.matrix).macros;
    this.#readOnlyDram = readOnlyDram;
    this.#clocks = Array.from({ length: this.units }, () => new Int32Array(2 * this.units).fill(-1));
    this.#snapshots = Array.from({ length: this.units }, () => []);
  }

  /** Records the accesses of the next instruction of `unit`; returns the orderings that must be paid for. */
  add(draft: Draft, unit: number): Dependence[] {
    const snapshots = this.#snapshots[unit];
    const clock = this.#clocks[unit];
    if (snapshots === undefined || clock === undefined)
      throw new InternalError(`no unit ${unit} on this machine (DMA channel?)`);
    const needs = this.#needs(draft, unit, snapshots.length);
    snapshots.push(clock);
    return this.#reduce(needs.filter((d) => (clock[slotOf(d)] ?? -1) < d.seq));
  }

  /** The unit's latest instruction waits for `edge`: from its start on the unit knows all that the producer knew. */
  learn(unit: number, edge: Dependence): void {
    const own = this.#clocks[unit];
    const theirs = this.#snapshots[edge.unit]?.[edge.seq];
    const snapshots = this.#snapshots[unit];
    if (own === undefined || theirs === undefined || snapshots === undefined)
      throw new InternalError('ordering of an unknown unit');
    const merged = own.map((value, i) => Math.max(value, theirs[i] ?? -1));
    merged[2 * edge.unit] = Math.max(merged[2 * edge.unit] ?? -1, edge.seq);
    if (edge.done) merged[2 * edge.unit + 1] = Math.max(merged[2 * edge.unit + 1] ?? -1, edge.seq);
    this.#clocks[unit] = merged;
    snapshots[snapshots.length - 1] = merged;
  }

  #needs(draft: Draft, unit: number, seq: number): Dependence[] {
    const latest = new Map<number, number>();
    const need = (d: Dependence): void => {
      latest.set(slotOf(d), Math.max(latest.get(slotOf(d)) ?? -1, d.seq));
    };
    const access = accessOf(draft);
    const touch = (map: HazardMap, range: Interval | null, writes: boolean): void => {
      if (range === null) return;
      if (writes) map.write(range, unit, seq, need);
      else map.read(range, unit, seq, need);
    };
    for (const t of access.reads) {
      const range = footprint(t);
      if (
        t.space === 'dram' &&
        range !== null &&
        this.#readOnlyDram.some((r) => r.start <= range.start && range.end <= r.end)
      )
        continue;
      touch(this.#map(t.space), range, false);
    }
    for (const a of access.readCells) touch(this.#cells, cellFootprint(a, this.#macros), false);
    for (const t of access.writes) touch(this.#map(t.space), footprint(t), true);
    for (const a of access.writeCells) touch(this.#cells, cellFootprint(a, this.#macros), true);
    return [...latest].map(([slot, position]) => ({ unit: slot >> 1, seq: position, done: (slot & 1) === 1 }));
  }

  #map(space: string): HazardMap {
    const map = this.#spaces[space];
    if (map === undefined) throw new InternalError(`no space ${space}`);
    return map;
  }

  /** Keeps the orderings that no other one of the list implies. */
  #reduce(edges: readonly Dependence[]): Dependence[] {
    return edges.filter((e) => !edges.some((other) => other !== e && this.#implies(other, e)));
  }

  #implies(a: Dependence, b: Dependence): boolean {
    if (a.unit === b.unit) return a.seq >= b.seq && (a.done || !b.done) && (a.seq > b.seq || a.done !== b.done);
    return (this.#snapshots[a.unit]?.[a.seq]?.[slotOf(b)] ?? -1) >= b.seq;
  }
}

function slotOf(d: Dependence): number {
  return 2 * d.unit + (d.done ? 1 : 0);
}

/** Type of a sync instruction as the linker writes it. */
export type SyncInstruction = InstructionOf<'sync'>;
