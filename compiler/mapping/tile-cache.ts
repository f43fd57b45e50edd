/**
 * What all searches for homes in one network have in common: tile plans by kernel and homes, prices of cuts by kernel. Kernels that are alike (lower/alike.ts), with
 * operands of the same widths that lie alike, share them, also those of other plans of the network.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import { Keys } from '../lower/keys.ts';
import type { Homes } from './cuts.ts';
import type { KernelPins } from './pinned.ts';
import type { CutPrices } from './prices.ts';
import { allPrices, TileChoices } from './tiles.ts';

/** What of a kernel's homes no search changes. */
export type Operands = Pick<Homes, 'inputBits' | 'layouts' | 'result'>;

/** Tile plans and prices of kernels that differ, for one machine. */
export class TilePool {
  readonly machine: Machine;
  readonly #keys = new Keys();
  readonly #prices = new Map<number, CutPrices>();
  readonly #choices = new Map<string, TileChoices>();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** The number of a kernel among those that differ; without a text it is like no other. */
  numberOf(text: string | undefined): number {
    return this.#keys.number(text ?? `the only one, number ${this.#keys.count}`);
  }

  choicesOf(number: number, kernel: Kernel, homes: Homes, pins: KernelPins | undefined): TileChoices {
    const key = `${number} ${homes.inputs.join()} ${homes.output}`;
    let choices = this.#choices.get(key);
    if (choices === undefined) {
      const prices = () => this.#pricesOf(number, () => allPrices(kernel, homes, this.machine, pins));
      choices = new TileChoices(kernel, homes, this.machine, prices, pins);
      this.#choices.set(key, choices);
    }
    return choices;
  }

  #pricesOf(number: number, make: () => CutPrices): CutPrices {
    const known = this.#prices.get(number) ?? make();
    this.#prices.set(number, known);
    return known;
  }
}

/** The pool as the kernels of one network see it. */
export class TileCache {
  readonly #pool: TilePool;
  readonly #operands = new Map<number, Operands>();
  /** By kernel, its number in the pool. */
  readonly #numbers = new Map<number, number>();

  constructor(pool: TilePool) {
    this.#pool = pool;
  }

  /** Operands of kernel `k`. */
  operandsOf(k: number, find: () => Operands): Operands {
    const known = this.#operands.get(k) ?? find();
    this.#operands.set(k, known);
    return known;
  }

  choicesOf(k: number, kernel: Kernel, homes: Homes, pins: KernelPins | undefined): TileChoices {
    const number = this.#numbers.get(k) ?? this.#numberOf(kernel, homes, pins);
    this.#numbers.set(k, number);
    return this.#pool.choicesOf(number, kernel, homes, pins);
  }

  #numberOf({ like }: Kernel, { inputBits, layouts, result }: Homes, pins: KernelPins | undefined): number {
    const alone = like === undefined || pins !== undefined;
    return this.#pool.numberOf(alone ? undefined : JSON.stringify([like, inputBits, layouts, result]));
  }
}
