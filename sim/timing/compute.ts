/**
 * A compute instruction in time: its demand in slices, each of which asks the scratchpad and accumulator ports for its share of words. A slice
 * ends when its cycles are over and its words have moved; what comes on top of the cycles is waiting for a port, or for the array.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Cause } from '../result.ts';
import type { BankedPort } from './banked-port.ts';
import type { InstructionRecord } from './record.ts';
import type { Requester } from './server.ts';
import type { System } from './system.ts';

/** Slices are at most this long, and at most this many. */
const SLICE_CYCLES = 64;
const MAX_SLICES = 16;

export interface ExecutionEvents {
  /** Sources have been read. */
  readonly released: (record: InstructionRecord) => void;
  /** The unit can take its next instruction. */
  readonly freed: (record: InstructionRecord) => void;
  /** Results are there; they can be seen once everything before them can. */
  readonly finished: (record: InstructionRecord) => void;
}

/** Starts a matrix, drain or vector instruction now. */
export function runCompute(system: System, record: InstructionRecord, events: ExecutionEvents): void {
  new Compute(system, record, events).slice();
}

class Compute {
  readonly #system: System;
  readonly #record: InstructionRecord;
  readonly #who: Requester;
  readonly #events: ExecutionEvents;
  readonly #work: Cause;
  readonly #slices: number;
  /** Scratchpad words that one cycle can move. */
  readonly #streams: number;
  /** Accumulator words likewise: the matrix unit has a path to every bank. */
  readonly #accStreams: number;
  readonly #steals: boolean;
  #index = 0;
  #begin = 0;
  #waiting = 0;
  #last = 0;
  #cause: Cause;

  constructor(system: System, record: InstructionRecord, events: ExecutionEvents) {
    this.#system = system;
    this.#record = record;
    this.#who = { age: record.id, unit: record.entry.unitNumber, part: 0 };
    this.#events = events;
    const { kind } = record.entry.unit;
    this.#work = kind === 'matrix' || kind === 'drain' ? kind : 'vector';
    this.#cause = this.#work;
    this.#slices = Math.max(1, Math.min(MAX_SLICES, Math.ceil(record.demand.busyCycles / SLICE_CYCLES)));
    this.#streams = kind === 'matrix' ? feedWords(system.machine) : 2;
    const { matrix, accumulators } = system.machine.core;
    this.#accStreams = kind === 'matrix' ? accumulators.banks : 1;
    this.#steals = kind === 'matrix' && matrix.kind !== 'systolic' && matrix.writeInterference === 'steals';
  }

  /** Begins the next slice at this instant. */
  slice(): void {
    const { demand, entry } = this.#record;
    const { kernel, corePs } = this.#system;
    const ports = this.#system.cores[entry.unit.core]!;
    this.#begin = kernel.now;
    this.#last = kernel.now + this.#share(demand.busyCycles) * corePs;
    this.#cause = this.#work;
    const end = this.#last;
    const spad = this.#share(demand.spadWords);
    const acc = this.#share(demand.accWords);
    this.#waiting = 1 + (spad > 0 ? 1 : 0) + (acc > 0 ? 1 : 0);
    if (spad > 0) this.#ask(ports.spad, spad, this.#streams, 'bank', end);
    if (acc > 0) this.#ask(ports.acc, acc, this.#accStreams, 'accumulator-port', end);
    this.#served(end, this.#work, end);
  }

  /** Asks for words, evenly over the cycles of the slice. */
  #ask(port: BankedPort, words: number, streams: number, cause: Cause, end: number): void {
    const { kernel, corePs } = this.#system;
    const from = kernel.now;
    const served = (_start: number, at: number) => this.#served(at, cause, end);
    const overCycles = (end - from) / corePs;
    port.request({ who: this.#who, words, write: false, streams, overCycles, from, served });
  }

  /** This slice's part of a total. */
  #share(total: number): number {
    const at = (i: number) => Math.floor((total * i) / this.#slices);
    return at(this.#index + 1) - at(this.#index);
  }

  /** One of the things that the slice needs is known; when all are, it has an end. */
  #served(at: number, cause: Cause, end: number): void {
    if (at > this.#last) {
      this.#last = at;
      this.#cause = cause;
    }
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    this.#system.kernel.at(this.#last, () => this.#finish(end));
  }

  #finish(end: number): void {
    const { kernel, cores } = this.#system;
    const record = this.#record;
    if (this.#steals) {
      const stolen = cores[record.entry.unit.core]!.arrayWrites.during(this.#begin, kernel.now, record.entry.macros);
      if (stolen > 0) {
        // The stolen time is not stolen from again: the next look begins here.
        this.#begin = kernel.now;
        this.#waiting = 1;
        this.#served(kernel.now + stolen, 'array', end);
        return;
      }
    }
    record.spend(this.#work, end);
    record.spend(this.#cause, kernel.now);
    this.#index += 1;
    if (this.#index < this.#slices) this.slice();
    else this.#complete(kernel.now);
  }

  #complete(now: number): void {
    const system = this.#system;
    const record = this.#record;
    record.releasePs = now;
    record.freePs = now;
    this.#events.released(record);
    this.#events.freed(record);
    const { latencyCycles, spadWords } = record.demand;
    const reads = record.entry.readsScratchpad && spadWords > 0;
    const latency = latencyCycles + (reads ? system.machine.core.scratchpad.latencyCycles : 0);
    system.kernel.at(now + latency * system.corePs, (when) => {
      record.spend(this.#work === 'matrix' ? 'matrix-pipeline' : this.#work, when);
      this.#events.finished(record);
    });
  }
}

/** The input network draws on as many scratchpad banks as it is wide. */
function feedWords(machine: Machine): number {
  const { matrix, scratchpad } = machine.core;
  return Math.max(1, Math.ceil(matrix.feedBits / scratchpad.portBits));
}
