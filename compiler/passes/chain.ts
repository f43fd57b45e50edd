/**
 * A chain: integer -> dequantize -> float32 functions -> quantizer. Its functions take constants and one another, as x * sigmoid(x) does, but
 * everything comes from one integer value. Evaluated at a code exactly as the interpreter would, so a table or a set of thresholds
 * made from it is exact by construction.
 */
import { applyBinary } from '../graph/ops/binary.ts';
import { clamp } from '../graph/ops/op.ts';
import { roundTo } from '../graph/ops/quantize.ts';
import { applyUnary } from '../graph/ops/unary.ts';
import {
  type Graph,
  type IntegerType,
  integerRange,
  type Node,
  type NodeOf,
  type UnaryFunction,
} from '../graph/types.ts';
import type { Uses } from './rewrite.ts';

export interface Chain {
  /** The integer value at its start. */
  readonly from: string;
  /** Axis of the channels; -1 when one function serves all. */
  readonly axis: number;
  readonly channels: number;
  readonly evaluate: (code: number, channel: number) => number;
  /** True when every step is monotone for certain (IEEE operations with constants), so that steps can be found by bisection. */
  readonly monotone: boolean;
  /** True when some step needs a special function. */
  readonly special: boolean;
  readonly length: number;
}

const MONOTONE: readonly UnaryFunction[] = ['relu', 'neg', 'sqrt', 'floor', 'ceil', 'round', 'sign', 'identity'];
const SPECIAL: readonly UnaryFunction[] = ['exp', 'sigmoid', 'tanh'];

interface Step {
  /** Of one operand, or of two. */
  readonly apply: (x: number, channel: number, y: number) => number;
  readonly axis: number;
  readonly channels: number;
  readonly monotone: boolean;
  readonly special: boolean;
}

/** Thrown by `evaluate` where the chain gives no number (0 / 0): such a chain is no table. */
export class NoNumber extends Error {}

/** Functions in a chain; longer ones are not worth their tables. */
const MOST_STEPS = 64;

/** The chain that ends in `node` (any elementwise op on float32, or a quantizer), or undefined when there is none. */
export function chainTo(graph: Graph, uses: Uses, node: Node): Chain | undefined {
  const through = new Set<string>();
  for (;;) {
    const walk = new Cone(graph, uses, through);
    if (!walk.add(node)) return undefined;
    const [from, ...others] = walk.sources;
    if (from === undefined) return undefined;
    if (others.length === 0) return assemble(walk.steps, from);
    // Two codes of which one is made from the other: the quantizer between them is a step too.
    const inner = walk.latestQuantizer();
    if (inner === undefined) return undefined;
    through.add(inner);
  }
}

interface Placed {
  readonly step: Step;
  /** Steps whose results it takes; -1 is the code itself. */
  readonly from: readonly number[];
}

/** Everything between integer values and a node, operands before their readers. */
class Cone {
  readonly steps: Placed[] = [];
  readonly sources = new Set<string>();
  readonly #at = new Map<string, number>();
  readonly #graph: Graph;
  readonly #uses: Uses;
  readonly #through: ReadonlySet<string>;

  /** @param through integer values that are followed to what they are made from. */
  constructor(graph: Graph, uses: Uses, through: ReadonlySet<string>) {
    this.#graph = graph;
    this.#uses = uses;
    this.#through = through;
  }

  /** False when a node on the way is no elementwise function. */
  add(node: Node): boolean {
    const found = stepOf(this.#graph, node);
    if (found === undefined || this.steps.length >= MOST_STEPS) return false;
    const from: number[] = [];
    for (const name of found.from) {
      const at = this.#place(name, node.op === 'dequantize');
      if (at === undefined) return false;
      from.push(at);
    }
    this.#at.set(node.output, this.steps.length);
    this.steps.push({ step: found.step, from });
    return true;
  }

  #place(name: string, integer: boolean): number | undefined {
    const known = this.#at.get(name);
    if (known !== undefined) return known;
    if (integer && !this.#through.has(name)) {
      this.sources.add(name);
      return -1;
    }
    const producer = this.#uses.producer.get(name);
    return producer !== undefined && this.add(producer) ? this.steps.length - 1 : undefined;
  }

