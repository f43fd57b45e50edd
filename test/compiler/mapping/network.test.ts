/** Mappings chosen together: what they share, that they fit, and that no single further step would help. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import type { Graph, IntegerType } from '../../../compiler/graph/types.ts';
import { legalize } from '../../../compiler/lower/legalize.ts';
import { select } from '../../../compiler/lower/select.ts';
import { planMemory } from '../../../compiler/mapping/addresses.ts';
import { macrosOf, type Scored, scoreMappings } from '../../../compiler/mapping/matmul.ts';
import { chooseMappings } from '../../../compiler/mapping/network.ts';
import { planStorage } from '../../../compiler/mapping/storage.ts';
import { matrixGeometry } from '../../../isa/machine/geometry.ts';
import { conventionalInt8 } from '../../../isa/machine/presets/conventional-int8.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import { tpuV1 } from '../../../isa/machine/presets/tpu-v1.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { checkGraph, seeded } from '../../harness/differential.ts';

const code: IntegerType = { kind: 'int', bits: 4, coding: 'signed' };

/** Products of the given [rows, k, n], one after the other by way of reshapes into the next one's shape. */
function products(shapes: readonly (readonly [number, number])[], rows: number): Graph {
  const random = seeded(9);
  const b = new GraphBuilder('products');
  const [first] = shapes;
  let x = b.input('x', { element: code, shape: [rows, first?.[0] ?? 1] });
  for (const [k, n] of shapes) {
    const data = Int32Array.from({ length: k * n }, () => Math.floor(random() * 16) - 8);
    const w = b.constant({ type: { element: code, shape: [k, n] }, data });
    const acc = b.add('matmul', [x, w], { xZero: 0, wZero: Int32Array.of(0) });
    const spec = { mode: 'float32', scale: Float32Array.of(0.01), zeroPoint: 0 } as const;
    x = b.add('requantize', [acc], { spec, axis: 1, relu: false }, { element: code });
  }
  return b.finish([x]);
}

function chosen(graph: Graph, machine: Machine) {
  const storage = planStorage(graph, select(legalize(graph), machine));
  const { plans } = planMemory(storage, machine, { residency: true }).homes;
  const choices = chooseMappings(storage.kernels, plans, machine);
  return storage.kernels.flatMap((kernel, i) => {
    const [plan, choice] = [plans[i] ?? null, choices[i] ?? null];
    if (kernel.kind !== 'matmul' || plan === null || choice === null) return [];
    const options = scoreMappings(kernel, plan, machine, true);
    return [{ choice, options }];
  });
}

/** First fit of every layer's tiles into the planes, in order. */
function fits(layers: readonly Pick<Scored, 'mapping' | 'cost'>[], machine: Machine): boolean {
  const { macros, planes } = matrixGeometry(machine.core.matrix);
  const free = new Array<number>(planes).fill(macros);
  return layers.every(({ mapping, cost }) =>
    Array.from({ length: cost.weightTiles }).every(() => {
      const plane = free.findIndex((f) => f >= macrosOf(mapping));
      if (plane >= 0) free[plane] = (free[plane] ?? 0) - macrosOf(mapping);
      return plane >= 0;
    }),
  );
}

describe('mappings of a network whose weights fit', () => {
  const graph = products(
    [
      [256, 32],
      [32, 64],
      [64, 256],
    ],
    96,
  );
  const layers = chosen(graph, edgeDcim28nm);

  it('fit all at once, and the placement agrees', () => {
    expect(layers).toHaveLength(3);
    expect(
      fits(
        layers.map((l) => l.choice),
        edgeDcim28nm,
      ),
    ).toBe(true);
    const { report } = compile(graph, edgeDcim28nm);
    expect(report.weights).toMatchObject({ resident: true, writes: report.weights.tiles });
  });

  it('use spare macros: each layer is faster than at its smallest', () => {
    for (const { choice, options } of layers) {
      const least = Math.min(...options.map((o) => macrosOf(o.mapping) * o.cost.weightTiles));
      const smallest = options.filter((o) => macrosOf(o.mapping) * o.cost.weightTiles === least);
      expect(macrosOf(choice.mapping) * choice.cost.weightTiles).toBeGreaterThan(least);
      expect(choice.cost.residentCycles).toBeLessThan(Math.min(...smallest.map((o) => o.cost.residentCycles)));
    }
  });

  it('are a local optimum: no other mapping of one layer is faster and still fits', () => {
    layers.forEach(({ choice, options }, i) => {
      for (const option of options) {
        if (option.cost.residentCycles >= choice.cost.residentCycles) continue;
        const changed = layers.map((l, j): Scored => (i === j ? option : l.choice));
        expect(fits(changed, edgeDcim28nm)).toBe(false);
      }
    });
  });

  it('say why', () => {
    for (const { choice } of layers) {
      expect(choice.chosenBecause).toContain('all weights stay in the arrays');
      expect(choice.runnersUp.length).toBeGreaterThan(0);
    }
  });
});

