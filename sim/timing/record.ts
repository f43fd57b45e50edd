/** One instruction on its way through the machine: its times so far and why it started when it did. Once done it is only a row of the history. */
import type { UnitDemand } from '../../isa/demand/matrix.ts';
import type { Cause } from '../result.ts';
import type { Walk } from '../walk/walk.ts';
import type { CodeEntry } from './code.ts';
import { type History, NONE } from './history.ts';

export class InstructionRecord {
  /** Number in order of dispatch over all cores; lower is older. */
  readonly id: number;
  readonly entry: CodeEntry;
  readonly registers: readonly number[];
  readonly demand: UnitDemand;
  dispatchPs = -1;
  startPs = -1;
  releasePs = -1;
  freePs = -1;
  donePs = -1;
  /** What dispatch waited for last: a cause, the instruction to blame, and when. */
  dispatchedFor: Cause = 'dispatch';
  dispatchedAfter = NONE;
  dispatchedAt = 0;
  /** What the start waited for last. */
  startedFor: Cause = 'dispatch';
  startedAfter = NONE;
  startedAt = 0;
  /** Contiguous pieces from start to done, in the history; the last of them. */
  lastPiece = NONE;
  /** How far the pieces reach; the start before there are any. */
  spentTo = -1;
  /** Results are there, but perhaps not those of an earlier instruction of the unit. */
  finished = false;
  /** Operand walks, filled in when something asks. */
  walks: readonly Walk[] | undefined = undefined;
  readonly #history: History;

  constructor(history: History, entry: CodeEntry, registers: readonly number[], demand: UnitDemand) {
    this.#history = history;
    this.id = history.open();
    this.entry = entry;
    this.registers = registers;
    this.demand = demand;
  }

  /** Execution begins. */
  begin(now: number): void {
    this.startPs = now;
    this.spentTo = now;
  }

  /** Extends the pieces to `end` with one cause; an end that is already covered is ignored. */
  spend(cause: Cause, end: number): void {
    if (end <= this.spentTo) return;
    this.lastPiece = this.#history.spend(this.lastPiece, cause, end);
    this.spentTo = end;
  }

  /** What the time before spentTo went into. */
  get lastCause(): Cause {
    return this.lastPiece === NONE ? 'transfer' : this.#history.pieceCause(this.lastPiece);
  }
}
