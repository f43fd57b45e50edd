/**
 * Activation functions made of simpler ones, each step one float32 operation in the order in which ONNX Runtime's kernels compute it,
 * where they have one: LeakyRelu, PRelu, HardSigmoid, HardSwish, Elu and relatives. Logarithms, which the vector unit lacks, come from what it has.
 */

import { refuse } from '../../refusal.ts';
import { floatAttribute } from '../attributes.ts';
import type { ImportContext } from '../context.ts';
import { Formula } from './formula.ts';

const importFormula = (make: (f: Formula, x: string, cx: ImportContext) => string) => (cx: ImportContext) => {
  cx.result({ kind: 'float', id: make(new Formula(cx), cx.floatInput(0), cx) });
};

/** max(x, slope * x) for slopes of 0 .. 1, which is what LeakyRelu is there; else max(x, 0) + slope * min(x, 0). */
export const importLeakyRelu = importFormula((f, x, cx) => {
  const alpha = floatAttribute(cx.node, 'alpha', 0.01);
  if (!(alpha >= 0 && alpha <= 1))
    return f.binary('add', f.unary('relu', x), f.binary('mul', f.binary('min', x, 0), alpha));
  return f.binary('max', x, f.binary('mul', x, alpha));
});

/** max(x, 0) + slope * min(x, 0): one addend is always zero. */
export const importPRelu = importFormula((f, x, cx) => {
  const low = f.binary('mul', f.binary('min', x, 0), cx.floatInput(1));
  return f.binary('add', f.unary('relu', x), low);
});

export function hardSigmoid(f: Formula, x: string, alpha: number, beta: number): string {
  return f.clip(f.binary('add', f.binary('mul', x, alpha), beta), 0, 1);
}

export const importHardSigmoid = importFormula((f, x, cx) =>
  hardSigmoid(f, x, floatAttribute(cx.node, 'alpha', 0.2), floatAttribute(cx.node, 'beta', 0.5)),
);

/** x * HardSigmoid(x) with slope 1/6 and offset 1/2. */
export const importHardSwish = importFormula((f, x) => f.binary('mul', x, hardSigmoid(f, x, Math.fround(1 / 6), 0.5)));

/** exp(min(x, 0)) - 1: the part below zero. */
function below(f: Formula, x: string): string {
  return f.binary('sub', f.unary('exp', f.binary('min', x, 0)), 1);
}

/** x above zero, alpha (exp(x) - 1) below. */
export const importElu = importFormula((f, x, cx) =>
  f.binary('add', f.unary('relu', x), f.binary('mul', below(f, x), floatAttribute(cx.node, 'alpha', 1))),
);

/** max(x, 0) + min(0, alpha (exp(x / alpha) - 1)). */
export const importCelu = importFormula((f, x, cx) => {
  const alpha = floatAttribute(cx.node, 'alpha', 1);
  if (!(alpha > 0)) refuse(`Celu with alpha ${alpha}`, { expected: 'alpha above 0' });
  return f.binary('add', f.unary('relu', x), f.binary('mul', below(f, f.binary('div', x, alpha)), alpha));
});

/** gamma times Elu, with the constants of ONNX's definition. */
export const importSelu = importFormula((f, x, cx) => {
  const alpha = floatAttribute(cx.node, 'alpha', 1.6732632);
  const gamma = floatAttribute(cx.node, 'gamma', 1.050701);
  return f.binary('mul', f.binary('add', f.unary('relu', x), f.binary('mul', below(f, x), alpha)), gamma);
});

/** x above alpha, else 0. */
export const importThresholdedRelu = importFormula((f, x, cx) => {
  const above = f.unary('relu', f.unary('sign', f.binary('sub', x, floatAttribute(cx.node, 'alpha', 1))));
  return f.binary('mul', x, above);
});

/** Of positive numbers. */
export const importLog = importFormula((f, x) => logarithm(f, x));

/** x / (1 + |x|). */
export const importSoftsign = importFormula((f, x) => f.binary('div', x, f.binary('add', f.unary('abs', x), 1)));

/** log(1 + exp(x)) = max(x, 0) + log(1 + e) with e = exp(-|x|). */
export const importSoftplus = importFormula((f, x) =>
  f.binary('add', f.unary('relu', x), logOnePlus(f, f.unary('exp', f.unary('neg', f.unary('abs', x))))),
);

/** x tanh(log(1 + exp(x))) = x n / (n + 2) with n = e (e + 2), e = exp(x); above 20 that is x to the last bit. */
export const importMish = importFormula((f, x) => {
  const e = f.unary('exp', f.binary('min', x, 20));
  const n = f.binary('mul', e, f.binary('add', e, 2));
  return f.binary('mul', x, f.binary('div', n, f.binary('add', n, 2)));
});

/** log(1 + e) = 2 artanh(s), s = e / (2 + e), for e in 0 .. 1: odd powers of s <= 1/3 to s^17 / 17, the rest below 2^-33. */
function logOnePlus(f: Formula, e: string): string {
  const s = f.binary('div', e, f.binary('add', e, 2));
  const square = f.binary('mul', s, s);
  let sum: string | number = 2 / 17;
  for (let n = 15; n >= 1; n -= 2) sum = f.binary('add', f.binary('mul', square, sum), 2 / n);
  return f.binary('mul', s, sum);
}

/**
 * Natural logarithm of positive floats: y from the 4096th root r = x^(1/4096), y = 8192 (r - 1) / (r + 1), within 3e-3 of it over all of
 * float32; then one step of Halley's method for exp(y) = x, which cubes the error: y + 2 (x - exp(y)) / (x + exp(y)).
 */
export function logarithm(f: Formula, x: string): string {
  let root = x;
  for (let i = 0; i < 12; i++) root = f.unary('sqrt', root);
  const y = f.binary('mul', f.binary('div', f.binary('sub', root, 1), f.binary('add', root, 1)), 8192);
  const e = f.unary('exp', y);
  return f.binary('add', y, f.binary('mul', f.binary('div', f.binary('sub', x, e), f.binary('add', x, e)), 2));
}
