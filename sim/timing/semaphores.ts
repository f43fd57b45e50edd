/** Counting semaphores with their history: each count remembers which instruction gave it, because the critical path goes back through it. */
import type { Program, UnitRef } from '../../isa/program.ts';
import { LIMITS } from '../../isa/tensor.ts';
import { NONE } from './history.ts';

interface Semaphore {
  /** Instruction that gave each count, and when; what lies before `head` has been taken. */
  readonly by: number[];
  readonly at: number[];
  head: number;
  readonly consumer: number;
}

export class Semaphores {
  /** Instruction and time of the last count that `take` took; NONE where it was there from the start. */
  takenFrom = NONE;
  takenAt = 0;
  readonly #all: (Semaphore | undefined)[] = [];

  constructor(program: Program, unitNumber: (u: UnitRef) => number) {
    for (const s of program.semaphores) {
      this.#all[s.core * LIMITS.semaphores + s.index] = {
        by: new Array<number>(s.initial).fill(NONE),
        at: new Array<number>(s.initial).fill(0),
        head: 0,
        consumer: unitNumber(s.consumer),
      };
    }
  }

  /** True when every wait can be taken at once. */
  available(core: number, waits: readonly number[]): boolean {
    for (const w of waits) {
      const s = this.#all[core * LIMITS.semaphores + w];
      const need = waits.length === 1 ? 1 : waits.filter((x) => x === w).length;
      if (s === undefined || s.by.length - s.head < need) return false;
    }
    return true;
  }

  /** Takes one count of each, which must be there, and notes the one that came last. */
  take(core: number, waits: readonly number[]): void {
    this.takenFrom = NONE;
    this.takenAt = 0;
    for (const w of waits) {
      const s = this.#all[core * LIMITS.semaphores + w]!;
      const at = s.at[s.head]!;
      if (at > this.takenAt) {
        this.takenAt = at;
        this.takenFrom = s.by[s.head]!;
      }
      s.head += 1;
      if (s.head > 1024) {
        s.by.splice(0, s.head);
        s.at.splice(0, s.head);
        s.head = 0;
      }
    }
  }

  /** Adds a count and gives the unit that waits for it. */
  signal(core: number, index: number, by: number, at: number): number | undefined {
    const s = this.#all[core * LIMITS.semaphores + index];
    if (s === undefined) return undefined;
    s.by.push(by);
    s.at.push(at);
    return s.consumer;
  }
}
