/** Values of analog arrays: exact where nothing deviates, by hand where one thing does, the same again from the same seed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import type { Graph } from '../../../compiler/graph/types.ts';
import { matmulDemand } from '../../../isa/demand/matrix.ts';
import { parseMachine } from '../../../isa/machine/load.ts';
import type { AnalogCim, Machine } from '../../../isa/machine/schema.ts';
import { AnalogArrays, buildAnalog, resolvesEverySum } from '../../../sim/exec/analog.ts';
import { Panel } from '../../../sim/exec/arrays.ts';
import { execute } from '../../../sim/exec/execute.ts';
import { analogMachine, IDEAL } from '../../harness/analog.ts';
import { checkGraph, mismatches, randomInputs, seeded } from '../../harness/differential.ts';
import { randomGraph } from '../../harness/random-graphs.ts';

const matrixOf = (m: Machine) => m.core.matrix as AnalogCim;

/** One column of one macro: what the conversions deviate by for K inputs and weights. */
function deviation(
  matrix: AnalogCim,
  x: number[],
  w: number[],
  bits: { input: number; weight: number },
  seed = 1,
): number {
  const out = new Float64Array(1);
  const tile = {
    firstMacro: 0,
    gridK: 1,
    gridN: 1,
    replicas: 1,
    rowStart: 0,
    columnStart: 0,
    plane: 0,
    kStart: 0,
    kCount: x.length,
    nCount: 1,
    weightBits: bits.weight,
    weightCoding: 'unsigned' as const,
  };
  const panel = new Panel(Int32Array.from(w), w.length, 0);
  const block = {
    tile,
    panel,
    coding: 'unsigned' as const,
    inputBits: bits.input,
    x: Int32Array.from(x),
    stride: x.length,
    rows: 1,
    first: 0,
  };
  new AnalogArrays(matrix, seed).deviate(0, block, out, 0);
  return out[0]!;
}

describe('exact where nothing deviates', () => {
  it("random graphs give the interpreter's bits, with and without the analog path", () => {
    for (const [seed, machine] of [1, 2, 3, 4, 5, 6, 7, 8].flatMap((s) =>
      [analogMachine(), analogMachine({ cellBits: 1, dacBits: 1, adcBits: 8, adcFullScale: 64 })].map(
        (m) => [s, m] as const,
      ),
    )) {
      const graph = randomGraph(seed);
      const { program } = checkGraph(graph, machine, seeded(seed));
      const inputs = randomInputs(graph, seeded(seed + 50));
      const { outputs } = execute(program, machine, inputs, { analog: new AnalogArrays(matrixOf(machine), 9) });
      expect(mismatches(interpret(graph, inputs), outputs), `graph ${seed}`).toEqual([]);
    }
  }, 60_000);
});

describe('arrays as designed', () => {
  const zeros = fc.record({
    cellBits: fc.constantFrom(1, 2, 4),
    dacBits: fc.constantFrom(1, 2, 4),
    rowsAtOnce: fc.constantFrom(16, 32, 128),
    adcBits: fc.integer({ min: 2, max: 8 }),
    share: fc.constantFrom(1, 2, 8),
  });
  const machineOf = ({
    share,
    ...matrix
  }: {
    cellBits: number;
    dacBits: number;
    rowsAtOnce: number;
    adcBits: number;
    share: number;
  }) => {
    const top = matrix.rowsAtOnce * (2 ** matrix.dacBits - 1) * (2 ** matrix.cellBits - 1);
    return analogMachine({ ...matrix, adcFullScale: Math.ceil(top / share) });
  };

  it('noisy with all non-idealities zero gives what exact gives, whatever the seed, and both are repeatable', () => {
    let changed = 0;
    fc.assert(
      fc.property(zeros, fc.nat(1e6), (fields, seed) => {
        const machine = machineOf(fields);
        const graph = network();
        const { program } = compile(graph, machine);
        const inputs = randomInputs(graph, seeded(seed));
        const outputs = (analog: AnalogArrays | undefined) =>
          [...execute(program, machine, inputs, analog === undefined ? {} : { analog }).outputs].map(([n, v]) => [
            n,
            ...v,
          ]);
        const exact = outputs(buildAnalog(machine, 'exact', 1));
        expect(outputs(buildAnalog(machine, 'noisy', seed))).toEqual(exact);
        expect(outputs(new AnalogArrays(matrixOf(machine), seed))).toEqual(exact);
        if (JSON.stringify(outputs(undefined)) === JSON.stringify(exact)) return;
        expect(resolvesEverySum(matrixOf(machine))).toBe(false);
        changed += 1;
      }),
      { numRuns: 40, seed: 7 },
    );
    // Most of these ADCs quantize or clip, so the law does not hold merely because nothing happens.
    expect(changed).toBeGreaterThan(10);
  });
  it('an ADC that resolves every sum needs no analog arithmetic; one bit fewer, or full scale below the largest sum, does', () => {
    const wide = { cellBits: 1, dacBits: 1, rowsAtOnce: 64 };
    expect(buildAnalog(analogMachine({ ...wide, adcBits: 7, adcFullScale: 64 }), 'noisy', 1)).toBeUndefined();
    expect(buildAnalog(analogMachine({ ...wide, adcBits: 6, adcFullScale: 64 }), 'exact', 1)).toBeDefined();
    expect(buildAnalog(analogMachine({ ...wide, adcBits: 7, adcFullScale: 63 }), 'exact', 1)).toBeDefined();
  });
  it('exact leaves out what is random, and keeps what the ADC does', () => {
    const nonIdealities = { ...IDEAL, stuckAtZero: 1 };
    const machine = analogMachine({ cellBits: 1, dacBits: 1, adcBits: 7, adcFullScale: 64, nonIdealities });
    expect(buildAnalog(machine, 'exact', 1)).toBeUndefined();
    expect(buildAnalog(machine, 'noisy', 1)).toBeDefined();
  });
});

