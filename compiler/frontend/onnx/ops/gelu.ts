/**
 * Erf and the activations of transformers, in float32 operations that the vector unit has. On codes they become one table (passes/chain.ts).
 * Erf is formula 7.1.26 of Abramowitz and Stegun, within 1.5e-7 of exact.
 */

import { invalid } from '../../refusal.ts';
import { floatAttribute, stringAttribute } from '../attributes.ts';
import type { ImportContext } from '../context.ts';
import { Formula } from './formula.ts';

/** a5 .. a1 of the formula, by Horner; t = 1 / (1 + p |x|). */
const ERF = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592] as const;
const ERF_P = 0.3275911;

function erf(f: Formula, x: string): string {
  const size = f.unary('abs', x);
  const t = f.binary('div', 1, f.binary('add', f.binary('mul', size, ERF_P), 1));
  let sum: string | number = ERF[0];
  for (const a of ERF.slice(1)) sum = f.binary('add', f.binary('mul', t, sum), a);
  const bell = f.unary('exp', f.unary('neg', f.binary('mul', size, size)));
  const tail = f.binary('mul', f.binary('mul', t, sum), bell);
  return f.binary('mul', f.binary('sub', 1, tail), f.unary('sign', x));
}

/** x (1 + erf(x / sqrt 2)) / 2. */
function gelu(f: Formula, x: string): string {
  return f.binary('mul', f.binary('mul', x, 0.5), f.binary('add', erf(f, f.binary('mul', x, Math.SQRT1_2)), 1));
}

/** The usual approximation: x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. */
function tanhGelu(f: Formula, x: string): string {
  const cube = f.binary('mul', f.binary('mul', x, x), f.binary('mul', x, 0.044715));
  const bent = f.unary('tanh', f.binary('mul', f.binary('add', x, cube), 0.7978845608028654));
  return f.binary('mul', f.binary('mul', x, 0.5), f.binary('add', bent, 1));
}

const importFormula = (make: (f: Formula, x: string, cx: ImportContext) => string) => (cx: ImportContext) => {
  cx.result({ kind: 'float', id: make(new Formula(cx), cx.floatInput(0), cx) });
};

export const importErf = importFormula((f, x) => erf(f, x));

export const importGelu = importFormula((f, x, cx) => {
  const form = stringAttribute(cx.node, 'approximate', 'none');
  if (form !== 'none' && form !== 'tanh') invalid(`approximate is '${form}'`, { expected: 'none or tanh' });
  return form === 'tanh' ? tanhGelu(f, x) : gelu(f, x);
});

/** com.microsoft.FastGelu: a bias may come first. */
export const importFastGelu = importFormula((f, x, cx) =>
  tanhGelu(f, cx.hasInput(1) ? f.binary('add', x, cx.floatInput(1)) : x),
);

/** com.microsoft.BiasGelu. */
export const importBiasGelu = importFormula((f, x, cx) => gelu(f, f.binary('add', x, cx.floatInput(1))));

/** x sigmoid(alpha x): Swish of opset 24 with alpha 1, com.microsoft.QuickGelu with 1.702. */
export const importSwish = (alpha: number) =>
  importFormula((f, x, cx) => {
    const a = Math.fround(floatAttribute(cx.node, 'alpha', alpha));
    return f.binary('mul', x, f.unary('sigmoid', a === 1 ? x : f.binary('mul', x, a)));
  });
