/**
 * Times subject and reference in turn. CPU time, not wall time: other people's processes then count little (they still take cache,
 * memory and clock, which is why the two alternate). A first pair does not count: it
 * warms both up.
 */
import process from 'node:process';
import type { Prepared, Subject, Work } from './benchmark.ts';

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface Figures {
  /** Seconds of a subject unit over seconds of a reference unit, round by round: lower is faster. */
  readonly ratio: Spread;
  readonly cpuSecondsPerUnit: Spread;
  readonly referenceCpuSecondsPerUnit: Spread;
  readonly wallSecondsPerUnit?: Spread;
}

/** Work inside this process: calls `once`, which gives the units it did, until the time is up. */
export function inProcess(unit: string, doc: string, once: () => number): Subject {
  return {
    unit,
    doc,
    measure: (seconds) => {
      const start = process.cpuUsage();
      for (let units = 0; ; ) {
        units += once();
        const { user, system } = process.cpuUsage(start);
        const cpuSeconds = (user + system) / 1e6;
        if (cpuSeconds >= seconds && cpuSeconds > 0) return { units, cpuSeconds };
      }
    },
  };
}

/** Rounds of one pair each; odd rounds begin with the reference, so that a drift favours neither. */
export function measurePairs({ subject, reference }: Prepared, rounds: number, seconds: number): Figures {
  subject.measure(seconds);
  reference.measure(seconds);
  const pairs = Array.from({ length: rounds }, (_, round): readonly [Work, Work] => {
    if (round % 2 === 0) {
      const work = subject.measure(seconds);
      return [work, reference.measure(seconds)];
    }
    const base = reference.measure(seconds);
    return [subject.measure(seconds), base];
  });
  const own = pairs.map(([s]) => s.cpuSeconds / s.units);
  const base = pairs.map(([, r]) => r.cpuSeconds / r.units);
  const wall = pairs.flatMap(([s]) => (s.wallSeconds === undefined ? [] : [s.wallSeconds / s.units]));
  return {
    ratio: spread(own.map((s, i) => s / base[i]!)),
    cpuSecondsPerUnit: spread(own),
    referenceCpuSecondsPerUnit: spread(base),
    ...(wall.length === 0 ? {} : { wallSecondsPerUnit: spread(wall) }),
  };
}

/** Smallest, middle (mean of the two middle ones of an even number) and largest. */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('no values: nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
  return { min: sorted[0]!, median, max: sorted.at(-1)! };
}
