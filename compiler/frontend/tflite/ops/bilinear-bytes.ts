/**
 * RESIZE_BILINEAR of uint8 by any factor, in the float32 operations of the reference kernel and their order: four neighbours times their weights, a half added and cut
 * off. Neighbours are picked along each axis by products with ones on the arrays. (The optimized kernels multiply the two weights first.)
 */
import type { Tensor } from '../../../graph/types.ts';
import { refuse } from '../../refusal.ts';
import type { ImportContext } from '../context.ts';
import type { Growth } from './bilinear.ts';
import { rescaled, UNCHANGED } from './requantizer.ts';
import { centred, Steps, wholeNumbers } from './whole-numbers.ts';

const f32 = Math.fround;
/** Elements of a matrix that picks. */
const MATRIX_MAX = 1 << 24;

interface Neighbours {
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Weights of the two. */
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

function neighbours({ from, to, aligned, half }: Growth): Neighbours {
  const scale = aligned && to > 1 ? f32((from - 1) / (to - 1)) : f32(from / to);
  const at = Array.from({ length: to }, (_, i) => (half ? f32(f32(f32(i + 0.5) * scale) - 0.5) : f32(i * scale)));
  const low = at.map((x) => Math.max(Math.floor(x), 0));
  const upper = at.map((x, i) => f32(x - low[i]!));
  return { low, high: at.map((x) => Math.min(Math.ceil(x), from - 1)), lower: upper.map((u) => f32(1 - u)), upper };
}

/** Elements of the last axis by number, and the last two axes turned: [.., rows, from] to [.., to, rows]. */
function pickedTurned(cx: ImportContext, x: string, from: number, indices: readonly number[], name: string): string {
  const to = indices.length;
  if (from * to > MATRIX_MAX)
    refuse(`RESIZE_BILINEAR from ${from} to ${to}`, { expected: `at most ${MATRIX_MAX} pairs of positions` });
  const data = new Int32Array(from * to);
  indices.forEach((k, i) => {
    data[k * to + i] = 1;
  });
  const weights: Tensor = { type: { element: { kind: 'int', bits: 8, coding: 'signed' }, shape: [from, to] }, data };
  const inputs = [x, cx.constant(weights, `${name}.ones`)];
  const sums = cx.add('matmul', inputs, { xZero: 0, wZero: Int32Array.of(0) }, { name: `${cx.label}.${name}` });
  const element = cx.codeType(cx.outputTensor());
  const codes = rescaled(cx, sums, [UNCHANGED], { element, name: `${cx.label}.${name}.codes` });
  return cx.add('transpose', [codes], { perm: [0, 1, 3, 2] }, { name: `${cx.label}.${name}.turned` });
}

/** Images of the result from those of input 0. */
export function importBilinearOfBytes(cx: ImportContext, rows: Growth, cols: Growth): string {
  const [y, x] = [neighbours(rows), neighbours(cols)];
  const columns = cx.add('transpose', [cx.value(0, 'image')], { perm: [0, 1, 3, 2] }, { name: `${cx.label}.columns` });
  const f = new Steps(cx, 'step');
  const [top, bottom] = [y.low, y.high].map((at, i) => pickedTurned(cx, columns, rows.from, at, `row${i}`)) as [
    string,
    string,
  ];
  const part = (
    line: string,
    at: readonly number[],
    rowWeights: readonly number[],
    columnWeights: readonly number[],
    name: string,
  ) => {
    const turned = pickedTurned(cx, line, cols.from, at, name);
    const codes = cx.add('transpose', [turned], { perm: [0, 1, 3, 2] }, { name: `${cx.label}.${name}.image` });
    const scaled = f.binary(
      'mul',
      centred(cx, codes, 0, `${cx.label}.${name}.number`),
      f.constant(rowWeights, [1, 1, rows.to, 1]),
    );
    return f.binary('mul', scaled, f.constant(columnWeights, [1, 1, 1, cols.to]));
  };
  const parts = [
    part(top, x.low, y.lower, x.lower, 'part0'),
    part(bottom, x.low, y.upper, x.lower, 'part1'),
    part(top, x.high, y.lower, x.upper, 'part2'),
    part(bottom, x.high, y.upper, x.upper, 'part3'),
  ];
  const sum = f.binary(
    'add',
    parts.reduce((a, b) => f.binary('add', a, b)),
    0.5,
  );
  return wholeNumbers(cx, f.unary('floor', sum), { min: 0, max: 255 }, cx.codeType(cx.outputTensor()));
}
