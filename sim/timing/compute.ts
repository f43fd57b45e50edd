/**
 * A compute instruction in time: its demand in slices, each of which asks the scratchpad and accumulator ports for its share of words. A slice ends when its
 * cycles are over and its words are served; what comes on top of the cycles is waiting for a port.
 */
import type { Cause } from '../result.ts';
import type { InstructionRecord } from './record.ts';
import type { System } from './system.ts';

/** Slices are at most this long, and at most this many. */
const SLICE_CYCLES = 64;
const MAX_SLICES = 16;

export interface ExecutionEvents {
  readonly released: (now: number) => void;
  /** The unit can take its next instruction. */
  readonly freed: (now: number) => void;
  readonly done: (now: number) => void;
}

/** Starts the instruction now. */
export function runCompute(system: System, record: InstructionRecord, work: Cause, events: ExecutionEvents): void {
  const { demand } = record;
  const slices = Math.max(1, Math.min(MAX_SLICES, Math.ceil(demand.busyCycles / SLICE_CYCLES)));
  const who = { age: record.age, unit: record.unitNumber };
  const ports = system.cores[record.unit.core]!;
  const { scratchpad, accumulators } = system.machine.core;
  const share = (total: number, i: number) => Math.floor((total * (i + 1)) / slices) - Math.floor((total * i) / slices);
  const begin = (i: number, now: number) => {
    const end = now + share(demand.busyCycles, i) * system.corePs;
    let waiting = 1;
    let last = end;
    let cause: Cause = work;
    const finish = (when: number, why: Cause) => {
      if (when > last) {
        last = when;
        cause = why;
      }
      waiting -= 1;
      if (waiting > 0) return;
      record.spend(work, end);
      record.spend(cause, last);
      if (i + 1 < slices) begin(i + 1, system.kernel.now);
      else complete(system.kernel.now);
    };
    const ask = (words: number, server: { request: typeof ports.spad.request }, banks: number, why: Cause) => {
      if (words === 0) return;
      waiting += 1;
      server.request(who, Math.ceil((words * system.corePs) / banks), (_start, when) => finish(when, why));
    };
    ask(share(demand.spadWords, i), ports.spad, scratchpad.banks, 'bank');
    ask(share(demand.accWords, i), ports.acc, accumulators.banks, 'accumulator-port');
    system.kernel.at(end, (when) => finish(when, work));
  };
  const complete = (now: number) => {
    events.released(now);
    events.freed(now);
    const latency = demand.latencyCycles + (demand.spadWords > 0 ? scratchpad.latencyCycles : 0);
    const end = now + latency * system.corePs;
    system.kernel.at(end, (when) => {
      record.spend(work === 'matrix' ? 'matrix-pipeline' : work, when);
      events.done(when);
    });
  };
  begin(0, system.kernel.now);
}
