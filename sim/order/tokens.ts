/** Semaphores with what their signals carry: the n-th wait takes the n-th signal, because one unit signals and one unit waits. */
import type { SemaphoreDeclaration } from '../../isa/program.ts';
import type { Clock } from './clocks.ts';

export function semaphoreKey(core: number, index: number): string {
  return `${core}:${index}`;
}

interface Semaphore {
  readonly declared: SemaphoreDeclaration;
  /** What is left of the initial count: taken before any signal, and carries nothing. */
  initial: number;
  /** Signals not yet taken, from `head` on. */
  readonly queue: (Clock | undefined)[];
  head: number;
  mode: 'release' | 'done' | undefined;
}

export class Tokens {
  readonly #semaphores = new Map<string, Semaphore>();

  constructor(declarations: readonly SemaphoreDeclaration[]) {
    for (const declared of declarations) {
      const { core, index, initial } = declared;
      this.#semaphores.set(semaphoreKey(core, index), { declared, initial, queue: [], head: 0, mode: undefined });
    }
  }

  /** Are all these waits satisfied? A semaphore that is not declared does not hold anyone up; taking it reports it. */
  available(core: number, waits: readonly number[]): boolean {
    for (const w of waits) {
      const s = this.#semaphores.get(semaphoreKey(core, w));
      if (s === undefined) continue;
      const need = waits.length === 1 ? 1 : waits.filter((x) => x === w).length;
      if (countOf(s) < need) return false;
    }
    return true;
  }

  /** The declaration (undefined where there is none) and what the oldest signal carried. */
  take(
    core: number,
    index: number,
  ): { readonly declared: SemaphoreDeclaration | undefined; readonly carried: Clock | undefined } {
    const s = this.#semaphores.get(semaphoreKey(core, index));
    if (s === undefined) return { declared: undefined, carried: undefined };
    if (s.initial > 0) {
      s.initial -= 1;
      return { declared: s.declared, carried: undefined };
    }
    const carried = s.queue[s.head];
    s.queue[s.head] = undefined;
    s.head += 1;
    if (s.head > 1024) {
      s.queue.splice(0, s.head);
      s.head = 0;
    }
    return { declared: s.declared, carried };
  }

  /** Adds a signal; gives the declaration and the kind of the first signal. */
  give(
    core: number,
    index: number,
    at: 'release' | 'done',
    carried: Clock,
  ): { readonly declared: SemaphoreDeclaration | undefined; readonly mode: 'release' | 'done' } {
    const s = this.#semaphores.get(semaphoreKey(core, index));
    if (s === undefined) return { declared: undefined, mode: at };
    s.mode ??= at;
    s.queue.push(carried);
    return { declared: s.declared, mode: s.mode };
  }

  /** Signals not yet taken, by key. */
  counts(): Map<string, number> {
    return new Map([...this.#semaphores].map(([key, s]) => [key, countOf(s)]));
  }
}

function countOf(s: Semaphore): number {
  return s.initial + s.queue.length - s.head;
}
