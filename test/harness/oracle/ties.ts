/**
 * Is a difference from the runtime two right answers? Where the runtime multiplies floats, its sums round after each product and
 * each addition, in an order of its own. This follows one code back to integers (codes and integer sums, which are exact) and
 * gives every real number that float32 evaluation may have stood at before the quantizer, by the usual bound: n roundings of a
 * sum of terms t move it by at most n u / (1 - n u) * sum |t|, with u = 2^-24. A difference is a tie when both codes are in reach and
 * they are neighbours; anything that is not followed here (other ops, products of integers that the runtime also
 * multiplies as integers) has one right answer.
 */
import { broadcastIndex } from '../../../compiler/graph/ops/broadcast.ts';
import { OPS } from '../../../compiler/graph/ops/index.ts';
import { channelOf, clamp, type OpDefinition, roundHalfEven } from '../../../compiler/graph/ops/op.ts';
import { roundTo } from '../../../compiler/graph/ops/quantize.ts';
import {
  type Graph,
  INT32,
  integerRange,
  type Node,
  type NodeOf,
  type OpName,
  type Tensor,
} from '../../../compiler/graph/types.ts';

const U = 2 ** -24;

type Product = NodeOf<'conv'> | NodeOf<'matmul'> | NodeOf<'conv-float'>;

/** Reals that an evaluation may reach; an exact value is one point. */
export interface Reach {
  readonly low: number;
  readonly high: number;
}

/** Codes in reach of a quantizer, and the reach before it rounds, in codes. */
export interface CodeReach {
  readonly low: number;
  readonly high: number;
  readonly before: Reach;
}

/** What float evaluation can make of the values of a graph, given the codes and integer sums in `values`. */
export class Reaches {
  readonly #producers: ReadonlyMap<string, Node>;
  readonly #values: ReadonlyMap<string, Tensor>;
  readonly #sources = new Map<string, ArrayLike<number>>();
  readonly #magnitudes = new Map<string, ArrayLike<number>>();

  constructor(graph: Graph, values: ReadonlyMap<string, Tensor>) {
    this.#producers = new Map(graph.nodes.map((n) => [n.output, n]));
    this.#values = values;
  }

  /** Codes that element `i` of a quantizer's result may have; undefined where there is one right answer or none is derived. */
  codes(value: string, i: number): CodeReach | undefined {
    const node = this.#producers.get(value);
    if (node?.op === 'quantize') return this.#quantized(node, i);
    if (node?.op === 'requantize') return this.#requantized(node, i);
    return undefined;
  }

  /** Whether both codes are in reach of element `i`, and are neighbours. */
  isTie(value: string, i: number, a: number, b: number): boolean {
    const reach = this.codes(value, i);
    if (reach === undefined || reach.high - reach.low !== 1) return false;
    return Math.min(a, b) === reach.low && Math.max(a, b) === reach.high;
  }

  #quantized({ inputs, output, attributes: q }: NodeOf<'quantize'>, i: number): CodeReach | undefined {
    const x = this.#real(inputs[0]!, i);
    if (x === undefined) return undefined;
    const c = channelOf(this.#type(output).shape, q.axis)(i);
    const scale = q.scale.length === 1 ? q.scale[0]! : q.scale[c]!;
    const zero = q.zeroPoint.length === 1 ? q.zeroPoint[0]! : q.zeroPoint[c]!;
    const after = q.order === 'round-then-zero';
    const scaled = widened({ low: x.low / scale, high: x.high / scale });
    const before = after ? scaled : widened({ low: scaled.low + zero, high: scaled.high + zero });
    const code = (v: number) =>
      after ? clamp(roundTo(v, q.rounding) + zero, q.min, q.max) : roundTo(clamp(v, q.min, q.max), q.rounding);
    return { low: code(before.low), high: code(before.high), before };
  }

