/**
 * Why it took that long. The critical path walks back from the last instruction: its pieces, then whatever its start waited for last, to the
 * start of time; intervals touch, so their lengths add up to the total.
 */
import { InternalError } from '../../isa/base/errors.ts';
import type { Cause, PathInterval } from '../result.ts';
import type { CodeEntry } from './code.ts';
import { type Executed, type History, NONE } from './history.ts';

/** Contiguous intervals from 0 to the end of instruction `last`; throws InternalError where they do not cover that. */
export function criticalPath(history: History, last: number): PathInterval[] {
  if (last === NONE) return [];
  const path = new Path();
  let end = history.at(last).donePs;
  const total = end;
  for (let id = last; id !== NONE; ) {
    const record = history.at(id);
    for (let piece = record.lastPiece; piece !== NONE; piece = history.piecePrevious(piece)) {
      const previous = history.piecePrevious(piece);
      const start = previous === NONE ? record.startPs : history.pieceEnd(previous);
      end = path.back(record.entry, start, end, history.pieceCause(piece));
    }
    const next = predecessor(history, record, end, path);
    id = next.id;
    end = next.at;
  }
  return path.forward(total);
}

interface Blame {
  readonly id: number;
  readonly at: number;
}

/** Follows the start of a record, through its dispatch where that came last, to the instruction to blame before `end`. */
function predecessor(history: History, record: Executed, end: number, path: Path): Blame {
  let at = path.back(record.entry, record.startedAt, Math.min(end, record.startPs), record.startedFor);
  if (record.startedFor !== 'dispatch') return { id: record.startedAfter, at };
  // Dispatch was last: walk the dispatch chain until something other than the sequencer is to blame.
  for (let from = record; ; ) {
    const { dispatchedFor: cause, dispatchedAfter: id } = from;
    at = path.back(from.entry, from.dispatchedAt, at, cause);
    if (id === NONE) return { id, at: path.back(from.entry, 0, at, cause) };
    if (cause === 'queue' || cause === 'semaphore') return { id, at };
    const on = history.at(id);
    at = path.back(on.entry, on.dispatchPs, at, cause === 'fetch' ? 'dispatch' : cause);
    from = on;
  }
}

/** Intervals from the last to the first; neighbours of one instruction and cause become one. */
class Path {
  readonly #intervals: PathInterval[] = [];

  /** Adds [start, end) in front of what is there, where it is not empty; gives where the path now begins. */
  back(entry: CodeEntry, start: number, end: number, cause: Cause): number {
    if (start >= end) return end;
    const { unit, pc, layer } = entry;
    const front = this.#intervals[this.#intervals.length - 1];
    const interval = { startPs: start, endPs: end, cause, core: unit.core, kind: unit.kind, pc, layer };
    if (
      front !== undefined &&
      front.cause === cause &&
      front.pc === pc &&
      front.core === unit.core &&
      front.startPs === end
    ) {
      this.#intervals[this.#intervals.length - 1] = { ...interval, endPs: front.endPs };
    } else this.#intervals.push(interval);
    return start;
  }

  forward(total: number): PathInterval[] {
    const path = this.#intervals.reverse();
    let at = 0;
    for (const p of path) {
      if (p.startPs !== at) throw new InternalError(`the critical path jumps from ${at} to ${p.startPs} ps`);
      at = p.endPs;
    }
    if (at !== total) throw new InternalError(`the critical path ends at ${at} of ${total} ps`);
    return path;
  }
}

/** Cycles of [start, end) such that neighbours add up: differences of a rounded-up clock. */
export function cyclesBetween(startPs: number, endPs: number, periodPs: number): number {
  return Math.ceil(endPs / periodPs) - Math.ceil(startPs / periodPs);
}

export function sumByCause(path: readonly PathInterval[], periodPs: number): Partial<Record<Cause, number>> {
  const causes: Partial<Record<Cause, number>> = {};
  for (const i of path) {
    const cycles = cyclesBetween(i.startPs, i.endPs, periodPs);
    if (cycles !== 0) causes[i.cause] = (causes[i.cause] ?? 0) + cycles;
  }
  return causes;
}

export function sumByLayer(path: readonly PathInterval[], periodPs: number): Map<number, number> {
  const layers = new Map<number, number>();
  for (const i of path) layers.set(i.layer, (layers.get(i.layer) ?? 0) + cyclesBetween(i.startPs, i.endPs, periodPs));
  return layers;
}
