/**
 * The write port of a core's arrays and when it wrote: one tile after the other, for there is one port (isa/demand). A write that steals array cycles
 * from a multiply on the same macros (writeInterference `steals`) lengthens it by what it took. Intervals are kept only as long as a
 * multiply may still ask for them.
 */

interface Write {
  readonly start: number;
  readonly end: number;
  readonly macros: readonly [number, number];
}

export class ArrayWrites {
  /** When the port has written everything that it was given. */
  freeAt = 0;
  #recent: Write[] = [];

  add(start: number, end: number, macros: readonly [number, number]): void {
    this.#recent.push({ start, end, macros });
  }

  /** Picoseconds of [from, to) during which one of the macros was written; forgets what ended before `from`. */
  during(from: number, to: number, macros: readonly [number, number]): number {
    this.#recent = this.#recent.filter((w) => w.end > from);
    let sum = 0;
    for (const w of this.#recent) {
      if (w.macros[0] < macros[1] && macros[0] < w.macros[1])
        sum += Math.max(0, Math.min(to, w.end) - Math.max(from, w.start));
    }
    return sum;
  }
}
