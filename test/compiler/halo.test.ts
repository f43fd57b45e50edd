/**
 * Depthwise convolutions and overlapping pools joined with the product in front of them: rows between tiles are computed twice and never change a
 * value, and the value between the two never leaves the core.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph, IntegerType, Window } from '../../compiler/graph/types.ts';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { checkGraph, seeded } from '../harness/differential.ts';

const U8: IntegerType = { kind: 'int', bits: 8, coding: 'unsigned' };
const S4: IntegerType = { kind: 'int', bits: 4, coding: 'signed' };

interface Case {
  readonly size: readonly [number, number];
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly pool: boolean;
  /** Bits of the value between the two; 4 of them are clamped by a table on machines that store 8. */
  readonly bits?: number;
}

/** A 1x1 product of many rows, requantized, then a depthwise convolution with its requantizer, or a maximum pool. */
function network({ size: [h, w], channels, kernel, stride, pad, pool, bits = 8 }: Case, random: () => number): Graph {
  const b = new GraphBuilder('halo');
  const x = b.input('x', { element: U8, shape: [1, 5, h, w] });
  const code = (): number => Math.floor(random() * 15) - 7;
  const weights = (name: string, shape: number[]): string => {
    const data = Int32Array.from({ length: shape.reduce((a, c) => a * c, 1) }, code);
    return b.constant({ type: { element: S4, shape }, data }, name);
  };
  const narrow = (sum: string): string => {
    const scale = Float32Array.from({ length: channels }, () => 0.02 + random() / 100);
    const spec = { mode: 'float32', zeroPoint: 3, scale } as const;
    return b.add('requantize', [sum], { spec, axis: 1, relu: true }, { element: { ...U8, bits } });
  };
  const point: Window = { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
  const plain = { wZero: Int32Array.of(0) };
  const wide = b.add('conv', [x, weights('w', [channels, 5, 1, 1])], { ...plain, window: point, groups: 1, xZero: 0 });
  const made = narrow(wide);
  const window: Window = {
    kernel: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    dilations: [1, 1],
  };
  const dw = (): string =>
    narrow(
      b.add('conv', [made, weights('d', [channels, 1, kernel, kernel])], {
        ...plain,
        window,
        groups: channels,
        xZero: 3,
      }),
    );
  return b.finish([pool ? b.add('maxpool', [made], { window }) : dw()]);
}

/** A preset whose scratchpad holds a small part of the value between the two. */
function tight(name: string): Machine {
  const machine = PRESETS[name]!;
  const { scratchpad } = machine.core;
  return { ...machine, core: { ...machine.core, scratchpad: { ...scratchpad, sizeBytes: 8192 } } };
}

const JOINED = /^conv\+requantize(\+lut)?\+(conv|maxpool)/;
const linkBytes = (graph: Graph, machine: Machine): number =>
  simulate(compile(graph, machine).program, machine)
    .traffic.filter((t) => t.boundary === 'core' && t.role === 'activations')
    .reduce((n, t) => n + t.readBytes + t.writeBytes, 0);

describe('overlapping windows behind a product', () => {
  const cases = fc.record({
    size: fc.tuple(fc.integer({ min: 12, max: 30 }), fc.integer({ min: 12, max: 30 })),
    channels: fc.constantFrom(16, 24, 33),
    kernel: fc.constantFrom(2, 3, 5),
    stride: fc.constantFrom(1, 2, 3),
    pad: fc.constantFrom(0, 1),
    pool: fc.boolean(),
    bits: fc.constantFrom(4, 8),
  });

  it.each(['edge-dcim-28nm', 'conventional-int8'])('change no value on %s', (preset) => {
    const machine = tight(preset);
    let joined = 0;
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 2 ** 30 }), (one, seed) => {
        const random = seeded(seed);
        const { report } = checkGraph(network(one, random), machine, random);
        if (report.layers.some((l) => JOINED.test(l.op))) joined++;
      }),
      { numRuns: 6, seed: 20261121 },
    );
    expect(joined).toBe(6);
  });

  it('keep the value between the two on the core', () => {
    const one: Case = { size: [28, 28], channels: 32, kernel: 3, stride: 2, pad: 1, pool: true };
    const graph = network(one, seeded(1));
    const machine = tight('edge-dcim-28nm');
    const apart: Machine = { ...machine, capabilities: { ...machine.capabilities, fusion: false } };
    // The value between is 28 x 28 x 32 bytes: out and back, with rows that tiles share.
    expect(linkBytes(graph, apart) - linkBytes(graph, machine)).toBeGreaterThanOrEqual(2 * 28 * 28 * 32);
  });

  it('are counted: what tiles share is done by each', () => {
    const one: Case = { size: [28, 20], channels: 32, kernel: 3, stride: 1, pad: 1, pool: true };
    const { layers } = compile(network(one, seeded(1)), tight('edge-dcim-28nm')).report;
    const { macs, macsDone, tile } = layers.find((l) => JOINED.test(l.op))!;
    // A tile of outputs [from, to) pools [from - 1, to + 1) inside the image, along each axis.
    const along = (size: number, step: number) =>
      Array.from({ length: Math.ceil(size / step) }, (_, t) => {
        const [from, to] = [t * step, Math.min(size, (t + 1) * step)];
        return Math.min(size, to + 1) - Math.max(0, from - 1);
      }).reduce((a, b) => a + b, 0);
    const pixels = along(28, tile[2]!) * along(20, tile[3]!);
    expect(macs).toBe(28 * 20 * 32 * 5);
    expect(pixels).toBeGreaterThan(28 * 20);
    expect(macsDone).toBe(pixels * 32 * 5);
  });

  it.each([1, 2, 3])('are as many as the arrays do, on %i cores', (cores) => {
    const one: Case = { size: [28, 20], channels: 32, kernel: 3, stride: 1, pad: 1, pool: true };
    const machine = { ...tight('edge-dcim-28nm'), cores };
    const { program, report } = compile(network(one, seeded(1)), machine);
    const { macs, macsDone } = report.layers.find((l) => JOINED.test(l.op))!;
    expect(macsDone).toBeGreaterThan(macs);
    // Codes of 8 bits and weights of 4.
    expect(simulate(program, machine).actions['mac.bit']).toBe(macsDone * 8 * 4);
  });

  it('stay apart where the value between finds room: nothing is computed twice', () => {
    const one: Case = { size: [28, 28], channels: 32, kernel: 3, stride: 1, pad: 1, pool: false };
    const { report } = compile(network(one, seeded(1)), PRESETS['edge-dcim-28nm']!);
    expect(report.layers.map((l) => l.op).filter((op) => JOINED.test(op))).toEqual([]);
  });
});
