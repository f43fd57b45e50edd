/**
 * What all searches for homes in one network have in common: tile plans by kernel and homes, prices of cuts by kernel. Kernels that are alike (lower/alike.ts), with
 * operands of the same widths that lie alike, share them.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import { Keys } from '../lower/keys.ts';
import type { Homes } from './cuts.ts';
import type { KernelPins } from './pinned.ts';
import type { CutPrices } from './prices.ts';
import { allPrices, TileChoices } from './tiles.ts';

/** What of a kernel's homes no search changes. */
export type Operands = Pick<Homes, 'inputBits' | 'layouts'>;

export class TileCache {
  readonly #machine: Machine;
  readonly #operands = new Map<number, Operands>();
  /** By kernel, its number among those that differ. */
  readonly #alike = new Map<number, number>();
  readonly #keys = new Keys();
  readonly #prices = new Map<number, CutPrices>();
  readonly #choices = new Map<string, TileChoices>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Operands of kernel `k`. */
  operandsOf(k: number, find: () => Operands): Operands {
    const known = this.#operands.get(k) ?? find();
    this.#operands.set(k, known);
    return known;
  }

  choicesOf(k: number, kernel: Kernel, homes: Homes, pins: KernelPins | undefined): TileChoices {
    const alike = this.#numberOf(k, kernel, homes, pins);
    const key = `${alike} ${homes.inputs.join()} ${homes.output}`;
    let choices = this.#choices.get(key);
    if (choices === undefined) {
      const prices = () => this.#pricesOf(alike, () => allPrices(kernel, homes, this.#machine, pins));
      choices = new TileChoices(kernel, homes, this.#machine, prices, pins);
      this.#choices.set(key, choices);
    }
    return choices;
  }

  #pricesOf(alike: number, make: () => CutPrices): CutPrices {
    const known = this.#prices.get(alike) ?? make();
    this.#prices.set(alike, known);
    return known;
  }

  #numberOf(k: number, { like }: Kernel, { inputBits, layouts }: Homes, pins: KernelPins | undefined): number {
    const alone = like === undefined || pins !== undefined;
    const known = this.#alike.get(k);
    const number = known ?? this.#keys.number(alone ? `kernel ${k}` : JSON.stringify([like, inputBits, layouts]));
    this.#alike.set(k, number);
    return number;
  }
}
