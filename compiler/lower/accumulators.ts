/**
 * Accumulator memory as a ring of equal halves: while the drain empties one, the next tile fills the other. A tile too large for a half takes all, and is begun and
 * drained piece by piece. A kernel whose arrays and vector
 * unit both accumulate gives each a ring of its own, so that one does not wait for the other's sums. Only addresses are
 * decided here; the waits follow from them.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { View } from './walk.ts';

/** Share of the accumulators that the vector unit gets beside the arrays. Its sums are short: they only have to hide its start-up. */
const VECTOR_SHARE = 0.25;

/** Which accumulators a ring has: all, or those of the arrays or the vector unit when both accumulate. */
export type AccumulatorUse = 'alone' | 'arrays' | 'vector';

export class AccumulatorRing {
  /** Accumulators of a half. */
  readonly capacity: number;
  /** Accumulators that one tile may use. */
  readonly whole: number;
  readonly #elementBytes: number;
  readonly #tiles: number;
  readonly #first: number;
  #next = 0;
  #current = 0;

  constructor(machine: Machine, use: AccumulatorUse = 'alone') {
    const { sizeBytes, widthBits } = machine.core.accumulators;
    this.#elementBytes = widthBits > 32 ? 6 : 4;
    this.#tiles = machine.capabilities.doubleBuffering ? 2 : 1;
    const all = Math.floor(sizeBytes / this.#elementBytes);
    const vector = Math.floor(all * VECTOR_SHARE);
    this.#first = use === 'vector' ? all - vector : 0;
    this.capacity = Math.floor((use === 'alone' ? all : use === 'vector' ? vector : all - vector) / this.#tiles);
    this.whole = this.capacity * this.#tiles;
  }

  /** The next tile's accumulators as a [m][n] view. */
  next(name: string, m: number, n: number): View {
    this.#current = m * n > this.capacity ? 0 : this.#next;
    this.#next = (this.#current + 1) % this.#tiles;
    return this.same(name, m, n);
  }

  /** Those of the tile that was asked for last. */
  same(name: string, m: number, n: number): View {
    const index = this.#current;
    return {
      name,
      space: 'acc',
      base: (this.#first + index * this.capacity) * this.#elementBytes,
      role: 'partial-sums',
      format: { bits: this.#elementBytes * 8, coding: 'signed', zero: 0 },
      layout: { dims: [m > 1 ? [{ count: m, stride: n }] : [], n > 1 ? [{ count: n, stride: 1 }] : []], offset: 0 },
    };
  }
}
