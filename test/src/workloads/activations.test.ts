/** The analytic scales do their work: run on a random image, no layer's results crowd at the ends of their range, and none is flat. */
import { describe, expect, it } from 'vitest';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { type Graph, integerRange, type Tensor } from '../../../compiler/graph/types.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { randomInputs } from '../../../src/run/random-inputs.ts';
import { openZoo } from '../../../src/workloads/zoo.ts';

const NETWORKS = [
  { name: 'mlperf-tiny-resnet8' },
  { name: 'mlperf-tiny-dscnn' },
  { name: 'mlperf-tiny-autoencoder' },
  { name: 'mobilenetv3-small', input: [3, 48, 48] },
  { name: 'yolo-fastest', input: [3, 64, 64] },
  { name: 'resnet18', input: [3, 48, 48] },
  { name: 'fsrcnn-x2', input: [1, 16, 16] },
] as const;

/** Shares of results at the ends of their range. A uniform 4-bit code has 2 of 16 there. */
const MOST_AT_ENDS = { w8a8: 0.05, w4a4: 0.15 } as const;
/** Deviation over range; gates and means over whole images vary least. */
const LEAST_SPREAD = 0.015;

describe.each(NETWORKS.flatMap((n) => (['w8a8', 'w4a4'] as const).map((recipe) => ({ ...n, recipe }))))(
  '$name-$recipe',
  (n) => {
    it('neither saturates nor vanishes', () => {
      const graph = openZoo(`${n.name}-${n.recipe}`, 'input' in n ? { input: n.input } : {});
      const inputs = [...randomInputs(graph, createRandom(7))].map(([k, v]) => [k, Int32Array.from(v)] as const);
      const values = interpret(graph, new Map(inputs), 'all');
      const results = spreads(graph, values);
      expect(results.length).toBeGreaterThan(4);
      expect(results.filter((r) => r.atEnds > MOST_AT_ENDS[n.recipe])).toEqual([]);
      expect(results.filter((r) => r.spread < LEAST_SPREAD)).toEqual([]);
    });
  },
);

function spreads(graph: Graph, values: ReadonlyMap<string, Tensor>) {
  return graph.nodes.flatMap((node) => {
    const { element } = graph.values.get(node.output)!;
    const data = Array.from(values.get(node.output)!.data);
    // Of a dozen numbers the spread says little.
    if (!['requantize', 'qadd', 'lut'].includes(node.op) || element.kind !== 'int' || data.length < 16) return [];
    const { min, max } = integerRange(element);
    const mean = data.reduce((n, v) => n + v, 0) / data.length;
    const square = data.reduce((n, v) => n + (v - mean) ** 2, 0) / data.length;
    // Zero behind a ReLU is not an end.
    const ends = data.reduce((n, v) => n + (v === max || (v === min && min < 0) ? 1 : 0), 0);
    return [{ name: node.name, atEnds: ends / data.length, spread: Math.sqrt(square) / (max - min) }];
  });
}
