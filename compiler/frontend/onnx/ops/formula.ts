/** Float operations of one ONNX node, named after its result: what ops that are made of several float32 functions are written with. */
import type { BinaryFunction, UnaryFunction } from '../../../graph/types.ts';
import { floatTensor, type ImportContext } from '../context.ts';

/** An operand: a float32 value of the graph, or a number, which becomes a constant. */
export type Operand = string | number;

export class Formula {
  readonly #cx: ImportContext;
  readonly #stem: string;
  /** Weights by their data: products with the same array share one constant. */
  readonly #weights = new Map<Float32Array, string>();
  #next = 0;

  constructor(cx: ImportContext, stem = cx.outputName) {
    this.#cx = cx;
    this.#stem = stem;
  }

  name(): string {
    return `${this.#stem}.step${this.#next++}`;
  }

  unary(fn: UnaryFunction, x: string): string {
    return this.#cx.add('unary', [x], { fn }, { output: this.name() });
  }

  binary(fn: BinaryFunction, a: Operand, b: Operand): string {
    const [left, right] = [a, b].map((v) => (typeof v === 'string' ? v : this.constant([v], []))) as [string, string];
    return this.#cx.add('binary', [left, right], { fn }, { output: this.name() });
  }

  clip(x: string, min: number, max: number): string {
    return this.#cx.add('clip', [x], { min, max }, { output: this.name() });
  }

  constant(values: ArrayLike<number>, shape: readonly number[]): string {
    return this.#cx.builder.constant(floatTensor(Float32Array.from(values), shape), this.name());
  }

  /** `x` as it is where it has that shape already. */
  reshape(x: string, shape: readonly number[]): string {
    const same = this.#cx.builder.typeOf(x).shape.join() === shape.join();
    return same ? x : this.#cx.add('reshape', [x], {}, { shape, output: this.name() });
  }

  transpose(x: string, perm: readonly number[]): string {
    const same = perm.every((p, d) => p === d);
    return same ? x : this.#cx.add('transpose', [x], { perm }, { output: this.name() });
  }

  /** `count` elements of `axis` from `start` on. */
  part(x: string, axis: number, start: number, count: number): string {
    const { shape } = this.#cx.builder.typeOf(x);
    if (count === shape[axis]) return x;
    const starts = shape.map((_, d) => (d === axis ? start : 0));
    const target = shape.map((d, i) => (i === axis ? count : d));
    return this.#cx.add('slice', [x], { starts, steps: shape.map(() => 1) }, { shape: target, output: this.name() });
  }

  join(parts: readonly string[], axis: number): string {
    const [only = ''] = parts;
    return parts.length === 1 ? only : this.#cx.add('concat', parts, { axis }, { output: this.name() });
  }

  /** Rows x [M, K] times weights [N, K], row by row, on the vector unit: a convolution with a 1 x 1 window. */
  product(x: string, weights: Float32Array, n: number): string {
    const [m = 1, k = 1] = this.#cx.builder.typeOf(x).shape;
    const window = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
    const make = () => this.#cx.builder.constant(floatTensor(weights, [n, k, 1, 1]), `${this.#stem}.weights`);
    const w = this.#weights.get(weights) ?? make();
    this.#weights.set(weights, w);
    const sums = this.#cx.add('conv-float', [this.reshape(x, [m, k, 1, 1]), w], { window, groups: 1 });
    return this.reshape(sums, [m, n]);
  }
}
