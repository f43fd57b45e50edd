import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../isa/base/random.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { type ArrayDescriptor, type Coding, codeRange } from '../../../isa/tensor.ts';
import { Panel } from '../../../sim/exec/arrays.ts';
import { DotKernel } from '../../../sim/exec/dot.ts';
import { tile } from '../../harness/program.ts';
import { acc, get, ins, run, spad, walking } from './rig.ts';

const multiply = [ins('ww', { tile: 0, src: 1 }), ins('mm', { dst: 2, src: 0, tile: 0, kdims: 1 })];

describe('mm', () => {
  it('multiplies 2 x 3 by 3 x 2 raw codes', () => {
    const r = run({
      tensors: [spad(0, 4, [2, 3]), spad(64, 4, [3, 2]), acc(0, [2, 2])],
      arrays: [tile(3, 2, 4)],
      given: { 0: [1, -2, 3, 4, 5, -6], 1: [1, 2, 3, 4, -5, -6] },
      instructions: multiply,
    });
    // rows (1,-2,3) and (4,5,-6) by columns (1,3,-5) and (2,4,-6)
    expect(r.codes(2)).toEqual([1 - 6 - 15, 2 - 8 - 18, 4 + 15 + 30, 8 + 20 + 36]);
  });

  it('multiplies bipolar by ternary, and clipped rows of a bipolar window add nothing', () => {
    const x = {
      ...spad(0, 1, [3], 'bipolar'),
      axes: [{ extent: 3, stride: 1, modulo: 0, origin: -1 }],
      dims: [
        { count: 3, axis: 0, step: 1 },
        { count: 3, axis: 0, step: 1 },
      ],
    };
    const r = run({
      tensors: [x, spad(64, 2, [3, 1], 'ternary'), acc(0, [3, 1])],
      arrays: [tile(3, 1, 2, { weightCoding: 'ternary' })],
      given: { 0: [1, -1, -1], 1: [1, -1, 1] },
      instructions: multiply,
    });
    expect(r.codes(2)).toEqual([0 - 1 - 1, 1 + 1 - 1, -1 + 1 + 0]);
  });

  it('takes windows with stride and padding as they are walked', () => {
    const image = {
      ...spad(0, 8, [4, 4], 'unsigned'),
      axes: [
        { extent: 4, stride: 4, modulo: 0, origin: -1 },
        { extent: 4, stride: 1, modulo: 0, origin: -1 },
      ],
    };
    const window = walking(image, [
      { count: 2, axis: 0, step: 2 },
      { count: 2, axis: 1, step: 2 },
      { count: 3, axis: 0, step: 1 },
      { count: 3, axis: 1, step: 1 },
    ]);
    const r = run({
      machine: edgeDcim28nm,
      tensors: [window, spad(64, 2, [9, 1]), acc(0, [4, 1])],
      arrays: [tile(9, 1, 2)],
      given: { 0: Array.from({ length: 16 }, (_, i) => i + 1), 1: new Array(9).fill(1) },
      instructions: [multiply[0]!, ins('mm', { dst: 2, src: 0, tile: 0, kdims: 2 })],
    });
    expect(r.codes(2)).toEqual([
      1 + 2 + 5 + 6,
      2 + 3 + 4 + 6 + 7 + 8,
      5 + 6 + 9 + 10 + 13 + 14,
      6 + 7 + 8 + 10 + 11 + 12 + 14 + 15 + 16,
    ]);
  });

  it('adds two slices of K to what one tile of the whole gives', () => {
    const x = [3, -1, 4, 1, -5, 7];
    const w = [2, -7, 1, -8, 2, -8];
    const r = run({
      tensors: [spad(0, 8, [1, 6]), spad(64, 8, [4, 1]), acc(0, [1, 1]), spad(72, 8, [2, 1])],
      arrays: [tile(4, 1, 8), tile(2, 1, 8, { plane: 1, kStart: 4 })],
      given: { 0: x, 1: w.slice(0, 4), 3: w.slice(4) },
      instructions: [
        ins('ww', { tile: 0, src: 1 }),
        ins('ww', { tile: 1, src: 3 }),
        ins('mm', { dst: 2, src: 0, tile: 0, kdims: 1 }),
        ins('mm', { dst: 2, src: 0, tile: 1, kdims: 1, accumulate: true }),
      ],
    });
    expect(r.codes(2)).toEqual([x.reduce((n, v, k) => n + v * w[k]!, 0)]);
  });

  it('reads only the slice of the window that its tile multiplies', () => {
    const tensors = [spad(0, 8, [1, 4]), spad(64, 8, [2, 1]), acc(0, [1, 1])];
    const arrays = [tile(2, 1, 8, { kStart: 2 })];
    const half = { ...spad(2, 8, [2]) };
    const r = run({ tensors: [...tensors, half], arrays, given: { 3: [5, 6], 1: [1, 1] }, instructions: multiply });
    expect(r.codes(2)).toEqual([11]);
    expect(() =>
      run({ tensors, arrays: [tile(2, 1, 8, { kStart: 1 })], given: { 1: [1, 1] }, instructions: multiply }),
    ).toThrow(/spad byte 1, which nothing has written/);
    expect(() =>
      run({
        tensors,
        arrays: [tile(2, 1, 8, { kStart: 3 })],
        given: { 0: [1, 2, 3, 4], 1: [1, 1] },
        instructions: multiply,
      }),
    ).toThrow(/window elements 3 \.\. 4, the window of tensor 0 has 4/);
  });

  it.each([24, 32] as const)('faults when a sum leaves %i accumulator bits', (widthBits) => {
    const machine: Machine = {
      ...edgeDcim28nm,
      core: { ...edgeDcim28nm.core, accumulators: { ...edgeDcim28nm.core.accumulators, widthBits } },
    };
    const k = 255;
    const most = 32767 * 127 * k;
    const fits = most < 2 ** (widthBits - 1);
    const setup = {
      machine,
      tensors: [spad(0, 16, [1, k]), spad(1024, 8, [k, 1]), acc(0, [1, 1])],
      arrays: [tile(k, 1, 8)],
      given: { 0: new Array(k).fill(32767), 1: new Array(k).fill(127) },
      instructions: multiply,
    };
    if (fits) expect(run(setup).codes(2)).toEqual([most]);
    else
      expect(() => run(setup)).toThrow(
        new RegExp(`element 0 of tensor 2 would be ${most}, outside ${widthBits}-bit signed`),
      );
  });

  it('refuses operands in the wrong place', () => {
    const tensors = [spad(0, 4, [1, 3]), spad(64, 4, [3, 1]), spad(128, 32, [1, 1])];
    expect(() =>
      run({ tensors, arrays: [tile(3, 1, 4)], given: { 0: [1, 1, 1], 1: [1, 1, 1] }, instructions: multiply }),
    ).toThrow(/tensor 2 lies in spad; this operand must lie in acc/);
    expect(() => run({ tensors, arrays: [tile(9, 1, 4)], instructions: multiply })).toThrow(
      /needs cell rows up to 8 of 8/,
    );
    expect(() => run({ tensors, arrays: [tile(3, 3, 4)], instructions: multiply })).toThrow(
      /needs cell columns up to 11 of 8/,
    );
    expect(() => run({ tensors, arrays: [tile(3, 1, 4, { plane: 2 })], instructions: multiply })).toThrow(
      /needs plane 2 of 2/,
    );
    expect(() => run({ tensors, arrays: [tile(3, 1, 4, { gridN: 2, nCount: 2 })], instructions: multiply })).toThrow(
      /needs macros up to 1 of 1/,
    );
  });
});

