import { describe, expect, it } from 'vitest';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import { createMemories, execute } from '../../../sim/exec/execute.ts';
import { dense, program } from '../../harness/program.ts';
import { acc, floats, get, ins, put, run, spad, walking } from './rig.ts';

const copy = (more = {}) => ins('copy', { dst: 1, src: 0, ...more });

describe('copy', () => {
  it('widens by coding', () => {
    const r = run({
      tensors: [spad(0, 2, [4]), spad(64, 8, [4])],
      given: { 0: [1, -2, -1, 0] },
      instructions: [copy()],
    });
    expect(r.codes(1)).toEqual([1, -2, -1, 0]);
    const u = run({
      tensors: [spad(0, 2, [4], 'unsigned'), spad(64, 8, [4])],
      given: { 0: [1, 2, 3, 0] },
      instructions: [copy()],
    });
    expect(u.codes(1)).toEqual([1, 2, 3, 0]);
    const b = run({
      tensors: [spad(0, 1, [3], 'bipolar'), spad(64, 2, [3], 'ternary')],
      given: { 0: [1, -1, 1] },
      instructions: [copy()],
    });
    expect(b.codes(1)).toEqual([1, -1, 1]);
  });

  it('faults where a code does not fit the narrower coding, naming tensor, element and value', () => {
    expect(() =>
      run({ tensors: [spad(0, 8, [3]), spad(64, 4, [3])], given: { 0: [7, -8, 8] }, instructions: [copy()] }),
    ).toThrow(
      /element 2 of tensor 1 would be 8, outside 4-bit signed \(-8 \.\. 7\).*core 0, instruction 0: copy\.0 t1, t0/,
    );
  });

  it('transposes by its walks', () => {
    const d = spad(64, 8, [3, 2]);
    const across = walking(d, [
      { count: 2, axis: 1, step: 1 },
      { count: 3, axis: 0, step: 1 },
    ]);
    const r = run({ tensors: [spad(0, 8, [2, 3]), across], given: { 0: [1, 2, 3, 4, 5, 6] }, instructions: [copy()] });
    expect(get(r.memories, d, 6)).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it('reads its fill outside the axes and drops writes there', () => {
    const src = {
      ...spad(0, 8, [3], 'signed', -7),
      dims: [{ count: 5, axis: 0, step: 1 }],
      axes: [{ extent: 3, stride: 1, modulo: 0, origin: -1 }],
    };
    expect(run({ tensors: [src, spad(64, 8, [5])], given: { 0: [1, 2, 3] }, instructions: [copy()] }).codes(1)).toEqual(
      [-7, 1, 2, 3, -7],
    );
    const dst = { ...src, base: 64 };
    const r = run({
      tensors: [spad(0, 8, [5]), dst, spad(60, 8, [12])],
      given: { 2: new Array(12).fill(9), 0: [1, 2, 3, 4, 5] },
      instructions: [copy()],
    });
    expect(get(r.memories, spad(60, 8, [12]), 12)).toEqual([9, 9, 9, 9, 2, 3, 4, 9, 9, 9, 9, 9]);
  });

  it('goes round a ring', () => {
    const ring = {
      ...spad(64, 8, [4]),
      axes: [{ extent: 100, stride: 1, modulo: 4, origin: 0 }],
      originRegisters: [{ axis: 0, register: 3 }],
    };
    const r = run({
      tensors: [spad(0, 8, [4]), ring],
      given: { 0: [1, 2, 3, 4] },
      instructions: [ins('li', { rd: 3, value: 6 }), copy()],
    });
    expect(get(r.memories, spad(64, 8, [4]), 4)).toEqual([3, 4, 1, 2]);
  });

  it('accumulates integers and faults on overflow', () => {
    const tensors = [spad(0, 8, [2]), acc(0, [2])];
    const r = run({ tensors, given: { 0: [5, -6], 1: [100, 100] }, instructions: [copy({ accumulate: true })] });
    expect(r.codes(1)).toEqual([105, 94]);
    expect(() =>
      run({ tensors, given: { 0: [5, -6], 1: [2 ** 31 - 5, 0] }, instructions: [copy({ accumulate: true })] }),
    ).toThrow(/would be 2147483648/);
  });

  it('does not turn floats into integers', () => {
    expect(() =>
      run({ tensors: [floats(0, [1]), spad(64, 8, [1])], given: { 0: [1] }, instructions: [copy()] }),
    ).toThrow(/between a float and an integer/);
  });

  it('writes into another core and signals it', () => {
    const machine = { ...teach8x8, cores: 2 };
    const base = program({
      instructions: [copy({ core: 2, signalRemote: 1 })],
      tensors: [spad(0, 8, [2]), spad(64, 8, [2])],
      semaphores: [
        {
          core: 1,
          index: 1,
          initial: 0,
          producer: { core: 0, kind: 'dma', channel: 0 },
          consumer: { core: 1, kind: 'vector', channel: 0 },
        },
      ],
    });
    const add = ins('vadd', { dst: 0, a: 1, b: 1, waits: [1] });
    const p = {
      ...base,
      cores: [base.cores[0]!, { instructions: [add] }],
      symbols: { ...base.symbols, layerOf: [[-1], [-1]], lineOf: [[0], [0]] },
    };
    const memories = createMemories(machine, p.dramBytes);
    put(memories, p.tensors[0]!, [3, 4]);
    const r = execute(p, machine, new Map(), { memories, checkOrder: true });
    expect([...memories.cores[1]!.spad.bytes.subarray(0, 2)]).toEqual([6, 8]);
    expect([...memories.cores[1]!.spad.bytes.subarray(64, 66)]).toEqual([3, 4]);
    expect(r.findings).toEqual([]);
  });
});

describe('fill and gather', () => {
  it('fill writes one code', () => {
    const r = run({ tensors: [spad(8, 4, [5])], instructions: [ins('fill', { dst: 0, value: -3 })] });
    expect(r.codes(0)).toEqual([-3, -3, -3, -3, -3]);
    expect(() => run({ tensors: [spad(8, 4, [5])], instructions: [ins('fill', { dst: 0, value: 8 })] })).toThrow(
      /would be 8/,
    );
  });

  it('gather picks rows by index; a row outside the table is its fill', () => {
    const table = {
      ...spad(0, 8, [3, 2], 'signed', -1),
      dims: [
        { count: 4, axis: 0, step: 0 },
        { count: 2, axis: 1, step: 1 },
      ],
    };
    const r = run({
      tensors: [table, spad(64, 8, [4, 2]), spad(32, 16, [4])],
      given: { 0: [10, 11, 20, 21, 30, 31], 2: [2, 0, -1, 2] },
      instructions: [ins('gather', { dst: 1, src: 0, index: 2 })],
    });
    expect(r.codes(1)).toEqual([30, 31, 10, 11, -1, -1, 30, 31]);
  });

  it('gather picks rows of narrow codes, more of them than the table has', () => {
    const table = {
      ...spad(0, 2, [4, 4], 'unsigned'),
      dims: [
        { count: 9, axis: 0, step: 0 },
        { count: 4, axis: 1, step: 1 },
      ],
    };
    const codes = [0, 1, 2, 3, 3, 2, 1, 0, 1, 1, 2, 2, 3, 0, 3, 0];
    const picked = [3, 3, 0, 1, 2, 2, 1, 0, 3];
    const r = run({
      tensors: [table, spad(64, 2, [9, 4], 'unsigned'), spad(32, 8, [9])],
      given: { 0: codes, 2: picked },
      instructions: [ins('gather', { dst: 1, src: 0, index: 2 })],
    });
    expect(r.codes(1)).toEqual(picked.flatMap((row) => codes.slice(4 * row, 4 * row + 4)));
  });
});

describe('bytes that hold nothing', () => {
  it('reading what nobody wrote is a fault that names the byte', () => {
    expect(() =>
      run({ tensors: [spad(10, 8, [4]), spad(64, 8, [4])], given: { 0: [1, 2, 3] }, instructions: [copy()] }),
    ).toThrow(/tensor 0 reads spad byte 13, which nothing has written/);
  });

  it('reaching outside a memory is a fault', () => {
    expect(() => run({ tensors: [spad(4094, 8, [4]), spad(64, 8, [4])], instructions: [copy()] })).toThrow(
      /reaches spad byte 4096, outside its 4096 bytes/,
    );
  });

  it('an output that the program never wrote is a fault', () => {
    const out = dense('dram', 128, 8, [4]);
    const p = program({
      instructions: [],
      tensors: [out],
      io: [{ name: 'y', direction: 'output', tensor: 0, shape: [4] }],
    });
    expect(() => execute(p, teach8x8, new Map())).toThrow(/output y: the program never wrote DRAM byte 128/);
  });

  it('inputs are checked by name, length and range; outputs come back as codes', () => {
    const x = dense('dram', 128, 2, [2, 2], { coding: 'signed' });
    const io = [
      { name: 'x', direction: 'input' as const, tensor: 0, shape: [2, 2] },
      { name: 'y', direction: 'output' as const, tensor: 0, shape: [2, 2] },
    ];
    const p = program({ instructions: [], tensors: [x], io });
    expect(execute(p, teach8x8, new Map([['x', [1, 0, -1, -2]]])).outputs.get('y')).toEqual(
      Int32Array.of(1, 0, -1, -2),
    );
    expect(() => execute(p, teach8x8, new Map())).toThrow(/input x was not given/);
    expect(() => execute(p, teach8x8, new Map([['x', [1]]]))).toThrow(/has 1 elements, expected 4/);
    expect(() => execute(p, teach8x8, new Map([['x', [1, 0, 0, 2]]]))).toThrow(
      /x\[3\] = 2 is outside its codes -2 \.\. 1/,
    );
    expect(() =>
      execute(
        p,
        teach8x8,
        new Map([
          ['x', [1, 0, 0, 1]],
          ['z', [1]],
        ]),
      ),
    ).toThrow(/no input z/);
  });
});
