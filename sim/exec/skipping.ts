/**
 * Counts the steps that zero skipping leaves of one mm (isa/demand/skipping.ts): vector by vector, the step of most macros of a group of vectors. Row groups
 * are counted from the first row of the tile in each macro, as demand counts them.
 */
import { fullSteps, type StepHistogram } from '../../isa/demand/skipping.ts';
import type { DigitalCim, Machine } from '../../isa/machine/schema.ts';
import type { ArrayDescriptor, Coding } from '../../isa/tensor.ts';
import type { LayerStatistics } from './statistics.ts';

class StepCounter {
  readonly #matrix: DigitalCim;
  readonly #tile: ArrayDescriptor;
  readonly #inputBits: number;
  readonly #groups: number[];
  readonly #full: number;
  /** Vectors of the unfinished group, and the most steps among them. */
  #inGroup = 0;
  #most = 0;

  constructor(matrix: DigitalCim, tile: ArrayDescriptor, inputBits: number) {
    this.#matrix = matrix;
    this.#tile = tile;
    this.#inputBits = inputBits;
    this.#full = fullSteps(matrix, inputBits, Math.ceil(tile.kCount / tile.gridK));
    this.#groups = new Array<number>(this.#full + 1).fill(0);
  }

  /** The next `vectors` input vectors of the mm, in order, `stride` apart. */
  count(codes: ArrayLike<number>, vectors: number, stride: number): void {
    for (let v = 0; v < vectors; v++) {
      this.#most = Math.max(this.#most, this.#stepsOf(codes, v * stride));
      this.#inGroup += 1;
      if (this.#inGroup === this.#tile.replicas) this.#close();
    }
  }

  /** Adds what was counted to a layer. */
  finish(layer: LayerStatistics): void {
    if (this.#inGroup > 0) this.#close();
    layer.zeroSteps = mergeSteps([
      ...layer.zeroSteps,
      { full: this.#full, replicas: this.#tile.replicas, groups: this.#groups },
    ]);
  }

  #close(): void {
    const steps = Math.max(1, this.#most);
    this.#groups[steps] = this.#groups[steps]! + 1;
    this.#inGroup = 0;
    this.#most = 0;
  }

  /** The most steps that a macro needs for one vector: macros of the grid share rows of the window among them. */
  #stepsOf(codes: ArrayLike<number>, at: number): number {
    const { kCount, gridK } = this.#tile;
    const each = Math.ceil(kCount / gridK);
    let most = 0;
    for (let from = 0; from < kCount; from += each) {
      let steps = 0;
      const end = Math.min(kCount, from + each);
      for (let k = from; k < end; k += this.#matrix.rowsAtOnce)
        steps += this.#liveSteps(codes, at + k, at + Math.min(end, k + this.#matrix.rowsAtOnce));
      most = Math.max(most, steps);
    }
    return most;
  }

  /** Input-bit steps of one row group in which some bit is one. */
  #liveSteps(codes: ArrayLike<number>, from: number, to: number): number {
    let any = 0;
    for (let i = from; i < to; i++) any |= codes[i]!;
    const width = this.#matrix.inputBitsPerCycle;
    let live = 0;
    for (let bit = 0; bit < this.#inputBits; bit += width) {
      const mask = 2 ** Math.min(width, this.#inputBits - bit) - 1;
      if (((any >> bit) & mask) !== 0) live += 1;
    }
    return live;
  }
}

/** A counter where this machine skips zeros of such inputs; a 0 bit of a bipolar code is -1 and never skipped. */
export function stepCounter(
  { core: { matrix }, capabilities }: Machine,
  tile: ArrayDescriptor,
  coding: Coding,
  inputBits: number,
): StepCounter | undefined {
  const skips = capabilities.zeroSkipping && matrix.kind === 'digital-cim' && coding !== 'bipolar';
  return skips ? new StepCounter(matrix, tile, inputBits) : undefined;
}

/** Histograms of the same shape added up. */
export function mergeSteps(all: readonly StepHistogram[]): StepHistogram[] {
  const merged = new Map<string, StepHistogram>();
  for (const h of all) {
    const key = `${h.full} ${h.replicas}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? h : { ...h, groups: h.groups.map((n, s) => n + (known.groups[s] ?? 0)) });
  }
  return [...merged.values()];
}

/** Measured steps of several runs by layer, as the timed run takes them. */
export function zeroStepsOf(
  runs: readonly ReadonlyMap<number, LayerStatistics>[],
): ReadonlyMap<number, readonly StepHistogram[]> {
  const layers = new Set(runs.flatMap((r) => [...r.keys()]));
  return new Map([...layers].map((l) => [l, mergeSteps(runs.flatMap((r) => r.get(l)?.zeroSteps ?? []))]));
}
