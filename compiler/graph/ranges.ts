/**
 * Worst-case ranges of integer values from the weights and from the codes that activations can take. Interval arithmetic: sound,
 * and for sums exact over all inputs. Sums are bounded in any order: `max` counts every positive contribution and no negative
 * one, so a partial sum of any tiling stays inside too.
 */
import { type Graph, integerRange, type Node, type NodeOf } from './types.ts';

export interface CodeRange {
  readonly min: number;
  readonly max: number;
}

/** Per output channel: [min, max] that the sum, and every partial sum that starts from zero or the bias, can reach. */
export interface SumRange {
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/** Codes that a value can have: narrower than its type behind a narrow quantizer or among constants. */
export function codeRangeOf(graph: Graph, value: string, producer: Node | undefined): CodeRange {
  const type = graph.values.get(value)?.element;
  if (type?.kind !== 'int') throw new RangeError(`value ${value} is not an integer`);
  const own = integerRange(type);
  const constant = graph.constants.get(value);
  if (constant !== undefined) return constant.data.length === 0 ? own : extent(constant.data);
  if (producer?.op === 'quantize')
    return { min: Math.max(own.min, producer.attributes.min), max: Math.min(own.max, producer.attributes.max) };
  return own;
}

function extent(data: ArrayLike<number>): CodeRange {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const v = data[i] ?? 0;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  return { min, max };
}

/** Range of the accumulators of a convolution or matrix product whose input codes lie in `x`. */
export function accumulatorRange(graph: Graph, node: NodeOf<'conv'> | NodeOf<'matmul'>, x: CodeRange): SumRange {
  const w = graph.constants.get(node.inputs[1] ?? '');
  if (w === undefined) throw new RangeError(`${node.name} has no constant weights`);
  const bias = graph.constants.get(node.inputs[2] ?? '');
  const channels = (node.op === 'conv' ? w.type.shape[0] : w.type.shape[1]) ?? 1;
  const perChannel = w.data.length / channels;
  const [channelStep, tapStep] = node.op === 'conv' ? [perChannel, 1] : [1, channels];
  const { wZero, xZero } = node.attributes;
  const low = Math.min(0, x.min - xZero);
  const high = Math.max(0, x.max - xZero);
  const min = new Float64Array(channels);
  const max = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const zero = wZero[wZero.length === 1 ? 0 : c] ?? 0;
    let least = 0;
    let most = 0;
    for (let i = 0; i < perChannel; i++) {
      const v = (w.data[c * channelStep + i * tapStep] ?? 0) - zero;
      least += v > 0 ? v * low : v * high;
      most += v > 0 ? v * high : v * low;
    }
    const start = bias?.data[c] ?? 0;
    min[c] = Math.min(0, start) + least;
    max[c] = Math.max(0, start) + most;
  }
  return { min, max };
}

/** Range of the sums of a product of two computed operands whose codes lie in `a` and `b`; one for all results. */
export function productRange(graph: Graph, node: NodeOf<'product'>, a: CodeRange, b: CodeRange): CodeRange {
  const k = graph.values.get(node.inputs[0] ?? '')?.shape[2] ?? 0;
  const { aZero, bZero } = node.attributes;
  const terms = [a.min - aZero, a.max - aZero].flatMap((x) => [b.min - bZero, b.max - bZero].map((y) => x * y));
  return { min: k * Math.min(0, ...terms), max: k * Math.max(0, ...terms) };
}

/** The first channel whose range leaves 32 bits, or undefined. */
export function overflowingChannel(range: SumRange): number | undefined {
  for (let c = 0; c < range.min.length; c++) {
    if ((range.min[c] ?? 0) < -(2 ** 31) || (range.max[c] ?? 0) >= 2 ** 31) return c;
  }
  return undefined;
}
