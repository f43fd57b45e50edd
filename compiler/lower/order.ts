/**
 * Turns a sequential list of drafts into one that asynchronous units may overlap: finds what each instruction must follow
 * (hazards.ts), drops what is already known by transitivity (vector clocks per unit, one entry for sources read
 * and one for results seen), and pays the rest with counting semaphores. Because instructions of a unit are in order and
 * every signal is made for exactly one wait, the n-th wait on a (producer, consumer, mode) semaphore always pairs with its
 * n-th signal; so programs are race-free, balanced and keep the order law by construction.
 * Units are those of all cores. A core hears of another one only by the remote signal of a DMA instruction, behind its data; what any
 * other unit has to tell goes by a DMA channel of its core (remote.ts).
 * Vector clocks after Fidge and Mattern; counting semaphores between in-order units after decoupled access/execute machines.
 */
import { InternalError } from '../../isa/base/errors.ts';
import { isMulticast } from '../../isa/instructions/destinations.ts';
import type { Signal, UnitKind } from '../../isa/instructions/table.ts';
import type { SemaphoreDeclaration } from '../../isa/program.ts';
import { LIMITS } from '../../isa/tensor.ts';
import type { Draft } from './draft.ts';
import { coreOf, targetCoresOf } from './draft.ts';
import type { Dependence } from './hazards.ts';
import { at } from './layout.ts';
import type { OrderOptions } from './order-state.ts';
import { OrderState } from './order-state.ts';
import type { Remote } from './remote.ts';
import { canCarry, relay, withRemote, withShared } from './remote.ts';
import { SemaphorePool } from './semaphores.ts';
import { Units } from './units.ts';

/** A draft, or a `sync`, with its waits and signals. */
export interface Ordered {
  readonly draft:
    | Draft
    | {
        readonly op: 'sync';
        readonly layer: number;
        readonly unit: Exclude<UnitKind, 'seq'>;
        readonly channel: number;
      };
  readonly waits: readonly number[];
  readonly signals: readonly Signal[];
}

export interface OrderedProgram {
  /** By core, each in the order of its dispatch. */
  readonly cores: readonly (readonly Ordered[])[];
  readonly semaphores: readonly SemaphoreDeclaration[];
}

interface Slot {
  readonly draft: Draft;
  readonly unit: number;
  readonly waits: number[];
  readonly signals: Signal[];
  /** Signals that found no room on the instruction; carried by syncs right behind it. */
  late: readonly Signal[];
  /** The first is the instruction's own where it can carry one; the others go by empty transfers right behind it. */
  remote: readonly Remote[];
  /** Of a multicast: who waits for its results on the cores that receive them. Its signal is found when all are known. */
  heard: readonly Slot[];
  /** Semaphore that a multicast signals on all of its cores, 0 for none. */
  shared: number;
}

const NONE: readonly never[] = [];

function newSlot(draft: Draft, unit: number): Slot {
  return { draft, unit, waits: [], signals: [], late: NONE, remote: NONE, heard: NONE, shared: 0 };
}

/** Adds waits and signals. Throws InternalError when a program would need more semaphores than a core has. */
export function order(drafts: readonly Draft[], options: OrderOptions): OrderedProgram {
  return tryOrder(drafts, options, true) ?? tryOrder(drafts, options, false) ?? tooMany();
}

function tooMany(): never {
  throw new InternalError('more unit pairs than semaphores: use fewer DMA channels or fewer cores');
}

function tryOrder(drafts: readonly Draft[], options: OrderOptions, useRelease: boolean): OrderedProgram | null {
  return new Ordering(drafts, options, useRelease).run();
}

class Ordering {
  readonly #drafts: readonly Draft[];
  readonly #units: Units;
  readonly #pool: SemaphorePool;
  readonly #state: OrderState;
  readonly #useRelease: boolean;
  readonly #slots: Slot[][];
  readonly #bySeq: Slot[][];

  constructor(drafts: readonly Draft[], options: OrderOptions, useRelease: boolean) {
    const cores = drafts.reduce((n, d) => Math.max(n, coreOf(d) + 1, ...targetCoresOf(d).map((c) => c + 1)), 1);
    this.#drafts = drafts;
    this.#units = new Units(cores, options.machine.core.dma.channels);
    this.#pool = new SemaphorePool(this.#units, useRelease);
    this.#state = new OrderState(this.#units, options);
    this.#useRelease = useRelease;
    this.#slots = Array.from({ length: cores }, () => []);
    this.#bySeq = Array.from({ length: this.#units.count }, () => []);
  }

  /** Null when semaphores run out. */
  run(): OrderedProgram | null {
    for (const draft of this.#drafts) if (!this.#add(draft)) return null;
    for (const slot of this.#slots.flat()) if (slot.heard.length > 0 && !this.#tellAll(slot)) return null;
    return {
      cores: this.#slots.map((core) => {
        const out: Ordered[] = [];
        for (const slot of core) this.#expand(slot, out);
        return out;
      }),
      semaphores: this.#pool.declarations(),
    };
  }

  #add(draft: Draft): boolean {
    const unit = this.#units.numberOf(draft);
    const slot = newSlot(draft, unit);
    const edges = this.#state.add(draft, unit);
    const told = this.#relayed(edges, unit, draft.layer);
    if (told === null) return false;
    for (const edge of told) if (!this.#pay(edge, slot)) return false;
    this.#push(slot);
    return true;
  }

