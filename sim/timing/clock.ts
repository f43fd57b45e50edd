/** Clock domains: integer periods in picoseconds, rounded once here, and the edges that a crossing waits for. */

/** Clock period in integer picoseconds. */
export function periodPs(mhz: number): number {
  return Math.round(1e6 / mhz);
}

/** First edge of a clock at or after a time. */
export function alignUp(ps: number, period: number): number {
  const over = ps % period;
  return over === 0 ? ps : ps + period - over;
}
