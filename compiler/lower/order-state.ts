/** What every unit knows of every other while instructions are ordered, and the hazards of each memory of each core. */
import { InternalError } from '../../isa/base/errors.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Space } from '../../isa/tensor.ts';
import type { Draft } from './draft.ts';
import { accessOf, coreOf, targetCoresOf } from './draft.ts';
import type { Interval } from './footprint.ts';
import { cellFootprint, footprint } from './footprint.ts';
import type { Dependence, Need, Part } from './hazards.ts';
import { HazardMap } from './hazards.ts';
import type { Units } from './units.ts';

export interface OrderOptions {
  readonly machine: Machine;
  /** DRAM that only the loader or the host writes: reading it orders nothing. */
  readonly readOnlyDram: readonly Interval[];
}

/** What hazards are found in: a space, or the cells of the arrays. */
type Memory = Space | 'cells';

/** What a unit knows of the others: entry 2v is the last position of v that has read its sources, 2v+1 the last done. Small typed arrays cost more. */
type Clock = readonly number[];

/** `add` must see instructions in sequential order. */
export class OrderState {
  readonly #units: Units;
  /** By memory; of those that each core has its own of, by core. */
  readonly #hazards = new Map<Memory, HazardMap[]>();
  /** Of the latest instruction: by slot the last position that it must follow, -1 for none; and slots that have one, as they were found. */
  readonly #latest: number[];
  readonly #found: number[] = [];
  readonly #need: Need;
  readonly #macros: number;
  readonly #readOnlyDram: readonly Interval[];
  readonly #clocks: Clock[];
  /** Per unit and position: the clock with which that instruction starts. Shared while nothing changes. */
  readonly #snapshots: Clock[][];

  constructor(units: Units, { machine, readOnlyDram }: OrderOptions) {
    this.#units = units;
    this.#macros = matrixGeometry(machine.core.matrix).macros;
    this.#readOnlyDram = readOnlyDram;
    this.#latest = new Array<number>(2 * units.count).fill(-1);
    this.#need = (unit, seq, done) => {
      const slot = slotOf(unit, done);
      const known = this.#latest[slot]!;
      if (known < 0) this.#found.push(slot);
      if (seq > known) this.#latest[slot] = seq;
    };
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
    const unknown: Dependence[] = [];
    for (const d of needs) {
      if (this.knows(unit, d)) continue;
      unknown.push(d.done || this.#units.coreOf(d.unit) === core ? d : { unit: d.unit, seq: d.seq, done: true });
    }
    return unknown.length < 2 ? unknown : this.#reduce(unknown);
  }

  /** Whether what `unit` has waited for so far implies an ordering. */
  knows(unit: number, d: Dependence): boolean {
    return (this.#clocks[unit]?.[slotOf(d.unit, d.done)] ?? -1) >= d.seq;
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
    const core = coreOf(draft);
    const targets = targetCoresOf(draft);
    const group = draft.site?.group ?? -1;
    const part: Part | undefined = group < 0 ? undefined : { group, index: core };
    const touch = (memory: Memory, onCore: number, range: Interval | null, writes: boolean): void => {
      if (range === null) return;
      const map = this.#map(memory, onCore);
      if (writes) map.write(range, unit, seq, this.#need, part);
      else map.read(range, unit, seq, this.#need, part);
    };
    const access = accessOf(draft);
    for (const t of access.reads) {
      const range = footprint(t);
      if (t.space === 'dram' && range !== null && this.#isReadOnly(range)) continue;
      if (!access.writes.includes(t)) touch(t.space, core, range, false);
      else for (const c of targets) touch(t.space, c, range, false);
    }
    for (const a of access.readCells) touch('cells', core, cellFootprint(a, this.#macros), false);
    for (const t of access.writes) {
      const range = footprint(t);
      for (const c of targets) touch(t.space, c, range, true);
    }
    for (const a of access.writeCells) touch('cells', core, cellFootprint(a, this.#macros), true);
    return this.#takeFound();
  }

  #takeFound(): Dependence[] {
    const out: Dependence[] = [];
    for (const slot of this.#found) {
      out.push({ unit: slot >> 1, seq: this.#latest[slot]!, done: (slot & 1) === 1 });
      this.#latest[slot] = -1;
    }
    this.#found.length = 0;
    return out;
  }

  #isReadOnly(range: Interval): boolean {
    return this.#readOnlyDram.some((r) => r.start <= range.start && range.end <= r.end);
  }

  #map(memory: Memory, core: number): HazardMap {
    let maps = this.#hazards.get(memory);
    if (maps === undefined) {
      maps = [];
      this.#hazards.set(memory, maps);
    }
    const index = memory === 'dram' || memory === 'buffer' ? 0 : core;
    let map = maps[index];
    if (map === undefined) {
      map = new HazardMap();
      maps[index] = map;
    }
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
    return (this.#snapshots[a.unit]?.[a.seq]?.[slotOf(b.unit, b.done)] ?? -1) >= b.seq;
  }
}

function slotOf(unit: number, done: boolean): number {
  return 2 * unit + (done ? 1 : 0);
}
