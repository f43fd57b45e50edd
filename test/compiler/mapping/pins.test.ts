/** Pinned decisions: all of a run's own give the same program again; any of them gives the same values; impossible ones say why. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompileOptions, compile } from '../../../compiler/compile.ts';
import type { Graph } from '../../../compiler/graph/types.ts';
import type { Decisions } from '../../../compiler/mapping/decisions.ts';
import { CapacityError, InputError } from '../../../isa/base/errors.ts';
import { writeProgram } from '../../../isa/container.ts';
import { conventionalInt8 } from '../../../isa/machine/presets/conventional-int8.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { checkGraph, seeded } from '../../harness/differential.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';
import { randomGraph } from '../../harness/random-graphs.ts';
import { randomMachine } from '../../harness/random-machines.ts';
import { randomPins } from '../../harness/random-pins.ts';

const RUNS = Number(process.env.QNPU_GRAPHS ?? 40);
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

const withCores = (machine: Machine, cores: number): Machine => ({
  ...machine,
  name: `${machine.name}-x${cores}`,
  cores,
});

/** Decisions of a run; undefined where the graph does not fit the machine. */
function decide(graph: Graph, machine: Machine, options: CompileOptions = {}) {
  try {
    const compiled = compile(graph, machine, { ...options, explain: true });
    return { compiled, decisions: compiled.report.decisions as Decisions };
  } catch (error) {
    if (error instanceof CapacityError) return undefined;
    throw error;
  }
}

function sameAgain(graph: Graph, machine: Machine, options: CompileOptions = {}): boolean {
  const first = decide(graph, machine, options);
  if (first === undefined) return false;
  const { compiled, decisions } = first;
  const again = compile(graph, machine, { ...options, pins: decisions, explain: true });
  expect(again.report.decisions).toEqual(decisions);
  expect(writeProgram(again.program)).toEqual(writeProgram(compiled.program));
  expect(again.steadyProgram === null).toBe(compiled.steadyProgram === null);
  if (again.steadyProgram !== null && compiled.steadyProgram !== null)
    expect(writeProgram(again.steadyProgram)).toEqual(writeProgram(compiled.steadyProgram));
  return true;
}

/** Pins as they show in the report: what is left out is free; layers are found by name. */
function requireMet(pins: Decisions, found: Decisions): void {
  const { layers = [], network, parameters } = JSON.parse(JSON.stringify(pins)) as Decisions;
  expect(found).toMatchObject({ network, parameters });
  for (const own of layers) {
    const { joins, ...rest } = own;
    const layer = found.layers?.find((l) => l.layer === own.layer);
    if (Object.keys(own).length > 1) expect(layer).toMatchObject(rest);
    if (joins !== undefined) expect(new Set(layer?.joins)).toEqual(new Set(joins));
  }
}

const MACHINES = [...Object.values(MAIN_PRESETS), ...[edgeDcim28nm, conventionalInt8].map((m) => withCores(m, 3))];

describe('all decisions of a run', () => {
  it.each(MACHINES)('give the same program again: $name', (machine) => {
    let done = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        if (sameAgain(randomGraph(seed), machine)) done++;
      }),
      { numRuns: RUNS, seed: 5 },
    );
    expect(done).toBeGreaterThan(RUNS * 0.9);
  });

  it('give the same program again on tight machines of one to three cores', () => {
    let done = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const machine = withCores(randomMachine(seeded(seed * 3 + 1)), 1 + (seed % 3));
        if (sameAgain(randomGraph(seed), machine)) done++;
      }),
      { numRuns: RUNS, seed: 6 },
    );
    expect(done).toBeGreaterThan(RUNS / 2);
  });
});

describe('random pins', () => {
  it.each([...MACHINES.map((m) => m.name), 'tight'])('hold or are refused, and change no value: %s', (name) => {
    const known = MACHINES.find((m) => m.name === name);
    const outcomes = { met: 0, refused: 0 };
    fc.assert(
      fc.property(seeds, (seed) => {
        const machine = known ?? withCores(randomMachine(seeded(seed * 3 + 1)), 1 + (seed % 3));
        const graph = randomGraph(seed);
        const first = decide(graph, machine);
        if (first === undefined) return;
        const pins = randomPins(first.decisions, seeded(seed + 11));
        try {
          const { report } = checkGraph(graph, machine, seeded(seed + 7), { pins, explain: true });
          requireMet(pins, report.decisions as Decisions);
          outcomes.met++;
        } catch (error) {
          if (!(error instanceof CapacityError || error instanceof InputError)) throw error;
          outcomes.refused++;
        }
      }),
      { numRuns: RUNS, seed: 7 },
    );
    expect(outcomes.met).toBeGreaterThan(RUNS / 4);
    expect(outcomes.refused).toBeGreaterThan(0);
  });
});
