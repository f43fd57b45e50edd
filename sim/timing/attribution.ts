/**
 * Why it took that long. The critical path walks back from the last instruction: its pieces, then whatever its start waited for last, to the
 * start of time; intervals touch, so their lengths add up to the total. Unit accounts split each unit's time the same way.
 */
import { InternalError } from '../../isa/base/errors.ts';
import type { Cause, PathInterval, UnitResult } from '../result.ts';
import { WORK } from '../result.ts';
import type { InstructionRecord } from './record.ts';

/** Contiguous intervals from 0 to the end of `last`. */
export function criticalPath(last: InstructionRecord): PathInterval[] {
  const path: PathInterval[] = [];
  let record: InstructionRecord = last;
  let end = last.donePs;
  for (;;) {
    for (let p = record.pieces.length - 1; p >= 0; p--) {
      const start = p === 0 ? record.startPs : record.pieces[p - 1]!.end;
      if (start >= end) continue;
      path.push(interval(record, start, end, record.pieces[p]!.cause));
      end = start;
    }
    const next = predecessor(record, end, path);
    if (next === undefined) break;
    record = next.record;
    end = next.at;
  }
  return path.reverse();
}

/** Follows the start of a record, through its dispatch where that came last, to the instruction to blame before `end`. */
function predecessor(record: InstructionRecord, end: number, path: PathInterval[]): { record: InstructionRecord; at: number } | undefined {
  let { started: why } = record;
  let at = Math.min(end, record.startPs);
  let from = record;
  if (at > why.at) {
    path.push(interval(record, why.at, at, why.cause));
    at = why.at;
  }
  if (why.cause !== 'dispatch') return why.on === undefined ? tail(record, at, path, why.cause) : { record: why.on, at };
  // Dispatch was last: walk the dispatch chain until something other than the sequencer is to blame.
  for (;;) {
    why = from.dispatched;
    if (at > why.at) {
      path.push(interval(from, why.at, at, why.cause));
      at = why.at;
    }
    if (why.on === undefined) return tail(from, at, path, why.cause);
    if (why.cause === 'queue') return { record: why.on, at };
    if (at > why.on.dispatchPs) {
      path.push(interval(why.on, why.on.dispatchPs, at, why.cause));
      at = why.on.dispatchPs;
    }
    from = why.on;
  }
}

function tail(record: InstructionRecord, at: number, path: PathInterval[], cause: Cause): undefined {
  if (at > 0) path.push(interval(record, 0, at, cause));
  return undefined;
}

function interval(record: InstructionRecord, startPs: number, endPs: number, cause: Cause): PathInterval {
  return { startPs, endPs, cause, core: record.unit.core, kind: record.unit.kind, pc: record.at.pc, layer: record.layer };
}

/** Cycles of [start, end) such that neighbours add up: differences of a rounded-up clock. */
export function cyclesBetween(startPs: number, endPs: number, periodPs: number): number {
  return Math.ceil(endPs / periodPs) - Math.ceil(startPs / periodPs);
}

export function sumByCause(path: readonly PathInterval[], periodPs: number): Partial<Record<Cause, number>> {
  const causes: Partial<Record<Cause, number>> = {};
  for (const i of path) add(causes, i.cause, cyclesBetween(i.startPs, i.endPs, periodPs));
  return causes;
}

export function sumByLayer(path: readonly PathInterval[], periodPs: number): Map<number, number> {
  const layers = new Map<number, number>();
  for (const i of path) layers.set(i.layer, (layers.get(i.layer) ?? 0) + cyclesBetween(i.startPs, i.endPs, periodPs));
  return layers;
}

/** Splits 0 .. totalPs of one unit: waiting instructions stall it, pieces of the one in execution are work or stalls, the rest is idle. */
export function unitAccount(records: readonly InstructionRecord[], totalPs: number, periodPs: number): UnitResult {
  const stalls: Partial<Record<Cause, number>> = {};
  let busy = 0;
  let idle = 0;
  let at = 0;
  const spend = (end: number, book: (cycles: number) => void) => {
    if (end <= at) return;
    book(cyclesBetween(at, end, periodPs));
    at = end;
  };
  const first = records[0]!;
  for (const r of records) {
    spend(r.dispatchPs, (n) => {
      idle += n;
    });
    spend(r.startPs, (n) => add(stalls, r.started.cause === 'dispatch' ? 'queue' : r.started.cause, n));
    for (const p of r.pieces) {
      const end = Math.min(p.end, r.freePs);
      if (WORK.has(p.cause)) {
        spend(end, (n) => {
          busy += n;
        });
      } else spend(end, (n) => add(stalls, p.cause, n));
    }
    spend(r.freePs, (n) => {
      busy += n;
    });
  }
  spend(totalPs, (n) => {
    idle += n;
  });
  const total = cyclesBetween(0, totalPs, periodPs);
  const stalled = Object.values(stalls).reduce((s, n) => s + n, 0);
  if (busy + stalled + idle !== total) throw new InternalError(`unit ${first.unit.kind} accounts for ${busy + stalled + idle} of ${total} cycles`);
  return { core: first.unit.core, kind: first.unit.kind, channel: first.unit.channel, instructions: records.length, busyCycles: busy, stallCycles: stalls, idleCycles: idle };
}

function add(into: Partial<Record<Cause, number>>, cause: Cause, n: number): void {
  if (n !== 0) into[cause] = (into[cause] ?? 0) + n;
}
