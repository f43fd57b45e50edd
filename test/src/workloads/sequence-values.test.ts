/** Transformers of the zoo at small sizes: every section compiled, timed, checked, and with the interpreter's values. */
import { describe, it } from 'vitest';
import type { Network } from '../../../src/workloads/layers.ts';
import { describeGpt2, describeLlama, type Llama } from '../../../src/workloads/networks/decoders.ts';
import { describeBert, describeConvbert } from '../../../src/workloads/networks/encoders.ts';
import { buildSmall, expectCounts, expectValuesOf } from './sequence-rig.ts';

const LLAMA: Llama = {
  layers: 2,
  width: 64,
  inner: 96,
  heads: 4,
  kvHeads: 2,
  vocabulary: 300,
  tied: true,
  act: 'relu2',
};
const GPT2 = { layers: 2, width: 48, heads: 3, vocabulary: 200, positions: 32 };

const CASES: readonly (readonly [name: string, recipe: string, network: () => Network])[] = [
  ['BERT', 'w8a8', () => describeBert({ layers: 2, width: 64, tokens: 12 })],
  ['BERT', 'w4a4', () => describeBert({ layers: 2, width: 128, tokens: 6 })],
  ['ConvBERT', 'w8a8', () => describeConvbert(5, 256)],
  ['GPT-2, a context at once', 'w8a8', () => describeGpt2({ tokens: 9, past: 0 }, GPT2)],
  ['GPT-2, a word behind a cache', 'w4a8', () => describeGpt2({ tokens: 1, past: 23 }, GPT2)],
  [
    'Llama, a word behind a cache',
    'w4a8',
    () => describeLlama({ ...LLAMA, act: 'swish', tied: false }, { tokens: 1, past: 15 }),
  ],
  ['BitNet, ternary weights', 'w2a8', () => describeLlama(LLAMA, { tokens: 1, past: 15 })],
];

describe.each(CASES)('%s %s', (_, recipe, describeNetwork) => {
  const network = describeNetwork();
  const sections = buildSmall(network, recipe);

  it('is a well-formed graph of as many MACs as its description', () => {
    expectCounts(network, sections);
  });

  it.each(sections.map((s) => [s.name, s.graph] as const))('%s: the values of the interpreter', (_name, graph) => {
    expectValuesOf(graph);
  });
});
