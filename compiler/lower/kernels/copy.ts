/**
 * Kernels that only move elements: loads, stores, concatenation, padding, and layouts that no walk can express. They run on
 * DMA straight from home to home, so they need no staging.
 */
import type { LayerSymbol } from '../../../isa/program.ts';
import type { NamedTensor } from '../draft.ts';
import type { CopyKernel, Emit, Source } from '../kernel.ts';
import { NO_TEMPS, refuseUnless } from '../kernel.ts';
import type { Box, Factor, Layout } from '../layout.ts';
import { at, boxLayout, fullBox, memoryOrder } from '../layout.ts';
import type { Format, Guard, Loop, View, Walk } from '../walk.ts';
import { plainLoops, tryWalk, walk } from '../walk.ts';

interface CopySpec {
  readonly name: string;
  readonly op: string;
  readonly output: string;
  readonly shape: readonly number[];
  readonly format: Format;
}

function base(spec: CopySpec, sources: readonly { readonly source: Source; readonly shape: readonly number[] }[]) {
  const layer: LayerSymbol = { name: spec.name, op: spec.op, m: 0, k: 0, n: 0, macs: 0 };
  return {
    kind: 'copy',
    arrange: null,
    writes: null,
    name: spec.name,
    layer,
    output: spec.output,
    shape: spec.shape,
    format: spec.format,
    grain: spec.shape,
    temps: NO_TEMPS,
    stages: 1,
    inputs: sources.map(({ source, shape }) => ({ source, need: () => fullBox(shape), accepts: () => true })),
  } as const;
}

/**
 * One tensor into a fresh one. `arrange` gives the source's layout under the result's shape, or null when only the
 * row-major order of elements is the same.
 */
export function copyKernel(
  spec: CopySpec,
  source: Source,
  sourceShape: readonly number[],
  arrange: (layout: Layout) => Layout | null,
): CopyKernel {
  return {
    ...base(spec, [{ source, shape: sourceShape }]),
    arrange,
    emit: (output, inputs, emit, channel) => {
      const from = at(inputs, 0);
      const layout = arrange(from.layout);
      if (layout !== null) emitCopy(output, { ...from, layout }, spec.shape, emit, channel);
      else emitRowMajor(output, from, emit, channel);
    },
  };
}

export interface ConcatPart {
  readonly source: Source;
  readonly shape: readonly number[];
  /** First index along the axis. */
  readonly start: number;
}

/** Copies each part to its place along `axis`. */
export function concatKernel(spec: CopySpec, axis: number, parts: readonly ConcatPart[]): CopyKernel {
  return {
    ...base(spec, parts),
    writes: neighboursJoined(parts, axis),
    emit: (output, inputs, emit, channel) => {
      parts.forEach((part, i) => {
        const layout = boxLayout(output.layout, boxOf(part, axis));
        refuseUnless(layout !== null, 'a joined tensor needs a plain layout');
        emitCopy({ ...output, layout }, at(inputs, i), part.shape, emit, channel);
      });
    },
  };
}

function boxOf({ shape, start }: ConcatPart, axis: number): Box {
  return { start: shape.map((_, d) => (d === axis ? start : 0)), count: shape };
}

/** The boxes of parts, as few as will do: parts side by side may share bytes. */
function neighboursJoined(parts: readonly ConcatPart[], axis: number): Box[] {
  const out: Box[] = [];
  for (const part of [...parts].sort((a, b) => a.start - b.start)) {
    const { start, count } = boxOf(part, axis);
    const before = out.at(-1);
    if (before === undefined || at(before.start, axis) + at(before.count, axis) < part.start)
      out.push({ start, count });
    else
      out[out.length - 1] = {
        ...before,
        count: before.count.with(axis, at(before.count, axis) + at(part.shape, axis)),
      };
  }
  return out;
}

/** Padding as a guarded walk: reads outside the source give the pad value, a raw code (or float bits as stored). */
export function padKernel(
  spec: CopySpec,
  source: Source,
  sourceShape: readonly number[],
  before: readonly number[],
  value: number,
): CopyKernel {
  const plain = base(spec, [{ source, shape: sourceShape }]);
  const pads = { before, sourceShape, shape: spec.shape, value };
  const padded = spec.shape.flatMap((size, d) => (size === at(sourceShape, d) ? [] : [d]));
  const accepts = (layout: Layout): boolean =>
    padded.every((d) => at(layout.dims, d).length <= 1) &&
    guarded({ name: spec.name, space: 'spad', base: 0, format: spec.format, role: 'activations', layout }, pads) !==
      null;
  return {
    ...plain,
    inputs: plain.inputs.map((i) => ({ ...i, accepts })),
    emit: (output, inputs, emit, channel) => emitPad(asCodes(output), asCodes(at(inputs, 0)), pads, emit, channel),
  };
}

interface Pads {
  readonly before: readonly number[];
  readonly sourceShape: readonly number[];
  readonly shape: readonly number[];
  readonly value: number;
}

/** The source as the result sees it. */
function guarded(from: View, { before, sourceShape, shape, value }: Pads): Walk | null {
  const loops = memoryOrder(shape.length).map((d): Loop[] => {
    const size = at(sourceShape, d);
    const factors = at(from.layout.dims, d);
    if (at(shape, d) === size) return [...factors];
    const guard: Guard = { extent: size, stride: factors[0]?.stride ?? 1, origin: -at(before, d) };
    return [{ count: at(shape, d), guard, step: 1 }];
  });
  return tryWalk(from, [loops.flat()], value);
}

