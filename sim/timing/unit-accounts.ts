/**
 * Where each unit's time went: work, stalls by cause, idle; every span once, in order, so that they add up to the total. Instructions that
 * wait in the queue stall their unit, pieces of the one in execution are work or stalls. The sequencer works in dispatch slots.
 */
import { InternalError } from '../../isa/base/errors.ts';
import { type Cause, type UnitResult, WORK } from '../result.ts';
import type { UnitName } from '../walk/units.ts';
import { cyclesBetween } from './attribution.ts';
import { type Executed, type History, NONE } from './history.ts';

export interface AccountTimes {
  readonly totalPs: number;
  readonly periodPs: number;
  /** Length of a dispatch slot. */
  readonly slotPs: number;
}

/** One account per unit that executed something, by core, sequencer first. */
export function unitAccounts(history: History, times: AccountTimes): UnitResult[] {
  const sequencers: Spans[] = [];
  const units: Spans[] = [];
  for (let id = 0; id < history.count; id++) {
    const r = history.at(id);
    const { unit, unitNumber } = r.entry;
    sequencers[unit.core] ??= new Spans({ core: unit.core, kind: 'seq', channel: 0 }, times.periodPs);
    sequencers[unit.core]!.dispatch(r, times.slotPs);
    if (unit.kind === 'seq') continue;
    units[unitNumber] ??= new Spans(unit, times.periodPs);
    units[unitNumber]!.execute(history, r);
  }
  return sequencers.flatMap((s, core) => {
    const own = units.filter((u) => u.unit.core === core);
    return [s, ...own].map((u) => u.result(times.totalPs));
  });
}

class Spans {
  readonly unit: UnitName;
  #instructions = 0;
  #busy = 0;
  #idle = 0;
  readonly #stalls: Partial<Record<Cause, number>> = {};
  #at = 0;
  readonly #periodPs: number;

  constructor(unit: UnitName, periodPs: number) {
    this.unit = unit;
    this.#periodPs = periodPs;
  }

  dispatch(r: Executed, slotPs: number): void {
    this.#instructions += 1;
    this.#spend(r.dispatchPs, r.dispatchedFor);
    this.#spend(r.entry.unit.kind === 'seq' ? r.freePs : r.dispatchPs + slotPs, 'dispatch');
  }

  execute(history: History, r: Executed): void {
    this.#instructions += 1;
    this.#spend(r.dispatchPs, 'idle');
    this.#spend(r.startPs, r.startedFor === 'dispatch' ? 'queue' : r.startedFor);
    // A compute unit is held until it can take its next instruction; a channel or write port moves words until the last has arrived.
    const transfers = r.entry.unit.kind === 'dma' || r.entry.unit.kind === 'write';
    this.#pieces(history, r.lastPiece, transfers ? r.donePs : r.freePs);
    this.#spend(r.freePs, 'dispatch');
  }

  /** Pieces in order, as far as they count. */
  #pieces(history: History, last: number, until: number): void {
    const pieces: number[] = [];
    for (let p = last; p !== NONE; p = history.piecePrevious(p)) pieces.push(p);
    for (let p = pieces.pop(); p !== undefined; p = pieces.pop()) {
      this.#spend(Math.min(history.pieceEnd(p), until), history.pieceCause(p));
    }
  }

  /** Books everything up to `end` that has not been booked yet. */
  #spend(end: number, cause: Cause | 'idle'): void {
    if (end <= this.#at) return;
    const cycles = cyclesBetween(this.#at, end, this.#periodPs);
    this.#at = end;
    if (cycles === 0) return;
    if (cause === 'idle') this.#idle += cycles;
    else if (WORK.has(cause)) this.#busy += cycles;
    else this.#stalls[cause] = (this.#stalls[cause] ?? 0) + cycles;
  }

  /** The account up to the end of the run; throws InternalError where it does not add up. */
  result(totalPs: number): UnitResult {
    this.#spend(totalPs, 'idle');
    const total = cyclesBetween(0, totalPs, this.#periodPs);
    const sum = this.#busy + this.#idle + Object.values(this.#stalls).reduce((s, n) => s + n, 0);
    const { core, kind, channel } = this.unit;
    if (sum !== total) throw new InternalError(`unit ${kind} of core ${core} accounts for ${sum} of ${total} cycles`);
    return {
      core,
      kind,
      channel,
      instructions: this.#instructions,
      busyCycles: this.#busy,
      stallCycles: this.#stalls,
      idleCycles: this.#idle,
    };
  }
}
