/**
 * A shared resource that serves one request after the other: a port, the interconnect. Requests of one instant are served by age, then by unit;
 * the finish time of each is known when it is served. Models bandwidth, not single accesses: bank conflicts appear as a full server.
 */
import type { Kernel } from './kernel.ts';

/** Who asks: older instructions first, then the lower unit. */
export interface Requester {
  readonly age: number;
  readonly unit: number;
}

interface Request {
  readonly who: Requester;
  readonly durationPs: number;
  readonly done: (start: number, end: number) => void;
}

export class Server {
  #freeAt = 0;
  #pending: Request[] = [];
  readonly #latencyPs: number;
  readonly #kernel: Kernel;
  readonly #enabled: boolean;

  /** `latencyPs` passes after service before the requester is told; a disabled server takes no time (counterfactual runs). */
  constructor(kernel: Kernel, latencyPs: number, enabled = true) {
    this.#kernel = kernel;
    this.#latencyPs = latencyPs;
    this.#enabled = enabled;
  }

  /** Asks for `durationPs` of service; `done` gets the start of service and the finish (latency included) as an event at that time. */
  request(who: Requester, durationPs: number, done: (start: number, end: number) => void): void {
    this.#pending.push({ who, durationPs, done });
  }

  /** Serves what was asked for at this instant. */
  settle(now: number): void {
    if (this.#pending.length === 0) return;
    const batch = this.#pending.sort((a, b) => a.who.age - b.who.age || a.who.unit - b.who.unit);
    this.#pending = [];
    for (const r of batch) {
      const start = this.#enabled ? Math.max(now, this.#freeAt) : now;
      const end = this.#enabled ? start + r.durationPs : now;
      this.#freeAt = end;
      const told = this.#enabled ? end + this.#latencyPs : now;
      this.#kernel.at(told, () => r.done(start, told));
    }
  }
}