describe('mappings of a network whose weights do not fit', () => {
  it('are each the best of its layer alone', () => {
    for (const { choice, options } of chosen(
      products(
        [
          [64, 64],
          [64, 64],
        ],
        4,
      ),
      teach8x8,
    )) {
      expect(choice.mapping).toEqual(options[0]?.mapping);
      expect(choice.chosenBecause).toContain('written as they are needed');
    }
  });

  it('are so too on a machine that keeps no weights', () => {
    const forgetful = { ...edgeDcim28nm, capabilities: { ...edgeDcim28nm.capabilities, weightResidency: false } };
    for (const { choice, options } of chosen(products([[32, 32]], 4), forgetful))
      expect(choice.mapping).toEqual(options[0]?.mapping);
  });
});

describe('weights that fit only without copies', () => {
  // One tile and four tiles of 32 x 32 weights: with five macros all fit, and the first product has only one of them.
  const graph = products(
    [
      [32, 32],
      [32, 128],
    ],
    512,
  );
  const machineOf = (macros: number): Machine => {
    const { core, capabilities } = edgeDcim28nm;
    const matrix = {
      ...core.matrix,
      macros,
      planes: 1,
      rows: 32,
      rowsAtOnce: 32,
      columns: 128,
    } as Machine['core']['matrix'];
    const drain = { ...core.drain, lanes: 1024 };
    return {
      ...edgeDcim28nm,
      core: { ...core, matrix, drain },
      capabilities: { ...capabilities, weightPlanes: false },
    };
  };
  const reasons = (macros: number) => chosen(graph, machineOf(macros)).map((l) => l.choice.chosenBecause);

  it('are written for every inference where that is much faster', () => {
    for (const macros of [4, 5])
      expect(reasons(macros).every((r) => r.includes('weights are written as they are needed'))).toBe(true);
    expect(reasons(40).every((r) => r.endsWith('all weights stay in the arrays'))).toBe(true);
  });

  it('so that the macro with which they just fit does not slow the network', () => {
    const cycles = [4, 5].map((macros) => {
      const { program, steadyProgram } = compile(graph, machineOf(macros));
      return simulate(steadyProgram ?? program, machineOf(macros)).cycles;
    });
    for (const [i, more] of cycles.slice(1).entries()) expect(more).toBeLessThanOrEqual(1.02 * (cycles[i] ?? 0));
  });
});

describe('overlap inside a layer', () => {
  /** Convolution, requantizer and 2 x 2 maximum pool. */
  function pooled(size: number): Graph {
    const random = seeded(4);
    const b = new GraphBuilder('pooled');
    const x = b.input('x', { element: code, shape: [1, 8, size, size] });
    const data = Int32Array.from({ length: 16 * 8 * 9 }, () => Math.floor(random() * 16) - 8);
    const w = b.constant({ type: { element: code, shape: [16, 8, 3, 3] }, data });
    const window = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] } as const;
    const acc = b.add('conv', [x, w], { window, groups: 1, xZero: 0, wZero: Int32Array.of(0) });
    const spec = { mode: 'float32', scale: Float32Array.of(0.02), zeroPoint: 0 } as const;
    const codes = b.add('requantize', [acc], { spec, axis: 1, relu: true }, { element: code });
    const pool = { kernel: [2, 2], strides: [2, 2], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
    return b.finish([b.add('maxpool', [codes], { window: pool })]);
  }

  it('stripes of rows let the pool run beside the arrays', () => {
    const graph = pooled(32);
    const { program, steadyProgram, report } = checkGraph(graph, edgeDcim28nm, seeded(1));
    expect(report.layers.find((l) => l.macs > 0)).toMatchObject({ tile: [1, 16, 4, 16], tiles: 4 });
    const shallow = { ...edgeDcim28nm, capabilities: { ...edgeDcim28nm.capabilities, doubleBuffering: false } };
    const whole = compile(graph, shallow);
    expect(whole.report.layers.find((l) => l.macs > 0)?.tiles).toBe(1);
    const striped = simulate(steadyProgram ?? program, edgeDcim28nm);
    const unstriped = simulate(whole.steadyProgram ?? whole.program, edgeDcim28nm);
    expect(striped.cycles).toBeLessThan(unstriped.cycles);
    // Of four stripes, three are multiplied while others are drained and pooled.
    expect(striped.causes.matrix).toBeLessThan((unstriped.causes.matrix ?? 0) / 2);
  });

  it('a stripe covers the latency of the arrays: deep ones take none here, and fusion never costs time', () => {
    const tilesOn = (machine: Machine) => compile(pooled(16), machine).report.layers.find((l) => l.macs > 0)?.tiles;
    expect([tilesOn(edgeDcim28nm), tilesOn(conventionalInt8), tilesOn(tpuV1)]).toEqual([4, 1, 1]);
    for (const machine of [conventionalInt8, tpuV1]) {
      const alone = { ...machine, capabilities: { ...machine.capabilities, fusion: false } };
      const [fused, split] = [machine, alone].map((m) => {
        const { program, steadyProgram } = compile(pooled(16), m);
        return simulate(steadyProgram ?? program, m).cycles;
      });
      expect(fused).toBeLessThanOrEqual(split ?? 0);
    }
  });

  it('a layer too small for stripes stays whole', () => {
    expect(compile(pooled(8), edgeDcim28nm).report.layers.find((l) => l.macs > 0)?.tiles).toBe(1);
  });

  it('the drain of many positions runs in parts', () => {
    const { report } = compile(products([[64, 64]], 128), edgeDcim28nm);
    const mapping = report.layers.find((l) => l.macs > 0)?.mapping;
    expect(mapping?.mapping.positions).toBeLessThan(128);
    expect(mapping?.cost.residentCycles).toBeLessThan(
      (mapping?.cost.arrayCycles ?? 0) + (mapping?.cost.drainCycles ?? 0) + 64,
    );
  });
});

