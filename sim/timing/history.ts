/**
 * What happened to every executed instruction, by its number in dispatch order: times, what dispatch and start waited for last, and what its time
 * went into. Columns of plain numbers, because a run executes millions and the critical path needs them all.
 */
import { CAUSES, type Cause } from '../result.ts';
import type { CodeEntry } from './code.ts';
import type { InstructionRecord } from './record.ts';

/** Number of no instruction: the start of time. */
export const NONE = -1;

const CAUSE_INDEX = Object.fromEntries(CAUSES.map((c, i) => [c, i])) as Readonly<Record<Cause, number>>;

/** Float64 columns of one instruction. */
const DISPATCH = 0;
const START = 1;
const RELEASE = 2;
const FREE = 3;
const DONE = 4;
const DISPATCHED_AT = 5;
const STARTED_AT = 6;
const TIMES = 7;

/** Int32 columns of one instruction. */
const ENTRY = 0;
const DISPATCHED_FOR = 1;
const DISPATCHED_AFTER = 2;
const STARTED_FOR = 3;
const STARTED_AFTER = 4;
const LAST_PIECE = 5;
const LINKS = 6;

/** One executed instruction, read back. */
export interface Executed {
  readonly entry: CodeEntry;
  readonly dispatchPs: number;
  readonly startPs: number;
  readonly releasePs: number;
  readonly freePs: number;
  readonly donePs: number;
  /** What dispatch waited for last, the instruction to blame (NONE: the start of time), and when. */
  readonly dispatchedFor: Cause;
  readonly dispatchedAfter: number;
  readonly dispatchedAt: number;
  readonly startedFor: Cause;
  readonly startedAfter: number;
  readonly startedAt: number;
  /** Last of its pieces, NONE where it has none. */
  readonly lastPiece: number;
}

export class History {
  count = 0;
  readonly #entries: readonly CodeEntry[];
  #times = new Float64Array(TIMES * 256);
  #links = new Int32Array(LINKS * 256);
  #pieces = 0;
  #pieceEnd = new Float64Array(1024);
  #pieceCause = new Uint8Array(1024);
  #piecePrevious = new Int32Array(1024);

  /** `entries` by CodeEntry.index. */
  constructor(entries: readonly CodeEntry[]) {
    this.#entries = entries;
  }

  /** Gives the next instruction its number. */
  open(): number {
    const id = this.count++;
    if (id * TIMES === this.#times.length) {
      this.#times = grown(this.#times, Float64Array);
      this.#links = grown(this.#links, Int32Array);
    }
    return id;
  }

  /** Notes a finished instruction. */
  close(r: InstructionRecord): void {
    const t = r.id * TIMES;
    const times = this.#times;
    times[t + DISPATCH] = r.dispatchPs;
    times[t + START] = r.startPs;
    times[t + RELEASE] = r.releasePs;
    times[t + FREE] = r.freePs;
    times[t + DONE] = r.donePs;
    times[t + DISPATCHED_AT] = r.dispatchedAt;
    times[t + STARTED_AT] = r.startedAt;
    const l = r.id * LINKS;
    const links = this.#links;
    links[l + ENTRY] = r.entry.index;
    links[l + DISPATCHED_FOR] = CAUSE_INDEX[r.dispatchedFor];
    links[l + DISPATCHED_AFTER] = r.dispatchedAfter;
    links[l + STARTED_FOR] = CAUSE_INDEX[r.startedFor];
    links[l + STARTED_AFTER] = r.startedAfter;
    links[l + LAST_PIECE] = r.lastPiece;
  }

  at(id: number): Executed {
    const t = id * TIMES;
    const times = this.#times;
    const l = id * LINKS;
    const links = this.#links;
    return {
      entry: this.#entries[links[l + ENTRY]!]!,
      dispatchPs: times[t + DISPATCH]!,
      startPs: times[t + START]!,
      releasePs: times[t + RELEASE]!,
      freePs: times[t + FREE]!,
      donePs: times[t + DONE]!,
      dispatchedFor: CAUSES[links[l + DISPATCHED_FOR]!]!,
      dispatchedAfter: links[l + DISPATCHED_AFTER]!,
      dispatchedAt: times[t + DISPATCHED_AT]!,
      startedFor: CAUSES[links[l + STARTED_FOR]!]!,
      startedAfter: links[l + STARTED_AFTER]!,
      startedAt: times[t + STARTED_AT]!,
      lastPiece: links[l + LAST_PIECE]!,
    };
  }

  /** The instruction that was done last; the first of them where several were. NONE in an empty run. */
  last(): number {
    let last = NONE;
    let when = -1;
    for (let id = 0; id < this.count; id++) {
      const done = this.#times[id * TIMES + DONE]!;
      if (done <= when) continue;
      when = done;
      last = id;
    }
    return last;
  }

  /** Adds a piece behind `previous` and gives its number; one of the same cause is extended instead. */
  spend(previous: number, cause: Cause, end: number): number {
    const index = CAUSE_INDEX[cause];
    if (previous !== NONE && this.#pieceCause[previous] === index) {
      this.#pieceEnd[previous] = end;
      return previous;
    }
    const piece = this.#pieces++;
    if (piece === this.#pieceEnd.length) {
      this.#pieceEnd = grown(this.#pieceEnd, Float64Array);
      this.#pieceCause = grown(this.#pieceCause, Uint8Array);
      this.#piecePrevious = grown(this.#piecePrevious, Int32Array);
    }
    this.#pieceEnd[piece] = end;
    this.#pieceCause[piece] = index;
    this.#piecePrevious[piece] = previous;
    return piece;
  }

  pieceEnd(piece: number): number {
    return this.#pieceEnd[piece]!;
  }

  pieceCause(piece: number): Cause {
    return CAUSES[this.#pieceCause[piece]!]!;
  }

  piecePrevious(piece: number): number {
    return this.#piecePrevious[piece]!;
  }
}

type Column = Float64Array | Int32Array | Uint8Array;

function grown<T extends Column>(old: T, make: new (length: number) => T): T {
  const next = new make(old.length * 2);
  next.set(old);
  return next;
}
