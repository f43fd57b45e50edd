/** Networks of equal convolutions, one behind the other, with sums over any of them. */
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph, IntegerType } from '../../compiler/graph/types.ts';
import { seeded } from './differential.ts';

const SUM = { aScale: 0.5, aZero: 0, bScale: 0.5, bZero: 0, scale: 0.5, zeroPoint: 0 } as const;

/**
 * 3x3 convolutions of 16 channels.
 * @param skips [from, to]: what layer `from` makes is added to what layer `to` makes; layers count from 0
 */
export function convolutions(layers: number, size: number, skips: readonly (readonly [number, number])[] = []): Graph {
  const random = seeded(5);
  const code: IntegerType = { kind: 'int', bits: 8, coding: 'signed' };
  const b = new GraphBuilder('convolutions');
  let x = b.input('x', { element: code, shape: [1, 16, size, size] });
  const made: string[] = [];
  for (let i = 0; i < layers; i++) {
    const data = Int32Array.from({ length: 16 * 16 * 9 }, () => Math.floor(random() * 16) - 8);
    const w = b.constant({ type: { element: code, shape: [16, 16, 3, 3] }, data });
    const window = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] } as const;
    const acc = b.add('conv', [x, w], { window, groups: 1, xZero: 0, wZero: Int32Array.of(0) });
    const spec = { mode: 'float32', scale: Float32Array.of(0.02), zeroPoint: 0 } as const;
    x = b.add('requantize', [acc], { spec, axis: 1, relu: true }, { element: code });
    for (const [from, to] of skips) if (to === i) x = b.add('qadd', [x, made[from]!], SUM, { element: code });
    made.push(x);
  }
  return b.finish([x]);
}
