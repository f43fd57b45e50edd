/**
 * The sequencer in time: fetches and dispatches in order, one instruction per dispatch slot, runs scalar instructions itself, stalls on a
 * full queue or a missing line. Registers are captured at dispatch because the dynamic stream carries them.
 */
import type { DemandContext } from '../../isa/demand/demand.ts';
import type { Cause } from '../result.ts';
import type { DynamicInstruction } from '../walk/sequence.ts';
import type { CodeEntry } from './code.ts';
import type { FetchUnit } from './fetch.ts';
import { type History, NONE } from './history.ts';
import { InstructionRecord } from './record.ts';
import type { Semaphores } from './semaphores.ts';
import type { System } from './system.ts';
import type { Unit } from './unit.ts';

export interface FrontHooks {
  readonly system: System;
  readonly context: DemandContext;
  readonly semaphores: Semaphores;
  readonly fetch: FetchUnit;
  readonly unit: (number: number) => Unit;
  readonly history: History;
  readonly dispatched: (record: InstructionRecord) => void;
  readonly signal: (record: InstructionRecord, at: 'release' | 'done') => void;
}

export class FrontEnd {
  readonly core: number;
  dirty = true;
  readonly #stream: Generator<DynamicInstruction, void>;
  readonly #hooks: FrontHooks;
  readonly #queueDepth: number;
  readonly #entries: readonly CodeEntry[];
  #next: IteratorResult<DynamicInstruction, void>;
  #freeAt = 0;
  #last = NONE;
  #held: Cause | undefined = undefined;
  readonly #wake = () => {
    this.dirty = true;
  };

  /** `entries` by pc. */
  constructor(
    core: number,
    entries: readonly CodeEntry[],
    stream: Generator<DynamicInstruction, void>,
    hooks: FrontHooks,
  ) {
    this.core = core;
    this.#stream = stream;
    this.#hooks = hooks;
    this.#next = stream.next();
    this.#queueDepth = hooks.system.machine.core.sequencer.queueDepth;
    this.#entries = entries;
  }

  get ended(): boolean {
    return this.#next.done === true;
  }

  /** The instruction that waits for dispatch, for a deadlock message. */
  get waiting(): DynamicInstruction | undefined {
    return this.#next.done ? undefined : this.#next.value;
  }

  /** When the last dispatch slot ends. */
  get endPs(): number {
    return this.#freeAt;
  }

  /** Dispatches one instruction if it can go now. */
  tryDispatch(now: number): boolean {
    this.dirty = false;
    if (this.#next.done || now < this.#freeAt) return false;
    const { pc, registers } = this.#next.value;
    const entry = this.#entries[pc]!;
    const { waits } = entry.instruction;
    const scalar = entry.unit.kind === 'seq';
    const unit = scalar ? undefined : this.#hooks.unit(entry.unitNumber);
    if (!this.#hooks.fetch.ready(pc)) return this.#hold('fetch');
    if (unit !== undefined && unit.queue.length >= this.#queueDepth) return this.#hold('queue');
    if (scalar && waits.length > 0 && !this.#hooks.semaphores.available(this.core, waits))
      return this.#hold('semaphore');
    entry.executed += 1;
    const record = new InstructionRecord(this.#hooks.history, entry, registers, entry.demandAt(registers));
    record.dispatchPs = now;
    this.#explain(record, now, unit);
    this.#hooks.dispatched(record);
    this.#occupy(record, now, scalar);
    if (unit === undefined) this.#runScalar(record, now);
    else {
      unit.queue.push(record);
      unit.dirty = true;
    }
    this.#next = this.#stream.next();
    return true;
  }

  #hold(why: Cause): boolean {
    this.#held = why;
    return false;
  }

  /** Notes what this dispatch waited for last. */
  #explain(record: InstructionRecord, now: number, unit: Unit | undefined): void {
    const held = now === this.#freeAt ? undefined : this.#held;
    this.#held = undefined;
    record.dispatchedFor = held ?? 'dispatch';
    // A line that is missing is waited for by this instruction, from the end of the slot before.
    record.dispatchedAt = held === undefined || held === 'fetch' ? this.#freeAt : now;
    record.dispatchedAfter = held === 'queue' ? (unit?.lastStarted?.id ?? NONE) : this.#last;
  }

  /** The slot ends; scalar work may take longer than a slot. */
  #occupy(record: InstructionRecord, now: number, scalar: boolean): void {
    const { machine, corePs, kernel } = this.#hooks.system;
    const cycles = Math.max(machine.core.sequencer.dispatchCycles, scalar ? record.demand.busyCycles : 1);
    this.#freeAt = now + cycles * corePs;
    this.#last = record.id;
    kernel.at(this.#freeAt, this.#wake);
  }

  #runScalar(record: InstructionRecord, now: number): void {
    const { instruction } = record.entry;
    if (instruction.waits.length > 0) {
      this.#hooks.semaphores.take(this.core, instruction.waits);
      const { takenFrom, takenAt } = this.#hooks.semaphores;
      if (record.dispatchedFor === 'semaphore' && takenFrom !== NONE) {
        record.dispatchedAfter = takenFrom;
        record.dispatchedAt = takenAt;
      }
    }
    record.begin(now);
    record.startedAfter = record.id;
    record.startedAt = now;
    record.spend(instruction.op === 'ldr' ? 'scalar' : 'dispatch', this.#freeAt);
    record.releasePs = record.freePs = record.donePs = this.#freeAt;
    this.#hooks.history.close(record);
    if (instruction.signals.length === 0) return;
    this.#hooks.system.kernel.at(this.#freeAt, () => {
      this.#hooks.signal(record, 'release');
      this.#hooks.signal(record, 'done');
    });
  }
}
