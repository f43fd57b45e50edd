/** Every preset compiles random graphs to the interpreter's bits; the three main ones do so at length in differential.test.ts. */
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { MAIN_PRESETS } from '../harness/presets.ts';
import { randomGraph } from '../harness/random-graphs.ts';

const GRAPHS = 8;

describe('random graphs on the other presets', () => {
  it.each(Object.keys(PRESETS).filter((name) => !Object.hasOwn(MAIN_PRESETS, name)))(
    "give the interpreter's bits on %s",
    (name) => {
      let instructions = 0;
      for (let seed = 1; seed <= GRAPHS; seed++) {
        const { program } = checkGraph(randomGraph(seed * 11), PRESETS[name]!, seeded(seed));
        instructions += program.cores[0]!.instructions.length;
      }
      expect(instructions).toBeGreaterThan(GRAPHS);
    },
  );
});
