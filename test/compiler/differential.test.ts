/**
 * Random graphs on the presets and on machines that are tight everywhere: the simulated program gives the interpreter's
 * bits, cold and again, and is ordered by its semaphores alone. QNPU_GRAPHS sets how many; the seed is in the failure.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPS } from '../../compiler/graph/ops/index.ts';
import { CapacityError } from '../../isa/base/errors.ts';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { GENERATED_OPS, randomGraph } from '../harness/random-graphs.ts';
import { randomMachine } from '../harness/random-machines.ts';

const GRAPHS = Number(process.env.QNPU_GRAPHS ?? 300);
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
/** Fixed, so that a failure in CI is the same failure here; the long run draws new ones. */
const parameters = { numRuns: GRAPHS, ...(process.env.QNPU_GRAPHS === undefined ? { seed: 20261121 } : {}) };

describe('random graphs', () => {
  it('cover every op of the graph', () => {
    expect([...GENERATED_OPS].sort()).toEqual(Object.keys(OPS).sort());
    const made = new Set(
      Array.from({ length: 300 }, (_, seed) => randomGraph(seed)).flatMap((g) => g.nodes.map((n) => n.op)),
    );
    expect([...made].sort()).toEqual(Object.keys(OPS).sort());
  });

  it.each(Object.keys(PRESETS))(
    "give the interpreter's bits on %s",
    (name) => {
      const machine = PRESETS[name];
      if (machine === undefined) throw new Error(name);
      fc.assert(
        fc.property(seeds, (seed) => {
          checkGraph(randomGraph(seed), machine, seeded(seed + 7));
        }),
        parameters,
      );
    },
    600_000,
  );

  it("give the interpreter's bits on tight machines, or say what does not fit", () => {
    let refused = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const machine = randomMachine(seeded(seed * 3 + 1));
        try {
          checkGraph(randomGraph(seed), machine, seeded(seed + 7));
        } catch (error) {
          if (!(error instanceof CapacityError)) throw error;
          expect(error.needed).toBeGreaterThan(error.available);
          refused++;
        }
      }),
      parameters,
    );
    expect(refused).toBeLessThan(GRAPHS / 10);
  }, 600_000);
});
