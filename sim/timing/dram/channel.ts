/**
 * One DRAM channel: banks with open rows, requests that can move data first go first (so row hits do), up to a cap, activation limits (tRRD, tFAW), bus turnaround, all-bank refresh. The unit of
 * scheduling is a row segment, never a byte. Leaves out the command bus, per-bank refresh, power-down. Timings are the machine's, in
 * memory clocks; names follow JEDEC. Activations of waiting requests overlap earlier transfers, as a controller that looks ahead does.
 */
import type { Dram } from '../../../isa/machine/schema.ts';
import type { Cause } from '../../result.ts';
import { alignUp } from '../clock.ts';
import type { Kernel } from '../kernel.ts';
import { inOrder, type Requester } from '../server.ts';
import type { Segment } from './mapping.ts';

/** Time from request to data, in pieces that add up. */
export type Parts = readonly (readonly [Cause, number])[];

export interface DramRequest {
  readonly who: Requester;
  readonly segment: Segment;
  readonly write: boolean;
  /** Layer that its row activations belong to. */
  readonly layer: number;
  readonly done: (now: number, parts: Parts) => void;
}

interface Waiting extends DramRequest {
  /** When it was asked for, and the memory clock edge that saw it. */
  readonly asked: number;
  readonly arrival: number;
}

interface Bank {
  row: number;
  /** Earliest next activation and precharge. */
  activateAt: number;
  prechargeAt: number;
}

export interface DramCounts {
  activations: number;
  refreshes: number;
  readBursts: number;
  writeBursts: number;
}

/** How often in a row a younger request may go before the oldest. */
const PATIENCE = 16;
/** Shares of the write queue at which writes begin and cease to be served before reads, as in Ramulator. */
const DRAIN_FROM = 0.8;
const DRAIN_TO = 0.2;

export class DramChannel {
  readonly counts: DramCounts = { activations: 0, refreshes: 0, readBursts: 0, writeBursts: 0 };
  readonly activationsByLayer = new Map<number, number>();
  /** Time of one burst on the bus. */
  readonly burstPs: number;
  readonly #dram: Dram;
  readonly #kernel: Kernel;
  readonly #banks: Bank[];
  #arrived: DramRequest[] = [];
  #queue: Waiting[] = [];
  #busFree = 0;
  #lastWrite = false;
  #lastGroup = -1;
  #lastColumn = -1e15;
  /** Column commands of one direction that a burst of another group may still slip between; ascending. */
  #columns: { readonly at: number; readonly group: number }[] = [];
  #activations: number[] = [];
  #rowBusFree = 0;
  #draining = false;
  #nextRefresh: number;
  #refreshEnd = 0;
  #decideAt = 0;
  #passedOver = 0;
  #wake = -1;

  constructor(dram: Dram, kernel: Kernel) {
    this.#dram = dram;
    this.burstPs = dram.burstClocks * dram.clockPs;
    this.#kernel = kernel;
    this.#banks = Array.from({ length: dram.banks }, () => ({ row: -1, activateAt: 0, prechargeAt: 0 }));
    this.#nextRefresh = dram.timing.refi * dram.clockPs;
  }

  request(r: DramRequest): void {
    this.#arrived.push(r);
  }

