import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph, IntegerType } from '../../compiler/graph/types.ts';
import { CapacityError, UnsupportedError } from '../../isa/base/errors.ts';
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import { teach8x8 } from '../../isa/machine/presets/teach-8x8.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { checkGraph, seeded } from '../harness/differential.ts';

const int = (bits: number, coding: IntegerType['coding'] = 'signed'): IntegerType => ({ kind: 'int', bits, coding });

/** Matrix products of the given widths, each followed by thresholds to `bits`. */
function mlp(widths: readonly number[], bits: number, seed = 1): Graph {
  const random = seeded(seed);
  const b = new GraphBuilder('mlp');
  let x = b.input('x', { element: int(bits), shape: [1, widths[0] ?? 1] });
  widths.slice(1).forEach((n, i) => {
    const k = widths[i] ?? 1;
    const w = b.constant({
      type: { element: int(bits), shape: [k, n] },
      data: Int32Array.from({ length: k * n }, () => Math.floor(random() * 2 ** bits) - 2 ** (bits - 1)),
    });
    const acc = b.add('matmul', [x, w], { xZero: 0, wZero: Int32Array.of(0) });
    const levels = 2 ** bits - 1;
    const thresholds = Int32Array.from({ length: levels * n }, (_, t) => ((t % levels) - levels / 2) * 8);
    const spec = {
      mode: 'threshold',
      levels,
      thresholds,
      base: new Int32Array(n).fill(-(2 ** (bits - 1))),
      descending: new Uint8Array(n),
    } as const;
    x = b.add('requantize', [acc], { spec, axis: 1, relu: false }, { element: int(bits) });
  });
  return b.finish([x]);
}

function image(channels: readonly number[], size: number, bits = 8): Graph {
  const random = seeded(3);
  const b = new GraphBuilder('cnn');
  let x = b.input('x', { element: int(bits), shape: [1, channels[0] ?? 1, size, size] });
  channels.slice(1).forEach((o, i) => {
    const c = channels[i] ?? 1;
    const w = b.constant({
      type: { element: int(4), shape: [o, c, 3, 3] },
      data: Int32Array.from({ length: o * c * 9 }, () => Math.floor(random() * 16) - 8),
    });
    const window = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] } as const;
    const acc = b.add('conv', [x, w], { window, groups: 1, xZero: 0, wZero: Int32Array.of(0) });
    const spec = { mode: 'float32', scale: Float32Array.of(0.02), zeroPoint: 0 } as const;
    x = b.add('requantize', [acc], { spec, axis: 1, relu: true }, { element: int(bits) });
  });
  return b.finish([x]);
}

/** Copies from DRAM of parameters. */
function parameterLoads(program: Program): number {
  const { instructions = [] } = program.cores[0] ?? {};
  return instructions.filter((i) => {
    const src = i.op === 'copy' ? program.tensors[i.src] : undefined;
    return src?.space === 'dram' && src.role === 'parameters';
  }).length;
}

function withScratchpad(sizeBytes: number): Machine {
  const { core } = edgeDcim28nm;
  return { ...edgeDcim28nm, core: { ...core, scratchpad: { ...core.scratchpad, sizeBytes } } };
}

