/** Who touched which bytes last: a sorted list of disjoint intervals with the last writer and the last reader of each unit. */

export interface Access {
  readonly unit: number;
  /** Number of the instruction within its unit, from 1. */
  readonly number: number;
  readonly core: number;
  readonly pc: number;
}

interface Segment {
  start: number;
  end: number;
  writer: Access | undefined;
  readers: readonly Access[];
}

export type Conflict = (earlier: Access, earlierWrote: boolean, start: number, end: number) => void;

export class IntervalHistory {
  #segments: Segment[] = [];

  /** Records a read of [start, end); reports the writer of every part that some other unit wrote. */
  read(start: number, end: number, access: Access, conflict: Conflict): void {
    for (const s of this.#cut(start, end)) {
      if (s.writer !== undefined && s.writer.unit !== access.unit) conflict(s.writer, true, s.start, s.end);
      s.readers = [...s.readers.filter((r) => r.unit !== access.unit), access];
    }
  }

  /** Records a write of [start, end); reports earlier writers and readers of other units. */
  write(start: number, end: number, access: Access, conflict: Conflict): void {
    const touched = this.#cut(start, end);
    for (const s of touched) {
      if (s.writer !== undefined && s.writer.unit !== access.unit) conflict(s.writer, true, s.start, s.end);
      for (const r of s.readers) if (r.unit !== access.unit) conflict(r, false, s.start, s.end);
    }
    const first = this.#find(start);
    this.#segments.splice(first, touched.length, { start, end, writer: access, readers: [] });
  }

  /** Splits so that segment borders fall on start and end, fills gaps, and gives the segments in between. */
  #cut(start: number, end: number): Segment[] {
    this.#splitAt(start);
    this.#splitAt(end);
    let at = this.#find(start);
    const out: Segment[] = [];
    let position = start;
    while (position < end) {
      const s = this.#segments[at];
      if (s === undefined || s.start > position) {
        const gap: Segment = { start: position, end: Math.min(end, s?.start ?? end), writer: undefined, readers: [] };
        this.#segments.splice(at, 0, gap);
        out.push(gap);
        position = gap.end;
      } else {
        out.push(s);
        position = s.end;
      }
      at += 1;
    }
    return out;
  }

  #splitAt(position: number): void {
    const at = this.#find(position);
    const s = this.#segments[at - 1];
    if (s === undefined || s.end <= position) return;
    this.#segments.splice(at, 0, { start: position, end: s.end, writer: s.writer, readers: s.readers });
    s.end = position;
  }

  /** Index of the first segment that starts at or after a position. */
  #find(position: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.#segments[mid]!.start < position) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}
