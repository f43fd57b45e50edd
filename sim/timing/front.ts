/**
 * The sequencer in time: fetches and dispatches in order, one instruction per dispatch slot, runs scalar instructions itself, stalls on a
 * full queue or a missing line. Registers are captured at dispatch because the dynamic stream carries them.
 */
import type { DemandContext } from '../../isa/demand/demand.ts';
import { demand } from '../../isa/demand/demand.ts';
import type { UnitDemand } from '../../isa/demand/matrix.ts';
import type { Instruction } from '../../isa/instructions/table.ts';
import type { DynamicInstruction } from '../walk/sequence.ts';
import { unitNumber, unitOf } from '../walk/units.ts';
import type { FetchUnit } from './fetch.ts';
import { type Dependence, InstructionRecord } from './record.ts';
import type { Semaphores } from './semaphores.ts';
import type { System } from './system.ts';
import type { Unit } from './unit.ts';

export interface FrontHooks {
  readonly system: System;
  readonly context: DemandContext;
  readonly semaphores: Semaphores;
  readonly fetch: FetchUnit;
  readonly unit: (number: number) => Unit;
  readonly nextAge: () => number;
  readonly signal: (record: InstructionRecord, at: 'release' | 'done') => void;
}

export class FrontEnd {
  readonly records: InstructionRecord[] = [];
  dirty = true;
  finishedPs = 0;
  readonly #core: number;
  readonly #stream: Generator<DynamicInstruction, void>;
  readonly #hooks: FrontHooks;
  readonly #demands = new Map<Instruction, UnitDemand>();
  #next: IteratorResult<DynamicInstruction, void>;
  #freeAt = 0;
  #last: InstructionRecord | undefined;
  #held: 'fetch' | 'queue' | 'semaphore' | undefined;

  constructor(core: number, stream: Generator<DynamicInstruction, void>, hooks: FrontHooks) {
    this.#core = core;
    this.#stream = stream;
    this.#hooks = hooks;
    this.#next = stream.next();
  }

  get ended(): boolean {
    return this.#next.done === true;
  }

  /** The instruction that waits for dispatch, for a deadlock message. */
  get waiting(): DynamicInstruction | undefined {
    return this.#next.done ? undefined : this.#next.value;
  }

  /** Dispatches one instruction if it can go now. */
  tryDispatch(now: number): boolean {
    this.dirty = false;
    if (this.#next.done || now < this.#freeAt) return false;
    const d = this.#next.value;
    if (!this.#hooks.fetch.ready(d.pc)) return this.#hold('fetch');
    const name = unitOf(d.instruction, this.#core);
    const number = unitNumber(name);
    const scalar = name.kind === 'seq';
    const unit = this.#hooks.unit(number);
    if (!scalar && unit.queue.length >= this.#hooks.system.machine.core.sequencer.queueDepth) return this.#hold('queue');
    if (scalar && !this.#hooks.semaphores.available(this.#core, d.instruction.waits)) return this.#hold('semaphore');
    const layer = this.#hooks.context.program.symbols.layerOf[this.#core]?.[d.pc] ?? -1;
    const record = new InstructionRecord(this.#hooks.nextAge(), name, number, d, layer, this.#demandOf(d.instruction));
    record.dispatchPs = now;
    record.dispatched = this.#why(now, unit);
    this.#held = undefined;
    this.records.push(record);
    this.#advance(record, now, scalar);
    if (scalar) this.#runScalar(record, now);
    else {
      unit.queue.push(record);
      unit.dirty = true;
    }
    this.#next = this.#stream.next();
    return true;
  }

  #hold(why: 'fetch' | 'queue' | 'semaphore'): boolean {
    this.#held = why;
    return false;
  }

  /** What this dispatch waited for last. */
  #why(now: number, unit: Unit): Dependence {
    const previous: Dependence = { cause: 'dispatch', on: this.#last, at: this.#freeAt };
    if (this.#held === undefined || now === this.#freeAt) return previous;
    if (this.#held === 'queue') return { cause: 'queue', on: unit.lastStarted, at: now };
    return { cause: this.#held, on: this.#last, at: now };
  }

  #advance(record: InstructionRecord, now: number, scalar: boolean): void {
    const { sequencer } = this.#hooks.system.machine.core;
    const cycles = Math.max(sequencer.dispatchCycles, scalar ? record.demand.busyCycles : 1);
    this.#freeAt = now + cycles * this.#hooks.system.corePs;
    this.#last = record;
    this.finishedPs = this.#freeAt;
    this.#hooks.system.kernel.at(this.#freeAt, () => {
      this.dirty = true;
    });
  }

  #runScalar(record: InstructionRecord, now: number): void {
    this.#hooks.semaphores.take(this.#core, record.at.instruction.waits);
    record.startPs = now;
    record.started = { cause: 'dispatch', on: record, at: now };
    record.spend(record.at.instruction.op === 'ldr' ? 'scalar' : 'dispatch', this.#freeAt);
    record.releasePs = record.freePs = record.donePs = this.#freeAt;
    this.#hooks.system.kernel.at(this.#freeAt, () => {
      this.#hooks.signal(record, 'release');
      this.#hooks.signal(record, 'done');
    });
  }

  #demandOf(instruction: Instruction): UnitDemand {
    let d = this.#demands.get(instruction);
    if (d === undefined) {
      d = demand(instruction, this.#hooks.context);
      this.#demands.set(instruction, d);
    }
    return d;
  }
}
