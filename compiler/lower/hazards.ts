/**
 * Who last wrote and who has read each interval of one space, as instructions in sequential order are fed in. From it
 * come the orderings that the order needs: a read after its writer, a write after the writer and the readers
 * before it. Units and positions are plain numbers; order.ts gives them meaning.
 * Cores that make one tensor together write columns that interleave in memory: their intervals overlap, their bytes do not. Such accesses
 * carry a part of a group, and parts of one group owe each other nothing.
 */
import type { Interval } from './footprint.ts';

/** One needed ordering: position `seq` of `unit` must be finished (`done`) or have read its sources (not `done`). */
export interface Dependence {
  readonly unit: number;
  readonly seq: number;
  readonly done: boolean;
}

/** Which part of a tensor that several cores make at once. */
export interface Part {
  readonly group: number;
  readonly index: number;
}

interface Access {
  readonly unit: number;
  readonly write: boolean;
  /** Part of the segment's group, -1 for an access outside of it. */
  readonly part: number;
  readonly seq: number;
}

interface Segment {
  readonly start: number;
  readonly end: number;
  /** Group that is writing it, -1 for none. */
  readonly group: number;
  /** Since the group began: the last write of each part and the reads behind it. Without a group one write and the reads behind it. */
  readonly recent: readonly Access[];
  /** What came before the group began: every part follows it, whichever part is first. */
  readonly before: readonly Access[];
}

/** Hears of one needed ordering: a `Dependence` in parts, since there are many. */
export type Need = (unit: number, seq: number, done: boolean) => void;

function segment(
  start: number,
  end: number,
  group: number,
  recent: readonly Access[],
  before: readonly Access[],
): Segment {
  return { start, end, group, recent, before };
}

const NONE: readonly Access[] = [];
const UNTOUCHED = segment(0, 0, -1, NONE, NONE);

export class HazardMap {
  readonly #segments: Segment[] = [];

  /** Records a read by position `seq` of `unit` and reports what it must follow. */
  read(range: Interval, unit: number, seq: number, need: Need, part?: Part): void {
    const outside: Access = { unit, write: false, part: -1, seq };
    const inside: Access = part === undefined ? outside : { unit, write: false, part: part.index, seq };
    this.#replace(range, (s, start, end) => {
      const own = part !== undefined && part.group === s.group ? inside : outside;
      for (const a of s.before) if (a.write) tell(a, unit, need);
      const recent: Access[] = [];
      for (const a of s.recent) {
        if (a.write && clashes(a, own.part)) tell(a, unit, need);
        if (a.write || a.unit !== unit || a.part !== own.part) recent.push(a);
      }
      recent.push(own);
      return segment(start, end, s.group, recent, s.before);
    });
  }

  /** Records a write and reports what it must follow. */
  write(range: Interval, unit: number, seq: number, need: Need, part?: Part): void {
    if (part === undefined) {
      for (let i = this.#firstBehind(range.start); ; i++) {
        const s = this.#segments[i];
        if (s === undefined || s.start >= range.end) break;
        for (const a of s.before) tell(a, unit, need);
        for (const a of s.recent) tell(a, unit, need);
      }
      const own: Access = { unit, write: true, part: -1, seq };
      this.#splice(range.start, range.end, [segment(range.start, range.end, -1, [own], NONE)]);
      return;
    }
    const own: Access = { unit, write: true, part: part.index, seq };
    this.#replace(range, (s, start, end) => {
      const [before, recent] = s.group === part.group ? [s.before, s.recent] : [s.recent, NONE];
      for (const a of before) tell(a, unit, need);
      for (const a of recent) if (clashes(a, part.index)) tell(a, unit, need);
      return segment(start, end, part.group, [...recent.filter((a) => a.part !== part.index), own], before);
    });
    this.#merge(range);
  }

  /** Puts `change` of every segment, cut to `range`, in its place; what nothing has touched yet is a segment without accesses. */
  #replace({ start, end }: Interval, change: (s: Segment, start: number, end: number) => Segment): void {
    const out: Segment[] = [];
    let at = start;
    for (let i = this.#firstBehind(start); at < end; i++) {
      const s = this.#segments[i];
      const next = s === undefined ? end : Math.min(end, s.start);
      if (at < next) out.push(change(UNTOUCHED, at, next));
      at = Math.max(at, next);
      if (s === undefined || at >= end) break;
      const last = Math.min(end, s.end);
      out.push(change(s, at, last));
      at = last;
    }
    this.#splice(start, end, out);
  }

  /** Replaces what lies in `range`; segments that stick out keep their outer parts. */
  #splice(start: number, end: number, own: readonly Segment[]): void {
    const segments = this.#segments;
    const first = this.#firstBehind(start);
    let last = first;
    while (last < segments.length && segments[last]!.start < end) last++;
    const head = last > first ? segments[first]! : UNTOUCHED;
    const tail = last > first ? segments[last - 1]! : UNTOUCHED;
    const before = last > first && head.start < start;
    const behind = last > first && tail.end > end;
    if (!before && !behind && last === first + own.length) {
      for (let i = 0; i < own.length; i++) segments[first + i] = own[i]!;
      return;
    }
    const all = [...own];
    if (before) all.unshift(segment(head.start, start, head.group, head.recent, head.before));
    if (behind) all.push(segment(end, tail.end, tail.group, tail.recent, tail.before));
    segments.splice(first, last - first, ...all);
  }

  /** One segment for neighbours in `range` that know the same, so that parts cut into many tiles do not pile up. */
  #merge(range: Interval): void {
    const first = this.#firstBehind(range.start);
    const out: Segment[] = [];
    let last = first;
    for (let s = this.#segments[last]; s !== undefined && s.start < range.end; s = this.#segments[last]) {
      const open = out.at(-1);
      if (open !== undefined && open.end === s.start && sameHistory(open, s))
        out[out.length - 1] = segment(open.start, s.end, open.group, open.recent, open.before);
      else out.push(s);
      last++;
    }
    this.#segments.splice(first, last - first, ...out);
  }

  /** Index of the first segment that ends behind `point`. */
  #firstBehind(point: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if ((this.#segments[mid]?.end ?? Infinity) <= point) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}

/** Whether an earlier access can touch bytes of part `own`. */
function clashes(a: Access, own: number): boolean {
  return own < 0 || a.part < 0 || a.part === own;
}

function tell(a: Access, unit: number, need: Need): void {
  if (a.unit !== unit) need(a.unit, a.seq, a.write);
}

function sameHistory(a: Segment, b: Segment): boolean {
  return a.group === b.group && sameAccesses(a.recent, b.recent) && sameAccesses(a.before, b.before);
}

function sameAccesses(a: readonly Access[], b: readonly Access[]): boolean {
  return (
    a.length === b.length &&
    a.every((x, i) => {
      const y = b[i];
      return y !== undefined && x.unit === y.unit && x.seq === y.seq && x.write === y.write && x.part === y.part;
    })
  );
}
