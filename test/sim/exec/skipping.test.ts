/** Zero skipping by hand: which steps are left of a few vectors, and the cycles and counts that follow from them. */
import { describe, expect, it } from 'vitest';
import { fullSteps } from '../../../isa/demand/skipping.ts';
import { parseMachine } from '../../../isa/machine/load.ts';
import { conventionalInt8 } from '../../../isa/machine/presets/conventional-int8.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { DigitalCim, Machine } from '../../../isa/machine/schema.ts';
import type { ArrayDescriptor, Coding } from '../../../isa/tensor.ts';
import { zeroStepsOf } from '../../../sim/exec/skipping.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { dense, program, tile } from '../../harness/program.ts';
import { ins, run } from './rig.ts';

/** teach-8x8 with four macros that skip zeros; the feed takes any vector in a cycle. */
function skipping(change: Partial<DigitalCim> = {}): Machine {
  const matrix = { ...teach8x8.core.matrix, macros: 4, feedBits: 1024, ...change } as DigitalCim;
  return {
    ...teach8x8,
    core: { ...teach8x8.core, matrix },
    capabilities: { ...teach8x8.capabilities, zeroSkipping: true },
  };
}

interface Case {
  readonly vectors: readonly (readonly number[])[];
  readonly bits?: number;
  readonly coding?: Coding;
  readonly tile?: Partial<ArrayDescriptor>;
  readonly machine?: Machine;
}

/** Runs one multiply of the vectors with one column of 1-bit weights, all one, with data and then in time. */
function multiply({ vectors, bits = 4, coding = 'unsigned', tile: change = {}, machine = skipping() }: Case) {
  const k = vectors[0]!.length;
  const tensors = [
    dense('spad', 0, bits, [vectors.length, k], { coding }),
    dense('spad', 256, 1, [k, 1], { role: 'weights' }),
    dense('acc', 0, 32, [vectors.length, 1], { coding: 'signed' }),
  ];
  const arrays = [tile(k, 1, 1, { weightCoding: 'unsigned', ...change })];
  const instructions = [ins('ww', { src: 1, tile: 0 }), ins('mm', { dst: 2, src: 0, tile: 0, kdims: 1 })];
  const given = { 0: vectors.flat(), 1: new Array<number>(k).fill(1) };
  const ran = run({ machine, tensors, arrays, given, instructions, options: { statistics: true } });
  const { zeroSteps } = ran.statistics!.layer(-1);
  const timed = (m: Machine) =>
    simulate(program({ tensors, arrays, instructions: [instructions[1]!, ins('halt')] }), m, {
      warmCode: true,
      zeroSteps: zeroStepsOf([ran.statistics!.layers]),
    });
  const off = { ...machine, capabilities: { ...machine.capabilities, zeroSkipping: false } };
  return { sums: ran.codes(2), zeroSteps, result: timed(machine), unskipped: timed(off) };
}

const eight = (code: number) => new Array<number>(8).fill(code);
/** Matrix cycles without the plane swap of 1. */
const steps = (r: ReturnType<typeof multiply>) => r.result.causes.matrix! - 1;

describe('steps that are left', () => {
  it('1, 9, 0 and 15 take 1, 2, 1 (never none) and 4 of 4 steps: 8 cycles of 16, and half of every count of steps', () => {
    const vectors = [[0, 0, 1, 0, 1, 0, 0, 0], [8, 0, 0, 0, 0, 0, 0, 1], eight(0), eight(15)];
    const r = multiply({ vectors });
    expect(r.zeroSteps).toEqual([{ full: 4, replicas: 1, groups: [0, 2, 1, 0, 1] }]);
    expect(steps(r)).toBe(8);
    expect(r.unskipped.causes.matrix).toBe(1 + 16);
    expect(r.sums).toEqual([2, 9, 0, 120]);
    for (const action of ['mac.bit', 'array.adderBit', 'array.inputBit', 'array.shiftAdd', 'array.macroCycle'] as const)
      expect(r.result.actions[action], action).toBe(r.unskipped.actions[action] / 2);
    expect(r.result.actions['acc.writeBit']).toBe(r.unskipped.actions['acc.writeBit']);
    expect(r.result.actions['spad.readBit']).toBe(r.unskipped.actions['spad.readBit']);
  });

  it('signed -1 has a one in every plane; ternary -1 in both', () => {
    expect(steps(multiply({ vectors: [[-1, 0, 0, 0, 0, 0, 0, 0]], coding: 'signed' }))).toBe(4);
    expect(steps(multiply({ vectors: [[0, 2, 0, 0, 0, 0, 0, 4]], coding: 'signed' }))).toBe(2);
    const ternary = multiply({ vectors: [eight(1), [-1, 0, 0, 0, 0, 0, 0, 1]], coding: 'ternary', bits: 2 });
    expect(ternary.zeroSteps).toEqual([{ full: 2, replicas: 1, groups: [0, 1, 1] }]);
    expect(ternary.sums).toEqual([8, 0]);
  });

  it('two input bits a cycle are skipped together: 4 = 01 00 leaves one step of two, 5 = 01 01 both', () => {
    const machine = skipping({ inputBitsPerCycle: 2 });
    expect(multiply({ vectors: [eight(4), eight(5)], machine }).zeroSteps).toEqual([
      { full: 2, replicas: 1, groups: [0, 1, 1] },
    ]);
  });

  it('row groups skip each for itself: 1 in the first four rows and 2 in the others leave 2 of 8 steps', () => {
    const machine = skipping({ rowsAtOnce: 4 });
    expect(fullSteps(machine.core.matrix as DigitalCim, 4, 8)).toBe(8);
    const r = multiply({ vectors: [[1, 1, 1, 1, 2, 2, 2, 2]], machine });
    expect(r.zeroSteps).toEqual([{ full: 8, replicas: 1, groups: [0, 0, 1, 0, 0, 0, 0, 0, 0] }]);
    expect(steps(r)).toBe(2);
  });

  it('columns that share a tree take every step that is left once for each', () => {
    expect(steps(multiply({ vectors: [eight(9)], machine: skipping({ columnMux: 2 }) }))).toBe(2 * 2);
  });
});

