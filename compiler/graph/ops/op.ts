/** What every op file answers: its result type, what it refuses, and a slow exact meaning. */
import type { ElementType, OpAttributes, OpName, Tensor, TensorData, ValueType } from '../types.ts';

export interface OpDefinition<O extends OpName> {
  readonly doc: string;
  /** How many inputs are legal: [least, most]. */
  readonly arity: readonly [number, number];
  /** Result type; `element` is what the node's creator chose, for ops that can produce several. Throws OpError. */
  infer(attributes: OpAttributes[O], inputs: readonly ValueType[], element: ElementType | undefined): ValueType;
  /** Exact meaning in the order stated in the file; the result has sizeOf(output.shape) elements. */
  reference(attributes: OpAttributes[O], inputs: readonly Tensor[], output: ValueType): TensorData;
}

/** A node that its op refuses; the message is the user's message, `expected` what would do. */
export class OpError extends Error {
  readonly expected: string | undefined;

  constructor(message: string, expected?: string) {
    super(message);
    this.expected = expected;
  }
}

export function requireThat(condition: boolean, message: string, expected?: string): asserts condition {
  if (!condition) throw new OpError(message, expected);
}

/** An accumulator value; throws OpError when it leaves 32 bits: the verifier's range analysis should have refused the graph. */
export function requireInt32(sum: number): number {
  requireThat(sum >= -(2 ** 31) && sum < 2 ** 31, `the sum ${sum} leaves 32 bits`);
  return sum;
}

export function isFloat(t: ValueType): boolean {
  return t.element.kind === 'float32';
}

/** Fresh storage for a result. */
export function allocate(type: ValueType): TensorData {
  const size = type.shape.reduce((n, d) => n * d, 1);
  return type.element.kind === 'float32' ? new Float32Array(size) : new Int32Array(size);
}

/** Row-major strides of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] ?? 1) * (shape[i + 1] ?? 1);
  return strides;
}

/** Channel index of flat element i along `axis`. */
export function channelOf(shape: readonly number[], axis: number): (i: number) => number {
  const inner = shape.slice(axis + 1).reduce((n, d) => n * d, 1);
  const size = shape[axis] ?? 1;
  return (i) => Math.floor(i / inner) % size;
}

/** Round half to even, exact for |x| < 2^52. */
export function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest < 0.5) return low;
  if (rest > 0.5) return low + 1;
  return low % 2 === 0 ? low : low + 1;
}

export function clamp(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x;
}

/** Walks a shape in row-major order with the multi-index. */
export function eachIndex(shape: readonly number[], each: (at: number, index: readonly number[]) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = shape.reduce((n, d) => n * d, 1);
  for (let at = 0; at < size; at++) {
    each(at, index);
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = index[d]! + 1;
      if (index[d]! < shape[d]!) break;
      index[d] = 0;
    }
  }
}
