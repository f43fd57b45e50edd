/**
 * Accumulator memory as a ring of equal halves: while the drain empties one, the next tile fills the other. Only
 * addresses are decided here; the waits follow from them.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { View } from './walk.ts';

export class AccumulatorRing {
  /** Accumulators that one tile may use. */
  readonly capacity: number;
  readonly #elementBytes: number;
  readonly #tiles: number;
  #next = 0;

  constructor(machine: Machine) {
    const { sizeBytes, widthBits } = machine.core.accumulators;
    this.#elementBytes = widthBits > 32 ? 6 : 4;
    this.#tiles = machine.capabilities.doubleBuffering ? 2 : 1;
    this.capacity = Math.floor(sizeBytes / this.#tiles / this.#elementBytes);
  }

  /** The next tile's accumulators as a [m][n] view. */
  next(name: string, m: number, n: number): View {
    const index = this.#next;
    this.#next = (index + 1) % this.#tiles;
    return {
      name,
      space: 'acc',
      base: index * this.capacity * this.#elementBytes,
      role: 'partial-sums',
      format: { bits: this.#elementBytes * 8, coding: 'signed', zero: 0 },
      layout: { dims: [m > 1 ? [{ count: m, stride: n }] : [], n > 1 ? [{ count: n, stride: 1 }] : []], offset: 0 },
    };
  }
}