describe('lockstep', () => {
  it('macros of a K grid wait for the one with most steps: 1 and 7 take 3, where one macro of all 8 rows takes 3 too, and 1 and 6 take 2 instead of 3', () => {
    const grid = (high: number) => ({ vectors: [[1, 1, 1, 1, high, high, high, high]], tile: { gridK: 2 } });
    expect(steps(multiply(grid(7)))).toBe(3);
    expect(steps(multiply(grid(6)))).toBe(2);
    expect(steps(multiply({ ...grid(6), tile: {} }))).toBe(3);
  });

  it('replicas wait for the slowest vector of their group: (1, 3), (15, 0) and 1 alone take 2, 4 and 1', () => {
    const vectors = [eight(1), eight(3), eight(15), eight(0), eight(1)];
    const r = multiply({ vectors, tile: { replicas: 2 } });
    expect(r.zeroSteps).toEqual([{ full: 4, replicas: 2, groups: [0, 1, 1, 0, 1] }]);
    expect(steps(r)).toBe(7);
    expect(r.unskipped.causes.matrix).toBe(1 + 12);
  });
});

describe('limits', () => {
  it('a feed of 3 cycles a vector limits those that take fewer steps: 3 + 3 + 4 instead of 1 + 2 + 4', () => {
    const vectors = [eight(1), eight(3), eight(15)];
    expect(steps(multiply({ vectors }))).toBe(7);
    expect(steps(multiply({ vectors, machine: skipping({ feedBits: 11 }) }))).toBe(10);
  });

  it('bipolar inputs have no zeros: nothing is counted, and nothing skipped', () => {
    const r = multiply({ vectors: [eight(-1), eight(1)], coding: 'bipolar', bits: 1 });
    expect(r.zeroSteps).toEqual([]);
    expect(r.result.cycles).toBe(r.unskipped.cycles);
    expect(r.sums).toEqual([-8, 8]);
  });

  it('a tile that was not measured is refused, not taken for another', () => {
    const machine = skipping();
    const tensors = [dense('spad', 0, 4, [1, 8]), dense('acc', 0, 32, [1, 1])];
    const instructions = [ins('mm', { dst: 1, src: 0, tile: 0, kdims: 1 }), ins('halt')];
    const zeroSteps = new Map([[-1, [{ full: 8, replicas: 1, groups: [0, 1, 0, 0, 0, 0, 0, 0, 0] }]]]);
    expect(() => simulate(program({ tensors, arrays: [tile(8, 1, 1)], instructions }), machine, { zeroSteps })).toThrow(
      expect.objectContaining({ code: 'E-SKIP-STATISTICS' }),
    );
  });

  it('a machine whose unit is not bit-serial may not claim it', () => {
    const capabilities = { ...conventionalInt8.capabilities, zeroSkipping: true };
    const text = JSON.stringify({ ...conventionalInt8, capabilities });
    expect(() => parseMachine(text, { fileName: 'm.json', format: 'json' })).toThrow(
      expect.objectContaining({
        diagnostics: [expect.objectContaining({ where: 'capabilities.zeroSkipping' })],
      }),
    );
  });
});
