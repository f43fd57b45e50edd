/** A decoder reads a context at once or word by word: the same block, a mask in the one and a cache in the other, gives the same codes. */
import { expect, it } from 'vitest';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { describeGpt2 } from '../../../src/workloads/networks/decoders.ts';
import { buildSmall } from './sequence-rig.ts';

const SIZE = { layers: 1, width: 48, heads: 3, vocabulary: 100, positions: 16 };
const { width } = SIZE;
const TOKENS = 6;

function blockOf(tokens: number, past: number) {
  return buildSmall(describeGpt2({ tokens, past }, SIZE), 'w8a8').find((s) => s.name === 'block')!.graph;
}

/** Outputs in the order of the block: result, keys, values. */
function run(tokens: number, past: number, inputs: ReadonlyMap<string, Int32Array>): readonly number[][] {
  const graph = blockOf(tokens, past);
  const results = interpret(graph, inputs);
  return graph.outputs.map((o) => Array.from(results.get(o)!.data));
}

function drawn(seed: number): Int32Array {
  const random = createRandom(seed);
  return Int32Array.from({ length: TOKENS * width }, () => random.int(-128, 127));
}

it('a word behind a cache is the last word of the context', () => {
  const x = drawn(5);
  const [all, keys, values] = run(TOKENS, 0, new Map([['input', x]])) as [number[], number[], number[]];
  const before = (TOKENS - 1) * width;
  const cached = run(
    1,
    TOKENS - 1,
    new Map([
      ['input', x.slice(before)],
      ['k.cache', Int32Array.from(keys.slice(0, before))],
      ['v.cache', Int32Array.from(values.slice(0, before))],
    ]),
  );
  expect(cached).toEqual([all.slice(before), keys.slice(before), values.slice(before)]);
});

it('what comes later does not reach back', () => {
  const [x, other] = [drawn(5), drawn(6)];
  const before = 3 * width;
  const mixed = Int32Array.from(x, (v, i) => (i < before ? v : other[i]!));
  const [one, two] = [x, mixed].map((input) => run(TOKENS, 0, new Map([['input', input]]))[0]!);
  expect(one!.slice(0, before)).toEqual(two!.slice(0, before));
  expect(one!.slice(before)).not.toEqual(two!.slice(before));
});
