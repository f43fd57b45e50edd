/**
 * The event kernel: a binary heap ordered by (time, sequence). All events of one instant run as a batch and may only collect requests; then `settle`
 * lets units and servers decide in a fixed order. So the order within a batch carries no meaning, which `shuffle` proves.
 */
import { InternalError } from '../../isa/base/errors.ts';
import type { Random } from '../../isa/base/random.ts';

type Handler = (now: number) => void;

export class Kernel {
  now = 0;
  events = 0;
  #times: Float64Array = new Float64Array(1024);
  #order: Float64Array = new Float64Array(1024);
  #handlers: Handler[] = [];
  #size = 0;
  #sequence = 0;
  readonly #shuffle: Random | undefined;

  constructor(shuffle: Random | undefined) {
    this.#shuffle = shuffle;
  }

  /** Calls back at a time, which may be now but not earlier. */
  at(time: number, handler: Handler): void {
    if (!(time >= this.now)) throw new InternalError(`an event was scheduled at ${time} ps, before ${this.now} ps`);
    if (this.#size === this.#times.length) this.#grow();
    let i = this.#size++;
    const order = this.#sequence++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#after(parent, time, order)) break;
      this.#move(parent, i);
      i = parent;
    }
    this.#put(i, time, order, handler);
  }

  /** Runs until no event is left; `settle` runs after each batch. */
  run(settle: Handler): void {
    settle(this.now);
    while (this.#size > 0) {
      this.now = this.#times[0]!;
      const batch: Handler[] = [];
      while (this.#size > 0 && this.#times[0] === this.now) batch.push(this.#pop());
      if (this.#shuffle !== undefined) shuffleInPlace(batch, this.#shuffle);
      for (const handler of batch) handler(this.now);
      this.events += batch.length;
      settle(this.now);
    }
  }

  #pop(): Handler {
    const top = this.#handlers[0]!;
    const last = --this.#size;
    const time = this.#times[last]!;
    const order = this.#order[last]!;
    const handler = this.#handlers[last]!;
    this.#handlers.length = last;
    if (last === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#after(child, this.#times[child + 1]!, this.#order[child + 1]!)) child += 1;
      if (!(this.#times[child]! < time || (this.#times[child] === time && this.#order[child]! < order))) break;
      this.#move(child, i);
      i = child;
    }
    this.#put(i, time, order, handler);
    return top;
  }

  /** True when heap entry i comes after (time, order). */
  #after(i: number, time: number, order: number): boolean {
    const t = this.#times[i]!;
    return t > time || (t === time && this.#order[i]! > order);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#order[from]!, this.#handlers[from]!);
  }

  #put(i: number, time: number, order: number, handler: Handler): void {
    this.#times[i] = time;
    this.#order[i] = order;
    this.#handlers[i] = handler;
  }

  #grow(): void {
    for (const key of ['times', 'order'] as const) {
      const old = key === 'times' ? this.#times : this.#order;
      const next = new Float64Array(old.length * 2);
      next.set(old);
      if (key === 'times') this.#times = next;
      else this.#order = next;
    }
  }
}

function shuffleInPlace(items: Handler[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.int(0, i);
    const swap = items[i]!;
    items[i] = items[j]!;
    items[j] = swap;
  }
}
