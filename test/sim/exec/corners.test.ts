/** Corners of the meaning, each by hand: forms of kdims, wide accumulators, codes that mean nothing, planes, two cores, drains of windows. */
import { describe, expect, it } from 'vitest';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Coding } from '../../../isa/tensor.ts';
import { createMemories, execute } from '../../../sim/exec/execute.ts';
import { checkOrder } from '../../../sim/order/check.ts';
import { dense, program, tile, unit } from '../../harness/program.ts';
import { acc, floats, get, ins, put, run, spad, walking } from './rig.ts';

const ww = ins('ww', { tile: 0, src: 1 });
const mm = (kdims: number, more: object = {}) => ins('mm', { dst: 2, src: 0, tile: 0, kdims, ...more });

function wide(widthBits: 24 | 32 | 48): Machine {
  return {
    ...edgeDcim28nm,
    core: { ...edgeDcim28nm.core, accumulators: { ...edgeDcim28nm.core.accumulators, widthBits } },
  };
}

describe('kdims of mm', () => {
  const x = [1, 2, 3, 4, 5, 6];
  const product = (shape: number[], kdims: number, k: number, n: number, w: number[], m: number) =>
    run({
      machine: edgeDcim28nm,
      tensors: [spad(0, 8, shape), spad(64, 8, [k, n]), acc(0, [m, n])],
      arrays: [tile(k, n, 8)],
      given: { 0: x, 1: w },
      instructions: [ww, mm(kdims)],
    }).codes(2);

  it('0: every element is a window of one', () => {
    expect(product([6], 0, 1, 2, [1, -1], 6)).toEqual([1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6]);
  });

  it('1: the last dim', () => {
    expect(product([2, 3], 1, 3, 1, [1, 10, 100], 2)).toEqual([321, 654]);
  });

  it('2 of 3: the last two, flattened row-major', () => {
    expect(product([1, 2, 3], 2, 6, 1, [1, 1, 1, 10, 10, 10], 1)).toEqual([6 + 150]);
    expect(product([3, 2, 1], 2, 2, 1, [1, 10], 3)).toEqual([21, 43, 65]);
  });

  it('all: one window, one vector', () => {
    expect(product([3, 2], 2, 6, 2, [1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1], 1)).toEqual([1 + 3 + 5, 2 + 4 + 6]);
  });

  it('more than there are dims is a fault', () => {
    expect(() => product([6], 2, 6, 1, x, 1)).toThrow(/kdims is 2, tensor 0 has 1 dims/);
  });
});

describe('accumulators', () => {
  it('of 48 bits hold what 32 cannot, to the last bit', () => {
    const dst = { ...acc(0, [1]), widthBits: 48 };
    const setup = (value: number, machine: Machine, d = dst) => ({
      machine,
      tensors: [d, { ...dense('spad', 0, 48, [1], { coding: 'signed' as Coding }) }],
      given: { 1: [value] },
      instructions: [ins('copy', { dst: 0, src: 1 }), ins('copy', { dst: 0, src: 1, accumulate: true })],
    });
    expect(run(setup(2 ** 46 - 1, wide(48))).codes(0)).toEqual([2 ** 47 - 2]);
    expect(run(setup(-(2 ** 46), wide(48))).codes(0)).toEqual([-(2 ** 47)]);
    expect(() => run(setup(2 ** 46, wide(48)))).toThrow(/would be 140737488355328, outside 48-bit signed/);
    expect(() => run(setup(1, wide(32)))).toThrow(/has 48-bit elements, accumulators of this machine are stored in 32/);
  });

  it('of 24 bits are stored in 32 and fault at 24', () => {
    const setup = (value: number) => ({
      machine: wide(24),
      tensors: [acc(0, [1]), spad(0, 32, [1])],
      given: { 1: [value] },
      instructions: [ins('copy', { dst: 0, src: 1 })],
    });
    expect(run(setup(-(2 ** 23))).codes(0)).toEqual([-(2 ** 23)]);
    expect(() => run(setup(2 ** 23))).toThrow(/would be 8388608, outside 24-bit signed \(-8388608 \.\. 8388607\)/);
  });

  it('of an accumulating mm: the sum of old and new is what must fit', () => {
    const machine = wide(24);
    const setup = (old: number) => ({
      machine,
      tensors: [spad(0, 8, [1, 1]), spad(64, 8, [1, 1]), acc(0, [1, 1])],
      arrays: [tile(1, 1, 8)],
      given: { 0: [100], 1: [100], 2: [old] },
      instructions: [ww, mm(1, { accumulate: true })],
    });
    expect(run(setup(8388607 - 10_000)).codes(2)).toEqual([8388607]);
    expect(() => run(setup(8388607 - 9_999))).toThrow(/would be 8388608, outside 24-bit/);
    expect(run(setup(-8388608)).codes(2)).toEqual([-8388608 + 10_000]);
  });
});

