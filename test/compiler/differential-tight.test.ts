/** Random graphs on random machines that are tight everywhere: the interpreter's bits, or a word on what does not fit. */
import { expect, it } from 'vitest';
import { checkGraph, seeded } from '../harness/differential.ts';
import { randomGraph } from '../harness/random-graphs.ts';
import { randomMachine } from '../harness/random-machines.ts';
import { countRefused } from '../harness/refused.ts';

const GRAPHS = Number(process.env.QNPU_GRAPHS ?? 300);

it(
  'random graphs give the same bits on tight machines, or it is said what does not fit',
  () => {
    const refused = countRefused(GRAPHS, (seed) => {
      checkGraph(randomGraph(seed), randomMachine(seeded(seed * 3 + 1)), seeded(seed + 7));
    });
    expect(refused).toBeLessThan(GRAPHS / 10);
  },
  600_000 + GRAPHS * 200,
);
