/**
 * Programs for several cores: the interpreter's bits, an order that no timing can break, a timed run that ends, on two and three cores of two
 * matrix kinds, however kernels are cut.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import { CapacityError } from '../../isa/base/errors.ts';
import { conventionalInt8 } from '../../isa/machine/presets/conventional-int8.ts';
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { execute } from '../../sim/exec/execute.ts';
import type { TrafficRow } from '../../sim/result.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { convolutions } from '../harness/convolutions.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { randomGraph } from '../harness/random-graphs.ts';
import { randomMachine } from '../harness/random-machines.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const parameters = { numRuns: Number(process.env.QNPU_GRAPHS ?? 25), seed: 20261121 };
const SHARINGS = ['auto', 'channels', 'rows', 'columns'] as const;

const withCores = (machine: Machine, cores: number): Machine => ({
  ...machine,
  name: `${machine.name}-x${cores}`,
  cores,
});
const MACHINES = [edgeDcim28nm, conventionalInt8].flatMap((m) => [withCores(m, 2), withCores(m, 3)]);

/** Cores that do work. */
const busy = (p: Program): number => p.cores.filter((c) => c.instructions.length > 1).length;

/** Copies into several cores at once. */
const multicastsOf = (p: Program) =>
  p.cores.flatMap((c) => c.instructions.flatMap((i) => (i.op === 'copy' && i.cores > 0 ? [i] : [])));

describe('several cores', () => {
  it.each(MACHINES)("give the interpreter's bits: $name", (machine) => {
    const shared = new Map<string, number>();
    let multicasts = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const sharing = SHARINGS[seed % SHARINGS.length] ?? 'auto';
        const { program, steadyProgram } = checkGraph(randomGraph(seed), machine, seeded(seed + 7), { sharing });
        for (const p of [program, steadyProgram ?? program]) expect(simulate(p, machine).cycles).toBeGreaterThan(0);
        multicasts += multicastsOf(program).length;
        if (busy(program) > 1) shared.set(sharing, (shared.get(sharing) ?? 0) + 1);
      }),
      parameters,
    );
    expect([...shared.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(parameters.numRuns / 4);
    if (machine.interconnect.multicast) expect(multicasts).toBeGreaterThan(parameters.numRuns / 4);
    else expect(multicasts).toBe(0);
  });

  it('give the same bits on tight machines of two to five cores, or it is said what does not fit', () => {
    let refused = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const plain = withCores(randomMachine(seeded(seed * 3 + 1)), 2 + (seed % 4));
        const machine = { ...plain, interconnect: { ...plain.interconnect, multicast: (seed >> 5) % 4 > 0 } };
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

  it('pass what other cores need over the link, byte by byte as the run with data does', () => {
    const machine = withCores(edgeDcim28nm, 2);
    const { program } = compile(convolutions(2, 8), machine, { sharing: 'channels' });
    const timed = simulate(program, machine);
    const inputs = new Map([['x', new Int32Array(16 * 8 * 8)]]);
    const { moved } = execute(program, machine, inputs, { countBytes: true });
    const rows = (all: readonly TrafficRow[]) =>
      all
        .flatMap((r) =>
          r.role === 'instructions' ? [] : [`${r.boundary} ${r.role} ${r.layer} ${r.readBytes} ${r.writeBytes}`],
        )
        .sort();
    expect(rows(timed.traffic)).toEqual(rows(moved ?? []));
    // The second layer needs all 16 channels of the first; each core makes 8 of them.
    const layer = program.symbols.layers.findIndex((l) => l.macs > 0);
    const sent = timed.traffic.find((r) => r.boundary === 'core' && r.role === 'activations' && r.layer === layer);
    expect(sent).toMatchObject({ readBytes: 16 * 8 * 8, writeBytes: 16 * 8 * 8 });
  });

  it.each(['channels', 'rows'] as const)('send and fetch once what several need, which is no slower: %s', (sharing) => {
    const able = withCores(edgeDcim28nm, 4);
    const unable = { ...able, interconnect: { ...able.interconnect, multicast: false } };
    const [one, many] = [able, unable].map((machine) => {
      // The first run: what stays on chip is fetched too.
      const { program: p } = compile(convolutions(4, 16), machine, { sharing });
      const { cycles, traffic } = simulate(p, machine, { warmCode: true });
      const bytes = (boundary: TrafficRow['boundary'], of: 'readBytes' | 'writeBytes') =>
        traffic.reduce((n, r) => n + (r.boundary === boundary ? r[of] : 0), 0);
      return {
        cycles,
        multicasts: multicastsOf(p),
        out: bytes('core', 'writeBytes'),
        dram: bytes('dram', 'readBytes'),
      };
    });
    expect(one!.multicasts.length).toBeGreaterThan(0);
    expect(many!.multicasts).toEqual([]);
    expect(one!.cycles).toBeLessThanOrEqual(many!.cycles);
    expect(one!.dram).toBeLessThan(many!.dram);
    // A third leaves each core where all others need the same.
    if (sharing === 'channels') expect(many!.out - one!.out).toBeGreaterThan(0.5 * many!.out);
    expect(one!.multicasts.some((i) => i.signalRemote > 0)).toBe(true);
  });

  it('run a layer of many positions on all cores, faster than on one, and say why', () => {
    const { core } = edgeDcim28nm;
    const fewMacros: Machine = {
      ...edgeDcim28nm,
      core: { ...core, matrix: { ...core.matrix, macros: 2 } as Machine['core']['matrix'] },
    };
    const cycles = (cores: number): number => {
      // Few macros, so that the arrays are what cores share.
      const machine = withCores(fewMacros, cores);
      const { program, steadyProgram, report } = compile(convolutions(4, 32), machine);
      const layer = report.layers.find((l) => l.macs > 0);
      if (cores === 1) expect(layer?.sharing).toBe('');
      else expect(layer?.sharing).toMatch(/^rows over [24] cores: about \d+ cycles instead of \d+/);
      return simulate(steadyProgram ?? program, machine, { warmCode: true }).cycles;
    };
    const [one, two, four] = [cycles(1), cycles(2), cycles(4)];
    expect(one / two).toBeGreaterThan(1.6);
    expect(one / four).toBeGreaterThan(2.5);
  });

  it('are left alone where one is asked for', () => {
    const machine = withCores(edgeDcim28nm, 4);
    expect(compile(convolutions(2, 32), machine, { cores: 1 }).program.cores.length).toBe(1);
    expect(compile(convolutions(2, 32), machine, { sharing: 'off' }).program.cores.length).toBe(1);
  });
});
