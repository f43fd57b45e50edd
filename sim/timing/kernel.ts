/**
 * The event kernel: a binary heap ordered by (time, sequence). All events of one instant run as a batch and may only collect requests; then
 * `settle` lets units and servers decide in a fixed order. So the order within a batch carries no meaning, which `shuffle` proves.
 */
import { InternalError } from '../../isa/base/errors.ts';
import type { Random } from '../../isa/base/random.ts';

type Handler = (now: number) => void;

const NOTHING: Handler = () => undefined;

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
    const times = this.#times;
    const sequence = this.#order;
    const handlers = this.#handlers;
    let i = this.#size++;
    const order = this.#sequence++;
    // A new event comes after every other of its time, so only the time decides.
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (times[parent]! <= time) break;
      times[i] = times[parent]!;
      sequence[i] = sequence[parent]!;
      handlers[i] = handlers[parent]!;
      i = parent;
    }
    times[i] = time;
    sequence[i] = order;
    handlers[i] = handler;
  }

  /** Runs until no event is left; `settle` runs after each batch. */
  run(settle: Handler): void {
    settle(this.now);
    // One array for all batches; only its first `count` entries mean anything.
    const batch: Handler[] = [];
    while (this.#size > 0) {
      const now = this.#times[0]!;
      this.now = now;
      let count = 0;
      while (this.#size > 0 && this.#times[0] === now) batch[count++] = this.#pop();
      if (this.#shuffle !== undefined) shuffleFirst(batch, count, this.#shuffle);
      for (let i = 0; i < count; i++) batch[i]!(now);
      this.events += count;
      settle(now);
    }
  }

  #pop(): Handler {
    const times = this.#times;
    const sequence = this.#order;
    const handlers = this.#handlers;
    const top = handlers[0]!;
    const last = --this.#size;
    const time = times[last]!;
    const order = sequence[last]!;
    const handler = handlers[last]!;
    handlers[last] = NOTHING;
    if (last === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      const right = child + 1;
      if (right < last && isBefore(times, sequence, right, child)) child = right;
      const earlier = times[child]! < time || (times[child] === time && sequence[child]! < order);
      if (!earlier) break;
      times[i] = times[child]!;
      sequence[i] = sequence[child]!;
      handlers[i] = handlers[child]!;
      i = child;
    }
    times[i] = time;
    sequence[i] = order;
    handlers[i] = handler;
    return top;
  }

  #grow(): void {
    const size = this.#times.length * 2;
    const times = new Float64Array(size);
    times.set(this.#times);
    this.#times = times;
    const order = new Float64Array(size);
    order.set(this.#order);
    this.#order = order;
  }
}

function isBefore(times: Float64Array, order: Float64Array, a: number, b: number): boolean {
  return times[a]! < times[b]! || (times[a] === times[b] && order[a]! < order[b]!);
}

function shuffleFirst(items: Handler[], count: number, random: Random): void {
  for (let i = count - 1; i > 0; i--) {
    const j = random.int(0, i);
    const swap = items[i]!;
    items[i] = items[j]!;
    items[j] = swap;
  }
}
