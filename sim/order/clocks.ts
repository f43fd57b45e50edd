/**
 * What each unit knows of the others: two numbers for every other unit, up to which of its instructions the sources have been read, and up to which the
 * results can be seen. A signal at release carries the first of its unit, a signal at done both; a wait adds what the signal carried.
 */

/** A vector clock: reads of unit u at u, writes at units + u. */
export type Clock = Float64Array;

export class UnitClocks {
  readonly #units: number;
  readonly #known: readonly Clock[];
  readonly #count: Float64Array;

  constructor(units: number) {
    this.#units = units;
    this.#known = Array.from({ length: units }, () => new Float64Array(2 * units));
    this.#count = new Float64Array(units);
  }

  /** Number of the unit's next instruction, from 1. */
  begin(unit: number): number {
    this.#count[unit] = this.#count[unit]! + 1;
    return this.#count[unit]!;
  }

  /** What the unit knows, to read from. */
  of(unit: number): Clock {
    return this.#known[unit]!;
  }

  learn(unit: number, from: Clock): void {
    const into = this.#known[unit]!;
    for (let i = 0; i < into.length; i++) if (from[i]! > into[i]!) into[i] = from[i]!;
  }

  /** What a signal of the unit's current instruction carries. */
  token(unit: number, at: 'release' | 'done'): Clock {
    const token = this.#known[unit]!.slice();
    token[unit] = this.#count[unit]!;
    if (at === 'done') token[this.#units + unit] = this.#count[unit]!;
    return token;
  }

  /** Does `unit` know that instruction `number` of `other` has read its sources (or, if it wrote, that its results can be seen)? */
  knows(unit: number, other: number, number: number, wrote: boolean): boolean {
    return this.#known[unit]![(wrote ? this.#units : 0) + other]! >= number;
  }
}
