/**
 * Collapses chains that end in a quantizer: from a 32-bit sum into a `requantize` with thresholds, from codes of at most 8 bits into
 * a `lut`; and chains from codes that need a special function into a float table.
 * Needs: a verified graph. Gives: the same values, fewer float ops. Method: the chain is evaluated at each code (table) or
 * bisected per level over the proven range of the sum (thresholds), so the result is exact. A chain that is neither short enough nor
 * monotone stays as it is and runs op by op.
 */
import {
  type Graph,
  INT32,
  type IntegerType,
  integerRange,
  type Node,
  type RequantizeSpec,
  type TensorData,
} from '../graph/types.ts';
import { type Chain, chainTo, NoNumber } from './chain.ts';
import { type ChannelRange, rangeOf, wholeRange } from './ranges.ts';
import { rebuild, usesOf } from './rewrite.ts';

/** Codes up to this width become tables; thresholds up to this many levels. */
const TABLE_BITS = 8;
const MAX_LEVELS = 255;
/** A sum of at most this many values is checked point by point when its chain is not monotone for certain. */
const EXHAUSTIVE = 1 << 16;

export function collapse(graph: Graph): Graph {
  const uses = usesOf(graph);
  return rebuild(
    graph,
    numbersOnly((node, builder, at) => {
      const type = graph.values.get(node.output)!;
      const ends = node.op === 'quantize' || node.op === 'bipolar';
      if (!ends && !isSpecial(node)) return undefined;
      const chain = chainTo(graph, uses, node);
      if (chain === undefined) return undefined;
      const from = graph.values.get(chain.from)!.element as IntegerType;
      const options = { name: node.name, source: node.source, element: type.element, output: node.output };
      if (from.bits <= TABLE_BITS) {
        const axis = chain.axis < 0 ? Math.max(0, type.shape.length - 1) : chain.axis;
        return builder.add(
          'lut',
          [at(chain.from)],
          { table: tableOf(chain, from, type.element.kind === 'float32'), axis },
          options,
        );
      }
      if (!ends || from.bits !== INT32.bits) return undefined;
      const own = rangeOf(graph, uses, chain.from);
      const range = chain.axis >= 0 && chain.axis !== own.axis ? wholeRange(own) : own;
      const axis = chain.axis < 0 ? range.axis : chain.axis;
      const spec = thresholdsOf(chain, range, type.element as IntegerType);
      return spec && builder.add('requantize', [at(chain.from)], { spec, axis, relu: false }, options);
    }),
  );
}

type Visit = Parameters<typeof rebuild>[1];

/** Leaves a node as it is where its chain gives no number. */
const numbersOnly =
  (visit: Visit): Visit =>
  (...node) => {
    try {
      return visit(...node);
    } catch (error) {
      if (error instanceof NoNumber) return undefined;
      throw error;
    }
  };

function isSpecial(node: Node): boolean {
  return node.op === 'unary' && ['exp', 'sigmoid', 'tanh'].includes(node.attributes.fn);
}

function tableOf(chain: Chain, from: IntegerType, float: boolean): TensorData {
  const { min, max } = integerRange(from);
  const entries = max - min + 1;
  const table = float ? new Float32Array(entries * chain.channels) : new Int32Array(entries * chain.channels);
  for (let c = 0; c < chain.channels; c++)
    for (let i = 0; i < entries; i++) table[c * entries + i] = chain.evaluate(min + i, c);
  return table;
}

function thresholdsOf(chain: Chain, range: ChannelRange, to: IntegerType): RequantizeSpec | undefined {
  const { min, max } = integerRange(to);
  const step = to.coding === 'bipolar' ? 2 : 1;
  const levels = (max - min) / step;
  if (levels > MAX_LEVELS) return undefined;
  const wide = chain.channels > 1 || range.min.length > 1;
  const channels = wide ? Math.max(chain.channels, range.min.length) : 1;
  const base = new Int32Array(channels);
  const descending = new Uint8Array(channels);
  const thresholds = new Int32Array(channels * levels);
  for (let c = 0; c < channels; c++) {
    const low = range.min[range.min.length === 1 ? 0 : c]!;
    const high = range.max[range.max.length === 1 ? 0 : c]!;
    if (low < -(2 ** 31) || high > 2 ** 31 - 1) return undefined;
    const f = (acc: number) => chain.evaluate(acc, c);
    const falls = f(low) > f(high);
    if (!chain.monotone && !checkedMonotone(f, low, high, falls)) return undefined;
    descending[c] = falls ? 1 : 0;
    base[c] = falls ? f(high) : f(low);
    const found: number[] = [];
    for (let l = 0; l < levels; l++) {
      const wanted = base[c]! + step * (l + 1);
      found.push(falls ? lastAtLeast(f, low, high, wanted) : firstAtLeast(f, low, high, wanted));
    }
    thresholds.set(
      found.sort((a, b) => a - b),
      c * levels,
    );
  }
  return { mode: 'threshold', levels, base, descending, thresholds };
}

/** Smallest sum with f >= wanted, or one above the range when none reaches it: no sum ever does, and a near number stays narrow. */
function firstAtLeast(f: (acc: number) => number, low: number, high: number, wanted: number): number {
  if (f(high) < wanted) return Math.min(high + 1, 2 ** 31 - 1);
  let a = low;
  let b = high;
  while (a < b) {
    const mid = Math.floor((a + b) / 2);
    if (f(mid) >= wanted) b = mid;
    else a = mid + 1;
  }
  return a;
}

/** Largest sum with f >= wanted for a falling f, or one below the range. */
function lastAtLeast(f: (acc: number) => number, low: number, high: number, wanted: number): number {
  if (f(low) < wanted) return Math.max(low - 1, -(2 ** 31));
  let a = low;
  let b = high;
  while (a < b) {
    const mid = Math.ceil((a + b) / 2);
    if (f(mid) >= wanted) a = mid;
    else b = mid - 1;
  }
  return a;
}

function checkedMonotone(f: (acc: number) => number, low: number, high: number, falls: boolean): boolean {
  if (high - low > EXHAUSTIVE) return false;
  let last = f(low);
  for (let acc = low + 1; acc <= high; acc++) {
    const value = f(acc);
    if (falls ? value > last : value < last) return false;
    last = value;
  }
  return true;
}
