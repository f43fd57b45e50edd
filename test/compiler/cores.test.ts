/**
 * Programs for several cores: the interpreter's bits, an order that no timing can break, a timed run that ends, on two and three cores of two
 * matrix kinds, however kernels are cut.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CapacityError } from '../../isa/base/errors.ts';
import { conventionalInt8 } from '../../isa/machine/presets/conventional-int8.ts';
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { randomGraph } from '../harness/random-graphs.ts';
import { randomMachine } from '../harness/random-machines.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const parameters = { numRuns: Number(process.env.QNPU_GRAPHS ?? 60), seed: 20261121 };
const SHARINGS = ['auto', 'channels', 'rows', 'columns'] as const;

const withCores = (machine: Machine, cores: number): Machine => ({
  ...machine,
  name: `${machine.name}-x${cores}`,
  cores,
});
const MACHINES = [edgeDcim28nm, conventionalInt8].flatMap((m) => [withCores(m, 2), withCores(m, 3)]);

/** Cores that do work. */
const busy = (p: Program): number => p.cores.filter((c) => c.instructions.length > 1).length;

describe('several cores', () => {
  it.each(MACHINES)("give the interpreter's bits: $name", (machine) => {
    const shared = new Map<string, number>();
    fc.assert(
      fc.property(seeds, (seed) => {
        const sharing = SHARINGS[seed % SHARINGS.length] ?? 'auto';
        const { program, steadyProgram } = checkGraph(randomGraph(seed), machine, seeded(seed + 7), { sharing });
        for (const p of [program, steadyProgram ?? program]) expect(simulate(p, machine).cycles).toBeGreaterThan(0);
        if (busy(program) > 1) shared.set(sharing, (shared.get(sharing) ?? 0) + 1);
      }),
      parameters,
    );
    if (parameters.numRuns < 60) return;
    for (const sharing of ['channels', 'rows', 'columns']) expect(shared.get(sharing), sharing).toBeGreaterThan(1);
  });

  it('give the same bits on tight machines of two to five cores, or it is said what does not fit', () => {
    let refused = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const machine = withCores(randomMachine(seeded(seed * 3 + 1)), 2 + (seed % 4));
        const sharing = SHARINGS[(seed >> 3) % SHARINGS.length] ?? 'auto';
        try {
          const { program } = checkGraph(randomGraph(seed), machine, seeded(seed + 7), { sharing });
          simulate(program, machine);
        } catch (error) {
          if (!(error instanceof CapacityError)) throw error;
          refused++;
        }
      }),
      parameters,
    );
    expect(refused).toBeLessThan(parameters.numRuns / 10);
  });
});