  #requantized({ inputs, output, attributes }: NodeOf<'requantize'>, i: number): CodeReach | undefined {
    const { spec, axis, relu } = attributes;
    const sum = this.#producers.get(inputs[0]!);
    if (spec.mode !== 'float32' || sum === undefined || this.#integerKernel(sum)) return undefined;
    const c = channelOf(this.#type(output).shape, axis)(i);
    const before = this.#scaledSum(sum, i, 0, spec.scale.length === 1 ? spec.scale[0]! : spec.scale[c]!);
    if (before === undefined) return undefined;
    const { min, max } = this.#range(output);
    const low = relu ? Math.max(min, spec.zeroPoint) : min;
    const code = (v: number) => clamp(roundHalfEven(v) + spec.zeroPoint, low, max);
    return { low: code(before.low), high: code(before.high), before };
  }

  /**
   * The runtime has kernels for 8-bit codes by 8-bit weights and fuses a quantizer into those alone; signed activations it first has
   * to rewrite as unsigned, which it does between two quantizers but not behind an input of codes.
   */
  #integerKernel(sum: Node): boolean {
    const [x, w] = sum.inputs.map((name) => this.#type(name).element);
    const behindQuantizer = this.#producers.has(sum.inputs[0]!);
    if (x?.kind !== 'int' || w?.kind !== 'int' || x.bits !== 8 || w.bits !== 8) return false;
    return x.coding === 'unsigned' || behindQuantizer;
  }

  #real(value: string, i: number): Reach | undefined {
    const node = this.#producers.get(value);
    if (node === undefined) return this.#exact(value, i);
    switch (node.op) {
      case 'dequantize':
        return this.#dequantized(node, i);
      case 'conv-float':
        // Ours is such a sum itself, so the runtime's may be twice as far from it as from the exact one.
        return this.#sum(node, i, this.#values.get(value)!.data[i]!, 1, 2);
      case 'reshape':
      case 'transpose':
      case 'depth-to-space':
        return this.#real(node.inputs[0]!, this.#from(node, i));
      case 'clip':
        return mapped(this.#real(node.inputs[0]!, i), (v) => clamp(v, node.attributes.min, node.attributes.max));
      case 'unary':
        if (node.attributes.fn !== 'relu' && node.attributes.fn !== 'identity') return undefined;
        return mapped(this.#real(node.inputs[0]!, i), node.attributes.fn === 'relu' ? (v) => Math.max(0, v) : (v) => v);
      case 'binary':
        return this.#binary(node, i);
      default:
        return undefined;
    }
  }

  /** Where element `i` of a movement came from: the op itself on the numbers of the elements. */
  #from(node: NodeOf<'reshape'> | NodeOf<'transpose'> | NodeOf<'depth-to-space'>, i: number): number {
    const known = this.#sources.get(node.output);
    if (known !== undefined) return known[i]!;
    const { type, data } = this.#values.get(node.inputs[0]!)!;
    const numbered: Tensor = { type, data: Int32Array.from(data, (_, at) => at) };
    const reference = (OPS[node.op] as OpDefinition<OpName>).reference;
    const from = reference(node.attributes, [numbered], { ...this.#type(node.output), element: INT32 });
    this.#sources.set(node.output, from);
    return from[i]!;
  }

  #exact(value: string, i: number): Reach {
    const v = this.#values.get(value)!.data[i]!;
    return { low: v, high: v };
  }

  #dequantized({ inputs, output, attributes }: NodeOf<'dequantize'>, i: number): Reach | undefined {
    const { scale, zeroPoint, axis } = attributes;
    const c = channelOf(this.#type(output).shape, axis)(i);
    const s = scale.length === 1 ? scale[0]! : scale[c]!;
    const zero = zeroPoint.length === 1 ? zeroPoint[0]! : zeroPoint[c]!;
    const sum = this.#producers.get(inputs[0]!);
    if (sum?.op === 'conv' || sum?.op === 'matmul') return this.#scaledSum(sum, i, zero, s);
    const v = (this.#values.get(inputs[0]!)!.data[i]! - zero) * s;
    return widened({ low: v, high: v });
  }

  /** An integer sum times the scale of its products, which the runtime may have scaled one by one. */
  #scaledSum(node: Node, i: number, zero: number, scale: number): Reach | undefined {
    if (node.op !== 'conv' && node.op !== 'matmul') return undefined;
    return this.#sum(node, i, this.#values.get(node.output)!.data[i]! - zero, scale);
  }

  /** Roundings: each product and its two scaled operands, each addition, the bias, and what scales the sum afterwards. */
  #sum(node: Product, i: number, sum: number, scale: number, sides = 1): Reach {
    const w = this.#type(node.inputs[1]!).shape;
    const terms = (node.op === 'matmul' ? w[0]! : w.slice(1).reduce((n, d) => n * d, 1)) + node.inputs.length - 2;
    const roundings = terms + 8;
    const slack = sides * ((roundings * U) / (1 - roundings * U)) * this.#magnitude(node)[i]! * scale;
    return { low: sum * scale - slack, high: sum * scale + slack };
  }

  /** Sums of the absolute values of the terms: the op itself on absolute values. */
  #magnitude(node: Product): ArrayLike<number> {
    const known = this.#magnitudes.get(node.output);
    if (known !== undefined) return known;
    const [x, w, bias] = node.inputs.map((name) => this.#values.get(name)!);
    const data = this.#onAbsolutes(node, x!, w!, bias);
    this.#magnitudes.set(node.output, data);
    return data;
  }

  #onAbsolutes(node: Product, x: Tensor, w: Tensor, bias: Tensor | undefined): ArrayLike<number> {
    const type = this.#type(node.output);
    if (node.op === 'conv-float') {
      const positive = [x, w].map((t) => ({ ...t, data: Float32Array.from(t.data, Math.abs) }));
      return OPS['conv-float'].reference(node.attributes, positive, type);
    }
    const { xZero, wZero } = node.attributes;
    const channel = channelOf(w.type.shape, node.op === 'conv' ? 0 : 1);
    const zeroOf = (at: number) => (wZero.length === 1 ? wZero[0]! : wZero[channel(at)]!);
    const operands = [absolute(x, () => xZero), absolute(w, zeroOf), ...(bias ? [absolute(bias, () => 0)] : [])];
    const plain = { xZero: 0, wZero: Int32Array.of(0) };
    return node.op === 'conv'
      ? OPS.conv.reference({ ...node.attributes, ...plain }, operands, type)
      : OPS.matmul.reference(plain, operands, type);
  }

