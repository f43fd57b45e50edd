/**
 * The slower tier behind DRAM: a link of one rate with a latency. Requests overlap, so a block comes no earlier than the latency behind its request and no earlier than the link is
 * free of older ones. Leaves out: a difference between reading and writing, order by place, and what else a host does with its memory.
 */
import type { Tier } from '../../../isa/machine/schema.ts';
import type { Kernel } from '../kernel.ts';
import { inOrder } from '../server.ts';
import type { DramRequest } from './channel.ts';

export class TierLink {
  /** Time of one block on the link. */
  readonly burstPs: number;
  readonly #latencyPs: number;
  readonly #kernel: Kernel;
  #freeAt = 0;
  #arrived: DramRequest[] = [];

  constructor(tier: Tier, kernel: Kernel) {
    this.burstPs = Math.max(1, Math.round((tier.blockBytes * 1e6) / tier.megabytesPerSecond));
    this.#latencyPs = tier.latencyPs;
    this.#kernel = kernel;
  }

  /** A segment's bursts are blocks. */
  request(r: DramRequest): void {
    this.#arrived.push(r);
  }

  settle(now: number): void {
    const batch = this.#arrived;
    this.#arrived = [];
    for (const r of batch.sort(inOrder)) {
      const from = Math.max(now + this.#latencyPs, this.#freeAt);
      const finish = from + r.segment.bursts * this.burstPs;
      this.#freeAt = finish;
      const queued = from - now - this.#latencyPs;
      const parts = [
        ['tier-transfer', queued],
        ['tier-latency', this.#latencyPs],
        ['tier-transfer', finish - from],
      ] as const;
      this.#kernel.at(finish, (when) => r.done(when, parts));
    }
  }
}
