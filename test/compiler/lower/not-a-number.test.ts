/** What is no number, and infinities, pass float operations on the machine as they pass the interpreter. */
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import type { Graph } from '../../../compiler/graph/types.ts';
import { checkGraph, seeded } from '../../harness/differential.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';

const STRANGE = [Number.NaN, 0, Infinity, -Infinity, 2, -3];

/** Every pair of strange numbers through an operation. */
function pairs(make: (b: GraphBuilder, x: string, y: string) => string): Graph {
  const b = new GraphBuilder('strange');
  const shape = [STRANGE.length, STRANGE.length];
  const constant = (of: (i: number, j: number) => number) =>
    b.constant({
      type: { element: { kind: 'float32' }, shape },
      data: Float32Array.from({ length: STRANGE.length ** 2 }, (_, e) =>
        of(Math.floor(e / STRANGE.length), e % STRANGE.length),
      ),
    });
  // What is added is 0 whatever is drawn, so that the constants are values of the machine.
  const drawn = b.input('x', { element: { kind: 'int', bits: 8, coding: 'unsigned' }, shape });
  const scale = { scale: Float32Array.of(0), zeroPoint: Int32Array.of(0), axis: 0 };
  const nothing = b.add('dequantize', [drawn], scale);
  const value = (of: (i: number, j: number) => number) => b.add('binary', [constant(of), nothing], { fn: 'add' });
  return b.finish([
    make(
      b,
      value((i) => STRANGE[i]!),
      value((_, j) => STRANGE[j]!),
    ),
  ]);
}

it.each<[string, (b: GraphBuilder, x: string, y: string) => string]>([
  ['max', (b, x, y) => b.add('binary', [x, y], { fn: 'max' })],
  ['min', (b, x, y) => b.add('binary', [x, y], { fn: 'min' })],
  ['relu', (b, x) => b.add('unary', [x], { fn: 'relu' })],
  ['clip', (b, x) => b.add('clip', [x], { min: -1, max: 1 })],
  [
    'clip and max, by which IsNaN is found',
    (b, x, y) => b.add('binary', [b.add('clip', [x], { min: -1, max: 1 }), y], { fn: 'max' }),
  ],
])('%s', (_, make) => {
  for (const machine of Object.values(MAIN_PRESETS)) checkGraph(pairs(make), machine, seeded(1));
});

it.each([2 ** -130, 2 ** -126, 2 ** 127])(
  'a quantizer of scale %d, a power of two whose inverse float32 may not have',
  (scale) => {
    const b = new GraphBuilder('scale');
    const x = b.input('x', { element: { kind: 'int', bits: 8, coding: 'signed' }, shape: [1, 16] });
    const table = Float32Array.from({ length: 256 }, (_, i) => (i - 128) * scale);
    const float = b.add('lut', [x], { table, axis: 0 }, { element: { kind: 'float32' } });
    const attributes = { scale: Float32Array.of(scale), zeroPoint: Float32Array.of(3), axis: 0 };
    const codes = { ...attributes, rounding: 'half-even', min: 0, max: 255, order: 'round-then-zero' } as const;
    const element = { kind: 'int', bits: 8, coding: 'unsigned' } as const;
    const graph = b.finish([b.add('quantize', [float], codes, { element })]);
    const { program } = checkGraph(graph, MAIN_PRESETS['edge-dcim-28nm']!, seeded(2));
    expect(program.cores[0]!.instructions.some((i) => i.op === 'vdiv')).toBe(scale < 2 ** -127);
  },
);
