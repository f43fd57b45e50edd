/**
 * Lanes that each serve one request after the other, a word a period: the links of the interconnect, one a core, and the port of instruction
 * fetch. A request may need several lanes and takes them in the same periods (multicast). Requests of one instant are served by age, then by
 * unit; a request passes its words on as they come (cut-through).
 */
import { alignUp } from './clock.ts';

/** Who asks: older instructions are served first, then the lower unit, then the earlier part of a transfer. */
export interface Requester {
  readonly age: number;
  readonly unit: number;
  readonly part: number;
}

export interface ServerRequest {
  readonly who: Requester;
  readonly lanes: readonly number[];
  readonly words: number;
  /** When the first word was there: a stage may begin before its caller has the last word. */
  readonly from: number;
  readonly served: (start: number, end: number) => void;
}

export function inOrder(a: { readonly who: Requester }, b: { readonly who: Requester }): number {
  return a.who.age - b.who.age || a.who.unit - b.who.unit || a.who.part - b.who.part;
}

/** One request at a time on each lane, in words of one period. */
export class Server {
  readonly #freeAt: number[] = [];
  #pending: ServerRequest[] = [];
  readonly #periodPs: number;
  readonly #latencyPs: number;
  readonly #enabled: boolean;

  /** `latencyPs` passes after service before the data is there; a disabled server takes no time (counterfactual runs). */
  constructor(periodPs: number, latencyPs: number, enabled = true) {
    this.#periodPs = periodPs;
    this.#latencyPs = latencyPs;
    this.#enabled = enabled;
  }

  /** Asks for `words` periods on all of the lanes; `served` is told within this instant when service starts and when the data is there. */
  request(r: ServerRequest): void {
    this.#pending.push(r);
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
      const free = r.lanes.reduce((latest, lane) => Math.max(latest, this.#freeAt[lane] ?? 0), 0);
      const start = alignUp(Math.max(r.from, free), this.#periodPs);
      const next = start + r.words * this.#periodPs;
      for (const lane of r.lanes) this.#freeAt[lane] = next;
      // The last word leaves no earlier than one period after it came.
      const end = Math.max(next, alignUp(now, this.#periodPs) + this.#periodPs);
      r.served(start, end + this.#latencyPs);
    }
  }
}
