/**
 * Resize and Upsample, axis by axis. Nearest: elements are repeated or picked, on codes where the operand is codes. Linear: the four neighbours of each result, weighted, in
 * float32; by a whole factor they are shifted copies of the repeated image, else picked by a product with ones. Cubic: four neighbours along each axis. Left out: cropping, antialiasing.
 */

import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import { listed, size } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import { axisOf, whole } from '../fold.ts';
import { Formula } from './formula.ts';
import { moved } from './movement.ts';
import { pick } from './picking.ts';

/** One axis: result o lies at `source(o)` of the input. */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  readonly source: (o: number) => number;
}

export function importResize(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const mode = stringAttribute(cx.node, 'mode', 'nearest');
  if (!['nearest', 'linear', 'cubic'].includes(mode))
    refuse(`${cx.node.opType} in mode ${mode}`, { expected: 'nearest, linear or cubic' });
  if (intAttribute(cx.node, 'antialias', 0) !== 0) refuse('Resize with antialias', { expected: 'antialias = 0' });
  const policy = stringAttribute(cx.node, 'keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'stretch') refuse(`Resize with the policy ${policy}`, { expected: 'stretch' });
  const axes = axesOf(cx, shape);
  if (axes.every((a) => a.from === a.to && a.scale === 1)) cx.result(cx.input(0));
  else if (mode === 'nearest') nearest(cx, axes);
  else if (mode === 'linear') linear(cx, axes);
  else cubic(cx, axes);
}

/** Scales of Upsample (input 1) and Resize (input 2, input 1 in opset 10), or sizes (input 3) over the shape. */
function axesOf(cx: ImportContext, shape: readonly number[]): readonly Axis[] {
  const index = cx.node.inputs.length > 2 ? 2 : 1;
  const scales = cx.constantInput(index, 'the scales');
  const sizes = cx.constantInput(3, 'the sizes');
  const chosen = intsAttribute(cx.node, 'axes')?.map((a) => axisOf(a, shape.length)) ?? shape.map((_, d) => d);
  const scaled = scales !== undefined && scales.data.length > 0;
  const listed = scaled ? Array.from(scales.data) : sizes === undefined ? [] : whole(sizes);
  if (listed.length !== chosen.length)
    return invalid(`${listed.length} factors for ${chosen.length} axes`, { expected: 'one per axis' });
  return shape.map((from, d) => {
    const place = chosen.indexOf(d);
    const given = place < 0 ? undefined : (listed[place] ?? 1);
    const scale = given === undefined ? 1 : scaled ? Math.fround(given) : Math.fround(given / from);
    const to = given === undefined ? from : scaled ? Math.floor(from * scale) : given;
    if (!(scale > 0) || !(to >= 1))
      invalid(`a factor of ${given} along axis ${d}`, { expected: 'a result of at least 1' });
    return { from, to, scale, source: sourceOf(cx, from, to, scale) };
  });
}

/** Where results lie, in the runtime's float32 operations. */
function sourceOf(cx: ImportContext, from: number, to: number, scale: number): (o: number) => number {
  const old = cx.node.opType === 'Upsample' || cx.opset < 11;
  const transform = old ? 'asymmetric' : stringAttribute(cx.node, 'coordinate_transformation_mode', 'half_pixel');
  const r = Math.fround;
  const half = (o: number): number => r(r(r(o + 0.5) / scale) - 0.5);
  switch (transform) {
    case 'asymmetric':
      return (o) => r(o / scale);
    case 'half_pixel':
      return half;
    case 'tf_half_pixel_for_nn':
      return (o) => r(r(o + 0.5) / scale);
    case 'pytorch_half_pixel':
      return (o) => (to > 1 ? half(o) : 0);
    case 'align_corners':
      return (o) => (to === 1 ? 0 : r(r(o * (from - 1)) / (to - 1)));
    case 'half_pixel_symmetric': {
      const offset = r(r(from / 2) * r(1 - r(to / r(scale * from))));
      return (o) => r(offset + half(o));
    }
    default:
      return refuse(`Resize by ${transform}`, {
        expected:
          'asymmetric, align_corners, half_pixel, pytorch_half_pixel, tf_half_pixel_for_nn or half_pixel_symmetric',
      });
  }
}

function nearest(cx: ImportContext, axes: readonly Axis[]): void {
  const old = cx.node.opType === 'Upsample' || cx.opset < 11;
  const rounding = old ? 'floor' : stringAttribute(cx.node, 'nearest_mode', 'round_prefer_floor');
  const round = (x: number): number => {
    if (rounding === 'floor') return Math.floor(x);
    if (rounding === 'ceil') return Math.ceil(x);
    return rounding === 'round_prefer_ceil' ? Math.floor(x + 0.5) : Math.ceil(x - 0.5);
  };
  const f = new Formula(cx);
  const emit = (id: string): string =>
    axes.reduce((from, a, axis) => {
      if (a.from === a.to && a.scale === 1) return from;
      const places = Array.from({ length: listed(a.to, 'a resized axis') }, (_, o) =>
        Math.min(a.from - 1, Math.max(0, round(a.source(o)))),
      );
      const k = a.to / a.from;
      if (Number.isInteger(k) && places.every((p, o) => p === Math.floor(o / k))) return repeat(cx, f, from, axis, k);
      return pick(cx, from, axis, places);
    }, id);
  moved(cx, { emit, axis: (a) => (axes[a]?.from === axes[a]?.to ? a : undefined) });
}

/** Each element of `axis` k times: a new axis behind it, joined k times, and folded in. */
function repeat(cx: ImportContext, f: Formula, id: string, axis: number, k: number): string {
  const { shape } = cx.builder.typeOf(id);
  const rows = f.reshape(id, [size(shape.slice(0, axis + 1)), 1, size(shape.slice(axis + 1))]);
  return f.reshape(
    f.join(new Array<string>(k).fill(rows), 1),
    shape.map((d, i) => (i === axis ? d * k : d)),
  );
}

/** Most products of a result with an input, where each result of an axis takes all of it. */
const MOST_DENSE = 2 ** 20;

/**
 * The last two axes, x1 and x2 the neighbours along one, y1 and y2 along the other: x2 y2 X11 + x1 y2 X21 + x2 y1 X12 + x1 y1 X22 with the distances as weights, in the
 * runtime's order: the result is the same to the bit. An axis that stays as it is takes part.
 */
function linear(cx: ImportContext, axes: readonly Axis[]): void {
  const rank = axes.length;
  const [v, h] = imageAxes(axes, 'linear');
  const f = new Formula(cx);
  const x = cx.floatInput(0);
  const [rows, columns] = [neighbours(v), neighbours(h)];
  const terms = (['low', 'high'] as const).flatMap((y) => {
    const line = gathered(
      cx,
      f,
      x,
      v,
      rank - 2,
      rows.map((n) => n[y]),
    );
    return (['low', 'high'] as const).map((z) => {
      const part = gathered(
        cx,
        f,
        line,
        h,
        rank - 1,
        columns.map((n) => n[z]),
      );
      const weights = rows.flatMap((r) => columns.map((c) => weightOf(c, z) * weightOf(r, y)));
      return f.binary('mul', part, f.constant(weights, [v.to, h.to]));
    });
  });
  cx.result({ kind: 'float', id: terms.reduce((sum, term) => f.binary('add', sum, term)) });
}

/** The last two axes; the others must stay as they are. */
function imageAxes(axes: readonly Axis[], mode: string): readonly [Axis, Axis] {
  const [v, h] = axes.slice(-2);
  if (v === undefined || h === undefined || axes.slice(0, -2).some((a) => a.from !== a.to || a.scale !== 1))
    return refuse(`a ${mode} Resize of other axes than the last two`, { expected: 'factors of 1 in front' });
  return [v, h];
}

/** Four neighbours along the last axis, then along the one before it, each times its weight and added from the first to the last, as the runtime does. */
function cubic(cx: ImportContext, axes: readonly Axis[]): void {
  const [v, h] = imageAxes(axes, 'cubic');
  const f = new Formula(cx);
  const along = (x: string, a: Axis, axis: number): string => {
    if (a.from === a.to && a.scale === 1) return x;
    const taps = cubicTaps(cx, a);
    const shape = axis === axes.length - 1 ? [a.to] : [a.to, 1];
    const terms = [0, 1, 2, 3].map((i) => {
      const part = gathered(
        cx,
        f,
        x,
        a,
        axis,
        taps.map((t) => t.first + i).map((p) => Math.min(a.from - 1, Math.max(0, p))),
      );
      const weights = taps.map((t) => t.weights[i] ?? 0);
      return f.binary('mul', part, f.constant(weights, shape));
    });
    return terms.reduce((sum, term) => f.binary('add', sum, term));
  };
  cx.result({ kind: 'float', id: along(along(cx.floatInput(0), h, axes.length - 1), v, axes.length - 2) });
}

interface Taps {
  /** Place of the first of four neighbours; it may lie outside, where the border stands for it. */
  readonly first: number;
  readonly weights: readonly number[];
}

/** Keys' cubic convolution with a = `cubic_coeff_a`, in the runtime's float32 operations. */
function cubicTaps(cx: ImportContext, { from, to, source }: Axis): readonly Taps[] {
  const r = Math.fround;
  const a = r(floatAttribute(cx.node, 'cubic_coeff_a', -0.75));
  const excluded = intAttribute(cx.node, 'exclude_outside', 0) !== 0;
  const far = (d: number): number => r(r(r(r(r(r(a * d) - r(5 * a)) * d) + r(8 * a)) * d) - r(4 * a));
  const near = (d: number): number => r(r(r(r(r(r(a + 2) * d) - r(a + 3)) * d) * d) + 1);
  return Array.from({ length: listed(to, 'a resized axis') }, (_, o) => {
    const x = source(o);
    const low = Math.floor(x);
    const s = r(x - low);
    const all = [far(r(s + 1)), near(s), near(r(1 - s)), far(r(2 - s))];
    if (!excluded) return { first: low - 1, weights: all };
    const kept = all.map((w, i) => (low - 1 + i < 0 || low - 1 + i >= from ? 0 : w));
    const sum = kept.reduce((t, w) => r(t + w), 0);
    return { first: low - 1, weights: kept.map((w) => r(w / sum)) };
  });
}

interface Neighbours {
  readonly low: number;
  readonly high: number;
  /** Distances to `high` and to `low`: the weights of the other. */
  readonly weights: readonly [number, number];
}

function weightOf(n: Neighbours, side: 'low' | 'high'): number {
  return n.weights[side === 'low' ? 0 : 1];
}

/** Both neighbours of each result and their weights, as the runtime finds them. */
function neighbours({ from, to, source }: Axis): readonly Neighbours[] {
  return Array.from({ length: listed(to, 'a resized axis') }, (_, o) => {
    const x = Math.min(from - 1, Math.max(0, source(o)));
    const low = Math.min(Math.floor(x), from - 1);
    const high = Math.min(low + 1, from - 1);
    return low === high
      ? { low, high, weights: [0.5, 0.5] as const }
      : { low, high, weights: [Math.fround(high - x), Math.fround(x - low)] as const };
  });
}

/** Elements of one axis by number: shifted copies of the repeated axis, or a product with a one for each. */
function gathered(cx: ImportContext, f: Formula, x: string, a: Axis, axis: number, places: readonly number[]): string {
  const k = a.to / a.from;
  const shift = shiftOf(places, k);
  if (shift === undefined) return dense(cx, f, x, a, axis, places);
  return shifted(f, k === 1 ? x : repeat(cx, f, x, axis, k), axis, shift, k, a.to);
}

/** s with places[o] = floor(o + s, kept inside, / k), at most three elements away; undefined where there is none. */
function shiftOf(places: readonly number[], k: number): number | undefined {
  if (!Number.isInteger(k)) return undefined;
  const last = places.length - 1;
  for (let s = -3 * k; s <= 3 * k; s++)
    if (Math.abs(s) <= last && places.every((p, o) => p === Math.floor(Math.min(last, Math.max(0, o + s)) / k)))
      return s;
  return undefined;
}

/** Element o + s of an axis of elements that are there k times, the ends kept; no more than the copies of one element are added at once. */
function shifted(f: Formula, wide: string, axis: number, s: number, k: number, extent: number): string {
  const rest = extent - Math.abs(s);
  const pieces = Array.from({ length: Math.ceil(Math.abs(s) / k) }, (_, i) => Math.min(k, Math.abs(s) - i * k));
  return s < 0
    ? f.join([...pieces.map((n) => f.part(wide, axis, 0, n)), f.part(wide, axis, 0, rest)], axis)
    : f.join([f.part(wide, axis, s, rest), ...pieces.map((n) => f.part(wide, axis, extent - n, n))], axis);
}

/** Every result from all elements of the axis, all but one of them times zero. */
function dense(cx: ImportContext, f: Formula, x: string, a: Axis, axis: number, places: readonly number[]): string {
  if (a.from * a.to > MOST_DENSE)
    refuse(`a Resize of ${a.from} to ${a.to} elements`, {
      expected: `a whole factor, or at most ${MOST_DENSE} products of results and elements`,
    });
  const { shape } = cx.builder.typeOf(x);
  const matrix = Float32Array.from({ length: a.from * a.to }, (_, i) =>
    Number(places[Math.floor(i / a.from)] === i % a.from),
  );
  const last = [...shape.keys()].filter((d) => d !== axis).concat(axis);
  const rows = f.reshape(f.transpose(x, last), [size(shape) / a.from, a.from]);
  const resized = last.map((d) => (d === axis ? a.to : (shape[d] ?? 1)));
  const back = shape.map((_, d) => last.indexOf(d));
  return f.transpose(f.reshape(f.product(rows, matrix, a.to), resized), back);
}
