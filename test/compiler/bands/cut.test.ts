/** Groups in bands: the interpreter gives the same values, whatever is cut; a program with forced bands gives them too, and is the same from its own decisions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutBands } from '../../../compiler/bands/cut.ts';
import { compile } from '../../../compiler/compile.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { requireVerified } from '../../../compiler/graph/verify.ts';
import type { Decisions } from '../../../compiler/mapping/decisions.ts';
import { CapacityError, InputError } from '../../../isa/base/errors.ts';
import { writeProgram } from '../../../isa/container.ts';
import { checkGraph, randomInputs, seeded } from '../../harness/differential.ts';
import { randomBands, randomBandsDecision } from '../../harness/random-bands.ts';
import { randomGraph } from '../../harness/random-graphs.ts';
import { randomMachine } from '../../harness/random-machines.ts';

const RUNS = Number(process.env.QNPU_GRAPHS ?? 40);
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

describe('a graph with a group in bands', () => {
  it('is verified and has the values of the graph', () => {
    const ops = new Set<string>();
    let cut = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const graph = randomGraph(seed);
        const bands = randomBands(graph, seeded(seed + 3));
        if (bands === undefined) return;
        const banded = cutBands(graph, [bands]);
        requireVerified(banded, 'bands');
        const inputs = randomInputs(graph, seeded(seed + 5));
        const want = interpret(graph, inputs);
        const got = interpret(banded, inputs);
        graph.outputs.forEach((name, i) => {
          expect([...got.get(banded.outputs[i]!)!.data]).toEqual([...want.get(name)!.data]);
        });
        for (const { op } of bands.nodes) ops.add(op);
        cut++;
      }),
      { numRuns: 6 * RUNS, seed: 3 },
    );
    expect(cut).toBeGreaterThan(3 * RUNS);
    for (const op of ['conv', 'maxpool', 'avgpool', 'concat', 'reshape', 'slice', 'qadd', 'binary', 'requantize'])
      expect(ops).toContain(op);
  });
});

describe('a network with a group pinned to bands', () => {
  it('gives its values on tight machines, cold and steady, and the same program from its own decisions', () => {
    const outcomes = { met: 0, refused: 0 };
    fc.assert(
      fc.property(seeds, (seed) => {
        const graph = randomGraph(seed);
        const group = randomBandsDecision(graph, seeded(seed + 3));
        if (group === undefined) return;
        const machine = { ...randomMachine(seeded(seed * 3 + 1)), cores: 1 + (seed % 4 === 0 ? 1 : 0) };
        try {
          const { report } = checkGraph(graph, machine, seeded(seed + 7), {
            pins: { bands: [group] },
            explain: 'decisions',
          });
          const decisions = report.decisions as Decisions;
          expect(decisions.bands).toHaveLength(1);
          const first = compile(graph, machine, { pins: { bands: [group] } });
          const again = compile(graph, machine, { pins: decisions, explain: 'decisions' });
          expect(again.report.decisions).toEqual(decisions);
          expect(writeProgram(again.program)).toEqual(writeProgram(first.program));
          outcomes.met++;
        } catch (error) {
          if (!(error instanceof CapacityError || error instanceof InputError)) throw error;
          outcomes.refused++;
        }
      }),
      { numRuns: RUNS, seed: 11 },
    );
    expect(outcomes.met).toBeGreaterThan(RUNS / 3);
  });
});
