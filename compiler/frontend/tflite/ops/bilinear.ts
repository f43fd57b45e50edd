/**
 * RESIZE_BILINEAR of int8 by any factor, exactly as the integer kernel: positions and weights with ten fraction bits along each axis, one rounding of the
 * sum by 2^20, ties away from zero. Rows are picked, and columns weighted, by products with constant matrices on the arrays; a weight is two digits
 * of 5 bits, so that all sums of the vector unit are whole numbers that float32 holds.
 */
import type { Tensor } from '../../../graph/types.ts';
import { refuse } from '../../refusal.ts';
import type { ImportContext } from '../context.ts';
import { rescaled, UNCHANGED } from './requantizer.ts';
import { centred, Steps, wholeNumbers } from './whole-numbers.ts';

const ONE = 1 << 10;
const DIGIT = 1 << 5;
/** Elements of the matrix that picks or weights an axis. */
const MATRIX_MAX = 1 << 24;

export interface Growth {
  readonly from: number;
  readonly to: number;
  readonly aligned: boolean;
  readonly half: boolean;
}

/** For each position of the result the two neighbours and the weight of the second, of 1024. */
interface Neighbour {
  readonly low: number;
  readonly high: number;
  readonly weight: number;
}

function neighbours({ from, to, aligned, half }: Growth): Neighbour[] {
  const [span, steps] = aligned && to > 1 ? [from - 1, to - 1] : [from, to];
  const scale = Math.floor((ONE * span + Math.floor(steps / 2)) / steps);
  return Array.from({ length: to }, (_, i) => {
    const at = half ? i * scale + Math.floor(scale / 2) - ONE / 2 : i * scale;
    const low = Math.max(Math.trunc(at / ONE), 0);
    const high = Math.min(Math.trunc((at + ONE - 1) / ONE), from - 1);
    return { low, high, weight: at - ONE * low };
  });
}

/** x [..., K] times a matrix of whole numbers up to 64. */
function times(cx: ImportContext, x: string, growth: Growth, of: (n: Neighbour, k: number) => number, name: string) {
  const { from, to } = growth;
  if (from * to > MATRIX_MAX)
    refuse(`RESIZE_BILINEAR from ${from} to ${to}`, {
      expected: `at most ${MATRIX_MAX} pairs of positions`,
      hint: 'resize by 2, 4 or 8, or by the nearest neighbour',
    });
  const data = new Int32Array(from * to);
  neighbours(growth).forEach((n, i) => {
    for (const k of new Set([n.low, n.high])) data[k * to + i] = of(n, k);
  });
  const weights: Tensor = { type: { element: { kind: 'int', bits: 8, coding: 'signed' }, shape: [from, to] }, data };
  const inputs = [x, cx.constant(weights, `${name}.weights`)];
  return cx.add('matmul', inputs, { xZero: 0, wZero: Int32Array.of(0) }, { name: `${cx.label}.${name}` });
}

/** Rows of the images, [N, C, H, W] to [N, C, OH, W]. */
function pickedRows(cx: ImportContext, columns: string, rows: Growth, side: 'low' | 'high'): string {
  const sums = times(cx, columns, rows, (n, k) => (n[side] === k ? 1 : 0), side);
  const element = cx.codeType(cx.outputTensor());
  const codes = rescaled(cx, sums, [UNCHANGED], { element, name: `${cx.label}.${side}.codes` });
  return cx.add('transpose', [codes], { perm: [0, 1, 3, 2] }, { name: `${cx.label}.${side}.rows` });
}

/** Weight of neighbour k: what is left of 1024 for the lower, both where they are one. */
const weightOf = (n: Neighbour, k: number): number =>
  (n.low === k ? ONE - n.weight : 0) + (n.high === k ? n.weight : 0);

/** Images of the result from those of input 0. */
export function importBilinear(cx: ImportContext, rows: Growth, cols: Growth): string {
  const columns = cx.add('transpose', [cx.value(0, 'image')], { perm: [0, 1, 3, 2] }, { name: `${cx.label}.columns` });
  const f = new Steps(cx, 'step');
  const vertical = neighbours(rows);
  const weights = (['low', 'high'] as const).map((side) => {
    const values = vertical.map((n) => (side === 'low' ? ONE - n.weight : n.weight));
    return f.constant(values, [1, 1, rows.to, 1]);
  });
  const picked = (['low', 'high'] as const).map((side) => pickedRows(cx, columns, rows, side));
  const digits = [(w: number) => Math.floor(w / DIGIT), (w: number) => w % DIGIT];
  const [upper, lower] = digits.map((digit, d) => {
    const parts = picked.map((id, i) => {
      const sums = times(cx, id, cols, (n, k) => digit(weightOf(n, k)), `digit${d}_${i}`);
      return f.binary('mul', centred(cx, sums, 0, `${cx.label}.number${d}_${i}`), weights[i]!);
    });
    return f.binary('add', parts[0]!, parts[1]!);
  }) as [string, string];
  return rounded(cx, f, upper, lower);
}

/** (32 upper + lower) / 2^20, ties away from zero. */
function rounded(cx: ImportContext, f: Steps, upper: string, lower: string): string {
  const carry = f.unary('floor', f.binary('mul', lower, 1 / DIGIT));
  const rest = f.binary('min', f.binary('sub', lower, f.binary('mul', carry, DIGIT)), 1);
  const whole = f.binary('add', upper, carry);
  // Its size, a rest counted: above zero the rest decides nothing, below zero it is on the side of zero.
  const size = f.binary('max', whole, f.binary('sub', 0, f.binary('add', whole, rest)));
  const steps = f.unary('floor', f.binary('mul', f.binary('add', size, 2 ** 14), 2 ** -15));
  const sign = f.unary('sign', f.binary('add', whole, 0.5));
  const element = cx.codeType(cx.outputTensor());
  return wholeNumbers(cx, f.binary('mul', steps, sign), { min: -128, max: 127 }, element);
}
