/**
 * A chain: integer -> dequantize -> float32 functions with constants -> quantizer. Evaluated at a code exactly as the interpreter
 * would, so a table or a set of thresholds made from it is exact by construction.
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
  readonly apply: (x: number, channel: number) => number;
  readonly axis: number;
  readonly channels: number;
  readonly monotone: boolean;
  readonly special: boolean;
}

/** The chain that ends in `node` (any elementwise op on float32, or a quantizer), or undefined when there is none. */
export function chainTo(graph: Graph, uses: Uses, node: Node): Chain | undefined {
  const steps: Step[] = [];
  let current: Node | undefined = node;
  for (;;) {
    if (current === undefined) return undefined;
    const step = stepOf(graph, current);
    if (step === undefined) return undefined;
    steps.unshift(step.step);
    if (current.op === 'dequantize') return assemble(steps, step.from);
    current = uses.producer.get(step.from);
  }
}

function assemble(steps: readonly Step[], from: string): Chain | undefined {
  const wide = steps.filter((s) => s.channels > 1);
  const axis = wide[0]?.axis ?? -1;
  if (wide.some((s) => s.axis !== axis)) return undefined;
  return {
    from,
    axis,
    channels: wide[0]?.channels ?? 1,
    evaluate: (code, channel) => steps.reduce((x, s) => s.apply(x, s.channels > 1 ? channel : 0), code),
    monotone: steps.every((s) => s.monotone),
    special: steps.some((s) => s.special),
    length: steps.length,
  };
}

type Found = { readonly step: Step; readonly from: string };

function stepOf(graph: Graph, node: Node): Found | undefined {
  const from = node.inputs[0]!;
  const plain = (apply: Step['apply'], monotone = true, special = false): Found => ({
    from,
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
    from: node.inputs[0]!,
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
    if (code < min || code > max || Number.isNaN(code))
      throw new RangeError(`${node.name} gives ${code}, outside ${min} .. ${max}`);
    return code;
  };
  return { from: node.inputs[0]!, step: { apply: checked, axis: q.axis, channels, monotone: true, special: false } };
}

/** One operand constant, a scalar or varying along one axis of the result, and the result shaped like the other operand. */
function binaryStep(graph: Graph, node: NodeOf<'binary'>): Found | undefined {
  const [a, b] = node.inputs as [string, string];
  const constantFirst = graph.constants.has(a);
  const constant = graph.constants.get(constantFirst ? a : b);
  const from = constantFirst ? b : a;
  if (constant === undefined || graph.constants.has(from)) return undefined;
  const shape = graph.values.get(node.output)!.shape;
  if (graph.values.get(from)!.shape.join() !== shape.join()) return undefined;
  const padded = [...new Array<number>(shape.length - constant.type.shape.length).fill(1), ...constant.type.shape];
  const wide = padded.flatMap((d, i) => (d > 1 ? [i] : []));
  if (wide.length > 1) return undefined;
  const { fn } = node.attributes;
  const value = (c: number) => constant.data[constant.data.length === 1 ? 0 : c]!;
  // Dividing a constant by the operand has a pole, so it is not monotone.
  const monotone =
    !(fn === 'div' && constantFirst) && constant.data.every((v) => Number.isFinite(v) && !(fn === 'div' && v === 0));
  const apply = constantFirst
    ? (x: number, c: number) => applyBinary(fn, value(c), x)
    : (x: number, c: number) => applyBinary(fn, x, value(c));
  return { from, step: { apply, axis: wide[0] ?? -1, channels: constant.data.length, monotone, special: false } };
}