describe('codings of a product', () => {
  it.each<readonly [Coding, number, number[], Coding, number, number[], number]>([
    ['bipolar', 1, [1, -1, -1], 'bipolar', 1, [1, 1, -1], 1 - 1 + 1],
    ['bipolar', 1, [1, -1, -1], 'unsigned', 1, [1, 0, 1], 1 - 1],
    ['ternary', 2, [1, 0, -1], 'bipolar', 1, [-1, 1, -1], -1 + 1],
    ['ternary', 2, [1, 0, -1], 'ternary', 2, [-1, 1, 1], -1 - 1],
    ['unsigned', 8, [255, 0, 255], 'signed', 8, [-128, 127, 127], 255 * -1],
    ['signed', 16, [-32768, 32767, 0], 'signed', 8, [-128, -128, 1], 128],
    ['unsigned', 16, [65535, 65535, 1], 'unsigned', 8, [255, 255, 255], 255 * 131071],
  ])('%s %i times %s', (inputs, inputBits, x, weights, weightBits, w, sum) => {
    const r = run({
      machine: edgeDcim28nm,
      tensors: [spad(0, inputBits, [1, 3], inputs), spad(64, weightBits, [3, 1], weights), acc(0, [1, 1])],
      arrays: [tile(3, 1, weightBits, { weightCoding: weights as 'signed' })],
      given: { 0: x, 1: w },
      instructions: [ww, mm(1)],
    });
    expect(r.codes(2)).toEqual([sum]);
  });
});

describe('the bits 10 under a ternary coding', () => {
  const t = spad(0, 2, [1, 2], 'ternary');
  const given = { 0: [1, -2], 1: [1, 1] };
  const other = spad(64, 8, [2, 1]);
  const message = /tensor 0 holds the bits 10, which are no ternary code/;

  it('are a fault wherever they are read', () => {
    const arrays = [tile(2, 1, 8)];
    const tensors = [t, other, acc(0, [1, 1]), spad(80, 8, [1, 2])];
    expect(() => run({ tensors, arrays, given, instructions: [ww, mm(1)] })).toThrow(message);
    expect(() => run({ tensors, given, instructions: [ins('copy', { dst: 3, src: 0 })] })).toThrow(message);
    expect(() => run({ tensors, given, instructions: [ins('vdot', { dst: 2, a: 0, b: 1, kdims: 1 })] })).toThrow(
      message,
    );
    expect(() => run({ tensors, given, instructions: [ins('vdot', { dst: 2, a: 1, b: 0, kdims: 2 })] })).toThrow(
      message,
    );
    const table = { ...t, dims: [{ count: 1, axis: 0, step: 0 }, t.dims[1]!] };
    const gather = ins('gather', { dst: 1, src: 0, index: 2 });
    expect(() =>
      run({
        tensors: [table, spad(64, 8, [2]), spad(96, 8, [1])],
        given: { ...given, 2: [0] },
        instructions: [gather],
      }),
    ).toThrow(message);
  });

  it('are none outside the slice that is read', () => {
    const r = run({
      tensors: [t, spad(64, 8, [1, 1]), acc(0, [1, 1])],
      arrays: [tile(1, 1, 8)],
      given: { 0: [1, -2], 1: [7] },
      instructions: [ww, mm(1)],
    });
    expect(r.codes(2)).toEqual([7]);
  });
});

describe('planes', () => {
  it('hold two tiles in the same cells; the plane of the tile says which is multiplied', () => {
    const r = run({
      tensors: [spad(0, 8, [1, 2]), spad(64, 8, [2, 1]), acc(0, [1, 1]), spad(72, 8, [2, 1]), acc(4, [1, 1])],
      arrays: [tile(2, 1, 8), tile(2, 1, 8, { plane: 1 })],
      given: { 0: [3, 5], 1: [1, 10], 3: [100, 1] },
      instructions: [ww, ins('ww', { tile: 1, src: 3 }), mm(1), ins('mm', { dst: 4, src: 0, tile: 1, kdims: 1 })],
    });
    expect([...r.codes(2), ...r.codes(4)]).toEqual([53, 305]);
  });
});