describe('array cells', () => {
  const tensors = [spad(0, 4, [1, 2]), spad(64, 4, [2, 1]), acc(0, [1, 1]), spad(72, 2, [2, 1])];
  const given = { 0: [1, 1], 1: [3, 4], 3: [1, -1] };
  const mm = (index: number) => ins('mm', { dst: 2, src: 0, tile: index, kdims: 1 });
  const fails = (
    arrays: readonly ArrayDescriptor[],
    instructions: Parameters<typeof run>[0]['instructions'],
    message: RegExp,
  ) => expect(() => run({ tensors, arrays, given, instructions })).toThrow(message);

  it('that nobody wrote cannot be multiplied', () => {
    fails([tile(2, 1, 4)], [mm(0)], /weight \(0, 0\) of the tile holds nothing: the cell was never written/);
    fails([tile(2, 1, 4), tile(2, 1, 4, { plane: 1 })], [ins('ww', { tile: 0, src: 1 }), mm(1)], /never written/);
  });

  it('that hold another width or coding cannot be multiplied; both instructions are named', () => {
    fails(
      [tile(2, 1, 4), tile(2, 1, 2)],
      [ins('ww', { tile: 0, src: 1 }), mm(1)],
      /holds a 4-bit signed weight, written by instruction 0 \(ww\).*instruction 1: mm/,
    );
    fails(
      [tile(2, 1, 4), tile(2, 1, 4, { weightCoding: 'unsigned' })],
      [ins('ww', { tile: 0, src: 1 }), mm(1)],
      /holds a 4-bit signed weight/,
    );
    fails(
      [tile(2, 1, 4), tile(2, 1, 4, { columnStart: 2 })],
      [ins('ww', { tile: 0, src: 1 }), mm(1)],
      /the middle of another weight/,
    );
  });

  it('whose tail was overwritten cannot be multiplied', () => {
    const arrays = [tile(2, 1, 4), tile(2, 1, 2, { columnStart: 2 })];
    fails(
      arrays,
      [ins('ww', { tile: 0, src: 1 }), ins('ww', { tile: 1, src: 3 }), mm(0)],
      /a weight whose cell 2 was overwritten, written by instruction 1/,
    );
  });

  it('take new weights, also under a tile that was multiplied before', () => {
    const r = run({
      tensors: [...tensors, spad(80, 4, [2, 1])],
      arrays: [tile(2, 1, 4)],
      given: { ...given, 4: [-1, -2] },
      instructions: [
        ins('ww', { tile: 0, src: 1 }),
        mm(0),
        ins('ww', { tile: 0, src: 4 }),
        ins('mm', { dst: 2, src: 0, tile: 0, kdims: 1, accumulate: true }),
      ],
    });
    expect(r.codes(2)).toEqual([7 - 3]);
  });

  it('refuse weights that their coding does not have', () => {
    const arrays = [tile(2, 1, 2, { weightCoding: 'ternary' })];
    expect(() =>
      run({
        tensors: [tensors[0]!, spad(64, 2, [2, 1], 'ternary'), tensors[2]!],
        arrays,
        given: { 1: [1, -2] },
        instructions: [ins('ww', { tile: 0, src: 1 })],
      }),
    ).toThrow(/tensor 1 holds the bits 10, which are no ternary code/);
    expect(() => run({ tensors, arrays, given, instructions: [ins('ww', { tile: 0, src: 1 })] })).toThrow(
      /weights are 4-bit signed, the tile holds 2-bit ternary/,
    );
  });
});

