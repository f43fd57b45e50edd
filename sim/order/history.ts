/**
 * Who touched which bytes last: a sorted list of disjoint segments with the last writer and the last reader of each unit. A whole walk is
 * recorded in one pass; when its runs fall on existing borders, as in every loop after the first round, nothing is allocated.
 */

export interface Access {
  readonly unit: number;
  /** Number of the instruction within its unit, from 1. */
  readonly number: number;
  readonly core: number;
  readonly pc: number;
}

interface Segment {
  readonly start: number;
  readonly end: number;
  writer: Access | undefined;
  /** At most one per unit, the last; those before the last write are forgotten, for the writer came after them. */
  readers: Access[];
}

/** Told of each overlap with an earlier access of another unit that this access must follow. */
export type Conflict = (earlier: Access, earlierWrote: boolean, start: number, end: number) => void;

export class IntervalHistory {
  #segments: Segment[] = [];

  /** Records an access to base + [start, end) pairs, which are ascending and disjoint. */
  touch(base: number, intervals: Float64Array, write: boolean, access: Access, conflict: Conflict): void {
    if (intervals.length === 0) return;
    const first = this.#firstBehind(base + intervals[0]!);
    if (this.#visit(first, base, intervals, write, access, conflict))
      this.#update(first, base, intervals, write, access);
    else this.#rebuild(first, base, intervals, write, access);
  }

  /** Reports conflicts; true when every run is made of whole segments (for a write, of one). */
  #visit(
    first: number,
    base: number,
    intervals: Float64Array,
    write: boolean,
    access: Access,
    conflict: Conflict,
  ): boolean {
    let aligned = true;
    let at = first;
    for (let i = 0; i < intervals.length; i += 2) {
      const start = base + intervals[i]!;
      const end = base + intervals[i + 1]!;
      while (at < this.#segments.length && this.#segments[at]!.end <= start) at += 1;
      let covered = start;
      for (let s = this.#segments[at]; s !== undefined && s.start < end; s = this.#segments[++at]) {
        report(s, start, end, write, access, conflict);
        if (s.start !== covered || s.end > end || (write && s.end !== end)) aligned = false;
        covered = s.end;
        if (s.end > end) break;
      }
      if (covered !== end) aligned = false;
    }
    return aligned;
  }

  /** Aligned case: changes the segments in place. */
  #update(first: number, base: number, intervals: Float64Array, write: boolean, access: Access): void {
    let at = first;
    for (let i = 0; i < intervals.length; i += 2) {
      const end = base + intervals[i + 1]!;
      while (this.#segments[at]!.end <= base + intervals[i]!) at += 1;
      for (let s = this.#segments[at]; s !== undefined && s.start < end; s = this.#segments[++at])
        mark(s, write, access);
    }
  }

  /** Cuts, fills and joins the segments that the runs reach over. */
  #rebuild(first: number, base: number, intervals: Float64Array, write: boolean, access: Access): void {
    const old = this.#segments;
    const out: Segment[] = [];
    let at = first;
    /** The uncut end of the last segment taken. */
    let rest: Segment | undefined;
    const next = () => rest ?? old[at];
    const take = () => {
      if (rest === undefined) at += 1;
      else rest = undefined;
    };
    for (let i = 0; i < intervals.length; i += 2) {
      const start = base + intervals[i]!;
      const end = base + intervals[i + 1]!;
      for (let s = next(); s !== undefined && s.start < start; s = next()) {
        take();
        out.push(s.end <= start ? s : { start: s.start, end: start, writer: s.writer, readers: s.readers });
        if (s.end > start) rest = { start, end: s.end, writer: s.writer, readers: s.readers.slice() };
      }
      let position = start;
      for (let s = next(); s !== undefined && s.start < end; s = next()) {
        take();
        if (s.end > end) rest = { start: end, end: s.end, writer: s.writer, readers: s.readers.slice() };
        if (!write) {
          if (s.start > position) out.push({ start: position, end: s.start, writer: undefined, readers: [access] });
          const whole = s.end <= end ? s : { start: s.start, end, writer: s.writer, readers: s.readers };
          mark(whole, false, access);
          out.push(whole);
        }
        position = Math.min(s.end, end);
      }
      if (write) out.push({ start, end, writer: access, readers: [] });
      else if (position < end) out.push({ start: position, end, writer: undefined, readers: [access] });
    }
    if (rest !== undefined) out.push(rest);
    if (at - first === 0 && first === old.length) for (const s of out) old.push(s);
    else if (out.length < 1000) old.splice(first, at - first, ...out);
    else this.#segments = [...old.slice(0, first), ...out, ...old.slice(at)];
  }

  /** Index of the first segment that ends behind a position. */
  #firstBehind(position: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.#segments[mid]!.end <= position) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}

function report(s: Segment, start: number, end: number, write: boolean, access: Access, conflict: Conflict): void {
  const from = Math.max(s.start, start);
  const to = Math.min(s.end, end);
  if (s.writer !== undefined && s.writer.unit !== access.unit) conflict(s.writer, true, from, to);
  if (!write) return;
  for (const r of s.readers) if (r.unit !== access.unit) conflict(r, false, from, to);
}

function mark(s: Segment, write: boolean, access: Access): void {
  if (write) {
    s.writer = access;
    s.readers.length = 0;
    return;
  }
  const { readers } = s;
  for (let i = 0; i < readers.length; i++) {
    if (readers[i]!.unit === access.unit) {
      readers[i] = access;
      return;
    }
  }
  readers.push(access);
}
