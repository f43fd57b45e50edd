/**
 * How many places a walk reaches, counted without walking. Each dim moves one axis, so the reach is the product of one set of
 * coordinates per axis; a set is kept as runs, so a dense axis costs a few operations whatever its extent. Left out: which
 * places they are.
 */
import type { Axis, Dim, TensorDescriptor } from '../tensor.ts';

/** Registers at dispatch, r0 first; only origins are looked at. */
export type RegisterValues = ArrayLike<number>;

const NO_REGISTERS: RegisterValues = new Float64Array(32);

/** Distinct elements inside the axes that a walk touches; what lies outside is a fill value or a dropped write. */
export function uniqueElements(t: TensorDescriptor, registers: RegisterValues = NO_REGISTERS): number {
  return t.axes.reduce((n, axis, a) => n * reach(axis, dimsOf(t, a), originOf(t, a, registers)), 1);
}

/**
 * Index tuples of the leading dims that make `leading` steps (rows of a matrix) at which at least one write lands inside
 * the axes. Rows that are clipped as a whole are not counted; where dims straddle the cut, all count.
 */
export function leadingInside(t: TensorDescriptor, leading: number, registers: RegisterValues = NO_REGISTERS): number {
  let split = 0;
  for (let steps = 1; steps < leading && split < t.dims.length; split++) steps *= t.dims[split]!.count;
  const outer = t.dims.slice(0, split);
  if (outer.reduce((n, d) => n * d.count, 1) !== leading) return leading;
  return t.axes.reduce((n, axis, a) => {
    const own = outer.filter((d) => d.axis === a);
    const inner = t.dims.slice(split).filter((d) => d.axis === a);
    return n * tuplesInside(axis, own, inner, originOf(t, a, registers));
  }, 1);
}

function dimsOf(t: TensorDescriptor, axis: number): Dim[] {
  return t.dims.filter((d) => d.axis === axis);
}

function originOf(t: TensorDescriptor, axis: number, registers: RegisterValues): number {
  return t.originRegisters.reduce((o, r) => (r.axis === axis ? o + registers[r.register]! : o), t.axes[axis]!.origin);
}

/** Distinct legal coordinates of one axis; a ring folds them onto its positions. */
function reach(axis: Axis, dims: readonly Dim[], origin: number): number {
  let runs: number[] = [origin, origin + 1];
  for (const d of [...dims].sort((a, b) => Math.abs(a.step) - Math.abs(b.step))) runs = repeated(runs, d);
  let n = 0;
  for (let i = 0; i < runs.length; i += 2) {
    n += Math.max(0, Math.min(axis.extent, runs[i + 1]!) - Math.max(0, runs[i]!));
  }
  return axis.modulo > 0 ? Math.min(n, axis.modulo) : n;
}

/** Union of d.count copies of the runs, d.step apart, as ascending disjoint [start, end) pairs. */
function repeated(runs: readonly number[], d: Dim): number[] {
  const size = Math.abs(d.step);
  const low = d.step < 0 ? (d.count - 1) * d.step : 0;
  if (d.count === 1 || size === 0) return [...runs];
  if (runs.length === 2 && size <= runs[1]! - runs[0]!) return [runs[0]! + low, runs[1]! + low + (d.count - 1) * size];
  const pairs: (readonly [number, number])[] = [];
  for (let c = 0; c < d.count; c++) {
    for (let i = 0; i < runs.length; i += 2) pairs.push([runs[i]! + low + c * size, runs[i + 1]! + low + c * size]);
  }
  pairs.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [start, end] of pairs) {
    const last = out.length - 1;
    if (last >= 0 && start <= out[last]!) out[last] = Math.max(out[last]!, end);
    else out.push(start, end);
  }
  return out;
}

/** How many index tuples of `own` leave a coordinate inside the axis for some tuple of `inner`. */
function tuplesInside(axis: Axis, own: readonly Dim[], inner: readonly Dim[], origin: number): number {
  const total = own.reduce((n, d) => n * d.count, 1);
  const low = (dims: readonly Dim[]) => dims.reduce((n, d) => n + Math.min(0, (d.count - 1) * d.step), 0);
  const high = (dims: readonly Dim[]) => dims.reduce((n, d) => n + Math.max(0, (d.count - 1) * d.step), 0);
  const reachLow = low(inner);
  const reachHigh = high(inner);
  if (origin + low(own) + reachHigh >= 0 && origin + high(own) + reachLow < axis.extent) return total;
  let n = 0;
  for (let tuple = 0; tuple < total; tuple++) {
    let at = origin;
    let rest = tuple;
    for (let d = own.length - 1; d >= 0; d--) {
      at += (rest % own[d]!.count) * own[d]!.step;
      rest = Math.floor(rest / own[d]!.count);
    }
    if (at + reachHigh >= 0 && at + reachLow < axis.extent) n += 1;
  }
  return n;
}
