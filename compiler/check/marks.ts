/**
 * Which name was written last on each byte of a memory: sorted disjoint segments, neighbours of one name made one. So a program costs what its walks have
 * runs, whatever its values have bytes, and memory grows with the borders between names.
 */

interface Segment {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

export interface Mark {
  readonly byte: number;
  /** undefined where nothing was written. */
  readonly name: string | undefined;
}

/** Runs are sorted, disjoint and not empty, as pairs: start0, end0, start1, end1, ... */
export class Marks {
  #segments: Segment[] = [];

  /** Marks all bytes of the runs with a name. */
  write(runs: readonly number[], name: string): void {
    if (this.find(runs, (known) => known !== name) === undefined) return;
    // A neighbour that ends where the runs begin takes part, so that it can be joined with them.
    const first = this.#firstEndingAt(runs[0]!);
    const out: Segment[] = [];
    let at = first;
    /** What is left of a segment behind the run before. */
    let rest: Segment | undefined;
    const next = (): Segment | undefined => rest ?? this.#segments[at];
    const take = (): void => {
      if (rest === undefined) at += 1;
      rest = undefined;
    };
    for (let i = 0; i < runs.length; i += 2) {
      const [start, end] = [runs[i]!, runs[i + 1]!];
      for (let s = next(); s !== undefined && s.start < end; s = next()) {
        take();
        if (s.start < start) append(out, s.start, Math.min(s.end, start), s.name);
        if (s.end > end) {
          rest = { start: end, end: s.end, name: s.name };
          break;
        }
      }
      append(out, start, end, name);
    }
    // The segment behind may be one to join with.
    const behind = next();
    if (behind !== undefined) {
      take();
      append(out, behind.start, behind.end, behind.name);
    }
    this.#replace(first, at, out);
  }

  /** The first byte of the runs whose mark is as looked for. */
  find(runs: readonly number[], wanted: (name: string | undefined) => boolean): Mark | undefined {
    if (runs.length === 0) return undefined;
    let at = this.#firstEndingAt(runs[0]! + 1);
    for (let i = 0; i < runs.length; i += 2) {
      const end = runs[i + 1]!;
      for (let byte = runs[i]!; byte < end; ) {
        while (at < this.#segments.length && this.#segments[at]!.end <= byte) at += 1;
        const s = this.#segments[at];
        const marked = s !== undefined && s.start <= byte;
        const name = marked ? s.name : undefined;
        if (wanted(name)) return { byte, name };
        byte = marked ? s.end : Math.min(end, s?.start ?? end);
      }
    }
    return undefined;
  }

  /** Index of the first segment that ends at a byte or behind it. */
  #firstEndingAt(byte: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.#segments[mid]!.end < byte) low = mid + 1;
      else high = mid;
    }
    return low;
  }

  #replace(from: number, to: number, by: readonly Segment[]): void {
    const old = this.#segments;
    // A call takes a limited number of arguments.
    if (by.length < 1000) old.splice(from, to - from, ...by);
    else this.#segments = [...old.slice(0, from), ...by, ...old.slice(to)];
  }
}

/** Puts a segment behind the others, as part of the last one where they touch and have one name. */
function append(out: Segment[], start: number, end: number, name: string): void {
  const last = out.at(-1);
  if (last !== undefined && last.end === start && last.name === name)
    out[out.length - 1] = { start: last.start, end, name };
  else out.push({ start, end, name });
}
