/** Numbers for people: three significant figures and the right prefix. Results themselves stay integers in base units. */

function scaled(value: number, steps: readonly (readonly [number, string])[]): string {
  const size = Math.abs(value);
  const [factor, unit] = steps.find(([f]) => size >= f) ?? steps[steps.length - 1] ?? [1, ''];
  const n = value / factor;
  const text = n !== 0 && Math.abs(n) < 1000 ? n.toPrecision(3) : Math.round(n).toString();
  return `${text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text} ${unit}`.trimEnd();
}

/** Picoseconds as s, ms, us, ns or ps. */
export function formatTimePs(ps: number): string {
  return scaled(ps, [[1e12, 's'], [1e9, 'ms'], [1e6, 'us'], [1e3, 'ns'], [1, 'ps']]);
}

/** Femtojoules as J, mJ, uJ, nJ, pJ or fJ. */
export function formatEnergyFj(fj: number): string {
  return scaled(fj, [[1e15, 'J'], [1e12, 'mJ'], [1e9, 'uJ'], [1e6, 'nJ'], [1e3, 'pJ'], [1, 'fJ']]);
}

/** Bytes in binary prefixes. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, [[2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB'], [1, 'B']]);
}

export function formatAreaUm2(um2: number): string {
  return scaled(um2, [[1e6, 'mm2'], [1, 'um2']]);
}

/** Counts as G, M, k. */
export function formatCount(n: number): string {
  return scaled(n, [[1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, '']]);
}
