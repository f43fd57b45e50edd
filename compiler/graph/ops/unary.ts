/**
 * float32 functions of one operand. Square root is correctly rounded (a double result rounded to float32 is); exp, sigmoid and tanh are
 * our own double arithmetic (transcendental.ts), the same on every platform, then rounded to float32.
 */
import type { UnaryFunction } from '../types.ts';
import { allocate, isFloat, type OpDefinition, requireThat, roundHalfEven } from './op.ts';
import { exponential, hyperbolicTangent, logistic } from './transcendental.ts';

const UNARY: Readonly<Record<UnaryFunction, (x: number) => number>> = {
  relu: (x) => (x > 0 ? x : 0),
  neg: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  exp: exponential,
  sigmoid: logistic,
  tanh: hyperbolicTangent,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  sign: Math.sign,
  identity: (x) => x,
};

/** One float32 operation, for passes that evaluate a chain at a point. */
export function applyUnary(fn: UnaryFunction, x: number): number {
  return Math.fround(UNARY[fn](x));
}

export const unary: OpDefinition<'unary'> = {
  doc: 'float32 function of one operand',
  arity: [1, 1],
  infer(_, [x]) {
    requireThat(x !== undefined && isFloat(x), 'this function takes float32');
    return x;
  },
  reference({ fn }, [x], output) {
    const out = allocate(output);
    for (let i = 0; i < out.length; i++) out[i] = UNARY[fn](x!.data[i]!);
    return out;
  },
};
