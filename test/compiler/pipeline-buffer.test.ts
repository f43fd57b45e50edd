/** Values that cross a border in the global buffer stay there from run to run: no weights come in over them, however early they are wanted. */
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import { type Graph, INT32, type IntegerType, integerRange } from '../../compiler/graph/types.ts';
import { eyerissLike } from '../../isa/machine/presets/eyeriss-like.ts';
import { checkGraph, seeded } from '../harness/differential.ts';

const U6: IntegerType = { kind: 'int', bits: 6, coding: 'unsigned' };
const S2: IntegerType = { kind: 'int', bits: 2, coding: 'signed' };
const S8: IntegerType = { kind: 'int', bits: 8, coding: 'signed' };

/** A product, whose codes are pooled and convolved in the second stage; repeated and as floats they are an output of their own. */
function twoStages(): Graph {
  const b = new GraphBuilder('two stages');
  const random = seeded(17);
  const weights = (element: IntegerType, shape: readonly number[]) => {
    const { min, max } = integerRange(element);
    const draw = () => min + Math.floor(random() * (max - min + 1));
    return b.constant({
      type: { element, shape },
      data: Int32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, draw),
    });
  };
  const bias = b.constant({
    type: { element: INT32, shape: [37] },
    data: Int32Array.from({ length: 37 }, (_, i) => 97 * i - 1800),
  });
  const x = b.input('x', { element: U6, shape: [2, 6, 1, 8] });
  const sums = b.add('matmul', [x, weights(S8, [8, 37]), bias], { xZero: 35, wZero: Int32Array.of(0) });
  const fixed = {
    mode: 'fixed-point',
    zeroPoint: -1,
    multiplier: Int32Array.of(1630145702),
    shift: Int32Array.of(0),
  } as const;
  const codes = b.add('requantize', [sums], { spec: fixed, axis: 3, relu: false }, { element: S2 });
  const twice = b.add('expand', [codes], { shape: [2, 6, 2, 37] });
  const scaling = { scale: Float32Array.of(0.04, 0.057), zeroPoint: Int32Array.of(0), axis: 0 };
  const floats = b.add('dequantize', [twice], scaling);
  const pooling = { kernel: [1, 3], dilations: [1, 1], strides: [1, 3], pads: [0, 1, 0, 2] } as const;
  const pooled = b.add('maxpool', [codes], { window: pooling });
  const turned = b.add('transpose', [pooled], { perm: [2, 0, 1, 3] });
  const window = { kernel: [3, 2], dilations: [1, 2], strides: [1, 2], pads: [2, 0, 1, 0] } as const;
  const attributes = { window, groups: 1, xZero: -2, wZero: Int32Array.of(25) };
  const convolved = b.add('conv', [turned, weights(U6, [9, 2, 3, 2])], attributes);
  const scale = Float32Array.from({ length: 9 }, (_, i) => 0.005 * (i + 1));
  const spec = { mode: 'float32', zeroPoint: 0, scale } as const;
  return b.finish([b.add('requantize', [convolved], { spec, axis: 1, relu: true }, { element: S8 }), floats]);
}

it('gives the same bits where the weights of a stage are the first that a run brings in', () => {
  const scratchpad = { ...eyerissLike.core.scratchpad, sizeBytes: 4096 };
  const machine = { ...eyerissLike, cores: 2, core: { ...eyerissLike.core, scratchpad } };
  expect(checkGraph(twoStages(), machine, seeded(3), { stages: 2 }).delayRuns).toBe(1);
});
