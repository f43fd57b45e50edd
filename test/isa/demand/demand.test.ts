/** Demand of whole instructions: what vector and drain work costs, what clipping and broadcast leave out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTION_NAMES, type ActionName } from '../../../isa/demand/actions.ts';
import { demand } from '../../../isa/demand/demand.ts';
import { leadingInside, uniqueElements } from '../../../isa/demand/reach.ts';
import { type Instruction, NO_TENSOR } from '../../../isa/instructions/table.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { ArrayDescriptor, TensorDescriptor } from '../../../isa/tensor.ts';
import { OUTSIDE, resolveWalk } from '../../../sim/walk/walk.ts';
import { dense, program, tile } from '../../harness/program.ts';

const free = { waits: [], signals: [] } as const;

function cost(
  instruction: Instruction,
  tensors: TensorDescriptor[],
  arrays: ArrayDescriptor[] = [],
  registers?: number[],
) {
  const whole = program({ instructions: [instruction], tensors, arrays });
  return demand(instruction, { machine: teach8x8, program: whole, ...(registers ? { registers } : {}) });
}

describe('vector and drain', () => {
  const bytes = (n: number) => dense('spad', 0, 8, [n]);

  it('startup 2 + the longest of lanes, read port and write port', () => {
    const add: Instruction = { op: 'vadd', dst: 0, a: 1, b: 2, ...free };
    // 32 bytes over 4 lanes: 8 cycles; two operands over a 64-bit port: 8; one result: 4.
    const d = cost(add, [bytes(32), bytes(32), bytes(32)]);
    expect(d).toMatchObject({ busyCycles: 2 + 8, latencyCycles: 0, spadWords: 12, boundBy: 'lanes' });
    expect(d.actions).toMatchObject({ 'vector.intOp': 32, 'spad.readBit': 512, 'spad.writeBit': 256 });
  });

  it('a wide operand is bound by its port', () => {
    const add: Instruction = { op: 'vadd', dst: 0, a: 1, b: 2, ...free };
    const wide = dense('spad', 0, 32, [32]);
    expect(cost(add, [wide, wide, wide])).toMatchObject({ busyCycles: 2 + 32, boundBy: 'scratchpad port' });
  });

  it('a broadcast operand is read once', () => {
    const one = {
      ...bytes(32),
      axes: [{ extent: 1, stride: 1, modulo: 0, origin: 0 }],
      dims: [{ count: 32, axis: 0, step: 0 }],
    };
    const add: Instruction = { op: 'vadd', dst: 0, a: 1, b: 2, ...free };
    expect(cost(add, [bytes(32), bytes(32), one]).actions['spad.readBit']).toBe(256 + 8);
  });

  it('division takes divideCycles per element and lane, floats are float operations', () => {
    const divide: Instruction = { op: 'vdiv', dst: 0, a: 1, b: 1, ...free };
    const float = dense('spad', 0, 32, [8], { coding: 'float' });
    const d = cost(divide, [float, float]);
    expect(d.busyCycles).toBe(2 + 2 * teach8x8.core.vector.divideCycles);
    expect(d.actions['vector.floatOp']).toBe(8);
  });

  it('a reduction adds its tree depth to the latency', () => {
    const sum: Instruction = { op: 'vred', dst: 0, a: 1, kdims: 1, reduction: 'sum', ...free };
    expect(cost(sum, [dense('spad', 64, 32, [4]), dense('spad', 0, 8, [4, 16])])).toMatchObject({
      busyCycles: 2 + 16,
      latencyCycles: 4,
    });
  });

  it('a threshold drain compares with every threshold of the record', () => {
    const rq: Instruction = {
      op: 'rq',
      dst: 0,
      src: 1,
      params: 2,
      add: NO_TENSOR,
      kdims: 0,
      relu: false,
      mode: 'threshold',
      ...free,
    };
    const records = {
      ...dense('spad', 64, 32, [8, 4]),
      dims: [
        { count: 4, axis: 0, step: 1 },
        { count: 8, axis: 0, step: 0 },
        { count: 4, axis: 1, step: 1 },
      ],
    };
    const d = cost(rq, [dense('spad', 0, 2, [4, 8]), dense('acc', 0, 32, [4, 8]), records]);
    expect(d.actions).toMatchObject({
      'drain.op': 32,
      'drain.compare': 32 * 3,
      'acc.readBit': 1024,
      'spad.writeBit': 64,
    });
    expect(d.busyCycles).toBe(2 + 8);
  });
});

describe('mm', () => {
  const mm: Instruction = { op: 'mm', dst: 0, src: 1, tile: 0, kdims: 1, accumulate: false, zeroSkip: false, ...free };
  const src = dense('spad', 0, 4, [6, 8]);

  it('takes M from the source and K from the tile', () => {
    const d = cost(mm, [dense('acc', 0, 32, [6, 2]), src], [tile(8, 2, 4)]);
    expect(d.busyCycles).toBe(1 + 5 * 4 + 4);
    expect(d.actions['mac.bit']).toBe(6 * 8 * 2 * 16);
  });

  it('does not charge rows whose results are all dropped', () => {
    const dst = dense('acc', 0, 32, [6, 2]);
    const clipped = { ...dst, axes: [{ ...dst.axes[0]!, extent: 4 }, dst.axes[1]!] };
    expect(cost(mm, [clipped, src], [tile(8, 2, 4)]).busyCycles).toBe(1 + 3 * 4 + 4);
    const moved = { ...dst, originRegisters: [{ axis: 0, register: 3 }] };
    const registers = new Array<number>(32).fill(0).with(3, 5);
    expect(cost(mm, [moved, src], [tile(8, 2, 4)], registers).busyCycles).toBe(1 + 4);
  });
});

describe('reach', () => {
  const small = (min: number, max: number) => fc.integer({ min, max });
  const axis = fc.record({ extent: small(1, 9), stride: small(1, 40), modulo: fc.constant(0), origin: small(-4, 4) });
  const walk = fc
    .record({
      axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
      dims: fc.array(fc.record({ count: small(1, 5), axis: small(0, 2), step: small(-3, 3) }), {
        minLength: 1,
        maxLength: 4,
      }),
    })
    .filter(({ axes, dims }) => dims.every((d) => d.axis < axes.length))
    // Strides that keep coordinates apart, so that distinct coordinates are distinct elements.
    .map(({ axes, dims }) => ({
      ...dense('spad', 0, 8, [1]),
      axes: axes.map((a, i) => ({ ...a, stride: 16 ** i })),
      dims,
    }));

  it('counts the distinct elements that a walk visits', () => {
    fc.assert(
      fc.property(walk, (t) => {
        const visited = new Set(resolveWalk(t, new Float64Array(32)).offsets);
        visited.delete(OUTSIDE);
        expect(uniqueElements(t)).toBe(visited.size);
      }),
    );
  });

  it('counts the rows in which something lands inside', () => {
    fc.assert(
      fc.property(walk, small(0, 4), (t, cut) => {
        const split = Math.min(cut, t.dims.length);
        fc.pre(t.dims.slice(split).every((d) => Math.abs(d.step) <= 1));
        const rows = t.dims.slice(0, split).reduce((n, d) => n * d.count, 1);
        const { offsets } = resolveWalk(t, new Float64Array(32));
        const inner = offsets.length / rows;
        let inside = 0;
        for (let r = 0; r < rows; r++)
          if (offsets.subarray(r * inner, (r + 1) * inner).some((o) => o !== OUTSIDE)) inside += 1;
        fc.pre(t.dims.filter((d) => d.count === 1).length === 0);
        expect(leadingInside(t, rows)).toBe(inside);
      }),
    );
  });
});

describe('actions', () => {
  it('are whole numbers with known names on every preset', () => {
    const mm: Instruction = { op: 'mm', dst: 0, src: 1, tile: 0, kdims: 1, accumulate: true, zeroSkip: false, ...free };
    for (const machine of Object.values(PRESETS)) {
      const whole = program({
        instructions: [mm],
        tensors: [dense('acc', 0, 32, [3, 2]), dense('spad', 0, 3, [3, 8])],
        arrays: [tile(7, 2, 1, { kStart: 1 })],
      });
      const { actions } = demand(mm, { machine, program: whole });
      for (const [name, n] of Object.entries(actions)) {
        expect(ACTION_NAMES).toContain(name as ActionName);
        expect(Number.isInteger(n)).toBe(true);
      }
    }
  });
});
