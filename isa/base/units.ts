/** Numbers for people: three significant figures and the right prefix. Results themselves stay integers in base units. */

type Steps = readonly (readonly [factor: number, unit: string])[];

/** Largest first; a value is shown in the largest unit in which it is at least 1 after rounding (999.9 ns is 1 us). */
function scaled(value: number, steps: Steps): string {
  let at = steps.findIndex(([factor]) => Math.abs(value) >= factor);
  if (at === -1) at = steps.length - 1;
  const above = steps[at - 1];
  if (above !== undefined && rounded(Math.abs(value) / steps[at]![0]) * steps[at]![0] >= above[0]) at -= 1;
  const [factor, unit] = steps[at]!;
  return `${rounded(value / factor)} ${unit}`.trimEnd();
}

/** Three significant figures; from 1000 on, whole numbers. */
function rounded(n: number): number {
  return Math.abs(n) >= 1000 ? Math.round(n) : Number(n.toPrecision(3));
}

/** Picoseconds as s, ms, us, ns or ps: `1.23 us`. */
export function formatTimePs(ps: number): string {
  return scaled(ps, [
    [1e12, 's'],
    [1e9, 'ms'],
    [1e6, 'us'],
    [1e3, 'ns'],
    [1, 'ps'],
  ]);
}

/** Femtojoules as J, mJ, uJ, nJ, pJ or fJ. */
export function formatEnergyFj(fj: number): string {
  return scaled(fj, [
    [1e15, 'J'],
    [1e12, 'mJ'],
    [1e9, 'uJ'],
    [1e6, 'nJ'],
    [1e3, 'pJ'],
    [1, 'fJ'],
  ]);
}

/** Bytes in binary prefixes, B to GiB. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, [
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
    [1, 'B'],
  ]);
}

/** Square micrometres as mm2 or um2. */
export function formatAreaUm2(um2: number): string {
  return scaled(um2, [
    [1e6, 'mm2'],
    [1, 'um2'],
  ]);
}

/** Counts as G, M, k. */
export function formatCount(n: number): string {
  return scaled(n, [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
    [1, ''],
  ]);
}

/** Cycles in full, in groups of three digits: `1,234,567`. */
export function formatCycles(cycles: number): string {
  return Math.round(cycles)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}
