/**
 * Values of more dims than a tensor descriptor has: tiles are those that a walk can describe, also where an operand repeats every other dim, and a pinned
 * tile that none can describe is refused. Constants where values are usual: as an output, as the rows of a product. Networks that are too large, refused before the work.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { ElementType, Graph, IntegerType } from '../../compiler/graph/types.ts';
import { INT32, sizeOf } from '../../compiler/graph/types.ts';
import type { Step } from '../../compiler/lower/draft.ts';
import type { Kernel } from '../../compiler/lower/kernel.ts';
import { MOST_STEPS, requireSteps } from '../../compiler/lower/program-size.ts';
import type { Decisions } from '../../compiler/mapping/decisions.ts';
import { CapacityError, formatError, InputError } from '../../isa/base/errors.ts';
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { MAIN_PRESETS } from '../harness/presets.ts';

const FLOAT: ElementType = { kind: 'float32' };
const BIT: IntegerType = { kind: 'int', bits: 1, coding: 'unsigned' };
const CODE: IntegerType = { kind: 'int', bits: 4, coding: 'signed' };

const SEVEN = [2, 3, 2, 3, 2, 3, 2];
const EVEN = [2, 1, 2, 1, 2, 1, 2];
const ODD = [1, 3, 1, 3, 1, 3, 1];

function graph(build: (b: GraphBuilder) => readonly string[]): Graph {
  const b = new GraphBuilder('dims');
  return b.finish(build(b));
}

const floats = (b: GraphBuilder, shape: readonly number[]): string =>
  b.constant({ type: { element: FLOAT, shape }, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => i / 8) });

const codes = (b: GraphBuilder, shape: readonly number[]): string =>
  b.constant({
    type: { element: CODE, shape },
    data: Int32Array.from({ length: sizeOf(shape) }, (_, i) => (i % 16) - 8),
  });

const SCALES = { aScale: 0.5, aZero: 1, bScale: 0.25, bZero: -1, scale: 0.5, zeroPoint: 0 };
const ALTERNATING: Readonly<Record<string, (b: GraphBuilder) => string>> = {
  'a constant': (b) =>
    b.add('binary', [b.input('x', { element: FLOAT, shape: SEVEN }), floats(b, EVEN)], { fn: 'add' }),
  'both values': (b) => {
    const x = b.input('x', { element: FLOAT, shape: [...EVEN, 1, 2] });
    return b.add('binary', [x, b.input('y', { element: FLOAT, shape: [...ODD, 3, 1] })], { fn: 'sub' });
  },
  'a quantized value': (b) => {
    const x = b.input('x', { element: CODE, shape: SEVEN });
    return b.add('qadd', [x, b.input('y', { element: CODE, shape: EVEN })], SCALES, { element: CODE });
  },
  'a condition': (b) => {
    const x = b.input('x', { element: FLOAT, shape: SEVEN });
    const y = b.input('y', { element: FLOAT, shape: EVEN });
    return b.add('where', [b.input('c', { element: BIT, shape: ODD }), x, y], {});
  },
};

describe.each(Object.entries(MAIN_PRESETS))('on %s', (_, machine) => {
  it.each(Object.entries(ALTERNATING))('every other dim of %s repeats', (_, build) => {
    checkGraph(
      graph((b) => [build(b)]),
      machine,
      seeded(3),
    );
  });

  it('the rows of a product may be a constant of any rank', () => {
    for (const shape of [[2, 3, 4, 6], [6]]) {
      const product = (b: GraphBuilder) => b.add('matmul', [codes(b, shape), codes(b, [6, 5])], NO_ZEROS);
      const plus = (b: GraphBuilder, acc: string) =>
        b.add('addi', [acc, b.input('x', { element: INT32, shape: [1] })], {});
      checkGraph(
        graph((b) => [product(b)]),
        machine,
        seeded(4),
      );
      expect(
        compile(
          graph((b) => [plus(b, product(b))]),
          machine,
        ).report.layers.length,
      ).toBeGreaterThan(1);
    }
  });

  it('a constant that nobody reads may be an output', () => {
    const g = graph((b) => [
      b.add('unary', [b.input('x', { element: FLOAT, shape: [3] })], { fn: 'relu' }),
      codes(b, [2, 3]),
    ]);
    checkGraph(g, machine, seeded(5));
  });
});

const NO_ZEROS = { xZero: 0, wZero: Int32Array.of(0) };

describe('pinned tiles of seven dims', () => {
  const dims = (sizes: readonly number[]) => Object.fromEntries(sizes.map((size, d) => [`dim${d}`, size]));
  const padded = graph((b) => {
    const shape = [2, 4, 3, 2, 4, 3, 3];
    const x = b.input('x', { element: FLOAT, shape });
    const one = shape.map(() => 1);
    const pad = b.add('pad', [x], { before: one, after: shape.map(() => 0), value: 1 });
    return [b.add('unary', [pad], { fn: 'neg' }, { name: 'neg' })];
  });
  const pins = (tile: Decisions['layers']): Decisions => ({ layers: tile });

  it('are refused by name where no walk describes them', () => {
    const tile = dims([2, 4, 3, 2, 4, 3, 3]);
    let refusal: unknown;
    try {
      compile(padded, edgeDcim28nm, { pins: pins([{ layer: 'neg', tile }]) });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(InputError);
    expect(formatError(refusal as InputError)).toMatch(/layer neg, tile: .* more pieces than an instruction can walk/);
  });

  it('hold where one does', () => {
    const tile = dims([1, 1, 1, 2, 5, 4, 4]);
    checkGraph(padded, edgeDcim28nm, seeded(6), { pins: pins([{ layer: 'neg', tile }]) });
  });
});

describe('what is too large', () => {
  it('is refused before its tiles are made, when its values alone fill the DRAM', () => {
    const g = graph((b) => [b.add('unary', [b.input('x', { element: FLOAT, shape: [1, 2 ** 28] })], { fn: 'relu' })]);
    const { capacityBytes } = edgeDcim28nm.dram;
    expect(() => compile(g, edgeDcim28nm)).toThrow(/values between layers of dims alone do not fit into the DRAM/);
    const large = { ...edgeDcim28nm, dram: { ...edgeDcim28nm.dram, capacityBytes: 4 * capacityBytes } };
    expect(() =>
      compile(
        graph((b) => [b.input('x', { element: FLOAT, shape: [2, 3] })]),
        large,
      ),
    ).not.toThrow();
  });

  it('names the layers of most instructions, and the memory that makes them fewer', () => {
    const steps = Array.from({ length: MOST_STEPS + 1 }, (_, i) => ({ layer: i % 4 === 0 ? 0 : 1 }) as Step);
    const layers = (kind: Kernel['kind']) => ['short', 'long'].map((name) => ({ kind, layer: { name } }) as Kernel);
    const refusal = (kind: Kernel['kind']): CapacityError => {
      try {
        requireSteps(steps, layers(kind), edgeDcim28nm);
      } catch (error) {
        if (error instanceof CapacityError) return error;
      }
      throw new Error('not refused');
    };
    expect(refusal('plain').consumers.map((c) => c.name)).toEqual(['long', 'short']);
    expect(refusal('plain').knob).toBe('core.scratchpad.sizeBytes');
    expect(refusal('matmul').knob).toBe('core.accumulators.sizeBytes');
    expect(() => requireSteps(steps.slice(1), layers('plain'), edgeDcim28nm)).not.toThrow();
  });
});