  #binary({ inputs, output, attributes: { fn } }: NodeOf<'binary'>, i: number): Reach | undefined {
    const [a, b] = inputs.map((name) => {
      return this.#real(name, broadcastIndex(this.#type(name), this.#type(output))(i));
    });
    if (a === undefined || b === undefined) return undefined;
    if (fn === 'add') return widened({ low: a.low + b.low, high: a.high + b.high });
    if (fn === 'sub') return widened({ low: a.low - b.high, high: a.high - b.low });
    if (fn !== 'mul' && fn !== 'div') return undefined;
    if (fn === 'div' && b.low <= 0 && b.high >= 0) return undefined;
    const ends = [a.low, a.high].flatMap((x) => [b.low, b.high].map((y) => (fn === 'mul' ? x * y : x / y)));
    return widened({ low: Math.min(...ends), high: Math.max(...ends) });
  }

  #type(name: string) {
    return this.#values.get(name)!.type;
  }

  #range(name: string) {
    const { element } = this.#type(name);
    if (element.kind !== 'int') throw new Error(`${name} has no codes`);
    return integerRange(element);
  }
}

/** Two roundings of float32 more: one of the operation, one of the scale that it uses. */
function widened({ low, high }: Reach): Reach {
  return { low: low - Math.abs(low) * 2 * U, high: high + Math.abs(high) * 2 * U };
}

function mapped(reach: Reach | undefined, f: (v: number) => number): Reach | undefined {
  return reach && { low: f(reach.low), high: f(reach.high) };
}

function absolute(t: Tensor, zero: (at: number) => number): Tensor {
  return { ...t, data: Int32Array.from(t.data, (v, at) => Math.abs(v - zero(at))) };
}