/** One copy; where a descriptor has too few axes, one for each index of the outermost dims, and fills around them. */
function emitPad(dst: View, src: View, pads: Pads, emit: Emit, channel: number): void {
  const { before, sourceShape, shape } = pads;
  const to = tryWalk(dst, [plainLoops(dst.layout, memoryOrder(shape.length))]);
  const from = guarded(src, pads);
  if (to !== null && from !== null) {
    emit(copyStep(to.tensor, from.tensor, channel));
    return;
  }
  const outer = outermost(shape);
  const rest = { shape: shape.with(outer, 1), sourceShape: sourceShape.with(outer, 1), before: before.with(outer, 0) };
  for (let i = 0; i < at(shape, outer); i++) {
    const part = indexOf(dst, shape, outer, i);
    const inside = i - at(before, outer);
    if (inside < 0 || inside >= at(sourceShape, outer)) emitFill(part, rest.shape, pads.value, emit, channel);
    else emitPad(part, indexOf(src, sourceShape, outer, inside), { ...pads, ...rest }, emit, channel);
  }
}

/** Copies of an element outside its tensor: every read gives the fill. */
function emitFill(dst: View, shape: readonly number[], value: number, emit: Emit, channel: number): void {
  const to = tryWalk(dst, [plainLoops(dst.layout, memoryOrder(shape.length))]);
  if (to === null) {
    const outer = outermost(shape);
    for (let i = 0; i < at(shape, outer); i++)
      emitFill(indexOf(dst, shape, outer, i), shape.with(outer, 1), value, emit, channel);
    return;
  }
  const outside = { count: shape.reduce((n, c) => n * c, 1), guard: { extent: 1, stride: 1, origin: 1 }, step: 0 };
  emit(copyStep(to.tensor, walk({ ...dst, layout: { dims: [], offset: 0 } }, [[outside]], value), channel));
}

function outermost(shape: readonly number[]): number {
  return memoryOrder(shape.length).find((d) => at(shape, d) > 1) ?? 0;
}

/** The part of a view at one index of a dim. */
function indexOf(view: View, shape: readonly number[], dim: number, index: number): View {
  const box: Box = { start: shape.map((_, d) => (d === dim ? index : 0)), count: shape.with(dim, 1) };
  const layout = boxLayout(view.layout, box);
  refuseUnless(layout !== null, 'a copy of this layout cannot be cut into walks');
  return { ...view, layout };
}

/** A copy within its core that replaces what was there and tells nobody else. */
function copyStep(dst: NamedTensor, src: NamedTensor, channel: number): Parameters<Emit>[0] {
  return { op: 'copy', dst, src, channel, accumulate: false, core: 0, signalRemote: 0, cores: 0 };
}

/** Floats as 32-bit codes: a copy moves bits. */
export function asCodes(view: View): View {
  return view.format.coding === 'float' ? { ...view, format: { ...view.format, coding: 'signed' } } : view;
}

/** Copies equal shapes; where a descriptor has too few axes, one copy for each index of the outermost dims. */
export function emitCopy(dst: View, src: View, shape: readonly number[], emit: Emit, channel: number): void {
  const order = memoryOrder(shape.length);
  const to = tryWalk(dst, [plainLoops(dst.layout, order)]);
  const from = tryWalk(src, [plainLoops(src.layout, order)]);
  if (to !== null && from !== null) {
    emit(copyStep(to.tensor, from.tensor, channel));
    return;
  }
  const outer = outermost(shape);
  for (let i = 0; i < at(shape, outer); i++)
    emitCopy(indexOf(dst, shape, outer, i), indexOf(src, shape, outer, i), shape.with(outer, 1), emit, channel);
}

/**
 * Copies between a layout and its packed form (packLike): factor by factor in memory order, so that both sides run
 * through memory; peels the outermost factors into separate copies where a descriptor has too few axes.
 */
export function emitPieces(dst: View, src: View, emit: Emit, channel: number): void {
  const pairs = src.layout.dims.flatMap((factors, d) =>
    factors.map((from, i) => ({ from, to: at(at(dst.layout.dims, d), i) })),
  );
  pairs.sort((a, b) => b.from.stride - a.from.stride || b.to.stride - a.to.stride);
  emitPairs(dst, src, pairs, emit, channel);
}

interface FactorPair {
  readonly from: Factor;
  readonly to: Factor;
}

function emitPairs(dst: View, src: View, pairs: readonly FactorPair[], emit: Emit, channel: number): void {
  const to = tryWalk(dst, [pairs.map((p) => p.to)]);
  const from = tryWalk(src, [pairs.map((p) => p.from)]);
  if (to !== null && from !== null) {
    emit(copyStep(to.tensor, from.tensor, channel));
    return;
  }
  const [outer, ...rest] = pairs;
  refuseUnless(outer !== undefined, 'a copy of this layout cannot be cut into walks');
  for (let i = 0; i < outer.from.count; i++) {
    const moved = (view: View, stride: number): View => ({
      ...view,
      layout: { ...view.layout, offset: view.layout.offset + i * stride },
    });
    emitPairs(moved(dst, outer.to.stride), moved(src, outer.from.stride), rest, emit, channel);
  }
}

function emitRowMajor(dst: View, src: View, emit: Emit, channel: number): void {
  const rowMajor = (view: View) =>
    tryWalk(view, [
      plainLoops(
        view.layout,
        view.layout.dims.map((_, d) => d),
      ),
    ]);
  const [to, from] = [rowMajor(dst), rowMajor(src)];
  refuseUnless(to !== null && from !== null, 'a reshape of this layout needs more axes than a descriptor has');
  emit(copyStep(to.tensor, from.tensor, channel));
}
