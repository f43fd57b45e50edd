/** Matrix and weight-write demand against forms worked out by hand; src/validate holds systolic folds against SCALE-Sim. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arrayCycles,
  bitSerialSteps,
  busyCells,
  type MatmulShape,
  matmulDemand,
  weightWriteDemand,
} from '../../../isa/demand/matrix.ts';
import { matrixGeometry } from '../../../isa/machine/geometry.ts';
import { conventionalInt8 } from '../../../isa/machine/presets/conventional-int8.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { DigitalCim, Machine, Systolic } from '../../../isa/machine/schema.ts';

const shape = (s: Partial<MatmulShape>): MatmulShape => ({
  m: 1,
  k: 8,
  n: 1,
  inputBits: 4,
  weightBits: 8,
  gridK: 1,
  gridN: 1,
  replicas: 1,
  accumulate: false,
  uniqueInputBits: (s.m ?? 1) * (s.k ?? 8) * (s.inputBits ?? 4),
  ...s,
});

function withMatrix<K extends 'digital-cim' | 'systolic'>(
  machine: Machine,
  kind: K,
  change: Partial<Extract<DigitalCim | Systolic, { kind: K }>>,
): Machine {
  const { matrix } = machine.core;
  if (matrix.kind !== kind) throw new Error(`${machine.name} is not ${kind}`);
  return { ...machine, core: { ...machine.core, matrix: { ...matrix, ...change } as DigitalCim | Systolic } };
}

describe('digital CIM', () => {
  it('one vector: swap 1 + 4 input bits; pipeline 2; 32 input and 64 product bits times 4', () => {
    const d = matmulDemand(shape({}), teach8x8);
    expect(d).toMatchObject({ busyCycles: 5, latencyCycles: 2, spadWords: 1, accWords: 1, boundBy: 'array' });
    expect(d.actions).toMatchObject({
      'mac.bit': 8 * 4 * 8,
      'array.adderBit': 256,
      'array.inputBit': 32,
      'array.shiftAdd': 4 * 8,
      'array.macroAdd': 0,
      'array.macroCycle': 4,
      'spad.readBit': 32,
      'acc.writeBit': 32,
    });
  });

  it('busy = swap + (M - 1) II + S with II = S when nothing else is slower', () => {
    expect(matmulDemand(shape({ m: 10 }), teach8x8).busyCycles).toBe(1 + 9 * 4 + 4);
  });

  it('II is the feed where the input network is narrower than the array is fast', () => {
    const narrow = withMatrix(teach8x8, 'digital-cim', { feedBits: 4 });
    const d = matmulDemand(shape({ m: 10 }), narrow);
    expect(d).toMatchObject({ busyCycles: 1 + 9 * 8 + 8, boundBy: 'feed' });
  });

  it('II is the accumulator ports: 8 outputs of 32 bits take one word, twice that when they accumulate', () => {
    const one = { m: 10, n: 8, inputBits: 1, weightBits: 1 };
    const { core } = teach8x8;
    const oneBank = { ...teach8x8, core: { ...core, accumulators: { ...core.accumulators, banks: 1 } } };
    expect(matmulDemand(shape(one), oneBank)).toMatchObject({ busyCycles: 1 + 9 + 1, accWords: 10 });
    expect(matmulDemand(shape({ ...one, accumulate: true }), oneBank)).toMatchObject({
      busyCycles: 1 + 9 * 2 + 1,
      accWords: 20,
      boundBy: 'accumulator port',
    });
    // Of two banks, one is read while the other is written.
    expect(matmulDemand(shape({ ...one, accumulate: true }), teach8x8)).toMatchObject({
      busyCycles: 1 + 9 + 1,
      accWords: 20,
      boundBy: 'array',
    });
  });

  it('a word of accumulators is not shared by two vectors', () => {
    const d = matmulDemand(shape({ m: 4, n: 9, weightBits: 1, inputBits: 1 }), teach8x8);
    expect(d.accWords).toBe(8);
  });

  it('S counts input steps, row groups and columns per tree', () => {
    const { matrix } = edgeDcim28nm.core;
    if (matrix.kind !== 'digital-cim') throw new Error('preset changed');
    expect(bitSerialSteps(matrix, 8, 256)).toBe(8);
    expect(bitSerialSteps({ ...matrix, rowsAtOnce: 64 }, 8, 256)).toBe(32);
    expect(bitSerialSteps({ ...matrix, inputBitsPerCycle: 3 }, 8, 256)).toBe(3);
    expect(bitSerialSteps({ ...matrix, columnMux: 4 }, 2, 100)).toBe(8);
  });

  it('a K grid adds levels of macro adders to the latency, not to the interval', () => {
    const wide = shape({ m: 8, k: 4096, n: 32, inputBits: 4, weightBits: 4, gridK: 16 });
    expect(matmulDemand(wide, edgeDcim28nm)).toMatchObject({ busyCycles: 1 + 7 * 4 + 4, latencyCycles: 4 + 2 });
    const two = withMatrix(edgeDcim28nm, 'digital-cim', { macroAdder: { fanIn: 4, latencyCycles: 3 } });
    expect(matmulDemand(wide, two).latencyCycles).toBe(4 + 2 * 3);
  });

  it('replicas share the vectors', () => {
    expect(matmulDemand(shape({ m: 10, replicas: 4 }), teach8x8).busyCycles).toBe(1 + 2 * 4 + 4);
  });

  it('the same accumulator rows again: + max(0, L - M II) after busy', () => {
    const deep = withMatrix(teach8x8, 'digital-cim', { pipelineCycles: 20 });
    const d = matmulDemand(shape({ m: 3, accumulate: true }), deep);
    expect(d.reaccumulateCycles).toBe(d.busyCycles + 20 - 3 * 4);
    expect(matmulDemand(shape({ m: 30 }), deep).reaccumulateCycles).toBe(1 + 29 * 4 + 4);
  });

  it('with a window buffer overlapping windows are read from the scratchpad once', () => {
    const d = matmulDemand(shape({ m: 100, k: 72, inputBits: 2, uniqueInputBits: 1000 }), edgeDcim28nm);
    expect(d.actions).toMatchObject({
      'spad.readBit': 1000,
      'window.writeBit': 1000,
      'window.readBit': 14400,
    });
    expect(matmulDemand(shape({ m: 100, uniqueInputBits: 1000 }), teach8x8).actions['spad.readBit']).toBe(3200);
  });

  it('clocks the macros of its grid while they compute, and no others', () => {
    const grid = shape({ m: 10, k: 300, n: 64, inputBits: 4, gridK: 2, gridN: 2, replicas: 4 });
    const d = matmulDemand(grid, edgeDcim28nm);
    expect(d.actions['array.macroCycle']).toBe(10 * 4 * 2 * 2);
    expect(d.busyCycles).toBe(1 + 3 * 4);
  });

  it('no vectors cost the swap alone', () => {
    expect(matmulDemand(shape({ m: 0, uniqueInputBits: 0 }), teach8x8)).toMatchObject({ busyCycles: 1, accWords: 0 });
  });

  it('a free array boundary leaves the array steps', () => {
    const narrow = withMatrix(teach8x8, 'digital-cim', { feedBits: 4 });
    expect(matmulDemand(shape({ m: 10 }), narrow, true)).toMatchObject({ busyCycles: 41, spadWords: 0, accWords: 0 });
  });

  it('is monotone in M, K, N and widths', () => {
    const small = fc.integer({ min: 1, max: 40 });
    const grow = fc.constantFrom('m', 'k', 'n', 'inputBits', 'weightBits') as fc.Arbitrary<'m' | 'k' | 'n'>;
    fc.assert(
      fc.property(fc.record({ m: small, k: small, n: small }), grow, fc.boolean(), (dims, axis, accumulate) => {
        const before = shape({ ...dims, accumulate });
        const after = { ...before, [axis]: before[axis] + 1 };
        const whole = (s: MatmulShape) =>
          matmulDemand({ ...s, uniqueInputBits: s.m * s.k * s.inputBits }, teach8x8).busyCycles;
        expect(whole(after)).toBeGreaterThanOrEqual(whole(before));
      }),
    );
  });
});

describe('weight write', () => {
  it('rows times words of a row: 8 rows of 8 bits through an 8-bit port take 8 cycles', () => {
    expect(weightWriteDemand({ k: 8, n: 1, weightBits: 8, gridK: 1, gridN: 1 }, teach8x8)).toEqual({
      cycles: 8,
      actions: { 'array.writeBit': 64 },
    });
  });
  it('each replica is written into its own cells, at the same time', () => {
    const one = weightWriteDemand({ k: 8, n: 1, weightBits: 8, gridK: 1, gridN: 1 }, edgeDcim28nm);
    const three = weightWriteDemand({ k: 8, n: 1, weightBits: 8, gridK: 1, gridN: 1, replicas: 3 }, edgeDcim28nm);
    expect(three).toEqual({ cycles: one.cycles, actions: { 'array.writeBit': 3 * 64 } });
  });
  it('a slow port takes several words a row, a grid of N its columns one after the other', () => {
    const slow = withMatrix(teach8x8, 'digital-cim', { writeBits: 3, writeRowCycles: 2 });
    expect(weightWriteDemand({ k: 5, n: 8, weightBits: 1, gridK: 1, gridN: 1 }, slow).cycles).toBe(5 * 3 * 2);
    expect(weightWriteDemand({ k: 5, n: 8, weightBits: 1, gridK: 1, gridN: 2 }, slow).cycles).toBe(5 * 2 * 2 * 2);
  });
  it('a systolic array takes one row a cycle, or as many bits as its edge is wide', () => {
    const full = { k: 64, n: 64, weightBits: 8, gridK: 1, gridN: 1 };
    expect(weightWriteDemand(full, conventionalInt8).cycles).toBe(64);
    const thin = withMatrix(conventionalInt8, 'systolic', { writeBits: 128 });
    expect(weightWriteDemand(full, thin).cycles).toBe(256);
  });
});

describe('systolic array', () => {
  const full = shape({ m: 100, k: 64, n: 64, inputBits: 8 });

  it('counts multiply-accumulates, and their partial products at the widths in use', () => {
    const { actions } = matmulDemand({ ...full, inputBits: 4, weightBits: 2 }, conventionalInt8);
    expect(actions['systolic.mac']).toBe(100 * 64 * 64);
    expect(actions['systolic.productBit']).toBe(100 * 64 * 64 * 4 * 2);
  });

  it('weight stationary: set-up, one vector a cycle, skew R + C - 2 until the last result', () => {
    expect(matmulDemand(full, conventionalInt8)).toMatchObject({ busyCycles: 4 + 100, latencyCycles: 126 });
  });

  it('load + stream + skew of one fold are the fold form 2R + C + T - 2 that SCALE-Sim reports, but for the set-up', () => {
    const fast = withMatrix(conventionalInt8, 'systolic', { setupCycles: 0 });
    const { busyCycles, latencyCycles } = matmulDemand(full, fast);
    const load = weightWriteDemand(full, fast).cycles;
    expect(load + busyCycles + latencyCycles).toBe(2 * 64 + 64 + 100 - 2);
  });

  it('output and input stationary, exposed: two folds of R + C + T - 2, and of R more for loading', () => {
    for (const [dataflow, cycles, overlappedCycles] of [
      ['output-stationary', 2 * (64 + 64 + 64 - 2), 2 * 64],
      ['input-stationary', 2 * (2 * 64 + 64 + 64 - 2), 64 + 2 * 64],
    ] as const) {
      const serial = withMatrix(conventionalInt8, 'systolic', { setupCycles: 0, dataflow, preload: 'exposed' });
      const { busyCycles, latencyCycles } = matmulDemand(full, serial);
      expect(busyCycles + latencyCycles).toBe(cycles);
      const overlapped = withMatrix(serial, 'systolic', { preload: 'overlapped' });
      expect(matmulDemand(full, overlapped).busyCycles).toBe(overlappedCycles);
    }
  });
});

describe('the least cycles of counted work', () => {
  it('by hand: 27 rows by 16 outputs leave a 64 x 64 array one vector a cycle, however few of its PEs multiply', () => {
    const { matrix } = conventionalInt8.core;
    const { actions } = matmulDemand(shape({ m: 100, k: 27, n: 16, inputBits: 8 }), conventionalInt8);
    expect(arrayCycles(actions, matrix, busyCells(matrix, 27, 16, 8, 8))).toBe(100);
    expect(arrayCycles(actions, matrix)).toBe((100 * 27 * 16) / (64 * 64));
  });

  it('by hand: on 16 macros of 256 x 256 cells, 20 outputs of 8 bits and 150 rows take 8 steps a vector on one macro', () => {
    const { matrix } = edgeDcim28nm.core;
    const { actions } = matmulDemand(shape({ m: 64, k: 150, n: 20, inputBits: 8 }), edgeDcim28nm);
    expect(arrayCycles(actions, matrix, busyCells(matrix, 150, 20, 8, 8))).toBe((64 * 8) / 16);
    expect(arrayCycles(actions, matrix)).toBe((64 * 8 * (150 / 256) * (160 / 256)) / 16);
  });

  it('is never more than what an instruction takes, on each kind of unit, and never less than with every cell busy', () => {
    const machines = [edgeDcim28nm, teach8x8, conventionalInt8, PRESETS['jia-65nm']!];
    const some = fc.record({
      machine: fc.constantFrom(...machines),
      m: fc.integer({ min: 1, max: 300 }),
      kShare: fc.double({ min: 0.001, max: 1, noNaN: true }),
      nShare: fc.double({ min: 0.001, max: 1, noNaN: true }),
      inputBits: fc.integer({ min: 1, max: 8 }),
      weightBits: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(some, ({ machine, m, kShare, nShare, inputBits, weightBits }) => {
        const { matrix } = machine.core;
        const { rows, columns, macros, columnsPerWeight } = matrixGeometry(matrix);
        const k = Math.ceil(rows * kShare);
        const n = Math.ceil(Math.floor(columns / columnsPerWeight(weightBits)) * nShare);
        const { busyCycles, actions } = matmulDemand(
          shape({ m, k, n, inputBits, weightBits, replicas: macros }),
          machine,
        );
        const least = arrayCycles(actions, matrix, busyCells(matrix, k, n, inputBits, weightBits));
        expect(least).toBeLessThanOrEqual(busyCycles + 1e-9);
        expect(least).toBeGreaterThanOrEqual(arrayCycles(actions, matrix) - 1e-9);
      }),
      { numRuns: 500 },
    );
  });
});
