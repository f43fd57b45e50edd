/** Recurrent nets of the zoo at small sizes: compiled, timed, checked, and with the interpreter's values. */
import { describe, it } from 'vitest';
import type { Network } from '../../../src/workloads/layers.ts';
import { describeDeepspeech2, describeGnmt } from '../../../src/workloads/networks/recurrent.ts';
import { buildSmall, expectCounts, expectValuesOf } from './sequence-rig.ts';

const GNMT = { layers: 3, vocabulary: 100, sharedEmbedding: true, biases: 2, hidden: 16, words: 3 } as const;

const CASES: readonly (readonly [name: string, recipe: string, network: () => Network])[] = [
  ['GNMT', 'w8a8', () => describeGnmt(GNMT)],
  ['DeepSpeech2', 'w4a4', () => describeDeepspeech2({ layers: 2, hidden: 16, frames: 5 })],
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
