/**
 * Random graphs whose values lie in many pieces of memory (images made of channels, transposed, reshaped, cut, of several dims): each op walks them as they
 * lie, or from a copy, and gives the interpreter's bits. Too many pieces for a tensor descriptor are no error of the user's.
 */
import { expect, it } from 'vitest';
import { checkGraph, seeded } from '../harness/differential.ts';
import { MAIN_PRESETS } from '../harness/presets.ts';
import { randomGraph } from '../harness/random-graphs.ts';
import { countRefused } from '../harness/refused.ts';

const GRAPHS = Number(process.env.QNPU_GRAPHS ?? 300);

it.each(Object.keys(MAIN_PRESETS))(
  'values in many pieces are walked or copied on %s',
  (name) => {
    const machine = MAIN_PRESETS[name]!;
    const refused = countRefused(GRAPHS, (seed) => {
      checkGraph(randomGraph(seed, { rearranged: true, ops: 3 }), machine, seeded(seed + 7));
    });
    expect(refused).toBeLessThanOrEqual(1 + GRAPHS / 30);
  },
  600_000 + GRAPHS * 200,
);
