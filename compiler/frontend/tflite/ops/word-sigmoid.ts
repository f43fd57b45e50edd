/**
 * LOGISTIC and TANH of whole float32 numbers that are 16-bit codes with 12 fraction bits (TANH: fewer), by the lines between points that the 16-bit kernels
 * draw (wide-functions.ts), in float32 operations that are all exact. Both are odd around their middle, so the size of the argument is enough.
 */
import type { IntegerType } from '../../../graph/types.ts';
import type { ImportContext } from '../context.ts';
import { LOGISTIC, POINTS } from '../wide-functions.ts';
import { Steps, wholeNumbers } from './whole-numbers.ts';

const BYTE: IntegerType = { kind: 'int', bits: 8, coding: 'unsigned' };
const HALF = 2 ** 15;

/** floor((points less their middle + 1/2 of the last place that stays) / 2^drop) of |x| times the multiplier, the sign of x put back. */
function odd(cx: ImportContext, x: string, multiplier: number, bits: number, drop: number, stem: string): string {
  const f = new Steps(cx, stem);
  const unit = 2 ** bits;
  const size = f.binary('mul', f.unary('abs', x), multiplier);
  const point = f.binary('min', f.unary('floor', f.binary('mul', size, 1 / unit)), POINTS - 1);
  const rest = f.binary('sub', size, f.binary('mul', point, unit));
  const code = wholeNumbers(cx, point, { min: 0, max: POINTS - 1 }, BYTE, `.${stem}.point`);
  const table = (of: (i: number) => number, name: string): string => {
    const values = Float32Array.from({ length: POINTS }, (_, i) => of(i));
    const options = { name: `${cx.label}.${stem}.${name}`, element: { kind: 'float32' } } as const;
    return cx.add('lut', [code], { table: values, axis: 0 }, options);
  };
  // The last point has no line behind it: there the function stays what it is.
  const base = table((i) => (LOGISTIC[i]! - HALF) * unit + 2 ** (drop - 1), 'base');
  const slope = table((i) => (i === POINTS - 1 ? 0 : LOGISTIC[i + 1]! - LOGISTIC[i]!), 'slope');
  const value = f.binary('add', base, f.binary('mul', slope, rest));
  return f.binary('mul', f.unary('floor', f.binary('mul', value, 2 ** -drop)), f.unary('sign', x));
}

/** LOGISTIC with 15 fraction bits of codes with 12. */
export function wordLogistic(cx: ImportContext, x: string, stem: string): string {
  return new Steps(cx, `${stem}.shifted`).binary('add', odd(cx, x, 3, 9, 10, stem), HALF / 2);
}

/** TANH with 15 fraction bits of codes with 12 - `left`. */
export function wordTanh(cx: ImportContext, x: string, left: number, stem: string): string {
  return odd(cx, x, 3 * 2 ** left, 8, 8, stem);
}
