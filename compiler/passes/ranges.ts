/**
 * Worst-case ranges of 32-bit values, per channel, from the weights and the codes that activations can take. Interval arithmetic:
 * sound, never tight beyond that. Proves that accumulators cannot overflow and bounds the search for thresholds.
 */
import { type Graph, integerRange, type IntegerType, type NodeOf, type Tensor } from '../graph/types.ts';

export interface ChannelRange {
  /** One entry per channel of the axis, or one for all. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly axis: number;
}

/** Range of an integer value of the graph; 32-bit values are traced to their producer. */
export function rangeOf(graph: Graph, value: string): ChannelRange {
  const type = graph.values.get(value)!;
  const node = graph.nodes.find((n) => n.output === value);
  if (node?.op === 'conv') return convRange(graph, node);
  if (node?.op === 'matmul') return matmulRange(graph, node);
  if (node?.op === 'spatial-sum') {
    const x = graph.values.get(node.inputs[0]!)!;
    const one = codeRange(graph, node.inputs[0]!);
    const n = x.shape[2]! * x.shape[3]!;
    return single((one.min - node.attributes.xZero) * n, (one.max - node.attributes.xZero) * n);
  }
  const { min, max } = codeRange(graph, value);
  if (type.element.kind !== 'int') throw new Error(`value ${value} is not an integer`);
  return single(min, max);
}

function single(min: number, max: number): ChannelRange {
  return { min: Float64Array.of(min), max: Float64Array.of(max), axis: 0 };
}

function codeRange(graph: Graph, value: string): { min: number; max: number } {
  return integerRange(graph.values.get(value)!.element as IntegerType);
}

function convRange(graph: Graph, node: NodeOf<'conv'>): ChannelRange {
  const w = graph.constants.get(node.inputs[1]!)!;
  const channels = w.type.shape[0]!;
  const perChannel = w.data.length / channels;
  const padded = node.attributes.window.pads.some((p) => p > 0);
  return sums(graph, node, w, channels, (c, i) => c * perChannel + i, perChannel, padded, 1);
}

function matmulRange(graph: Graph, node: NodeOf<'matmul'>): ChannelRange {
  const w = graph.constants.get(node.inputs[1]!)!;
  const [k, n] = w.type.shape as [number, number];
  return sums(graph, node, w, n, (c, i) => i * n + c, k, false, graph.values.get(node.output)!.shape.length - 1);
}

function sums(
  graph: Graph,
  node: NodeOf<'conv'> | NodeOf<'matmul'>,
  w: Tensor,
  channels: number,
  at: (channel: number, i: number) => number,
  taps: number,
  padded: boolean,
  axis: number,
): ChannelRange {
  const x = codeRange(graph, node.inputs[0]!);
  const low = x.min - node.attributes.xZero;
  const high = x.max - node.attributes.xZero;
  const bias = node.inputs[2] === undefined ? undefined : graph.constants.get(node.inputs[2])!;
  const min = new Float64Array(channels);
  const max = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const zero = node.attributes.wZero[node.attributes.wZero.length === 1 ? 0 : c]!;
    min[c] = max[c] = bias?.data[c] ?? 0;
    for (let i = 0; i < taps; i++) {
      const v = w.data[at(c, i)]! - zero;
      const a = v * low;
      const b = v * high;
      min[c] = min[c]! + Math.min(a, b, padded ? 0 : a);
      max[c] = max[c]! + Math.max(a, b, padded ? 0 : a);
    }
  }
  return { min, max, axis };
}