describe('residency', () => {
  it('keeps weights that fit: the steady program writes none and is faster', () => {
    const { program, steadyProgram, report } = checkGraph(mlp([784, 64, 64, 64, 10], 2), edgeDcim28nm, seeded(2));
    expect(report.weights).toEqual({ tiles: report.weights.writes, writes: report.weights.tiles, resident: true });
    expect(program.cores[0]?.instructions.some((i) => i.op === 'ww')).toBe(true);
    expect(steadyProgram?.cores[0]?.instructions.some((i) => i.op === 'ww')).toBe(false);
    if (steadyProgram !== null)
      expect(simulate(steadyProgram, edgeDcim28nm).cycles).toBeLessThan(simulate(program, edgeDcim28nm).cycles);
  });

  it('streams weights that do not fit; parameters stay all the same', () => {
    const { program, steadyProgram, report } = checkGraph(mlp([784, 64, 10], 2), teach8x8, seeded(2));
    expect(report.weights.writes).toBe(report.weights.tiles);
    expect(report.weights.resident).toBe(false);
    const writes = (p: typeof program | null) => p?.cores[0]?.instructions.filter((i) => i.op === 'ww').length;
    expect(writes(steadyProgram)).toBe(writes(program));
    expect(report.parameters.residentTensors).toBeGreaterThan(0);
  });

  it('keeps parameters in the scratchpad: the steady program loads none', () => {
    const { program, steadyProgram, report } = checkGraph(image([3, 8, 16], 12), edgeDcim28nm, seeded(5));
    expect(parameterLoads(program)).toBe(2);
    expect(steadyProgram === null ? null : parameterLoads(steadyProgram)).toBe(0);
    expect(report.parameters).toMatchObject({ tensors: 2, residentTensors: 2 });
    // One record of a bias and a scale for each of 8 and 16 outputs.
    expect(report.parameters.residentBytes).toBe(report.parameters.sizeBytes);
    expect(report.parameters.sizeBytes).toBeGreaterThanOrEqual((8 + 16) * 8);
  });

  it('keeps no more parameters than their share of the scratchpad, the smallest first', () => {
    const tight = withScratchpad(8192);
    const { steadyProgram, report } = checkGraph(mlp([64, 96, 16, 8], 4), tight, seeded(6));
    expect(report.parameters.limitBytes).toBe(2048);
    expect(report.parameters.residentBytes).toBeLessThanOrEqual(2048);
    expect(report.parameters.residentTensors).toBe(2);
    expect(steadyProgram === null ? null : parameterLoads(steadyProgram)).toBeGreaterThan(0);
  });

  it('leaves parameters where they are on a machine that keeps nothing', () => {
    const forgetful = { ...edgeDcim28nm, capabilities: { ...edgeDcim28nm.capabilities, weightResidency: false } };
    const { steadyProgram, report } = checkGraph(mlp([64, 16], 4), forgetful, seeded(7));
    expect(steadyProgram).toBeNull();
    expect(report.parameters.residentTensors).toBe(0);
  });

  it('stores parameters in DRAM at the fewest bytes that hold them', () => {
    // 15 thresholds and a head of 16 outputs: all fit 8 bits, though the drain reads words of 32.
    const { program } = compile(mlp([16, 16], 4), edgeDcim28nm);
    const loads = program.cores[0]?.instructions.flatMap((i) => (i.op === 'copy' ? [program.tensors[i.src]] : []));
    const records = loads?.find((t) => t?.role === 'parameters');
    expect(records?.widthBits).toBe(8);
    expect(program.constants.some((c) => c.bytes.length === 16 * 16)).toBe(true);
  });

  it('is off when asked', () => {
    expect(compile(mlp([16, 8], 2), edgeDcim28nm, { residency: 'off' }).steadyProgram).toBeNull();
  });
});

describe('streams of weights', () => {
  it('alternate planes, so that a write overlaps the computation before it', () => {
    const { program } = compile(mlp([256, 16], 2), teach8x8);
    const planes = program.cores[0]?.instructions.flatMap((i) =>
      i.op === 'ww' ? [program.arrays[i.tile]?.plane] : [],
    );
    expect(planes?.slice(0, 6)).toEqual([0, 1, 0, 1, 0, 1]);
  });

  it('one plane is slower than two', () => {
    const graph = mlp([512, 64], 4);
    const one = { ...teach8x8, capabilities: { ...teach8x8.capabilities, weightPlanes: false } };
    expect(simulate(compile(graph, one).program, one).cycles).toBeGreaterThan(
      simulate(compile(graph, teach8x8).program, teach8x8).cycles,
    );
  });
});

describe('memory', () => {
  it('keeps activations in the scratchpad while they fit', () => {
    const { report } = checkGraph(image([8, 16, 16], 16), edgeDcim28nm, seeded(4));
    const inner = report.tensors.filter((t) => !t.name.startsWith('input') && !t.name.startsWith('output'));
    expect(inner.every((t) => t.space === 'spad')).toBe(true);
  });

  it('spills to the buffer, then to DRAM, in stripes', () => {
    const small = withScratchpad(8192);
    const middle = checkGraph(image([8, 16, 16], 32), small, seeded(4)).report;
    expect(middle.tensors.some((t) => t.space === 'buffer')).toBe(true);
    expect(middle.layers.some((l) => l.tiles > 1)).toBe(true);
    const tiny = { ...small, buffer: { ...small.buffer, sizeBytes: 1024 } };
    const report = checkGraph(image([8, 16, 16], 32), tiny, seeded(4)).report;
    expect(report.tensors.some((t) => t.space === 'dram' && !t.name.includes('put '))).toBe(true);
  });

  it('says what does not fit, how much, and which knob', () => {
    const tiny = {
      ...teach8x8,
      core: { ...teach8x8.core, scratchpad: { ...teach8x8.core.scratchpad, sizeBytes: 64 } },
    };
    const error = ((): unknown => {
      try {
        compile(mlp([784, 64], 2), tiny);
      } catch (e) {
        return e;
      }
      return null;
    })();
    expect(error).toBeInstanceOf(CapacityError);
    if (!(error instanceof CapacityError)) return;
    expect(error.needed).toBeGreaterThan(error.available);
    expect(error.available).toBe(64);
    expect(error.knob).toBe('core.scratchpad.sizeBytes');
    expect(error.consumers[0]?.amount).toBe(196);
  });
});

