/** Semaphores by (producer, consumer, mode), handed out when first used; each core that waits has its own 63. */
import type { SemaphoreDeclaration } from '../../isa/program.ts';
import { LIMITS } from '../../isa/tensor.ts';
import type { Units } from './units.ts';

export class SemaphorePool {
  readonly #numbers = new Map<string, number>();
  readonly #declared: SemaphoreDeclaration[] = [];
  readonly #used: number[];
  readonly #units: Units;
  readonly #useRelease: boolean;

  /** @param useRelease false: one semaphore for both modes of a pair, always signalled at done. */
  constructor(units: Units, useRelease: boolean) {
    this.#units = units;
    this.#useRelease = useRelease;
    this.#used = new Array<number>(units.cores).fill(0);
  }

  /** Number of the semaphore in the consumer's core; null when that core has no more. */
  of(producer: number, consumer: number, done: boolean): number | null {
    const key = `${producer}>${consumer}${done || !this.#useRelease ? '!' : ''}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const core = this.#units.coreOf(consumer);
    const index = (this.#used[core] ?? 0) + 1;
    if (index >= LIMITS.semaphores) return null;
    this.#numbers.set(key, index);
    this.#declare(index, producer, consumer);
    return index;
  }

  #declare(index: number, producer: number, consumer: number): void {
    const core = this.#units.coreOf(consumer);
    this.#used[core] = index;
    const units = { producer: this.#units.unitOf(producer), consumer: this.#units.unitOf(consumer) };
    this.#declared.push({ core, index, initial: 0, ...units });
  }

  /**
   * One number in the cores of all consumers, for what a multicast signals; null when one of them has no more.
   * @param consumers units of different cores
   */
  ofAll(producer: number, consumers: readonly number[]): number | null {
    const key = `${producer}>all ${consumers.join('+')}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const cores = consumers.map((c) => this.#units.coreOf(c));
    const index = Math.max(...cores.map((core) => this.#used[core] ?? 0)) + 1;
    if (index >= LIMITS.semaphores) return null;
    this.#numbers.set(key, index);
    for (const consumer of consumers) this.#declare(index, producer, consumer);
    return index;
  }

  declarations(): readonly SemaphoreDeclaration[] {
    return this.#declared;
  }
}
