/**
 * A shared resource that serves one request after the other, a word a period: the interconnect, and the port of instruction fetch. Requests of
 * one instant are served by age, then by unit; a request passes its words on as they come (cut-through).
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
  readonly words: number;
  /** When the first word was there: a stage may begin before its caller has the last word. */
  readonly from: number;
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
    this.#pending.push({ who, words, from, served });
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
      this.#freeAt = start + r.words * this.#periodPs;
      // The last word leaves no earlier than one period after it came.
      const end = Math.max(this.#freeAt, alignUp(now, this.#periodPs) + this.#periodPs);
      r.served(start, end + this.#latencyPs);
    }
  }
}
