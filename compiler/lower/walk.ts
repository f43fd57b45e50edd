/**
 * Builds tensor descriptors from loops. A loop either runs over storage of its own (plain: stride in elements, 0 to
 * repeat) or moves the coordinate of a guarded axis (windows and halos, where a read outside gives the fill).
 * Plain neighbours merge, loops of one element vanish (a group behind the first keeps one dim), and an offset that is no whole byte becomes an axis origin.
 */
import { InternalError } from '../../isa/base/errors.ts';
import type { Axis, Coding, Dim, Role, Space } from '../../isa/tensor.ts';
import { LIMITS } from '../../isa/tensor.ts';
import type { NamedTensor } from './draft.ts';
import type { Factor, Layout } from './layout.ts';
import { at, byteGroup, mergeFactors } from './layout.ts';

/** Stored form of an element. `zero` is the raw code that the vector unit and the drain subtract and add. */
export interface Format {
  readonly bits: number;
  readonly coding: Coding;
  readonly zero: number;
}

/** A tensor at its address. */
export interface View {
  readonly name: string;
  readonly space: Space;
  readonly base: number;
  readonly format: Format;
  readonly role: Role;
  readonly layout: Layout;
}

/** A guarded axis: coordinate = origin + sum of loop steps; outside [0, extent) reads give the fill. */
export interface Guard {
  readonly extent: number;
  readonly stride: number;
  readonly origin: number;
}

export type Loop = Factor | { readonly count: number; readonly guard: Guard; readonly step: number };

export interface Walk {
  readonly tensor: NamedTensor;
  /** Dims that each group of loops became, outermost group first. */
  readonly dimsOf: readonly number[];
}

/** A walk over `view` from element `offset`; loops merge only inside a group. Null when axes or dims do not suffice. */
export function tryWalk(view: View, groups: readonly (readonly Loop[])[], fill = view.format.zero): Walk | null {
  const axes: Axis[] = [];
  const dims: Dim[] = [];
  const guards = new Map<Guard, number>();
  const dimsOf: number[] = [];
  for (const group of groups) {
    const before = dims.length;
    for (const loop of mergeLoops(group)) addLoop(loop, axes, dims, guards);
    if (dims.length === before && dimsOf.length > 0) addLoop({ count: 1, stride: 0 }, axes, dims, guards);
    dimsOf.push(dims.length - before);
  }
  if (axes.length === 0) axes.push({ extent: 1, stride: 1, modulo: 0, origin: 0 });
  if (dims.length === 0) dims.push({ count: 1, axis: 0, step: 0 });
  const base = placeOffset(view, axes, new Set(guards.values()));
  if (axes.length > LIMITS.axes || dims.length > LIMITS.dims) return null;
  const { bits, coding } = view.format;
  const tensor: NamedTensor = {
    name: view.name,
    space: view.space,
    base,
    baseRegister: 0,
    widthBits: bits,
    coding,
    role: view.role,
    fill,
    axes,
    dims,
    originRegisters: [],
  };
  return { tensor, dimsOf };
}

/** Whether a descriptor can walk a layout so, whatever the width of its elements. */
export function walkable(layout: Layout, groups: readonly (readonly Loop[])[]): boolean {
  const format: Format = { bits: 1, coding: 'unsigned', zero: 0 };
  return tryWalk({ name: '', space: 'spad', base: 0, format, role: 'activations', layout }, groups) !== null;
}

/** As `tryWalk`; planning has made sure that the walk exists. */
export function walkGroups(view: View, groups: readonly (readonly Loop[])[], fill = view.format.zero): Walk {
  const found = tryWalk(view, groups, fill);
  if (found === null)
    throw new InternalError(`the walk over ${view.name} needs more axes or dims than a descriptor has`);
  return found;
}

export function walk(view: View, groups: readonly (readonly Loop[])[], fill = view.format.zero): NamedTensor {
  return walkGroups(view, groups, fill).tensor;
}

/** Merges plain neighbours and drops loops of one element that move nothing outside. */
function mergeLoops(loops: readonly Loop[]): Loop[] {
  const out: Loop[] = [];
  let plain: Factor[] = [];
  const flush = (): void => {
    out.push(...mergeFactors(plain));
    plain = [];
  };
  for (const loop of loops) {
    if ('guard' in loop) {
      flush();
      out.push(loop);
    } else plain.push(loop);
  }
  flush();
  return out;
}

function addLoop(loop: Loop, axes: Axis[], dims: Dim[], guards: Map<Guard, number>): void {
  if (!('guard' in loop)) {
    if (loop.stride === 0) {
      if (axes.length === 0) axes.push({ extent: 1, stride: 1, modulo: 0, origin: 0 });
      dims.push({ count: loop.count, axis: 0, step: 0 });
      return;
    }
    axes.push({ extent: loop.count, stride: loop.stride, modulo: 0, origin: 0 });
    dims.push({ count: loop.count, axis: axes.length - 1, step: 1 });
    return;
  }
  let axis = guards.get(loop.guard);
  if (axis === undefined) {
    axis = axes.length;
    guards.set(loop.guard, axis);
    axes.push({ extent: loop.guard.extent, stride: loop.guard.stride, modulo: 0, origin: loop.guard.origin });
  }
  if (loop.count > 1) dims.push({ count: loop.count, axis, step: loop.step });
}

/** Base byte of the view's first element; the elements that do not fill a byte move an unguarded axis of stride 1. */
function placeOffset(view: View, axes: Axis[], guarded: ReadonlySet<number>): number {
  const { bits } = view.format;
  const rest = view.layout.offset % byteGroup(bits);
  if (rest > 0) {
    const index = axes.findIndex((a, i) => a.stride === 1 && !guarded.has(i));
    const axis = axes[index];
    if (axis !== undefined) axes[index] = { ...axis, origin: rest, extent: axis.extent + rest };
    else axes.push({ extent: rest + 1, stride: 1, modulo: 0, origin: rest });
  }
  return view.base + ((view.layout.offset - rest) * bits) / 8;
}

/** Plain loops over logical dims in the given order. */
export function plainLoops(layout: Layout, order: readonly number[]): Factor[] {
  return order.flatMap((d) => at(layout.dims, d));
}

/** Loops over a dim that walk `counts[d]` elements, repeating the only element of a dim of size 1 (broadcast). */
export function broadcastLoops(layout: Layout, counts: readonly number[], order: readonly number[]): Factor[] {
  return order.flatMap((d) => {
    const factors = at(layout.dims, d);
    const count = at(counts, d);
    return factors.length === 0 && count > 1 ? [{ count, stride: 0 }] : factors;
  });
}