  /** The source nearest to the end that a quantizer makes. */
  latestQuantizer(): string | undefined {
    const quantized = [...this.sources].filter((name) => this.#uses.producer.get(name)?.op === 'quantize');
    const order = (name: string): number => this.#graph.nodes.findIndex((n) => n.output === name);
    return quantized.sort((a, b) => order(b) - order(a))[0];
  }
}

function assemble(steps: readonly Placed[], from: string): Chain | undefined {
  const wide = steps.filter(({ step }) => step.channels > 1);
  const axis = wide[0]?.step.axis ?? -1;
  if (wide.some(({ step }) => step.axis !== axis)) return undefined;
  // Tables of many channels ask millions of times: the code lies before the results of the steps, and nothing is looked up by name.
  const results = new Float64Array(steps.length + 1);
  const flat = steps.map(({ step: { apply, channels }, from: [a = -1, b = -1] }) => ({
    apply,
    varies: channels > 1,
    a: a + 1,
    b: b + 1,
  }));
  const evaluate = (code: number, channel: number): number => {
    results[0] = code;
    let i = 0;
    for (const { apply, varies, a, b } of flat) results[++i] = apply(results[a]!, varies ? channel : 0, results[b]!);
    return results[i]!;
  };
  return {
    from,
    axis,
    channels: wide[0]?.step.channels ?? 1,
    evaluate,
    monotone: steps.every(({ step, from: operands }) => step.monotone && operands.length === 1),
    special: steps.some(({ step }) => step.special),
    length: steps.length,
  };
}

type Found = { readonly step: Step; readonly from: readonly string[] };

function stepOf(graph: Graph, node: Node): Found | undefined {
  const plain = (apply: Step['apply'], monotone = true, special = false): Found => ({
    from: [node.inputs[0]!],
    step: { apply, axis: -1, channels: 1, monotone, special },
  });
  switch (node.op) {
    case 'dequantize':
      return dequantizeStep(node);
    case 'quantize':
      return quantizeStep(graph, node);
    case 'bipolar':
      return plain((x) => (x >= 0 ? 1 : -1));
    case 'unary':
      return plain(
        (x) => applyUnary(node.attributes.fn, x),
        MONOTONE.includes(node.attributes.fn),
        SPECIAL.includes(node.attributes.fn),
      );
    case 'clip':
      return plain((x) => Math.fround(clamp(x, node.attributes.min, node.attributes.max)));
    case 'binary':
      return binaryStep(graph, node);
    default:
      return undefined;
  }
}

function dequantizeStep(node: NodeOf<'dequantize'>): Found {
  const { scale, zeroPoint, axis } = node.attributes;
  const apply = (x: number, c: number) =>
    Math.fround(
      Math.fround(x - (zeroPoint.length === 1 ? zeroPoint[0]! : zeroPoint[c]!)) *
        (scale.length === 1 ? scale[0]! : scale[c]!),
    );
  return {
    from: [node.inputs[0]!],
    step: { apply, axis, channels: Math.max(scale.length, zeroPoint.length), monotone: true, special: false },
  };
}

function quantizeStep(graph: Graph, node: NodeOf<'quantize'>): Found {
  const q = node.attributes;
  const channels = Math.max(q.scale.length, q.zeroPoint.length);
  const apply = (x: number, c: number) => {
    const zero = q.zeroPoint.length === 1 ? q.zeroPoint[0]! : q.zeroPoint[c]!;
    const scaled = Math.fround(x / (q.scale.length === 1 ? q.scale[0]! : q.scale[c]!));
    return q.order === 'round-then-zero'
      ? clamp(roundTo(scaled, q.rounding) + zero, q.min, q.max)
      : roundTo(clamp(Math.fround(scaled + zero), q.min, q.max), q.rounding);
  };
  // Clamping before an odd rounding is still monotone; the range check guards against codes outside the type.
  const { min, max } = integerRange(graph.values.get(node.output)!.element as IntegerType);
  const checked = (x: number, c: number) => {
    const code = apply(x, c);
    if (Number.isNaN(code)) throw new NoNumber(`${node.name} has no code for a value that is no number`);
    if (code < min || code > max) throw new RangeError(`${node.name} gives ${code}, outside ${min} .. ${max}`);
    return code;
  };
  return { from: [node.inputs[0]!], step: { apply: checked, axis: q.axis, channels, monotone: true, special: false } };
}

/** Two operands of the result's shape; or one constant, a scalar or varying along one axis of the result, and the other of its shape. */
function binaryStep(graph: Graph, node: NodeOf<'binary'>): Found | undefined {
  const [a, b] = node.inputs as [string, string];
  const constantFirst = graph.constants.has(a);
  const constant = graph.constants.get(constantFirst ? a : b);
  const from = constantFirst ? b : a;
  const shape = graph.values.get(node.output)!.shape;
  const { fn } = node.attributes;
  if (constant === undefined) {
    if ([a, b].some((v) => graph.values.get(v)!.shape.join() !== shape.join())) return undefined;
    const both = (x: number, _: number, y: number) => applyBinary(fn, x, y);
    return { from: [a, b], step: { apply: both, axis: -1, channels: 1, monotone: false, special: false } };
  }
  if (graph.constants.has(from)) return undefined;
  if (graph.values.get(from)!.shape.join() !== shape.join()) return undefined;
  const padded = [...new Array<number>(shape.length - constant.type.shape.length).fill(1), ...constant.type.shape];
  const wide = padded.flatMap((d, i) => (d > 1 ? [i] : []));
  if (wide.length > 1) return undefined;
  const value = (c: number) => constant.data[constant.data.length === 1 ? 0 : c]!;
  // Dividing a constant by the operand has a pole, so it is not monotone.
  const monotone =
    !(fn === 'div' && constantFirst) && constant.data.every((v) => Number.isFinite(v) && !(fn === 'div' && v === 0));
  const apply = constantFirst
    ? (x: number, c: number) => applyBinary(fn, value(c), x)
    : (x: number, c: number) => applyBinary(fn, x, value(c));
  return {
    from: [from],
    step: { apply, axis: wide[0] ?? -1, channels: constant.data.length, monotone, special: false },
  };
}
