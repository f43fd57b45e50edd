/**
 * A unit: a queue of dispatched instructions and one in execution. The head starts when its semaphores are there, the unit is free, and no
 * unfinished instruction of the unit touches the same bytes (the interlock of isa/README.md).
 */
import { touchesOf } from '../walk/accesses.ts';
import type { WalkCache } from '../walk/walk.ts';
import type { Dependence, InstructionRecord } from './record.ts';
import type { Semaphores } from './semaphores.ts';

export interface UnitHooks {
  readonly walks: WalkCache;
  readonly semaphores: Semaphores;
  /** Begins execution; must end in freed() and done() of this unit. */
  readonly launch: (record: InstructionRecord) => void;
  readonly started: (record: InstructionRecord) => void;
  readonly corePs: number;
  readonly wakeAt: (time: number, wake: () => void) => void;
}

export class Unit {
  readonly queue: InstructionRecord[] = [];
  readonly finished: InstructionRecord[] = [];
  dirty = true;
  #busy = false;
  #last: InstructionRecord | undefined;
  /** Launched and not done, oldest first. */
  #inFlight: InstructionRecord[] = [];
  #hazard: InstructionRecord | undefined;
  readonly #hooks: UnitHooks;

  constructor(hooks: UnitHooks) {
    this.#hooks = hooks;
  }

  /** The instruction whose start last freed a place in the queue. */
  get lastStarted(): InstructionRecord | undefined {
    return this.#last;
  }

  get idle(): boolean {
    return !this.#busy && this.queue.length === 0 && this.#inFlight.length === 0;
  }

  /** Starts the head if nothing holds it. */
  tryStart(now: number): boolean {
    this.dirty = false;
    const head = this.queue[0];
    if (head === undefined || this.#busy) return false;
    const { core } = head.unit;
    if (!this.#hooks.semaphores.available(core, head.at.instruction.waits)) return false;
    const hazard = this.#inFlight.find((r) => this.#holds(r, head, now));
    if (hazard !== undefined) {
      this.#hazard = hazard;
      return false;
    }
    const token = this.#hooks.semaphores.take(core, head.at.instruction.waits);
    this.queue.shift();
    head.startPs = now;
    head.started = latest([
      { cause: 'dispatch', on: head, at: head.dispatchPs },
      { cause: 'queue', on: this.#last, at: this.#last?.freePs ?? 0 },
      { cause: 'operand', on: this.#hazard, at: this.#hazard === undefined || this.#hazard.donePs >= 0 ? (this.#hazard?.donePs ?? 0) : now },
      { cause: 'semaphore', on: token?.by, at: token?.at ?? 0 },
    ]);
    this.#hazard = undefined;
    this.#busy = true;
    this.#last = head;
    this.#inFlight.push(head);
    this.#hooks.started(head);
    this.#hooks.launch(head);
    return true;
  }

  /** True when an unfinished instruction keeps `head` from starting now. */
  #holds(earlier: InstructionRecord, head: InstructionRecord, now: number): boolean {
    if (!overlaps(this.#hooks.walks, earlier, head)) return false;
    const again = earlier.demand.reaccumulateCycles;
    if (again === undefined || !sameSums(earlier, head)) return true;
    const allowed = earlier.startPs + again * this.#hooks.corePs;
    if (now >= allowed) return false;
    this.#hooks.wakeAt(allowed, () => {
      this.dirty = true;
    });
    return true;
  }

  freed(): void {
    this.#busy = false;
    this.dirty = true;
  }

  done(record: InstructionRecord): void {
    this.#inFlight = this.#inFlight.filter((r) => r !== record);
    this.finished.push(record);
    this.dirty = true;
  }
}

/** The dependence that came last; the first of the list wins a tie, except that the empty start of time never wins. */
function latest(all: readonly Dependence[]): Dependence {
  return all.reduce((best, d) => (d.on !== undefined && d.at > best.at ? d : best));
}

/** Two multiplies whose only meeting point is the accumulators that both walk in the same order. */
function sameSums(earlier: InstructionRecord, later: InstructionRecord): boolean {
  const a = earlier.at.instruction;
  const b = later.at.instruction;
  return a.op === 'mm' && b.op === 'mm' && b.accumulate && a.dst === b.dst && earlier.at.registers === later.at.registers;
}

/** True when the later instruction reads or writes bytes or cells that the earlier one writes, or writes what it reads. */
function overlaps(walks: WalkCache, earlier: InstructionRecord, later: InstructionRecord): boolean {
  const a = touchesOf(earlier.at.instruction);
  const b = touchesOf(later.at.instruction);
  if (a.tile !== undefined && b.tile !== undefined && (a.tile.write || b.tile.write) && a.tile.array === b.tile.array) return true;
  for (const x of a.operands) {
    for (const y of b.operands) {
      if (!x.write && !y.write) continue;
      const wx = walks.get(x.tensor, earlier.at.registers);
      const wy = walks.get(y.tensor, later.at.registers);
      if (wx.descriptor.space === wy.descriptor.space && intersect(wx.intervals, wy.intervals)) return true;
    }
  }
  return false;
}

function intersect(a: Float64Array, b: Float64Array): boolean {
  if (a.length === 0 || b.length === 0) return false;
  if (a[a.length - 1]! <= b[0]! || b[b.length - 1]! <= a[0]!) return false;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i]! < b[j + 1]! && b[j]! < a[i + 1]!) return true;
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return false;
}
