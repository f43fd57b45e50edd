/**
 * Random graphs whose values lie in many pieces of memory (images made of channels, transposed, reshaped, cut, of several dims): each op walks them as they
 * lie, or from a copy, and gives the interpreter's bits. Too many pieces for a tensor descriptor are no error of the user's.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CapacityError } from '../../isa/base/errors.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { MAIN_PRESETS } from '../harness/presets.ts';
import { randomGraph } from '../harness/random-graphs.ts';

const GRAPHS = Number(process.env.QNPU_GRAPHS ?? 300);

it.each(Object.keys(MAIN_PRESETS))(
  'values in many pieces are walked or copied on %s',
  (name) => {
    const machine = MAIN_PRESETS[name]!;
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (seed) => {
        try {
          checkGraph(randomGraph(seed, { rearranged: true, ops: 3 }), machine, seeded(seed + 7));
        } catch (error) {
          if (!(error instanceof CapacityError)) throw error;
          expect(error.needed).toBeGreaterThan(error.available);
          refused++;
        }
      }),
      { numRuns: GRAPHS },
    );
    expect(refused).toBeLessThanOrEqual(1 + GRAPHS / 30);
  },
  600_000 + GRAPHS * 200,
);
