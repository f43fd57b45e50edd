/** Layers side by side: the order of their steps keeps what depends on what, and a chain of products and depthwise convolutions keeps the vector unit busy. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompileOptions, compile } from '../../../compiler/compile.ts';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import type { Graph, IntegerType, Window } from '../../../compiler/graph/types.ts';
import { inTurns } from '../../../compiler/lower/beside.ts';
import type { Step } from '../../../compiler/lower/draft.ts';
import type { Decisions } from '../../../compiler/mapping/decisions.ts';
import { InputError } from '../../../isa/base/errors.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { checkGraph, seeded } from '../../harness/differential.ts';
import { bytesAt } from '../../harness/drafts.ts';

interface Move {
  readonly layer: number;
  readonly channel: number;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

function copyOf({ layer, channel, from, to, count }: Move): Step {
  const [src, dst] = [bytesAt(from, count, { space: 'spad' }), bytesAt(to, count, { space: 'spad' })];
  const plain = { accumulate: false, core: 0, signalRemote: 0, cores: 0 };
  return { op: 'copy', layer, channel, dst, src, ...plain } as Step;
}

/** Whether one of two moves writes what the other touches. */
function depend(a: Move, b: Move): boolean {
  const meet = (x: number, y: number): boolean => x < y + b.count && y < x + a.count;
  return meet(a.to, b.to) || meet(a.to, b.from) || meet(a.from, b.to);
}

describe('steps of layers side by side', () => {
  const move = fc.record({
    layer: fc.integer({ min: 0, max: 4 }),
    channel: fc.integer({ min: 0, max: 2 }),
    from: fc.integer({ min: 0, max: 60 }),
    to: fc.integer({ min: 0, max: 60 }),
    count: fc.integer({ min: 1, max: 8 }),
  });

  it('are all there; what depends on each other, and a layer on its unit, stays in order', () => {
    let moved = 0;
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), (list) => {
        const moves = [...list].sort((a, b) => a.layer - b.layer);
        const steps = moves.map(copyOf);
        const out = inTurns(steps, edgeDcim28nm).map((s) => steps.indexOf(s));
        expect([...out].sort((a, b) => a - b)).toEqual(steps.map((_, i) => i));
        const place = steps.map((_, i) => out.indexOf(i));
        moves.forEach((b, j) => {
          moves.slice(0, j).forEach((a, i) => {
            const sameStream = a.layer === b.layer && a.channel === b.channel;
            if (sameStream || depend(a, b)) expect(place[i]).toBeLessThan(place[j] as number);
            else if ((place[i] as number) > (place[j] as number)) moved++;
          });
        });
      }),
      { seed: 3 },
    );
    expect(moved).toBeGreaterThan(100);
  });

  it('let a later layer use a unit while an earlier one waits', () => {
    const busy = (layer: number, channel: number, from: number, to: number) =>
      copyOf({ layer, channel, from, to, count: 4 });
    const [first, waits, free] = [busy(0, 0, 0, 100), busy(0, 1, 100, 200), busy(1, 1, 300, 400)] as const;
    expect(inTurns([first, waits, free], edgeDcim28nm)).toEqual([first, free, waits]);
  });
});

const U8: IntegerType = { kind: 'int', bits: 8, coding: 'unsigned' };
const S8: IntegerType = { kind: 'int', bits: 8, coding: 'signed' };

/** A 1x1 product, then a depthwise 3x3 and a 1x1 product `pairs` times, on images of `size` by `size`. */
function chain(pairs: number, channels: number, size: number): Graph {
  const random = seeded(5);
  const b = new GraphBuilder('chain');
  const window = (kernel: number): Window => {
    const pad = (kernel - 1) / 2;
    return { kernel: [kernel, kernel], strides: [1, 1], pads: [pad, pad, pad, pad], dilations: [1, 1] };
  };
  const layer = (x: string, inputs: number, groups: number, kernel: number): string => {
    const shape = [channels, inputs / groups, kernel, kernel];
    const data = Int32Array.from({ length: shape.reduce((a, c) => a * c, 1) }, () => Math.floor(random() * 15) - 7);
    const w = b.constant({ type: { element: S8, shape }, data });
    const sums = { window: window(kernel), groups, xZero: 3, wZero: Int32Array.of(0) };
    const spec = { mode: 'float32', zeroPoint: 3, scale: Float32Array.of(0.02) } as const;
    return b.add('requantize', [b.add('conv', [x, w], sums)], { spec, axis: 1, relu: true }, { element: U8 });
  };
  let x = layer(b.input('x', { element: U8, shape: [1, 16, size, size] }), 16, 1, 1);
  for (let i = 0; i < pairs; i++) x = layer(layer(x, channels, channels, 3), channels, 1, 1);
  return b.finish([x]);
}

describe('products and depthwise convolutions in turn', () => {
  const graph = chain(3, 32, 16);
  const machine = edgeDcim28nm;

  function decided(options: CompileOptions = {}) {
    const { program, steadyProgram, report } = compile(graph, machine, { ...options, explain: 'choices' });
    const { cycles } = simulate(steadyProgram ?? program, machine, { warmCode: true });
    const layers = report.decisions?.layers ?? [];
    return { cycles, layers, choices: report.choices?.layers ?? [], beside: layers.map((l) => l.beside === true) };
  }
  const apart = (of: readonly { readonly layer: string }[]): Decisions => ({
    layers: of.map(({ layer }) => ({ layer, beside: false })),
  });

  it('run side by side, which takes less time', () => {
    const free = decided();
    expect(free.beside.filter((on) => on).length).toBeGreaterThanOrEqual(4);
    const tiled = free.layers.filter((l) => l.tile !== undefined);
    const pinned = decided({ pins: apart(tiled) });
    expect(pinned.beside.some((on) => on)).toBe(false);
    expect(free.cycles).toBeLessThan(0.85 * pinned.cycles);
  });

  it('give the values of the interpreter', () => {
    checkGraph(graph, machine, seeded(8), {});
  });

  it('say what was expected of both ways', () => {
    const found = decided().choices.flatMap(({ choices }) => choices.filter((c) => c.decision === 'beside'));
    expect(found.length).toBeGreaterThanOrEqual(4);
    for (const { option, cycles, runnersUp } of found) {
      expect(option).toBe('true');
      expect(runnersUp[0]?.option).toBe('false');
      expect(runnersUp[0]?.cycles).toBeGreaterThan(cycles as number);
    }
  });

  it('take turns where the scratchpad has no room for what both touch', () => {
    const small: Machine = {
      ...machine,
      core: { ...machine.core, scratchpad: { ...machine.core.scratchpad, sizeBytes: 20 * 1024 } },
    };
    const { report } = checkGraph(graph, small, seeded(8), { explain: 'decisions' });
    const on = report.decisions?.layers?.filter((l) => l.beside === true) ?? [];
    expect(on.length).toBeLessThan(4);
  });

  it('cannot be pinned where no layer is in front, or where cores take turns', () => {
    const [first] = decided().layers;
    const pins: Decisions = { layers: [{ layer: first?.layer ?? '', beside: true }] };
    expect(() => compile(graph, machine, { pins })).toThrow(InputError);
    const several = { ...machine, name: 'two', cores: 2 };
    const last: Decisions = { layers: [{ layer: decided().layers.at(-2)?.layer ?? '', beside: true }] };
    expect(() => compile(graph, several, { pins: { ...last, network: { cores: 2 } } })).toThrow(InputError);
  });
});
