/**
 * A memory of several banks with one port each: bandwidth shared by streams of words. A unit takes at most `streams` words a cycle in one direction,
 * and what older bookings leave; an access that finds its bank taken by another unit is tried again in the next cycle, and its bank is
 * one of `banks`. So a stream against u words a cycle of others goes at streams x banks / (banks + u), never beyond banks - u. Reads and writes of
 * one unit keep out of each other's way: one controller issues both. Left out: which bank an access really hits, and what the older stream loses.
 */
import { alignUp } from './clock.ts';
import { inOrder, type Requester } from './server.ts';

export interface PortRequest {
  readonly who: Requester;
  /** At least 1. */
  readonly words: number;
  /** Direction; compute units ask for reads and writes together. */
  readonly write: boolean;
  /** Words that the unit can move in one cycle in this direction. */
  readonly streams: number;
  /** Cycles over which it spreads its words when nobody is in its way; 0 = as fast as it can. */
  readonly overCycles: number;
  /** When the first word was there, in picoseconds: may lie before now, for a stage begins before its caller has the last word. */
  readonly from: number;
  /** Told within this instant: when the first word goes, when the last has gone, and how much of that time is waiting. */
  readonly served: (start: number, end: number, waitedPs: number) => void;
}

/** What a request got: [start, end) in cycles, and its mean words a cycle. */
interface Booking {
  readonly unit: number;
  readonly write: boolean;
  readonly start: number;
  readonly end: number;
  readonly rate: number;
}

/** Keeps a rate that is not a whole number from costing a cycle by its rounding. */
const ROUNDING = 1e-6;

export class BankedPort {
  #pending: PortRequest[] = [];
  #bookings: Booking[] = [];
  /** How far back a request has ever begun: bookings are kept as long. */
  #lookBack = 0;
  readonly #periodPs: number;
  readonly #banks: number;
  readonly #enabled: boolean;

  /** A port that is not enabled takes no time (counterfactual runs). */
  constructor(periodPs: number, banks: number, enabled = true) {
    this.#periodPs = periodPs;
    this.#banks = banks;
    this.#enabled = enabled;
  }

  request(r: PortRequest): void {
    this.#pending.push(r);
  }

  /** Serves what was asked for at this instant, by age. */
  settle(now: number): void {
    if (this.#pending.length === 0) return;
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length > 1) batch.sort(inOrder);
    for (const r of batch) this.#lookBack = Math.max(this.#lookBack, now - r.from);
    const oldest = (now - this.#lookBack) / this.#periodPs;
    this.#bookings = this.#bookings.filter((b) => b.end > oldest);
    for (const r of batch) {
      if (this.#enabled) this.#serve(r, now);
      else r.served(now, now, 0);
    }
  }

  #serve(r: PortRequest, now: number): void {
    const period = this.#periodPs;
    const asked = Math.ceil(r.from / period);
    let at = asked;
    let start = -1;
    for (let left = r.words; left > ROUNDING; ) {
      const { rate, until } = this.#share(r, at);
      if (rate > 0 && start < 0) start = at;
      const needed = rate > 0 ? Math.ceil(left / rate - ROUNDING) : Infinity;
      const cycles = Math.min(needed, until - at);
      left = cycles === needed ? 0 : left - rate * cycles;
      at += cycles;
    }
    this.#bookings.push({ unit: r.who.unit, write: r.write, start, end: at, rate: r.words / (at - start) });
    // The last word leaves no earlier than one cycle after it came.
    const last = alignUp(now + period, period);
    const alone = asked + Math.ceil(r.words / wanted(r, this.#banks) - ROUNDING);
    const end = Math.max(at * period, last);
    r.served(start * period, end, end - Math.max(alone * period, last));
  }

  /** Words a cycle that a request gets from a cycle on, and until when that holds. */
  #share(r: PortRequest, at: number): { readonly rate: number; readonly until: number } {
    const banks = this.#banks;
    let own = 0;
    let rivals = 0;
    let used = 0;
    let until = Infinity;
    for (const b of this.#bookings) {
      if (b.end <= at) continue;
      if (b.start > at) {
        until = Math.min(until, b.start);
        continue;
      }
      until = Math.min(until, b.end);
      used += b.rate;
      if (b.unit !== r.who.unit) rivals += b.rate;
      else if (b.write === r.write) own += b.rate;
    }
    const streams = Math.min(r.streams, banks);
    const rate = Math.min(wanted(r, banks), (streams * banks) / (banks + rivals), streams - own, banks - used);
    return { rate: rate > ROUNDING ? rate : 0, until };
  }
}

/** Words a cycle when nobody is in the way. */
function wanted(r: PortRequest, banks: number): number {
  const streams = Math.min(r.streams, banks);
  return r.overCycles > 0 ? Math.min(streams, r.words / r.overCycles) : streams;
}
