/**
 * A unit: a queue of dispatched instructions and one in execution. The head starts when the unit is free, its semaphores are there, and no
 * unfinished instruction holds it (hazards.ts).
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Cause } from '../result.ts';
import type { WalkCache } from '../walk/walk.ts';
import { interlock, sharesArray } from './hazards.ts';
import { NONE } from './history.ts';
import type { InstructionRecord } from './record.ts';
import type { Semaphores } from './semaphores.ts';

export interface UnitHooks {
  readonly machine: Machine;
  readonly corePs: number;
  readonly walks: WalkCache;
  readonly semaphores: Semaphores;
  /** The unit that shares the arrays with this one, if any. */
  readonly sibling: () => Unit | undefined;
  /** Begins execution; must end in freed() and finished() of this unit. */
  readonly launch: (record: InstructionRecord) => void;
  readonly started: (record: InstructionRecord) => void;
  /** Results can be seen; called in program order. */
  readonly completed: (record: InstructionRecord) => void;
  readonly wakeAt: (time: number, wake: () => void) => void;
}

export class Unit {
  readonly number: number;
  readonly queue: InstructionRecord[] = [];
  dirty = true;
  /** The instruction whose start last freed a place in the queue. */
  lastStarted: InstructionRecord | undefined = undefined;
  #busy = false;
  /** Launched and not done, oldest first. */
  readonly #inFlight: InstructionRecord[] = [];
  /** What held the head last, and from when it no longer does (-1: until it is done). */
  #holder: InstructionRecord | undefined = undefined;
  #heldUntil = -1;
  #heldFor: Cause = 'operand';
  readonly #hooks: UnitHooks;
  readonly #wake = () => {
    this.dirty = true;
  };

  constructor(number: number, hooks: UnitHooks) {
    this.number = number;
    this.#hooks = hooks;
  }

  /** Starts the head if nothing holds it. */
  tryStart(now: number): boolean {
    this.dirty = false;
    const head = this.queue[0];
    if (head === undefined || this.#busy) return false;
    const { waits } = head.entry.instruction;
    const { core } = head.entry.unit;
    const { semaphores } = this.#hooks;
    if (waits.length > 0 && !semaphores.available(core, waits)) return false;
    if (this.#held(head, now)) return false;
    semaphores.take(core, waits);
    this.queue.shift();
    this.#explain(head);
    head.begin(now);
    this.#holder = undefined;
    this.#busy = true;
    this.lastStarted = head;
    this.#inFlight.push(head);
    this.#hooks.started(head);
    this.#hooks.launch(head);
    return true;
  }

  /** The array is being used by an instruction that keeps `head` out. */
  arrayUser(head: InstructionRecord): InstructionRecord | undefined {
    return this.#inFlight.find((r) => sharesArray(this.#hooks.machine, r, head));
  }

  /** Unfinished instructions, oldest first. */
  get inFlight(): readonly InstructionRecord[] {
    return this.#inFlight;
  }

  freed(): void {
    this.#busy = false;
    this.dirty = true;
  }

  /** Results are there; they can be seen when those of all earlier instructions can. */
  finished(record: InstructionRecord, now: number): void {
    record.finished = true;
    for (let first = this.#inFlight[0]; first?.finished; first = this.#inFlight[0]) {
      this.#inFlight.shift();
      first.spend(first.lastCause, now);
      first.donePs = now;
      this.#hooks.completed(first);
      this.dirty = true;
    }
    const sibling = this.#hooks.sibling();
    if (sibling !== undefined) sibling.dirty = true;
  }

  /** True when an unfinished instruction keeps the head from starting now; remembers which. */
  #held(head: InstructionRecord, now: number): boolean {
    for (const r of this.#inFlight) {
      const cycles = interlock(this.#hooks.walks, r, head);
      const until = cycles === Infinity ? Infinity : r.startPs + cycles * this.#hooks.corePs;
      if (until <= now) continue;
      this.#holder = r;
      this.#heldFor = 'operand';
      this.#heldUntil = until === Infinity ? -1 : until;
      if (until !== Infinity) this.#hooks.wakeAt(until, this.#wake);
      return true;
    }
    const user = head.entry.macros[1] === 0 ? undefined : this.#hooks.sibling()?.arrayUser(head);
    if (user === undefined) return false;
    this.#holder = user;
    this.#heldFor = 'array';
    this.#heldUntil = -1;
    return true;
  }

  /** Notes what the start waited for last; in a tie the earlier of dispatch, queue, operand, semaphore. */
  #explain(head: InstructionRecord): void {
    head.startedAfter = head.id;
    head.startedAt = head.dispatchPs;
    const last = this.lastStarted;
    if (last !== undefined) blame(head, 'queue', last.id, last.freePs);
    const holder = this.#holder;
    if (holder !== undefined) {
      blame(head, this.#heldFor, holder.id, this.#heldUntil >= 0 ? this.#heldUntil : holder.donePs);
    }
    const { takenFrom, takenAt } = this.#hooks.semaphores;
    blame(head, 'semaphore', takenFrom, takenAt);
  }
}

/** Notes a reason for the start that came later than those before it. */
function blame(head: InstructionRecord, cause: Cause, on: number, at: number): void {
  if (on === NONE || at <= head.startedAt) return;
  head.startedFor = cause;
  head.startedAfter = on;
  head.startedAt = at;
}