describe('one deviation at a time, by hand', () => {
  const one = matrixOf(analogMachine({ cellBits: 1, dacBits: 1, rowsAtOnce: 8, rows: 8, adcBits: 8, adcFullScale: 8 }));
  const ones = Array.from({ length: 8 }, () => 1);

  it('clips at full scale: 8 products read as 6', () => {
    expect(deviation({ ...one, adcBits: 3, adcFullScale: 6 }, ones, ones, { input: 1, weight: 1 })).toBe(-2);
  });
  it('quantizes: steps of 8/3 read 8 as 8, 4 as 5 (code 2 of 3, 5.33) and 1 as 0', () => {
    const coarse = { ...one, adcBits: 2 };
    const count = (n: number) => ones.map((_, i) => (i < n ? 1 : 0));
    expect(deviation(coarse, count(8), ones, { input: 1, weight: 1 })).toBe(0);
    expect(deviation(coarse, count(4), ones, { input: 1, weight: 1 })).toBe(1);
    expect(deviation(coarse, count(1), ones, { input: 1, weight: 1 })).toBe(-1);
  });
  it('converts each input bit and weight slice at its place value', () => {
    // 3 x 3 on eight rows: four conversions of 8, each read as 6; places 1, 2, 2 and 4.
    const x = ones.map(() => 3);
    expect(deviation({ ...one, adcBits: 3, adcFullScale: 6 }, x, x, { input: 2, weight: 2 })).toBe(
      -2 * (1 + 2 + 2 + 4),
    );
  });
  it('sums as many rows as are driven at once: two groups of 4 do not clip at 4', () => {
    expect(deviation({ ...one, adcBits: 3, adcFullScale: 4 }, ones, ones, { input: 1, weight: 1 })).toBe(-4);
    expect(deviation({ ...one, rowsAtOnce: 4, adcBits: 3, adcFullScale: 4 }, ones, ones, { input: 1, weight: 1 })).toBe(
      0,
    );
  });
  it('stuck cells: all at zero lose everything, all at the top read zeros as ones', () => {
    const zeros = ones.map(() => 0);
    const stuck = (stuckAtZero: number, stuckAtTop: number) => ({
      ...one,
      nonIdealities: { ...IDEAL, stuckAtZero, stuckAtTop },
    });
    expect(deviation(stuck(1, 0), ones, ones, { input: 1, weight: 1 })).toBe(-8);
    expect(deviation(stuck(0, 1), ones, zeros, { input: 1, weight: 1 })).toBe(8);
  });
  it('read noise and offsets have the stated deviation, in steps', () => {
    const noisy = {
      ...one,
      rows: 128,
      rowsAtOnce: 128,
      adcBits: 12,
      adcFullScale: 4095,
      nonIdealities: { ...IDEAL, readNoiseSteps: 20 },
    };
    const x = Array.from({ length: 128 }, () => 1);
    const found = Array.from({ length: 400 }, (_, seed) => deviation(noisy, x, x, { input: 1, weight: 1 }, seed));
    const mean = found.reduce((s, v) => s + v, 0) / found.length;
    const sigma = Math.sqrt(found.reduce((s, v) => s + (v - mean) ** 2, 0) / found.length);
    expect(Math.abs(mean)).toBeLessThan(3);
    expect(sigma).toBeGreaterThan(18);
    expect(sigma).toBeLessThan(22);
  });
  it('cell variation grows with the root of the rows', () => {
    const varied = {
      ...one,
      rows: 128,
      rowsAtOnce: 128,
      adcBits: 16,
      adcFullScale: 65535,
      nonIdealities: { ...IDEAL, cellSigma: 0.5 },
    };
    const x = Array.from({ length: 128 }, () => 1);
    const found = Array.from({ length: 300 }, (_, seed) => deviation(varied, x, x, { input: 1, weight: 1 }, seed));
    const sigma = Math.sqrt(found.reduce((s, v) => s + v * v, 0) / found.length);
    expect(sigma / (0.5 * Math.sqrt(128))).toBeGreaterThan(0.9);
    expect(sigma / (0.5 * Math.sqrt(128))).toBeLessThan(1.1);
  });
});

