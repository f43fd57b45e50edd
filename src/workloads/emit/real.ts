/** Layers that work on reals: codes to float32, a few operations, codes again. Constants travel as float32. */
import type { BinaryFunction, ElementType, IntegerType, UnaryFunction } from '../../../compiler/graph/types.ts';
import { integerRange } from '../../../compiler/graph/types.ts';
import { bellStep, codeOf, momentsOf } from '../bell.ts';
import { activationType } from '../recipe.ts';
import { type Coded, dequantized, type EmitContext, node, quantized } from './context.ts';

const FLOAT: ElementType = { kind: 'float32' };

/** Float operations of one layer, named after it. */
export class Reals {
  readonly #cx: EmitContext;
  readonly #name: string;
  #next = 0;

  constructor(cx: EmitContext, name: string) {
    this.#cx = cx;
    this.#name = name;
  }

  #label(): string {
    return `${this.#name}.step${this.#next++}`;
  }

  /** Of a part of the layer. */
  name(part: string): string {
    return `${this.#name}.${part}`;
  }

  of(x: Coded): string {
    return dequantized(this.#cx, this.#label(), x);
  }

  constant(values: ArrayLike<number>, shape: readonly number[] = []): string {
    const data = Float32Array.from(values);
    return this.#cx.builder.constant({ type: { element: FLOAT, shape }, data }, this.#label());
  }

  unary(fn: UnaryFunction, x: string): string {
    return node(this.#cx, 'unary', this.#label(), [x], { fn });
  }

  binary(fn: BinaryFunction, a: string | number, b: string | number): string {
    const operands = [a, b].map((v) => (typeof v === 'string' ? v : this.constant([v])));
    return node(this.#cx, 'binary', this.#label(), operands, { fn });
  }

  reshape(x: string, shape: readonly number[]): string {
    return node(this.#cx, 'reshape', this.#label(), [x], {}, { shape });
  }

  /** `count` indices of `axis` from `first` on, `step` apart. */
  slice(x: string, axis: number, first: number, count: number, step = 1): string {
    const shape = this.#cx.builder.typeOf(x).shape.map((d, i) => (i === axis ? count : d));
    const starts = shape.map((_, i) => (i === axis ? first : 0));
    const steps = shape.map((_, i) => (i === axis ? step : 1));
    return node(this.#cx, 'slice', this.#label(), [x], { starts, steps }, { shape });
  }

  concat(parts: readonly string[], axis: number): string {
    return node(this.#cx, 'concat', this.#label(), parts, { axis });
  }

  codes(x: string, type: IntegerType, scale: number): string {
    return quantized(this.#cx, this.#label(), x, type, scale);
  }
}

/** Codes of a result whose channels have these means and variances; the step is the best for what it spreads over. */
export function coded(
  cx: EmitContext,
  real: Reals,
  value: string,
  o: {
    readonly shape: readonly number[];
    readonly mean: Float64Array;
    readonly variance: Float64Array;
    readonly oneSided?: boolean;
  },
): Coded {
  const type = activationType(cx.widths.activations, o.oneSided ?? false);
  const { min, max } = integerRange(type);
  const square = o.mean.reduce((n, m, c) => n + m * m + o.variance[c]!, 0) / o.mean.length;
  const scale = Math.fround(bellStep(min, max) * Math.sqrt(square === 0 ? 1 : square));
  const moments = Array.from(o.mean, (m, c) =>
    momentsOf((z) => codeOf((m + Math.sqrt(o.variance[c]!) * z) / scale, min, max)),
  );
  return {
    value: real.codes(value, type, scale),
    type,
    shape: o.shape,
    scale,
    mean: Float64Array.from(moments, (v) => v.mean),
    variance: Float64Array.from(moments, (v) => v.variance),
  };
}
