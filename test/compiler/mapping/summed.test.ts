/** Products whose activations come in by slices of the summed axis: values, chosen and pinned; what is brought in; what cannot be pinned. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import type { Graph, IntegerType } from '../../../compiler/graph/types.ts';
import { CapacityError, formatError, InputError } from '../../../isa/base/errors.ts';
import { conventionalInt8 } from '../../../isa/machine/presets/conventional-int8.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { checkGraph, seeded } from '../../harness/differential.ts';

/** A preset with less scratchpad and fewer accumulators. */
function small(machine: Machine, scratchpadBytes: number, accumulatorBytes: number): Machine {
  const scratchpad = { ...machine.core.scratchpad, sizeBytes: scratchpadBytes };
  const accumulators = { ...machine.core.accumulators, sizeBytes: accumulatorBytes };
  return { ...machine, name: `small ${machine.name}`, core: { ...machine.core, scratchpad, accumulators } };
}

/** m rows of k codes with n outputs, a table of codes behind them where asked for. */
function product(m: number, k: number, n: number, bits: number, seed: number, table = false): Graph {
  const random = seeded(seed);
  const code = (b: number): IntegerType => ({ kind: 'int', bits: b, coding: 'signed' });
  const b = new GraphBuilder('product');
  const x = b.input('x', { element: code(bits), shape: [1, m, k] });
  const data = Int32Array.from({ length: k * n }, () => Math.floor(random() * 15) - 7);
  const w = b.constant({ type: { element: code(8), shape: [k, n] }, data });
  const acc = b.add('matmul', [x, w], { xZero: 0, wZero: Int32Array.of(0) });
  const spec = { mode: 'float32', scale: Float32Array.of(0.003), zeroPoint: 0 } as const;
  const y = b.add('requantize', [acc], { spec, axis: 2, relu: false }, { element: code(8) });
  if (!table) return b.finish([y]);
  const squares = Int32Array.from({ length: 256 }, (_, i) => Math.round((i - 128) ** 2 / 130));
  return b.finish([b.add('lut', [y], { table: squares, axis: 0 }, { element: code(8) })]);
}

const layerOf = (graph: Graph, machine: Machine): string =>
  compile(graph, machine).report.layers.find((l) => l.macs > 0)?.name ?? '';

describe('slices of the summed axis', () => {
  it('give the same values, whichever is pinned', () => {
    const outcomes = { met: 0, refused: 0 };
    const sizes = fc.record({
      m: fc.integer({ min: 1, max: 24 }),
      k: fc.integer({ min: 65, max: 600 }),
      n: fc.constantFrom(5, 32, 70),
      bits: fc.constantFrom(4, 8),
      seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      slice: fc.integer({ min: 1, max: 4 }),
      rows: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(sizes, ({ m, k, n, bits, seed, slice, rows }) => {
        const machine = small(seed % 2 === 0 ? edgeDcim28nm : conventionalInt8, 32768, 8192);
        const graph = product(m, k, n, seed % 2 === 0 ? bits : 8, seed);
        const { matrix } = machine.core;
        const summed = Math.min(k, slice * matrix.rows);
        const tile = rows === undefined ? { summed } : { summed, rows: Math.min(rows, m) };
        try {
          const pins = { layers: [{ layer: layerOf(graph, machine), tile }] };
          const { report } = checkGraph(graph, machine, seeded(seed + 1), { pins, explain: 'decisions' });
          const found = report.decisions?.layers?.find((l) => l.arrays !== undefined)?.tile;
          expect(found).toMatchObject(tile);
          outcomes.met++;
        } catch (error) {
          if (!(error instanceof CapacityError || error instanceof InputError)) throw error;
          outcomes.refused++;
        }
      }),
      { numRuns: 20, seed: 3 },
    );
    expect(outcomes.met).toBeGreaterThan(12);
  });

  it('are chosen where activations are too large: fewer bytes come in, in less time', () => {
    const machine = small(conventionalInt8, 32768, 16384);
    const graph = product(64, 1024, 128, 8, 7);
    const layer = layerOf(graph, machine);
    const run = (tile: Record<string, number>) => {
      const compiled = compile(graph, machine, {
        explain: 'decisions',
        ...(Object.keys(tile).length === 0 ? {} : { pins: { layers: [{ layer, tile }] } }),
      });
      const { cycles, traffic } = simulate(compiled.program, machine, {});
      const read = traffic.filter((t) => t.boundary === 'core').reduce((sum, t) => sum + t.readBytes, 0);
      return { cycles, read, tile: compiled.report.decisions?.layers?.find((l) => l.layer === layer)?.tile };
    };
    const free = run({});
    const whole = run({ summed: 1024 });
    expect(free.tile?.summed).toBeLessThan(1024);
    expect(free.read).toBeLessThan(whole.read * 0.7);
    expect(free.cycles).toBeLessThan(whole.cycles * 0.8);
  });

  it('say what is impossible', () => {
    const graph = product(16, 600, 64, 8, 9);
    const layer = layerOf(graph, edgeDcim28nm);
    const refusal = (tile: Record<string, number>): string => {
      try {
        compile(graph, edgeDcim28nm, { pins: { layers: [{ layer, tile }] } });
      } catch (error) {
        if (error instanceof InputError) return formatError(error);
        throw error;
      }
      return '';
    };
    expect(refusal({ summed: 100 })).toMatch(/a slice has 100 of 600 that are summed[\s\S]*a multiple of 256/);
    expect(refusal({ summed: 256 })).toBe('');
    expect(refusal({ summed: 600 })).toBe('');
    const little = small(edgeDcim28nm, 262144, 2048);
    expect(() =>
      compile(graph, little, { pins: { layers: [{ layer, tile: { rows: 16, channels: 64, summed: 256 } }] } }),
    ).toThrow(InputError);
  });
});

describe('a table of codes behind a product of one matrix', () => {
  it('runs tile by tile behind the drain', () => {
    for (const machine of [edgeDcim28nm, conventionalInt8, small(edgeDcim28nm, 16384, 4096)]) {
      const { report } = checkGraph(product(50, 100, 70, 8, 4, true), machine, seeded(5), { explain: 'decisions' });
      const [layer] = report.decisions?.layers?.filter((l) => l.arrays !== undefined) ?? [];
      expect(layer?.joins).toHaveLength(1);
    }
  });
});
