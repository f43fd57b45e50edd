/**
 * Shared resources that serve one request after the other: the interconnect (Server) and banked memories (BankedPort).
 * Requests of one instant are served by age, then by unit. They model bandwidth, not single accesses: a banked port gives a requester one word a
 * cycle, all requesters together as many as it has banks, and charges conflicts by their expected number. Left out: which bank an
 * access really hits.
 */
import { alignUp } from './clock.ts';

/** Who asks: older instructions are served first, then the lower unit, then the earlier part of a transfer. */
export interface Requester {
  readonly age: number;
  readonly unit: number;
  readonly part: number;
}

interface Request {
  readonly who: Requester;
  /** Work: picoseconds of a server, words of a port. */
  readonly amount: number;
  /** When the first word was there: a stage may begin before its caller has the last word. */
  readonly from: number;
  /** Words that this requester moves in one cycle. */
  readonly streams: number;
  readonly served: (start: number, end: number) => void;
}

export function inOrder(a: { readonly who: Requester }, b: { readonly who: Requester }): number {
  return a.who.age - b.who.age || a.who.unit - b.who.unit || a.who.part - b.who.part;
}

/** One request at a time, in words of one period. */
export class Server {
  #freeAt = 0;
  #pending: Request[] = [];
  readonly #periodPs: number;
  readonly #latencyPs: number;
  readonly #enabled: boolean;

  /** `latencyPs` passes after service before the data is there; a disabled server takes no time (counterfactual runs). */
  constructor(periodPs: number, latencyPs: number, enabled = true) {
    this.#periodPs = periodPs;
    this.#latencyPs = latencyPs;
    this.#enabled = enabled;
  }

  /** Asks for `words` periods; `served` is told within this instant when service starts and when the data is there. */
  request(who: Requester, words: number, from: number, served: (start: number, end: number) => void): void {
    this.#pending.push({ who, amount: words * this.#periodPs, from, streams: 1, served });
  }

  settle(now: number): void {
    if (this.#pending.length === 0) return;
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length > 1) batch.sort(inOrder);
    for (const r of batch) {
      if (!this.#enabled) {
        r.served(now, now);
        continue;
      }
      const start = alignUp(Math.max(r.from, this.#freeAt), this.#periodPs);
      this.#freeAt = start + r.amount;
      // The last word leaves no earlier than one period after it came.
      const end = Math.max(this.#freeAt, alignUp(now, this.#periodPs) + this.#periodPs);
      r.served(start, end + this.#latencyPs);
    }
  }
}

interface Active {
  readonly unit: number;
  readonly end: number;
}

/** A memory of several banks with one port each. */
export class BankedPort {
  #freeAt = 0;
  #pending: Request[] = [];
  #active: Active[] = [];
  readonly #periodPs: number;
  readonly #banks: number;
  readonly #enabled: boolean;

  constructor(periodPs: number, banks: number, enabled = true) {
    this.#periodPs = periodPs;
    this.#banks = banks;
    this.#enabled = enabled;
  }

  /**
   * Asks for `words`, `streams` of them a cycle; `served` is told within this instant when the first word goes and when the last has gone.
   * Against each requester that is already active one access in `banks` finds its bank taken and loses a cycle.
   */
  request(
    who: Requester,
    words: number,
    streams: number,
    from: number,
    served: (start: number, end: number) => void,
  ): void {
    this.#pending.push({ who, amount: words, from, streams, served });
  }

  settle(now: number): void {
    if (this.#pending.length === 0) return;
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length > 1) batch.sort(inOrder);
    this.#active = this.#active.filter((a) => a.end > now);
    for (const r of batch) {
      if (!this.#enabled) r.served(now, now);
      else this.#serve(r, now);
    }
  }

  #serve(r: Request, now: number): void {
    // All requesters together move a word per bank and cycle; what one leaves of a cycle, another may use.
    this.#freeAt = Math.max(r.from, this.#freeAt) + Math.ceil((r.amount * this.#periodPs) / this.#banks);
    const own = Math.ceil(r.amount / r.streams);
    let rivals = 0;
    for (const a of this.#active) if (a.unit !== r.who.unit) rivals += 1;
    const lost = Math.floor((own * rivals) / this.#banks);
    const moving = (own + lost) * this.#periodPs;
    const streamed = Math.max(this.#freeAt, r.from + moving);
    const end = alignUp(Math.max(streamed, now + this.#periodPs), this.#periodPs);
    this.#active.push({ unit: r.who.unit, end });
    r.served(Math.max(r.from, streamed - moving), end);
  }
}