/** x [4, 96] of 4 bits times random 4-bit weights [96, 16]. */
function network(): Graph {
  const builder = new GraphBuilder('one matmul');
  const random = seeded(5);
  const x = builder.input('x', { element: { kind: 'int', bits: 4, coding: 'unsigned' }, shape: [4, 96] });
  const w = builder.constant({
    type: { element: { kind: 'int', bits: 4, coding: 'signed' }, shape: [96, 16] },
    data: Int32Array.from({ length: 96 * 16 }, () => Math.floor(random() * 16) - 8),
  });
  return builder.finish([builder.add('matmul', [x, w], { xZero: 0, wZero: Int32Array.of(0) })]);
}

describe('from the seed', () => {
  const machine = analogMachine({
    adcBits: 6,
    nonIdealities: { ...IDEAL, cellSigma: 0.1, readNoiseSteps: 0.5, adcOffsetSteps: 0.3 },
  });
  const graph = network();
  const { program } = compile(graph, machine);
  const inputs = randomInputs(graph, seeded(4));
  const run = (seed: number) =>
    [...execute(program, machine, inputs, { analog: buildAnalog(machine, 'noisy', seed)! }).outputs].map(([n, v]) => [
      n,
      [...v],
    ]);

  it('the same seed gives the same values, another one others', () => {
    expect(run(1)).toEqual(run(1));
    const different = [2, 3, 4, 5].filter((s) => JSON.stringify(run(s)) !== JSON.stringify(run(1)));
    expect(different.length).toBeGreaterThan(0);
  });
});

describe('time', () => {
  const shape = { m: 1, k: 128, n: 128, weightBits: 1, gridK: 1, gridN: 1, replicas: 1, accumulate: false };

  it("pimsim-nn's sample crossbar: 128x128, 30 ns array, 2 ADCs of 10 cycles, 1-bit DACs: 5168 cycles for 8-bit inputs, 2600 for 4-bit", () => {
    const sample = analogMachine({
      macros: 1,
      cellBits: 1,
      rowsAtOnce: 128,
      dacBits: 1,
      inputBufferCycles: 1,
      dacCycles: 0,
      settleCycles: 30,
      holdCycles: 1,
      adcCycles: 10,
      shiftAddCycles: 1,
      outputBufferCycles: 1,
      columnsPerAdc: 64,
      planeSwapCycles: 0,
      feedBits: 4096,
    });
    for (const [inputBits, cycles] of [
      [8, 5168],
      [4, 2600],
    ] as const) {
      const d = matmulDemand({ ...shape, inputBits, uniqueInputBits: 128 * inputBits }, sample);
      expect(d.busyCycles + d.latencyCycles).toBe(cycles);
    }
  });
  it('counts cells, DACs and conversions', () => {
    const d = matmulDemand(
      { ...shape, m: 3, inputBits: 4, weightBits: 4, uniqueInputBits: 3 * 512 },
      analogMachine({ columns: 256 }),
    );
    // 2 passes of 2 bits, 2 groups of 64 rows, 2 cells a weight.
    expect(d.actions).toMatchObject({
      'analog.cell': 3 * 128 * 128 * 2 * 2,
      'analog.dac': 3 * 128 * 2,
      'analog.adc': 3 * 128 * 2 * 2 * 2,
      'array.shiftAdd': 3 * 128 * 8,
    });
  });
});

describe('the description', () => {
  it('is checked: full scale, rows at once, cells of a weight', () => {
    const text = JSON.stringify(analogMachine({ adcFullScale: 600, rowsAtOnce: 60, columns: 3, dacBits: 2 }));
    expect(() => parseMachine(text, { fileName: 'm.json', format: 'json' })).toThrow();
    try {
      parseMachine(text, { fileName: 'm.json', format: 'json' });
    } catch (error) {
      const paths = (error as { diagnostics: { where: string }[] }).diagnostics.map((d) => d.where);
      expect(paths.join()).toContain('adcFullScale');
      expect(paths.join()).toContain('rowsAtOnce');
      expect(paths.join()).toContain('weightBitsMax');
    }
  });
});