const INPUTS: readonly (readonly [number, Coding])[] = [
  [1, 'unsigned'],
  [1, 'bipolar'],
  [2, 'ternary'],
  [3, 'signed'],
  [5, 'unsigned'],
  [8, 'unsigned'],
  [8, 'signed'],
  [16, 'signed'],
];
const WEIGHTS: readonly (readonly [number, Exclude<Coding, 'float'>])[] = [
  [1, 'bipolar'],
  [1, 'unsigned'],
  [2, 'ternary'],
  [3, 'signed'],
  [4, 'unsigned'],
  [7, 'signed'],
  [8, 'signed'],
];

function randomCodes(seed: number, n: number, bits: number, coding: Coding): number[] {
  const random = createRandom(seed);
  const { min, max } = codeRange(coding, bits);
  return Array.from({ length: n }, () => (coding === 'bipolar' ? 2 * random.int(0, 1) - 1 : random.int(min, max)));
}

/** The same product by triple loop. */
function naive(x: readonly number[], w: readonly number[], m: number, k: number, n: number): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let i = 0; i < k; i++) sum += x[Math.floor(at / n) * k + i]! * w[i * n + (at % n)]!;
    return sum;
  });
}

describe('every tiling of a product', () => {
  it('gives the bits of the triple loop: K and N cut over macros and over instructions, replicas, cell offsets', () => {
    fc.assert(
      fc.property(
        fc.record({
          m: fc.integer({ min: 1, max: 7 }),
          k: fc.integer({ min: 1, max: 40 }),
          n: fc.integer({ min: 1, max: 12 }),
          seed: fc.nat(),
          input: fc.constantFrom(...INPUTS),
          weight: fc.constantFrom(...WEIGHTS),
          gridK: fc.integer({ min: 1, max: 3 }),
          gridN: fc.integer({ min: 1, max: 2 }),
          replicas: fc.integer({ min: 1, max: 2 }),
          slices: fc.integer({ min: 1, max: 3 }),
          rowStart: fc.nat(9),
          columnStart: fc.nat(9),
          plane: fc.nat(1),
        }),
        (c) => {
          const { m, k, n } = c;
          const x = randomCodes(c.seed, m * k, ...c.input);
          const w = randomCodes(c.seed + 1, k * n, ...c.weight);
          const each = Math.ceil(k / c.slices);
          const starts = Array.from({ length: Math.ceil(k / each) }, (_, s) => s * each);
          const arrays = starts.map((kStart) =>
            tile(Math.min(each, k - kStart), n, c.weight[0], {
              kStart,
              gridK: c.gridK,
              gridN: c.gridN,
              replicas: c.replicas,
              rowStart: c.rowStart,
              columnStart: c.columnStart,
              plane: c.plane,
              weightCoding: c.weight[1],
              firstMacro: 1,
            }),
          );
          const weights = { ...spad(2048, c.weight[0], [k, n], c.weight[1]) };
          const sources = starts.map((kStart, s) => ({
            ...weights,
            dims: [
              { count: arrays[s]!.kCount, axis: 0, step: 1 },
              { count: n, axis: 1, step: 1 },
            ],
            axes: [{ ...weights.axes[0]!, origin: kStart }, weights.axes[1]!],
          }));
          const r = run({
            machine: edgeDcim28nm,
            arrays,
            tensors: [spad(0, c.input[0], [m, k], c.input[1]), weights, acc(64, [m, n]), ...sources],
            given: { 0: x, 1: w },
            instructions: starts.flatMap((_, s) => [
              ins('ww', { tile: s, src: 3 + s }),
              ins('mm', { dst: 2, src: 0, tile: s, kdims: 1, accumulate: s > 0 }),
            ]),
          });
          expect(get(r.memories, acc(64, [m, n]), m * n)).toEqual(naive(x, w, m, k, n));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is what each kernel gives at every block edge: plain loops, doubles, SIMD', () => {
    const simd = new DotKernel();
    expect(simd.usesSimd).toBe(true);
    const kernels = [simd, new DotKernel(false)];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(8, 15, 16),
        fc.nat(),
        (m, k, n, bits, seed) => {
          const x = randomCodes(seed, m * k, bits, 'signed');
          const w = randomCodes(seed + 1, k * n, 8, 'signed');
          const panel = new Panel(
            Int32Array.from({ length: n * k }, (_, i) => w[(i % k) * n + Math.floor(i / k)]!),
            k,
            0,
          );
          for (const kernel of kernels) {
            for (const input of [2 ** (bits - 1), 2 ** 40]) {
              const out = input > 2 ** 20 ? new Float64Array(m * n) : new Int32Array(m * n);
              const stage = kernel.stage(m, k, n, panel, { input, weight: 128 });
              for (let row = 0; row < m; row++) stage.x.set(x.slice(row * k, (row + 1) * k), row * stage.stride);
              stage.multiply(m, out, 0);
              expect([...out]).toEqual(naive(x, w, m, k, n));
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('operand statistics', () => {
  it('count ones, zeros, bit planes and weight bits of what was multiplied', () => {
    const { statistics } = run({
      machine: teach8x8,
      tensors: [spad(0, 4, [2, 3]), spad(64, 2, [2, 1]), acc(0, [2, 1])],
      arrays: [tile(2, 1, 2, { kStart: 1 })],
      given: { 0: [7, 0, 1, 7, -1, 4], 1: [1, -1] },
      instructions: multiply,
      options: { statistics: true },
    });
    // Only elements 1 and 2 of each window enter: (0, 1) and (-1, 4) = 0000 0001 and 1111 0100.
    expect(statistics!.layer(-1)).toEqual({
      inputs: 4,
      zeroInputs: 1,
      inputOnes: 6,
      inputBits: 16,
      inputOnesByPlane: [2, 1, 2, 1, ...new Array(12).fill(0)],
      vectors: 2,
      zeroPlanes: [0, 1, 1, 1, ...new Array(12).fill(0)],
      weights: 2,
      weightOnes: 3,
      weightBits: 4,
      zeroSteps: [],
    });
  });
});