describe('what cannot run', () => {
  it('is listed all at once, with node and constraint', () => {
    const b = new GraphBuilder('bad');
    const x = b.input('x', { element: int(16), shape: [1, 4] });
    const y = b.input('y', { element: int(24), shape: [1, 4] });
    const w = b.constant({ type: { element: int(8), shape: [4, 4] }, data: new Int32Array(16).fill(1) });
    const matmul = (v: string) => b.add('matmul', [v, w], { xZero: 0, wZero: Int32Array.of(0) });
    const g = b.finish([matmul(x), matmul(y)]);
    const eightBit = {
      ...edgeDcim28nm,
      core: { ...edgeDcim28nm.core, matrix: { ...edgeDcim28nm.core.matrix, inputBitsMax: 8 } },
    };
    const error = ((): unknown => {
      try {
        compile(g, eightBit);
      } catch (e) {
        return e;
      }
      return null;
    })();
    expect(error).toBeInstanceOf(UnsupportedError);
    if (!(error instanceof UnsupportedError)) return;
    expect(error.diagnostics.map((d) => d.message)).toEqual([
      'matmul: 16-bit inputs; the matrix unit takes at most 8 bits (core.matrix.inputBitsMax)',
      'matmul: 24-bit inputs; the matrix unit takes at most 8 bits (core.matrix.inputBitsMax)',
    ]);
  });

  it('includes sums that the accumulators could not hold', () => {
    const narrow = {
      ...edgeDcim28nm,
      core: { ...edgeDcim28nm.core, accumulators: { ...edgeDcim28nm.core.accumulators, widthBits: 24 as const } },
    };
    const b = new GraphBuilder('wide');
    const x = b.input('x', { element: int(8), shape: [1, 1024] });
    const w = b.constant({ type: { element: int(8), shape: [1024, 1] }, data: new Int32Array(1024).fill(127) });
    const g = b.finish([b.add('matmul', [x, w], { xZero: 0, wZero: Int32Array.of(0) })]);
    expect(() => compile(g, narrow)).toThrow(UnsupportedError);
    expect(compile(g, edgeDcim28nm).report.layers.some((l) => l.macs === 1024)).toBe(true);
  });
});

describe('the program', () => {
  it('is the same every time', () => {
    const graph = image([3, 8, 8], 20);
    expect(JSON.stringify(compile(graph, teach8x8).program)).toBe(JSON.stringify(compile(graph, teach8x8).program));
  });

  it("names every instruction's layer", () => {
    const { program } = compile(image([3, 8, 8], 20), teach8x8);
    const layers = program.symbols.layerOf[0] ?? [];
    expect(layers).toHaveLength(program.cores[0]?.instructions.length ?? 0);
    expect(layers.slice(0, -1).every((l) => l >= 0 && l < program.symbols.layers.length)).toBe(true);
  });

  it('explains each mapping', () => {
    const { report } = compile(mlp([784, 64], 2), edgeDcim28nm);
    const layer = report.layers.find((l) => l.macs > 0);
    expect(layer?.mapping?.chosenBecause).toMatch(/macros/);
    expect(layer).toMatchObject({ m: 1, k: 784, n: 64, macs: 784 * 64 });
  });
});

it('padding of a tensor in many pieces of memory copies it into one first', () => {
  const b = new GraphBuilder('pieces');
  const x = b.input('x', { element: int(8), shape: [2, 4, 7, 8] });
  const y = b.add('depth-to-space', [x], { block: 2, mode: 'DCR' });
  // Six axes: four of the pixels, and a guard each for images and channels. A descriptor has five.
  const graph = b.finish([b.add('pad', [y], { before: [1, 1, 0, 0], after: [0, 1, 0, 0], value: 3 })]);
  for (const machine of [edgeDcim28nm, teach8x8]) checkGraph(graph, machine, seeded(1));
});
