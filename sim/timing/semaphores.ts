/** Counting semaphores with their history: each count remembers which instruction gave it, because the critical path goes back through it. */
import type { Program } from '../../isa/program.ts';
import { semaphoreKey } from '../order/check.ts';
import type { InstructionRecord } from './record.ts';

export interface Token {
  readonly by: InstructionRecord | undefined;
  readonly at: number;
}

export class Semaphores {
  readonly #tokens = new Map<string, Token[]>();
  readonly #consumer = new Map<string, number>();

  constructor(program: Program, unitNumber: (s: Program['semaphores'][number]['consumer']) => number) {
    for (const s of program.semaphores) {
      const key = semaphoreKey(s.core, s.index);
      this.#tokens.set(key, Array.from({ length: s.initial }, () => ({ by: undefined, at: 0 })));
      this.#consumer.set(key, unitNumber(s.consumer));
    }
  }

  /** True when every wait can be taken at once. */
  available(core: number, waits: readonly number[]): boolean {
    return waits.every((w, i) => (this.#tokens.get(semaphoreKey(core, w))?.length ?? 0) > waits.slice(0, i).filter((x) => x === w).length);
  }

  /** Takes one count of each; gives the one that came last. */
  take(core: number, waits: readonly number[]): Token | undefined {
    let last: Token | undefined;
    for (const w of waits) {
      const token = this.#tokens.get(semaphoreKey(core, w))!.shift()!;
      if (last === undefined || token.at > last.at) last = token;
    }
    return last;
  }

  /** Adds a count and gives the unit that waits for it. */
  signal(core: number, index: number, by: InstructionRecord, at: number): number | undefined {
    const key = semaphoreKey(core, index);
    this.#tokens.get(key)?.push({ by, at });
    return this.#consumer.get(key);
  }
}
