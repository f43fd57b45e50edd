/**
 * Random graphs on the presets: the simulated program gives the interpreter's bits, cold and again, and is ordered by its
 * semaphores alone. QNPU_GRAPHS sets how many; the seed is in the failure. Tight machines have a file of their own; coverage.test.ts says
 * that nothing is left out.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CapacityError } from '../../isa/base/errors.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { MAIN_PRESETS } from '../harness/presets.ts';
import { randomGraph } from '../harness/random-graphs.ts';

const GRAPHS = Number(process.env.QNPU_GRAPHS ?? 300);
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** Time for the long run: about 15 ms a graph and preset. */
const LONG = 600_000 + GRAPHS * 200;

describe('random graphs', () => {
  it.each(Object.keys(MAIN_PRESETS))(
    "give the interpreter's bits on %s",
    (name) => {
      const machine = MAIN_PRESETS[name]!;
      let refused = 0;
      fc.assert(
        fc.property(seeds, (seed) => {
          try {
            checkGraph(randomGraph(seed), machine, seeded(seed + 7));
          } catch (error) {
            // About one graph in a thousand has a float row that the 4 KiB of teach-8x8 do not hold.
            if (!(error instanceof CapacityError)) throw error;
            expect(error.needed).toBeGreaterThan(error.available);
            refused++;
          }
        }),
        { numRuns: GRAPHS },
      );
      expect(refused).toBeLessThanOrEqual(1 + GRAPHS / 100);
    },
    LONG,
  );
});
