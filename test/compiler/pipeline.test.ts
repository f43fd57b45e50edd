/**
 * Layers pipelined over cores: the interpreter's bits, each inference as many runs later as there are stages before the last, an order that no
 * timing can break, and shorter intervals between results.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Compiled, compile } from '../../compiler/compile.ts';
import { CapacityError } from '../../isa/base/errors.ts';
import { conventionalInt8 } from '../../isa/machine/presets/conventional-int8.ts';
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { convolutions } from '../harness/convolutions.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { randomGraph } from '../harness/random-graphs.ts';
import { randomMachine } from '../harness/random-machines.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const parameters = { numRuns: Number(process.env.QNPU_GRAPHS ?? 12), seed: 20261121 };

const withCores = (machine: Machine, cores: number): Machine => ({
  ...machine,
  name: `${machine.name}-x${cores}`,
  cores,
});

const cycles = ({ program, steadyProgram }: Compiled, machine: Machine): number =>
  simulate(steadyProgram ?? program, machine, { warmCode: true }).cycles;

describe('layers pipelined over cores', () => {
  it.each([edgeDcim28nm, conventionalInt8])("give the interpreter's bits: $name", (preset) => {
    let pipelined = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const machine = withCores(preset, 2 + (seed % 3));
        const stages = 2 + ((seed >> 4) % 3);
        const compiled = checkGraph(randomGraph(seed), machine, seeded(seed + 7), { stages });
        if (compiled.delayRuns > 0) pipelined++;
        expect(compiled.delayRuns).toBeLessThan(Math.min(stages, machine.cores));
        expect(cycles(compiled, machine)).toBeGreaterThan(0);
      }),
      parameters,
    );
    expect(pipelined).toBeGreaterThan(parameters.numRuns / 5);
  });

  it('give the same bits on tight machines, or it is said what does not fit', () => {
    let [pipelined, refused] = [0, 0];
    fc.assert(
      fc.property(seeds, (seed) => {
        const machine = withCores(randomMachine(seeded(seed * 3 + 1)), 2 + (seed % 3));
        try {
          const compiled = checkGraph(randomGraph(seed), machine, seeded(seed + 7), { stages: machine.cores });
          if (compiled.delayRuns > 0) pipelined++;
          simulate(compiled.program, machine);
        } catch (error) {
          if (!(error instanceof CapacityError)) throw error;
          refused++;
        }
      }),
      parameters,
    );
    expect(pipelined).toBeGreaterThan(parameters.numRuns / 8);
    expect(refused).toBeLessThanOrEqual(parameters.numRuns / 8);
  });

  it('pass sums and their operands over a border, and cut no stage of which a value would be read two stages later', () => {
    const machine = withCores(edgeDcim28nm, 4);
    const delay = (skips: readonly (readonly [number, number])[]): number =>
      checkGraph(convolutions(8, 8, skips), machine, seeded(3), { stages: 4 }).delayRuns;
    expect(delay([])).toBe(3);
    expect(
      delay([
        [0, 1],
        [1, 3],
        [3, 5],
        [5, 7],
      ]),
    ).toBe(3);
    expect(delay([[0, 7]])).toBe(1);
  });

  it('hold their weights in one core each, and split a layer over the cores of their stage', () => {
    const machine = withCores(edgeDcim28nm, 4);
    for (const [stages, cores] of [
      [4, 1],
      [2, 2],
    ] as const) {
      const { program, report } = compile(convolutions(8, 32), machine, { stages });
      const used = report.layers.map((_, layer) =>
        program.symbols.layerOf.flatMap((own, core) =>
          own.some((l, i) => l === layer && program.cores[core]?.instructions[i]?.op === 'mm') ? [core] : [],
        ),
      );
      const products = used.filter((u) => u.length > 0);
      expect(products.map((u) => u.length)).toEqual(products.map(() => cores));
      expect(products[0]?.[0]).toBe(0);
      expect(products.at(-1)?.at(-1)).toBe(3);
      expect(report.layers[1]?.sharing).toMatch(new RegExp(`^stage 1 of ${stages}, about \\d+ cycles between results`));
    }
  });

  it('give results more often than all cores on one layer after the other, where weights or small layers bind', () => {
    for (const cores of [2, 4]) {
      const machine = withCores(edgeDcim28nm, cores);
      const graph = convolutions(8, 8);
      const whole = cycles(compile(graph, machine), machine);
      const pipelined = compile(graph, machine, { stages: 'auto' });
      expect(pipelined.delayRuns).toBe(cores - 1);
      expect(cycles(pipelined, machine)).toBeLessThan(whole / 1.2);
    }
  });

  it('are left alone where it is not asked for, on one core, and where nothing can be cut', () => {
    const graph = convolutions(4, 8);
    expect(compile(graph, withCores(edgeDcim28nm, 4)).delayRuns).toBe(0);
    expect(compile(graph, edgeDcim28nm, { stages: 2 }).delayRuns).toBe(0);
    expect(compile(convolutions(1, 8), withCores(edgeDcim28nm, 2), { stages: 2 }).delayRuns).toBe(0);
  });

  it('are refused with a mapping, which says nothing of stages', () => {
    const machine = withCores(edgeDcim28nm, 2);
    expect(() => compile(convolutions(2, 8), machine, { stages: 2, pins: {} })).toThrow(/a decision of the mapping/);
  });
});