  settle(now: number): void {
    if (this.#arrived.length > 0) {
      if (this.#arrived.length > 1) this.#arrived.sort(inOrder);
      const arrival = alignUp(now, this.#dram.clockPs);
      for (const { who, segment, write, layer, done } of this.#arrived) {
        this.#queue.push({ who, segment, write, layer, done, asked: now, arrival });
      }
      this.#arrived = [];
    }
    while (this.#queue.length > 0 && this.#decideAt <= now) this.#serve(this.#choose(), now);
    if (this.#queue.length > 0 && this.#wake !== this.#decideAt) {
      this.#wake = this.#decideAt;
      this.#kernel.at(this.#decideAt, () => undefined);
    }
  }

  /**
   * Of the direction that is being served, the request whose data can move first; among equals the oldest. The oldest of all is passed over only
   * so many times.
   */
  #choose(): Waiting {
    const writes = this.#drains();
    let left = writes ? this.#dram.writeQueue : this.#dram.readQueue;
    let oldest = -1;
    let best = -1;
    let bestStart = Infinity;
    for (let i = 0; i < this.#queue.length && left > 0; i++) {
      const r = this.#queue[i]!;
      if (r.write !== writes) continue;
      if (oldest < 0) oldest = i;
      left -= r.segment.bursts;
      const start = this.#passedOver >= PATIENCE ? i : this.#earliestData(r);
      if (start < bestStart) {
        best = i;
        bestStart = start;
      }
    }
    this.#passedOver = best === oldest ? 0 : this.#passedOver + 1;
    return this.#queue.splice(best, 1)[0]!;
  }

  /** Writes wait until their queue is nearly full or nothing is read, then go until it is nearly empty: few turnarounds. */
  #drains(): boolean {
    let reads = 0;
    let writes = 0;
    for (const r of this.#queue) {
      if (r.write) writes += r.segment.bursts;
      else reads += r.segment.bursts;
    }
    const { writeQueue } = this.#dram;
    const enough = this.#draining ? writes >= DRAIN_TO * writeQueue : writes > DRAIN_FROM * writeQueue;
    this.#draining = writes > 0 && (reads === 0 || enough);
    return this.#draining;
  }

  /** When the first data of a request could move, were it served next; a change of direction counts its turnaround. */
  #earliestData(r: Waiting): number {
    const { timing: t, clockPs } = this.#dram;
    const bank = this.#banks[r.segment.bank]!;
    const latency = clockPs * (r.write ? t.writeLatency : t.readLatency);
    let column = r.arrival;
    if (bank.row !== r.segment.row) {
      const closed = bank.row >= 0 ? Math.max(r.arrival, bank.prechargeAt) + clockPs * t.rp : r.arrival;
      column = Math.max(closed, bank.activateAt) + clockPs * t.rcd;
    }
    if (this.#interleaves(r)) return this.#freeColumn(Math.max(column, this.#kernel.now), r.segment.group) + latency;
    return Math.max(column, this.#columnAfterTurnaround(r), this.#busFree - latency) + latency;
  }

  /** With bank groups, bursts of one group are tCCD_L apart and leave room for another group's in between; not across a turnaround. */
  #interleaves(r: Waiting): boolean {
    return this.#dram.bankGroups > 1 && r.write === this.#lastWrite;
  }

  /** Earliest column from `from` on that keeps tCCD_S to all others and tCCD_L to those of its own group. */
  #freeColumn(from: number, group: number): number {
    const { timing: t, clockPs, burstClocks } = this.#dram;
    let at = from;
    for (const c of this.#columns) {
      const apart = clockPs * Math.max(burstClocks, c.group === group ? t.ccdLong : t.ccdShort);
      if (c.at + apart <= at) continue;
      if (at + apart <= c.at) {
        // Later commands of the own group may still be too near.
        if (c.group === group) break;
        continue;
      }
      at = c.at + apart;
    }
    return at;
  }

