/**
 * Random graphs on the presets: the simulated program gives the interpreter's bits, cold and again, and is ordered by its
 * semaphores alone. QNPU_GRAPHS sets how many; the seed is in the failure. Tight machines have a file of their own; coverage.test.ts says
 * that nothing is left out.
 */
import { describe, expect, it } from 'vitest';
import { checkGraph, seeded } from '../harness/differential.ts';
import { MAIN_PRESETS } from '../harness/presets.ts';
import { randomGraph } from '../harness/random-graphs.ts';
import { countRefused } from '../harness/refused.ts';

const GRAPHS = Number(process.env.QNPU_GRAPHS ?? 300);

/** Time for the long run: about 15 ms a graph and preset. */
const LONG = 600_000 + GRAPHS * 200;

describe('random graphs', () => {
  it.each(Object.keys(MAIN_PRESETS))(
    "give the interpreter's bits on %s",
    (name) => {
      const machine = MAIN_PRESETS[name]!;
      // About one graph in a thousand has a float row that the 4 KiB of teach-8x8 do not hold.
      const refused = countRefused(GRAPHS, (seed) => void checkGraph(randomGraph(seed), machine, seeded(seed + 7)));
      expect(refused).toBeLessThanOrEqual(1 + GRAPHS / 100);
    },
    LONG,
  );
});