  #push(slot: Slot): void {
    at(this.#bySeq, slot.unit).push(slot);
    at(this.#slots, this.#units.coreOf(slot.unit)).push(slot);
  }

  /** Orderings of other cores' units that cannot signal so far come by a DMA channel of their core, one message for all of a core. */
  #relayed(edges: readonly Dependence[], unit: number, layer: number): readonly Dependence[] | null {
    if (this.#units.cores === 1) return edges;
    const core = this.#units.coreOf(unit);
    const far = (e: Dependence): boolean => this.#units.coreOf(e.unit) !== core && !this.#units.isDma(e.unit);
    if (!edges.some(far)) return edges;
    const out = edges.filter((e) => !far(e));
    for (const source of new Set(edges.filter(far).map((e) => this.#units.coreOf(e.unit)))) {
      const draft = relay(source, layer, this.#units.relayChannel);
      const own = this.#units.numberOf(draft);
      const slot = newSlot(draft, own);
      this.#state.add(draft, own);
      for (const edge of edges.filter((e) => far(e) && this.#units.coreOf(e.unit) === source))
        if (!this.#state.knows(own, edge) && !this.#pay(edge, slot)) return null;
      this.#push(slot);
      out.push({ unit: own, seq: at(this.#bySeq, own).length - 1, done: true });
    }
    return out;
  }

  /** Makes `slot` wait for one ordering; false when semaphores run out. */
  #pay(edge: Dependence, slot: Slot): boolean {
    const source = at(at(this.#bySeq, edge.unit), edge.seq);
    const core = this.#units.coreOf(slot.unit);
    const remote = this.#units.coreOf(edge.unit) !== core;
    const done = remote || edge.done || !this.#useRelease || source.signals.length >= LIMITS.signals;
    this.#state.learn(slot.unit, { ...edge, done });
    if (done && isMulticast(source.draft) && targetCoresOf(source.draft).includes(core)) {
      source.heard = [...source.heard, slot];
      return true;
    }
    return this.#signal(source, slot, done);
  }

  /** One signal of `source` for one wait of `slot`; false when semaphores run out. */
  #signal(source: Slot, slot: Slot, done: boolean): boolean {
    const core = this.#units.coreOf(slot.unit);
    const semaphore = this.#pool.of(source.unit, slot.unit, done);
    if (semaphore === null) return false;
    if (this.#units.coreOf(source.unit) !== core) source.remote = [...source.remote, { core, semaphore }];
    else {
      const signal: Signal = { semaphore, at: done ? 'done' : 'release' };
      if (source.signals.length < LIMITS.signals) source.signals.push(signal);
      else source.late = [...source.late, signal];
    }
    slot.waits.push(semaphore);
    return true;
  }

  /** The signal of a multicast, where somebody waits on each core that receives; all others are told one by one. */
  #tellAll(source: Slot): boolean {
    const first = targetCoresOf(source.draft).map((c) => source.heard.find((w) => this.#units.coreOf(w.unit) === c));
    const all = first.flatMap((w) => w ?? []);
    const units = all.map((w) => w.unit);
    const semaphore = all.length === first.length ? this.#pool.ofAll(source.unit, units) : null;
    if (semaphore !== null) {
      source.shared = semaphore;
      for (const w of all) w.waits.push(semaphore);
    }
    const rest = semaphore === null ? source.heard : source.heard.filter((w) => !all.includes(w));
    return rest.every((w) => this.#signal(source, w, true));
  }

  /** Writes an instruction with the syncs and empty transfers that carry the waits and signals for which it has no room. */
  #expand(slot: Slot, out: Ordered[]): void {
    const { draft, waits, signals, late, remote } = slot;
    const crowded = waits.length > LIMITS.waits || late.length > 0 || remote.length > 0 || slot.shared > 0;
    if (crowded) this.#expandCrowded(slot, out);
    else out.push({ draft, waits, signals });
  }

  #expandCrowded(slot: Slot, out: Ordered[]): void {
    const { kind, channel } = this.#units.unitOf(slot.unit);
    const { layer } = slot.draft;
    const sync = (waits: readonly number[], signals: readonly Signal[]): Ordered => ({
      draft: { op: 'sync', layer, unit: kind, channel },
      waits,
      signals,
    });
    const extra = Math.max(0, slot.waits.length - LIMITS.waits);
    for (let i = 0; i < extra; i += LIMITS.waits)
      out.push(sync(slot.waits.slice(i, Math.min(extra, i + LIMITS.waits)), []));
    const own = slot.remote.findIndex((r) => canCarry(slot.draft, r.core));
    const carried = slot.remote[own];
    const draft =
      slot.shared > 0
        ? withShared(slot.draft, slot.shared)
        : carried === undefined
          ? slot.draft
          : withRemote(slot.draft, carried);
    out.push({ draft, waits: slot.waits.slice(extra), signals: slot.signals });
    for (let i = 0; i < slot.late.length; i += LIMITS.signals)
      out.push(sync([], slot.late.slice(i, i + LIMITS.signals)));
    slot.remote.forEach((r, i) => {
      if (i === own) return;
      out.push({
        draft: withRemote(relay(this.#units.coreOf(slot.unit), layer, channel), r),
        waits: [],
        signals: [],
      });
    });
  }
}
