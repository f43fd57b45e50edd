/**
 * Sine and cosine in float32 operations, for rotary embeddings whose positions are computed: x minus the nearest multiple of pi in three parts (Cody and Waite),
 * then the Taylor series to r^11 on |r| <= pi/2, within 6e-8 of the series' value; arguments up to 2^15.
 */
import type { ImportContext } from '../context.ts';
import { Formula, type Operand } from './formula.ts';

/** pi in parts of 8, 11 and 24 bits, four times those of Cephes (sinf.c): products of the first two with whole numbers below 2^13 are exact. */
const PI_PARTS = [3.140625, 0.0009675025939941406, 1.509957990978376e-7] as const;

/** (-1)^k for whole k: 1 - 2 (k - 2 floor(k / 2)). */
function parity(f: Formula, k: string): string {
  const rest = f.binary('sub', k, f.binary('mul', f.unary('floor', f.binary('mul', k, 0.5)), 2));
  return f.binary('sub', 1, f.binary('mul', rest, 2));
}

/** sin(r) for |r| <= pi/2. */
function series(f: Formula, r: string): string {
  const square = f.binary('mul', r, r);
  let sum: Operand = -1 / 39916800;
  for (const c of [1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1]) sum = f.binary('add', f.binary('mul', square, sum), c);
  return f.binary('mul', r, sum);
}

function reduced(f: Formula, x: string, k: string): string {
  return PI_PARTS.reduce((r, part) => f.binary('sub', r, f.binary('mul', k, part)), x);
}

/** sin(x) = (-1)^k sin(x - k pi), k the whole number nearest to x / pi. */
export function importSin(cx: ImportContext): void {
  const f = new Formula(cx);
  const x = cx.floatInput(0);
  const k = f.unary('round', f.binary('mul', x, 1 / Math.PI));
  cx.result({ kind: 'float', id: f.binary('mul', series(f, reduced(f, x, k)), parity(f, k)) });
}

/** cos(x) = -(-1)^k sin(x - (k + 1/2) pi), k the floor of x / pi. */
export function importCos(cx: ImportContext): void {
  const f = new Formula(cx);
  const x = cx.floatInput(0);
  const k = f.unary('floor', f.binary('mul', x, 1 / Math.PI));
  const half = f.binary('add', k, 0.5);
  const sign = f.unary('neg', parity(f, k));
  cx.result({ kind: 'float', id: f.binary('mul', series(f, reduced(f, x, half)), sign) });
}
