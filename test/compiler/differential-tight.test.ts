/** Random graphs on random machines that are tight everywhere: the interpreter's bits, or a word on what does not fit. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CapacityError } from '../../isa/base/errors.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { randomGraph } from '../harness/random-graphs.ts';
import { randomMachine } from '../harness/random-machines.ts';

const GRAPHS = Number(process.env.QNPU_GRAPHS ?? 300);

it(
  'random graphs give the same bits on tight machines, or it is said what does not fit',
  () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (seed) => {
        const machine = randomMachine(seeded(seed * 3 + 1));
        try {
          checkGraph(randomGraph(seed), machine, seeded(seed + 7));
        } catch (error) {
          if (!(error instanceof CapacityError)) throw error;
          expect(error.needed).toBeGreaterThan(error.available);
          refused++;
        }
      }),
      { numRuns: GRAPHS },
    );
    expect(refused).toBeLessThan(GRAPHS / 10);
  },
  600_000 + GRAPHS * 200,
);
