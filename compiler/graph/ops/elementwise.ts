/**
 * float32 elementwise ops. + - * / and square root are correctly rounded (a double result rounded to float32 is, for these); exp,
 * sigmoid and tanh are our own double arithmetic (ops/transcendental.ts), the same on every platform.
 */
import type { BinaryFunction, UnaryFunction, ValueType } from '../types.ts';
import { allocate, clamp, isFloat, type OpDefinition, requireThat, roundHalfEven, stridesOf } from './op.ts';
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

const BINARY: Readonly<Record<BinaryFunction, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: (a, b) => (a > b ? a : b),
  min: (a, b) => (a < b ? a : b),
};

/** One float32 operation, for passes that evaluate a chain at a point. */
export function applyUnary(fn: UnaryFunction, x: number): number {
  return Math.fround(UNARY[fn](x));
}

export function applyBinary(fn: BinaryFunction, a: number, b: number): number {
  return Math.fround(BINARY[fn](a, b));
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

export const clip: OpDefinition<'clip'> = {
  doc: 'float32 clipped to [min, max]',
  arity: [1, 1],
  infer({ min, max }, [x]) {
    requireThat(x !== undefined && isFloat(x), 'clip takes float32');
    requireThat(min <= max, `clip bounds [${min}, ${max}] are empty`);
    return x;
  },
  reference({ min, max }, [x], output) {
    const out = allocate(output);
    for (let i = 0; i < out.length; i++) out[i] = clamp(x!.data[i]!, min, max);
    return out;
  },
};

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

export const addi: OpDefinition<'addi'> = {
  doc: 'exact sum of 32-bit integers, broadcasting',
  arity: [2, 2],
  infer(_, [a, b]) {
    requireThat(a?.element.kind === 'int' && b?.element.kind === 'int', 'an integer sum takes integers');
    return { element: { kind: 'int', bits: 32, coding: 'signed' }, shape: broadcastShape(a.shape, b.shape) };
  },
  reference(_, [a, b], output) {
    const out = allocate(output);
    const ia = broadcastIndex(a!.type, output);
    const ib = broadcastIndex(b!.type, output);
    for (let i = 0; i < out.length; i++) {
      const sum = a!.data[ia(i)]! + b!.data[ib(i)]!;
      requireThat(sum >= -(2 ** 31) && sum < 2 ** 31, `integer sum ${sum} leaves 32 bits`);
      out[i] = sum;
    }
    return out;
  },
};

/** NumPy broadcasting; throws OpError when the shapes do not agree. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[i - rank + a.length] ?? 1;
    const db = b[i - rank + b.length] ?? 1;
    requireThat(da === db || da === 1 || db === 1, `shapes [${a}] and [${b}] do not broadcast`);
    return Math.max(da, db);
  });
}

/** Flat index into an operand for a flat index into the broadcast result. */
export function broadcastIndex(operand: ValueType, result: ValueType): (i: number) => number {
  const lead = result.shape.length - operand.shape.length;
  if (lead === 0 && operand.shape.every((d, i) => d === result.shape[i])) return (i) => i;
  const own = stridesOf(operand.shape);
  const dims = stridesOf(result.shape).map((stride, i) => {
    const size = i < lead ? 1 : operand.shape[i - lead]!;
    return { stride, size: result.shape[i]!, step: size === 1 ? 0 : own[i - lead]! };
  });
  return (i) => {
    let at = 0;
    for (const d of dims) at += (Math.floor(i / d.stride) % d.size) * d.step;
    return at;
  };
}