/** Each of 24 layers takes one macro of 32 (16 in 2 planes): if all stay, there are no copies to speak of, and a layer's 256 rows pass one macro. */
describe('mappings of a network whose weights fill the arrays and are few bytes', () => {
  const graph = products(
    Array.from({ length: 24 }, () => [32, 32] as const),
    256,
  );
  const { buffer } = edgeDcim28nm;
  const slow = { ...edgeDcim28nm, buffer: { ...buffer, portBits: 8 } };

  it('write them from the global buffer when that is faster, which crosses the DRAM once in a lifetime', () => {
    const { program, steadyProgram, report } = compile(graph, edgeDcim28nm);
    for (const { choice } of chosen(graph, edgeDcim28nm))
      expect(choice.chosenBecause).toContain('written as they are needed from the global buffer');
    const written = report.weights.writes;
    expect(report.weights.resident).toBe(false);
    expect(written).toBeGreaterThanOrEqual(report.weights.tiles);
    const weightBytes = (p: typeof program) =>
      simulate(p, edgeDcim28nm)
        .traffic.filter((t) => t.boundary === 'dram' && t.role === 'weights')
        .reduce((n, t) => n + t.readBytes, 0);
    expect(weightBytes(program)).toBeGreaterThanOrEqual((24 * 32 * 32) / 2);
    expect(weightBytes(steadyProgram!)).toBe(0);
    checkGraph(graph, edgeDcim28nm, seeded(3));
  });

  it('leave them in the arrays when the way is slow', () => {
    for (const { choice } of chosen(graph, slow)) expect(choice.chosenBecause).toContain('stay in the arrays');
  });
});

describe('an accumulator tile of all accumulators', () => {
  // 256 x 64 sums of 4 bytes are the 64 KiB of accumulators; 256 rows of weights are 4 tiles of 64.
  const graph = products([[256, 64]], 1024);

  it('takes twice the positions, so weights are written half as often; its drain runs beside the arrays piece by piece', () => {
    const { program, report } = compile(graph, conventionalInt8);
    expect(report.layers.find((l) => l.mapping !== null)?.mapping?.mapping).toMatchObject({ positions: 256 });
    expect(report.weights.writes).toBe((1024 / 256) * 4);
    const layer = report.layers.find((l) => l.mapping !== null)!.name;
    const pins = { layers: [{ layer, arrays: { positions: 128 } }] };
    const pinned = compile(graph, conventionalInt8, { pins });
    expect(pinned.report.weights.writes).toBe((1024 / 128) * 4);
    const cycles = simulate(program, conventionalInt8).cycles;
    expect(cycles).toBeLessThan(simulate(pinned.program, conventionalInt8).cycles);
    // The arrays alone: 1,024 vectors by 4 tiles, and no more than the first weights, skews and the last drain beside them.
    expect(cycles).toBeGreaterThan(4096);
    checkGraph(graph, conventionalInt8, seeded(4));
  });
});
