/** float32 functions of two operands; + - * / are correctly rounded, because a double result rounded to float32 is. */
import type { BinaryFunction } from '../types.ts';
import { broadcastIndex, broadcastShape } from './broadcast.ts';
import { allocate, isFloat, type OpDefinition, requireThat } from './op.ts';

const BINARY: Readonly<Record<BinaryFunction, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: (a, b) => (a > b ? a : b),
  min: (a, b) => (a < b ? a : b),
};

/** One float32 operation, for passes that evaluate a chain at a point. */
export function applyBinary(fn: BinaryFunction, a: number, b: number): number {
  return Math.fround(BINARY[fn](a, b));
}

export const binary: OpDefinition<'binary'> = {
  doc: 'float32 function of two operands, broadcasting',
  arity: [2, 2],
  infer(_, [a, b]) {
    requireThat(
      a !== undefined && b !== undefined && isFloat(a) && isFloat(b),
      'this function takes two float32 operands',
    );
    return { element: a.element, shape: broadcastShape(a.shape, b.shape) };
  },
  reference({ fn }, [a, b], output) {
    const out = allocate(output);
    const ia = broadcastIndex(a!.type, output);
    const ib = broadcastIndex(b!.type, output);
    for (let i = 0; i < out.length; i++) out[i] = BINARY[fn](a!.data[ia(i)]!, b!.data[ib(i)]!);
    return out;
  },
};
