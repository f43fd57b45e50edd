/**
 * Who last wrote and who has read each interval of one space, as instructions in sequential order are fed in. From it
 * come the orderings that the order needs: a read after its writer, a write after the writer and the readers
 * before it. Units and positions are plain numbers; order.ts gives them meaning.
 */
import type { Interval } from './footprint.ts';

/** One needed ordering: position `seq` of `unit` must be finished (`done`) or have read its sources (not `done`). */
export interface Dependence {
  readonly unit: number;
  readonly seq: number;
  readonly done: boolean;
}

interface Segment {
  start: number;
  end: number;
  /** -1 when nothing has written it. */
  writerUnit: number;
  writerSeq: number;
  /** Latest reader of each unit since the last write, -1 for none; null while there is no reader. */
  readers: Int32Array | null;
}

export class HazardMap {
  readonly #segments: Segment[] = [];
  readonly #units: number;

  /** @param units how many units can touch the space. */
  constructor(units: number) {
    this.#units = units;
  }

  /** Records a read by position `seq` of `unit` and reports what it must follow. */
  read(range: Interval, unit: number, seq: number, need: (d: Dependence) => void): void {
    for (const s of this.#cover(range)) {
      if (s.writerUnit >= 0 && s.writerUnit !== unit) need({ unit: s.writerUnit, seq: s.writerSeq, done: true });
      s.readers ??= new Int32Array(this.#units).fill(-1);
      s.readers[unit] = seq;
    }
  }

  /** Records a write and reports what it must follow; the interval becomes one segment. */
  write(range: Interval, unit: number, seq: number, need: (d: Dependence) => void): void {
    for (const s of this.#cover(range)) {
      if (s.writerUnit >= 0 && s.writerUnit !== unit) need({ unit: s.writerUnit, seq: s.writerSeq, done: true });
      s.readers?.forEach((reader, other) => {
        if (reader >= 0 && other !== unit) need({ unit: other, seq: reader, done: false });
      });
    }
    const first = this.#lowerBound(range.start);
    let count = 0;
    while ((this.#segments[first + count]?.start ?? Infinity) < range.end) count++;
    this.#segments.splice(first, count, { ...range, writerUnit: unit, writerSeq: seq, readers: null });
  }

  /** Segments that tile `range` exactly, split and created as needed. */
  #cover(range: Interval): Segment[] {
    this.#splitAt(range.start);
    this.#splitAt(range.end);
    let i = this.#lowerBound(range.start);
    const out: Segment[] = [];
    let at = range.start;
    while (at < range.end) {
      const s = this.#segments[i];
      if (s !== undefined && s.start === at) {
        out.push(s);
        at = s.end;
      } else {
        const end = Math.min(range.end, s?.start ?? Infinity);
        const fresh: Segment = { start: at, end, writerUnit: -1, writerSeq: -1, readers: null };
        this.#segments.splice(i, 0, fresh);
        out.push(fresh);
        at = end;
      }
      i++;
    }
    return out;
  }

  #splitAt(point: number): void {
    const i = this.#lowerBound(point) - 1;
    const s = this.#segments[i];
    if (s === undefined || s.end <= point || s.start >= point) return;
    this.#segments.splice(i + 1, 0, { ...s, start: point, readers: s.readers === null ? null : s.readers.slice() });
    s.end = point;
  }

  /** Index of the first segment that starts at `point` or later. */
  #lowerBound(point: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if ((this.#segments[mid]?.start ?? Infinity) < point) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}