describe('vaddq', () => {
  it('saturates below 32 bits and faults in an accumulator, as every other instruction', () => {
    const setup = (dst: ReturnType<typeof spad>) => ({
      tensors: [dst, spad(64, 8, [1]), spad(96, 8, [1]), floats(128, [1, 3])],
      given: { 1: [100], 2: [1], 3: [1e9, 0, 0] },
      instructions: [ins('vaddq', { dst: 0, a: 1, b: 2, params: 3 })],
    });
    expect(run(setup(spad(0, 8, [1]))).codes(0)).toEqual([127]);
    expect(() => run(setup(acc(0, [1])))).toThrow(/would be 99999997952, outside 32-bit signed/);
    expect(() => run(setup(spad(0, 32, [1])))).toThrow(/outside 32-bit signed/);
  });
});

describe('two cores', () => {
  const machine = { ...teach8x8, cores: 2 };
  const tensors = [spad(0, 8, [2]), spad(64, 8, [2]), acc(0, [2])];
  const far = { core: 1, index: 1, initial: 0, producer: unit('dma', 0, 0), consumer: unit('vector', 0, 1) };
  const sent = (accumulate: boolean) => ins('copy', { dst: 1, src: 0, core: 2, signalRemote: 1, accumulate });
  const add = ins('vadd', { dst: 0, a: 1, b: 1, waits: [1] });
  const both = (...first: ReturnType<typeof ins>[]) => {
    const base = program({ instructions: first, tensors, semaphores: [far] });
    return { ...base, cores: [base.cores[0]!, { instructions: [add] }] };
  };

  it('a remote copy lands in the other core, its signal behind it; the own memory keeps what it had', () => {
    const memories = createMemories(machine, 64);
    const [one, two] = memories.cores;
    put({ ...memories, cores: [one!] }, tensors[0]!, [3, 4]);
    put({ ...memories, cores: [one!] }, tensors[1]!, [50, 60]);
    put({ ...memories, cores: [two!] }, tensors[1]!, [10, 20]);
    const p = both(sent(true));
    expect(checkOrder(p, machine)).toEqual([]);
    execute(p, machine, new Map(), { memories });
    expect(get({ ...memories, cores: [two!] }, tensors[1]!, 2)).toEqual([13, 24]);
    expect(get({ ...memories, cores: [two!] }, tensors[0]!, 2)).toEqual([26, 48]);
    expect(get({ ...memories, cores: [one!] }, tensors[1]!, 2)).toEqual([50, 60]);
  });

  it('an operand is read from the own core, also of the core that writes elsewhere', () => {
    const memories = createMemories(machine, 64);
    put({ ...memories, cores: [memories.cores[1]!] }, tensors[0]!, [3, 4]);
    expect(() => execute(both(sent(false)), machine, new Map(), { memories })).toThrow(
      /reads spad byte 0, which nothing has written/,
    );
  });

  it('without the signal it is a race and a wait that nothing ends', () => {
    const p = both(ins('copy', { dst: 1, src: 0, core: 2 }));
    expect(checkOrder(p, machine).map((f) => f.kind)).toEqual(['deadlock']);
    const unordered = { ...p, cores: [p.cores[0]!, { instructions: [{ ...add, waits: [] }] }] };
    expect(checkOrder(unordered, machine).map((f) => [f.kind, f.space])).toEqual([['race', 'spad of core 1']]);
  });
});

describe('drains of windows', () => {
  it('overlapping windows of accumulators: requantized, then the maximum', () => {
    const sums = acc(0, [4]);
    const windows = walking(sums, [
      { count: 3, axis: 0, step: 1 },
      { count: 2, axis: 0, step: 1 },
    ]);
    const bias = spad(64, 32, [1]);
    const shared = walking(bias, [
      { count: 3, axis: 0, step: 0 },
      { count: 2, axis: 0, step: 0 },
    ]);
    const r = run({
      tensors: [spad(0, 4, [3], 'unsigned'), sums, windows, bias, shared],
      given: { 1: [-5, 9, 40, 3], 3: [2] },
      instructions: [ins('rq', { dst: 0, src: 2, params: 4, kdims: 1, mode: 'bias' })],
    });
    // +2, clamped to 0 .. 15: 0, 11, 15, 5
    expect(r.codes(0)).toEqual([11, 15, 15]);
  });
});