  /** Places the bursts of a request one by one; gives the first and the last column. */
  #interleave(r: Waiting, ready: number): readonly [first: number, last: number] {
    const { timing: t, clockPs } = this.#dram;
    let at = ready;
    let first = -1;
    for (let i = 0; i < r.segment.bursts; i++) {
      at = this.#freeColumn(at, r.segment.group);
      if (i === 0) first = at;
      const slot = this.#columns.findIndex((c) => c.at > at);
      this.#columns.splice(slot < 0 ? this.#columns.length : slot, 0, { at, group: r.segment.group });
      at += clockPs * t.ccdLong;
    }
    return [first, at - clockPs * t.ccdLong];
  }

  #serve(r: Waiting, now: number): void {
    const { timing: t, clockPs, burstClocks } = this.#dram;
    const ps = (clocks: number) => clocks * clockPs;
    this.#refresh(now);
    const bank = this.#banks[r.segment.bank]!;
    const from = Math.max(r.arrival, this.#refreshEnd);
    const columnReady = bank.row === r.segment.row ? from : this.#activate(bank, r, from);
    const latency = ps(r.write ? t.writeLatency : t.readLatency);
    const free = this.#busFree;
    const turned = this.#columnAfterTurnaround(r);
    const [column, lastColumn] = this.#place(r, columnReady, turned, free - latency);
    const dataEnd = lastColumn + latency + ps(burstClocks);
    this.#busFree = Math.max(free, dataEnd);
    this.#lastColumn = Math.max(this.#lastColumn, lastColumn);
    this.#lastWrite = r.write;
    this.#lastGroup = r.segment.group;
    bank.prechargeAt = Math.max(
      bank.prechargeAt,
      r.write ? dataEnd + ps(t.writeRecovery) : lastColumn + ps(t.readToPrecharge),
    );
    this.counts[r.write ? 'writeBursts' : 'readBursts'] += r.segment.bursts;
    this.#decideAt = Math.max(now, this.#dram.bankGroups > 1 ? column : lastColumn);
    const finish = dataEnd + this.#dram.controllerPs;
    const parts = partsOf(r, from, columnReady, Math.max(free - latency, from), column, latency, finish);
    this.#kernel.at(finish, (when) => r.done(when, parts));
  }

  /** First and last column of a request whose row is open at `ready`. */
  #place(r: Waiting, ready: number, turned: number, busReady: number): readonly [first: number, last: number] {
    const { timing: t, clockPs, burstClocks, bankGroups } = this.#dram;
    if (bankGroups === 1) {
      const column = Math.max(ready, turned, busReady);
      return [column, column + (r.segment.bursts - 1) * clockPs * Math.max(burstClocks, t.ccdShort)];
    }
    if (!this.#interleaves(r)) {
      this.#columns = [];
      return this.#interleave(r, Math.max(ready, turned, busReady));
    }
    const soonest = Math.max(ready, alignUp(this.#kernel.now, clockPs));
    const past = soonest - clockPs * t.ccdLong;
    while (this.#columns.length > 0 && this.#columns[0]!.at < past) this.#columns.shift();
    return this.#interleave(r, soonest);
  }

  /** Earliest column command that respects the bus direction. */
  #columnAfterTurnaround(r: Waiting): number {
    const { timing: t, clockPs, burstClocks } = this.#dram;
    const sameGroup = this.#dram.bankGroups === 1 || r.segment.group === this.#lastGroup;
    if (r.write === this.#lastWrite)
      return this.#lastColumn + clockPs * Math.max(burstClocks, sameGroup ? t.ccdLong : t.ccdShort);
    if (r.write) return this.#lastColumn + clockPs * t.readToWrite;
    return this.#busFree + clockPs * (sameGroup ? t.writeToReadLong : t.writeToReadShort);
  }

  /** Closes the bank if another row is open and opens the wanted one; gives when its columns can be read. */
  #activate(bank: Bank, r: Waiting, from: number): number {
    const { timing: t, clockPs } = this.#dram;
    const ps = (clocks: number) => clocks * clockPs;
    let at = Math.max(from, bank.activateAt);
    if (bank.row >= 0) at = Math.max(at, Math.max(from, bank.prechargeAt) + ps(t.rp));
    const last = this.#activations[this.#activations.length - 1];
    if (last !== undefined) at = Math.max(at, last + ps(this.#dram.bankGroups === 1 ? t.rrdLong : t.rrdShort));
    const fourth = this.#activations[this.#activations.length - 4];
    if (fourth !== undefined) at = Math.max(at, fourth + ps(t.faw));
    if (t.rowCommand > 0) {
      const start = Math.max(from, this.#rowBusFree);
      this.#rowBusFree = start + ps(t.rowCommand);
      at = Math.max(at, start);
    }
    this.#activations = [...this.#activations.slice(-3), at];
    this.counts.activations += 1;
    this.activationsByLayer.set(r.layer, (this.activationsByLayer.get(r.layer) ?? 0) + 1);
    bank.row = r.segment.row;
    bank.activateAt = at + ps(t.ras + t.rp);
    bank.prechargeAt = at + ps(t.ras);
    return at + ps(t.rcd);
  }

  /** The run ends: an idle channel has refreshed until then. */
  end(now: number): void {
    this.#refresh(now);
  }

  /** All refreshes that are due; an idle channel has done them in passing. */
  #refresh(now: number): void {
    const { timing: t, clockPs } = this.#dram;
    while (this.#nextRefresh <= now) {
      const open = this.#banks.some((b) => b.row >= 0);
      const quiet = this.#banks.reduce(
        (m, b) => Math.max(m, b.row >= 0 ? b.prechargeAt : 0),
        Math.max(this.#nextRefresh, this.#busFree),
      );
      this.#refreshEnd = quiet + clockPs * ((open ? t.rpAll : 0) + t.rfc);
      for (const b of this.#banks) {
        b.row = -1;
        b.activateAt = Math.max(b.activateAt, this.#refreshEnd);
      }
      this.counts.refreshes += 1;
      this.#nextRefresh += clockPs * t.refi;
    }
  }
}

/** Cuts asked .. finish: to the next memory clock, refresh, then whichever of bank and bus was later, then latency and data. */
function partsOf(
  r: Waiting,
  from: number,
  bankReady: number,
  busReady: number,
  column: number,
  latency: number,
  finish: number,
): Parts {
  const parts: [Cause, number][] = [];
  parts.push(['dram-latency', r.arrival - r.asked], ['dram-refresh', from - r.arrival]);
  const bank = Math.max(0, Math.min(column, bankReady) - from);
  const bus = Math.max(0, Math.min(column, busReady) - from);
  if (bank >= bus) parts.push(['dram-transfer', bus], ['dram-activate', bank - bus]);
  else parts.push(['dram-transfer', bus]);
  parts.push(
    ['dram-turnaround', column - from - Math.max(bank, bus)],
    ['dram-latency', latency],
    ['dram-transfer', finish - column - latency],
  );
  return parts.filter(([, n]) => n > 0);
}
