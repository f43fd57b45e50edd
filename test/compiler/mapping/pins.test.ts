/** Pinned decisions: all of a run's own give the same program again; any of them gives the same values; impossible ones say why. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompileOptions, compile } from '../../../compiler/compile.ts';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import type { Graph, IntegerType } from '../../../compiler/graph/types.ts';
import type { Decisions } from '../../../compiler/mapping/decisions.ts';
import { CapacityError, formatError, InputError } from '../../../isa/base/errors.ts';
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
    const compiled = compile(graph, machine, { ...options, explain: 'decisions' });
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
  const again = compile(graph, machine, { ...options, pins: decisions, explain: 'decisions' });
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

/** The machine of a seed: one of those, or a tight one of one to three cores. */
function machineOf(seed: number): Machine {
  return MACHINES[seed % (MACHINES.length + 2)] ?? withCores(randomMachine(seeded(seed * 3 + 1)), 1 + (seed % 3));
}

describe('decisions of random graphs on presets, on several cores and on tight machines', () => {
  it('give the same program again', () => {
    let done = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        if (sameAgain(randomGraph(seed), machineOf(seed))) done++;
      }),
      { numRuns: RUNS, seed: 5 },
    );
    expect(done).toBeGreaterThan(RUNS * 0.8);
  });

  it('hold where some are pinned, as they were or changed, or are refused; no value changes', () => {
    const outcomes = { met: 0, refused: 0 };
    fc.assert(
      fc.property(seeds, (seed) => {
        const machine = machineOf(seed);
        const graph = randomGraph(seed);
        const first = decide(graph, machine);
        if (first === undefined) return;
        const pins = randomPins(first.decisions, seeded(seed + 11));
        try {
          const { report } = checkGraph(graph, machine, seeded(seed + 7), { pins, explain: 'decisions' });
          requireMet(pins, report.decisions as Decisions);
          outcomes.met++;
        } catch (error) {
          if (!(error instanceof CapacityError || error instanceof InputError)) throw error;
          outcomes.refused++;
        }
      }),
      { numRuns: RUNS, seed: 7 },
    );
    expect(outcomes.met).toBeGreaterThan(RUNS / 3);
    expect(outcomes.refused).toBeGreaterThan(0);
  });
});

describe('pins that find no room', () => {
  const code: IntegerType = { kind: 'int', bits: 8, coding: 'signed' };
  const small = { ...edgeDcim28nm.core.scratchpad, sizeBytes: 8192 };
  const machine = { ...edgeDcim28nm, name: 'small', core: { ...edgeDcim28nm.core, scratchpad: small } };

  /** A product of 512 rows of 64 codes with 32 outputs. */
  function product(): Graph {
    const b = new GraphBuilder('product');
    const x = b.input('x', { element: code, shape: [512, 64] });
    const w = b.constant({ type: { element: code, shape: [64, 32] }, data: new Int32Array(64 * 32).fill(3) });
    const acc = b.add('matmul', [x, w], { xZero: 0, wZero: Int32Array.of(0) });
    const spec = { mode: 'float32', scale: Float32Array.of(0.01), zeroPoint: 0 } as const;
    return b.finish([b.add('requantize', [acc], { spec, axis: 1, relu: false }, { element: code })]);
  }

  const refusal = (pins: Decisions): string => {
    try {
      compile(product(), machine, { pins });
    } catch (error) {
      if (error instanceof CapacityError) return formatError(error);
      throw error;
    }
    return '';
  };
  const layer = compile(product(), machine).report.layers.find((l) => l.macs > 0)?.name ?? '';

  it('say which tile would fit', () => {
    const text = refusal({ layers: [{ layer, tile: { rows: 512, channels: 32 } }] });
    expect(text).toMatch(/tile: rows 512, channels 32 finds no room in the scratchpad of small; possible: rows \d+/);
    const possible = Number(/possible: rows (\d+)/.exec(text)?.[1]);
    expect(refusal({ layers: [{ layer, tile: { rows: possible, channels: 32 } }] })).toBe('');
  });

  it('say how large the value is', () => {
    expect(refusal({ layers: [{ layer: 'load x', result: 'scratchpad' }] })).toMatch(
      /layer load x, result: a value of 32768 bytes cannot lie in the scratchpad\n {2}needed 32768 bytes, available 8192 bytes/,
    );
  });
});
