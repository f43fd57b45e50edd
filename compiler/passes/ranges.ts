/** Ranges of 32-bit sums for the search of thresholds: the proof of compiler/graph/ranges.ts with the axis that its channels lie on. */
import { accumulatorRange, codeRangeOf, productRange } from '../graph/ranges.ts';
import type { Graph, Node } from '../graph/types.ts';
import type { Uses } from './rewrite.ts';

export interface ChannelRange {
  /** One entry per channel of the axis, or one for all. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly axis: number;
}

/** Range of an integer value; sums are traced to the node that makes them. */
export function rangeOf(graph: Graph, uses: Uses, value: string): ChannelRange {
  const node = uses.producer.get(value);
  const codes = (v: string) => codeRangeOf(graph, v, uses.producer.get(v));
  const shape = graph.values.get(value)!.shape;
  if (node?.op === 'conv') return { ...accumulatorRange(graph, node, codes(node.inputs[0]!)), axis: 1 };
  if (node?.op === 'matmul')
    return { ...accumulatorRange(graph, node, codes(node.inputs[0]!)), axis: shape.length - 1 };
  if (node?.op === 'product') {
    const { min, max } = productRange(graph, node, codes(node.inputs[0]!), codes(node.inputs[1]!));
    return { min: Float64Array.of(min), max: Float64Array.of(max), axis: 0 };
  }
  if (node?.op === 'spatial-sum') return spatialRange(graph, node, codes(node.inputs[0]!));
  const { min, max } = codes(value);
  return { min: Float64Array.of(min), max: Float64Array.of(max), axis: 0 };
}

function spatialRange(
  graph: Graph,
  node: Extract<Node, { op: 'spatial-sum' }>,
  x: { min: number; max: number },
): ChannelRange {
  const shape = graph.values.get(node.inputs[0]!)!.shape;
  const n = shape[2]! * shape[3]!;
  return {
    min: Float64Array.of((x.min - node.attributes.xZero) * n),
    max: Float64Array.of((x.max - node.attributes.xZero) * n),
    axis: 0,
  };
}

/** One range for all channels, where the function varies along another axis than the sums. */
export function wholeRange(range: ChannelRange): ChannelRange {
  return {
    min: Float64Array.of(range.min.reduce((m, v) => Math.min(m, v), Infinity)),
    max: Float64Array.of(range.max.reduce((m, v) => Math.max(m, v), -Infinity)),
    axis: range.axis,
  };
}
