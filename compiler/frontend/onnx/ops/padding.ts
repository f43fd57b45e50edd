/** Pad: with a value, or with elements of the tensor itself (edge, reflect, wrap); on codes where the operand is codes. */
import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import { listed } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import { axisOf, whole } from '../fold.ts';
import type { Meaning } from '../meaning.ts';
import { Expansion } from './expansion.ts';
import { moved } from './movement.ts';
import { pick } from './picking.ts';
import { isPerTensor } from './scaling.ts';

export function importPad(cx: ImportContext): void {
  const x = cx.input(0);
  const { shape } = cx.typeOf(x);
  const mode = stringAttribute(cx.node, 'mode', 'constant');
  if (!PAD_MODES.has(mode)) invalid(`Pad in mode ${mode}`, { expected: [...PAD_MODES].join(', ') });
  const given = cx.opset < 11 ? intsAttribute(cx.node, 'pads') : undefined;
  const input = cx.opset < 11 ? undefined : cx.constantInput(1, 'the pads');
  const pads = given ?? (input === undefined ? invalid('Pad has no pads') : whole(input));
  const { before, after } = padsPerAxis(cx, pads, shape.length);
  if (pads.some((p) => p < 0)) {
    cutAndPadded(cx, mode, before, after);
    return;
  }
  if (mode !== 'constant') {
    repeatEdges(cx, shape, mode, before, after);
    return;
  }
  const value = cx.constantInput(2, 'the padding value')?.data[0] ?? floatAttribute(cx.node, 'value', 0);
  const scaledZero = x.kind === 'quantized' && isPerTensor(x.scaling) && value === 0 ? x.scaling.zero[0] : undefined;
  if (x.kind === 'codes') {
    moved(cx, {
      emit: (id) => cx.add('pad', [id], { before, after, value }, { output: cx.outputName }),
      axis: () => undefined,
    });
  } else if (scaledZero !== undefined && x.kind === 'quantized' && inRange(cx, x, scaledZero)) {
    moved(cx, {
      emit: (id) => cx.add('pad', [id], { before, after, value: scaledZero }, { output: cx.outputName }),
      axis: () => undefined,
    });
  } else {
    cx.result({
      kind: 'float',
      id: cx.add('pad', [cx.floatInput(0)], { before, after, value }, { output: cx.outputName }),
    });
  }
}

/** Pads below 0 take elements away: a Slice, then a Pad of the others. */
function cutAndPadded(cx: ImportContext, mode: string, before: readonly number[], after: readonly number[]): void {
  if (mode !== 'constant')
    refuse(`negative pads in mode ${mode}`, { expected: 'pads of at least 0', hint: 'use Slice' });
  const e = new Expansion(cx);
  const ends = e.shapeOf(e.input(0)).map((d, axis) => d + Math.min(0, after[axis] ?? 0));
  const starts = before.map((p) => Math.max(0, -p));
  if (ends.some((end, axis) => end <= (starts[axis] ?? 0)))
    invalid(`pads that leave nothing of [${e.shapeOf(e.input(0)).join(', ')}]`, { expected: 'at least one element' });
  const left = e.node('Slice', [e.input(0), e.ints(starts), e.ints(ends)]);
  const pads = [...before, ...after].map((p) => Math.max(0, p));
  const value = floatAttribute(cx.node, 'value', 0);
  if (pads.every((p) => p === 0)) e.result(left);
  else if (cx.opset < 11) e.result(e.node('Pad', [left], { pads, value: { type: 'float', value } }));
  else e.result(e.node('Pad', [left, e.ints(pads), e.input(2)]));
}

const PAD_MODES: ReadonlySet<string> = new Set(['constant', 'edge', 'reflect', 'wrap']);

/** Padding with elements of the tensor itself, on codes where it is codes. */
function repeatEdges(
  cx: ImportContext,
  shape: readonly number[],
  mode: string,
  before: readonly number[],
  after: readonly number[],
): void {
  const source = (i: number, n: number): number => {
    if (mode === 'edge') return Math.min(Math.max(i, 0), n - 1);
    if (mode === 'wrap') return ((i % n) + n) % n;
    const mirrored = Math.abs(i);
    return mirrored < n ? mirrored : 2 * (n - 1) - mirrored;
  };
  const emit = (id: string): string =>
    shape.reduce((from, n, axis) => {
      const [low, high] = [before[axis] ?? 0, after[axis] ?? 0];
      if (low === 0 && high === 0) return from;
      if (mode === 'reflect' && Math.max(low, high) >= n)
        refuse(`${Math.max(low, high)} reflected elements of an axis of ${n}`, { expected: `at most ${n - 1}` });
      const places = Array.from({ length: listed(low + n + high, 'a padded axis') }, (_, i) => source(i - low, n));
      return pick(cx, from, axis, places);
    }, id);
  moved(cx, { emit, axis: (a) => (before[a] === 0 && after[a] === 0 ? a : undefined) });
}

/** A bipolar code cannot stand for zero. */
function inRange(cx: ImportContext, x: Extract<Meaning, { kind: 'quantized' }>, code: number): boolean {
  const { element } = cx.builder.typeOf(x.id);
  return element.kind === 'int' && element.coding !== 'bipolar' && (element.coding === 'unsigned' ? code >= 0 : true);
}

function padsPerAxis(cx: ImportContext, pads: readonly number[], rank: number): { before: number[]; after: number[] } {
  const given = cx.constantInput(3, 'the axes');
  const axes =
    given === undefined ? Array.from({ length: rank }, (_, i) => i) : whole(given).map((a) => axisOf(a, rank));
  if (pads.length !== axes.length * 2)
    invalid(`${pads.length} pads for ${axes.length} axes`, { expected: `${axes.length * 2} pads` });
  const before = new Array<number>(rank).fill(0);
  const after = new Array<number>(rank).fill(0);
  axes.forEach((a, i) => {
    before[a] = pads[i] ?? 0;
    after[a] = pads[i + axes.length] ?? 0;
  });
  return { before, after };
}
