/** Values that cross a border in the global buffer stay there from run to run: no weights come in over them, however early they are wanted. */
import { expect, it } from 'vitest';
import { eyerissLike } from '../../isa/machine/presets/eyeriss-like.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { randomGraph } from '../harness/random-graphs.ts';

it('gives the same bits where the weights of a stage are the first that a run brings in', () => {
  const scratchpad = { ...eyerissLike.core.scratchpad, sizeBytes: 4096 };
  const machine = { ...eyerissLike, cores: 2, core: { ...eyerissLike.core, scratchpad } };
  const graph = randomGraph(290464, { ops: 14, inputBitsMax: 8 });
  expect(checkGraph(graph, machine, seeded(3), { stages: 2 }).delayRuns).toBe(1);
});
