/** A join of which one part is written in place by several cores and the other copied by one of them: nobody sends what it does not hold. */
import { expect, it } from 'vitest';
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { randomGraph } from '../harness/random-graphs.ts';

// concat(where, x): `where` is cut over the two cores of the first stage, x is copied by one of them, and the second stage reads both.
const graph = randomGraph(75561, { ops: 14, inputBitsMax: 8 });

it.each([true, false])('holds in a pipeline of two stages of two cores, multicast %s', (multicast) => {
  const machine = { ...edgeDcim28nm, cores: 4, interconnect: { ...edgeDcim28nm.interconnect, multicast } };
  const { report, delayRuns } = checkGraph(graph, machine, seeded(3), { stages: 2 });
  expect(delayRuns).toBe(1);
  const of = (name: string) => report.layers.find((l) => l.name === name)?.sharing;
  expect(of('where')).toMatch(/images over 2 cores/);
  expect(of('concat.1')).toMatch(/on one core/);
});
