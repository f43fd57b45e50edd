/**
 * What every core does of every kernel, and what it then sends to others. A tensor at home in the scratchpad has the same address on all
 * cores, and each core holds of it what its own kernels read: a core that makes a part writes it at home and copies to every other core what that
 * one needs of it (halos of rows, all channels of a convolution's input). Tensors in the global buffer or DRAM are there once, for all.
 */
import type { Space } from '../../isa/tensor.ts';
import type { Kernel } from '../lower/kernel.ts';
import type { Box, Layout } from '../lower/layout.ts';
import { at, boxLayout, byteGroup, fullBox, sameBox } from '../lower/layout.ts';
import { copySource, type Split } from './shares.ts';
import type { Storage, Stored } from './storage.ts';
import { operandLayout } from './storage.ts';

/** Part of a result for another core. */
export interface Send {
  readonly core: number;
  readonly box: Box;
}

/** One core's part of a kernel: a box of the output, and who else needs what of it. */
export interface Work {
  readonly core: number;
  readonly box: Box;
  readonly sends: readonly Send[];
}

/** A part of a buffer that a core reads, in the coordinates of a layout. */
export interface Need {
  readonly core: number;
  readonly layout: Layout;
  readonly box: Box;
}

/**
 * Work by kernel; none for kernels that do not run.
 * @param splits how each kernel is cut; copies into the scratchpad from outside are made by every core that needs them, whatever their split
 */
export function planWork(
  storage: Storage,
  splits: readonly Split[],
  spaceOf: (buffer: number) => Space,
  runs: (kernel: number) => boolean,
): readonly (readonly Work[])[] {
  const needs = storage.buffers.map((): Need[] => []);
  const out: (readonly Work[])[] = storage.kernels.map(() => []);
  for (let k = storage.kernels.length - 1; k >= 0; k--) {
    if (!runs(k)) continue;
    const wanted = at(needs, at(storage.outputs, k).buffer);
    const works = workOf(storage, k, at(splits, k), wanted, spaceOf);
    out[k] = works;
    for (const { core, box } of works)
      for (const { buffer, need } of needsOf(storage, k, core, box)) at(needs, buffer).push(need);
  }
  return out;
}

/** What kernel `k` does on each core, given what is read of its result later. */
export function workOf(
  storage: Storage,
  k: number,
  split: Split,
  needs: readonly Need[],
  spaceOf: (buffer: number) => Space,
): readonly Work[] {
  const kernel = at(storage.kernels, k);
  const output = at(storage.outputs, k);
  const everywhere = fullBox(kernel.shape);
  const { boxes, first } = split;
  const needed = new Map(
    [...new Set(needs.map((n) => n.core))]
      .sort((a, b) => a - b)
      .map((core) => [core, neededBy(core, needs, output, kernel.shape)] as const),
  );
  if (spaceOf(output.buffer) !== 'spad') return boxes.map((box, i) => ({ core: first + i, box, sends: [] }));
  if (isLoad(storage, kernel, spaceOf)) {
    const cut = canCut(storage, k);
    return [...needed].map(([core, box]) => ({ core, box: cut(box) ? box : everywhere, sends: [] }));
  }
  // A copy that joins parts is never cut, and has no more to send than what it writes itself.
  const made = (box: Box): readonly Box[] => (kernel.kind === 'copy' ? (kernel.writes ?? [box]) : [box]);
  return boxes.map((box, i) => ({
    core: first + i,
    box,
    sends: [...needed].flatMap(([other, want]) =>
      made(box).flatMap((one) => {
        const part = other === first + i ? null : common(one, want, output);
        return part === null ? [] : [{ core: other, box: part }];
      }),
    ),
  }));
}

/** What a core reads to make a box of kernel `k`'s output. */
export function needsOf(
  storage: Storage,
  k: number,
  core: number,
  box: Box,
): readonly { readonly buffer: number; readonly need: Need }[] {
  const kernel = at(storage.kernels, k);
  return kernel.inputs.flatMap((input, i) => {
    const stored = input.source.kind === 'value' ? storage.values.get(input.source.name) : undefined;
    if (stored === undefined) return [];
    const { buffer } = stored;
    if (kernel.kind !== 'copy')
      return [{ buffer, need: { core, layout: operandLayout(storage, kernel, i), box: input.need(box) } }];
    const whole = sameBox(box, fullBox(kernel.shape));
    const arranged = whole ? null : copySource(storage, k);
    if (arranged !== null) return [{ buffer, need: { core, layout: arranged, box } }];
    return [{ buffer, need: { core, layout: stored.layout, box: input.need(box) } }];
  });
}

/** A copy from outside the scratchpad, which every core can make for itself. */
function isLoad(storage: Storage, kernel: Kernel, spaceOf: (buffer: number) => Space): boolean {
  return (
    kernel.kind === 'copy' &&
    kernel.inputs.every(({ source }) => {
      const stored = source.kind === 'value' ? storage.values.get(source.name) : undefined;
      return stored === undefined || spaceOf(stored.buffer) !== 'spad';
    })
  );
}

/** Whether a box of a copy can be made alone. Bytes that a cut would share are the same on both sides, and no other core writes them. */
function canCut(storage: Storage, k: number): (box: Box) => boolean {
  const from = copySource(storage, k);
  const to = at(storage.outputs, k).layout;
  return (box) => from !== null && boxLayout(from, box) !== null && boxLayout(to, box) !== null;
}

/** Hull of what a core reads of a result; all of it where it is read under another layout. */
function neededBy(
  core: number,
  needs: readonly Need[],
  { layout, format: { bits } }: Stored,
  shape: readonly number[],
): Box {
  let hull: Box | null = null;
  for (const need of needs) {
    if (need.core !== core) continue;
    if (!sameLayout(need.layout, layout)) return fullBox(shape);
    hull = hull === null ? need.box : around(hull, need.box);
  }
  return widened(hull ?? fullBox(shape), layout, bits, fullBox(shape));
}

function around(a: Box, b: Box): Box {
  const start = a.start.map((s, d) => Math.min(s, at(b.start, d)));
  const end = a.start.map((s, d) => Math.max(s + at(a.count, d), at(b.start, d) + at(b.count, d)));
  return { start, count: end.map((e, d) => e - at(start, d)) };
}

/** The box out to whole bytes along the dim whose neighbours share them, inside `within`, which ends on bytes. */
function widened(box: Box, layout: Layout, bits: number, within: Box): Box {
  const group = layout.dims.map((factors) => {
    if (!factors.some((f) => f.stride === 1)) return 1;
    return factors.length === 1 ? byteGroup(bits) : Infinity;
  });
  const edges = box.start.map((s, d) => {
    const [g, low, most] = [at(group, d), at(within.start, d), at(within.count, d)];
    if (g === Infinity) return { from: low, to: low + most };
    const from = low + Math.floor((s - low) / g) * g;
    return { from, to: Math.min(low + most, low + Math.ceil((s + at(box.count, d) - low) / g) * g) };
  });
  return { start: edges.map((e) => e.from), count: edges.map((e) => e.to - e.from) };
}

/** What of `made` is wanted, or null. */
function common(made: Box, wanted: Box, { layout, format }: Stored): Box | null {
  const start = made.start.map((s, d) => Math.max(s, at(wanted.start, d)));
  const count = made.start.map(
    (s, d) => Math.min(s + at(made.count, d), at(wanted.start, d) + at(wanted.count, d)) - at(start, d),
  );
  return count.every((c) => c > 0) ? widened({ start, count }, layout, format.bits, made) : null;
}

function sameLayout(a: Layout, b: Layout): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
