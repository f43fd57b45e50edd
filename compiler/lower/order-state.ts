/** What every unit knows of every other while instructions are ordered, and the hazards of each memory of each core. */
import { InternalError } from '../../isa/base/errors.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Draft } from './draft.ts';
import { accessOf, coreOf, targetCoresOf } from './draft.ts';
import type { Interval } from './footprint.ts';
import { cellFootprint, footprint } from './footprint.ts';
import type { Dependence, Part } from './hazards.ts';
import { HazardMap } from './hazards.ts';
import type { Units } from './units.ts';

export interface OrderOptions {
  readonly machine: Machine;
  /** DRAM that only the loader or the host writes: reading it orders nothing. */
  readonly readOnlyDram: readonly Interval[];
}

/** What a unit knows of the others: entry 2v is the last position of v that has read its sources, 2v+1 the last done. Small typed arrays cost more. */
type Clock = readonly number[];

/** `add` must see instructions in sequential order. */
export class OrderState {
  readonly #units: Units;
  readonly #hazards = new Map<string, HazardMap>();
  readonly #macros: number;
  readonly #readOnlyDram: readonly Interval[];
  readonly #clocks: Clock[];
  /** Per unit and position: the clock with which that instruction starts. Shared while nothing changes. */
  readonly #snapshots: Clock[][];

  constructor(units: Units, { machine, readOnlyDram }: OrderOptions) {
    this.#units = units;
    this.#macros = matrixGeometry(machine.core.matrix).macros;
    this.#readOnlyDram = readOnlyDram;
    this.#clocks = Array.from({ length: units.count }, () => new Array<number>(2 * units.count).fill(-1));
    this.#snapshots = Array.from({ length: units.count }, () => []);
  }

  /** Records the accesses of the next instruction of `unit`; returns the orderings that must be paid for, between cores by done. */
  add(draft: Draft, unit: number): Dependence[] {
    const snapshots = this.#snapshots[unit];
    const clock = this.#clocks[unit];
    if (snapshots === undefined || clock === undefined) throw new InternalError(`no unit ${unit} on this machine`);
    const needs = this.#needs(draft, unit, snapshots.length);
    snapshots.push(clock);
    const core = this.#units.coreOf(unit);
    const unknown = needs.filter((d) => !this.knows(unit, d));
    return this.#reduce(unknown.map((d) => (this.#units.coreOf(d.unit) === core ? d : { ...d, done: true })));
  }

  /** Whether what `unit` has waited for so far implies an ordering. */
  knows(unit: number, d: Dependence): boolean {
    return (this.#clocks[unit]?.[slotOf(d)] ?? -1) >= d.seq;
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
    const core = coreOf(draft);
    const targets = targetCoresOf(draft);
    const group = draft.site?.group ?? -1;
    const part: Part | undefined = group < 0 ? undefined : { group, index: core };
    const touch = (map: HazardMap, range: Interval | null, writes: boolean): void => {
      if (range === null) return;
      if (writes) map.write(range, unit, seq, need, part);
      else map.read(range, unit, seq, need, part);
    };
    const access = accessOf(draft);
    for (const t of access.reads) {
      const range = footprint(t);
      if (t.space === 'dram' && range !== null && this.#isReadOnly(range)) continue;
      for (const c of access.writes.includes(t) ? targets : [core]) touch(this.#map(t.space, c), range, false);
    }
    for (const a of access.readCells) touch(this.#map('cells', core), cellFootprint(a, this.#macros), false);
    for (const t of access.writes) {
      const range = footprint(t);
      for (const c of targets) touch(this.#map(t.space, c), range, true);
    }
    for (const a of access.writeCells) touch(this.#map('cells', core), cellFootprint(a, this.#macros), true);
    return [...latest].map(([slot, position]) => ({ unit: slot >> 1, seq: position, done: (slot & 1) === 1 }));
  }

  #isReadOnly(range: Interval): boolean {
    return this.#readOnlyDram.some((r) => r.start <= range.start && range.end <= r.end);
  }

  #map(space: string, core: number): HazardMap {
    const key = space === 'dram' || space === 'buffer' ? space : `${space} ${core}`;
    const map = this.#hazards.get(key) ?? new HazardMap();
    this.#hazards.set(key, map);
    return map;
  }

  /** Keeps the orderings that no other one of the list implies. */
  #reduce(edges: readonly Dependence[]): Dependence[] {
    return edges.filter((e, i) => !edges.some((other, j) => i !== j && this.#implies(other, e, j < i)));
  }

  /** @param before whether `a` stands first: of two that imply each other one is kept */
  #implies(a: Dependence, b: Dependence, before: boolean): boolean {
    if (a.unit === b.unit)
      return a.seq >= b.seq && (a.done || !b.done) && (a.seq > b.seq || a.done !== b.done || before);
    return (this.#snapshots[a.unit]?.[a.seq]?.[slotOf(b)] ?? -1) >= b.seq;
  }
}

function slotOf(d: Dependence): number {
  return 2 * d.unit + (d.done ? 1 : 0);
}
