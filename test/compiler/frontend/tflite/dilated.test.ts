/** Dilated convolutions between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: one convolution, with the codes of the three reference kernels. */
import { describe, expect, it } from 'vitest';
import { importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { seeded } from '../../../harness/differential.ts';
import { compared } from './compared.ts';
import { CODES, type ModelSpec, makeTflite, OPTIONS, type TensorSpec } from './make.ts';
import { testOperators } from './operators.ts';
import { codes, type Draw, size, tensor, whole } from './single-op.ts';

const ints = (name: string, data: readonly number[], shape: readonly number[] = [data.length]): TensorSpec => ({
  name,
  shape,
  type: 'int32',
  data,
});

/** Borders so that the result is as large as the image (or `valid`), then up to whole blocks, which the crops take away. */
function chain(r: Draw, depthwise: boolean): ModelSpec {
  const type = r() < 0.6 ? 'int8' : 'uint8';
  const [k, c, n] = [whole(r, 2, 3), whole(r, 1, 4), whole(r, 1, 2)];
  const o = depthwise ? c : whole(r, 1, 4);
  const valid = r() < 0.3;
  const blocks = [whole(r, 1, 3), whole(r, 2, 4)];
  const sizes = blocks.map((b) => (k - 1) * b + whole(r, 2, 6));
  const axes = blocks.map((b, i) => {
    const own = valid ? 0 : (k - 1) * b;
    const before = Math.floor(own / 2);
    const extra = (b - ((sizes[i]! + own) % b)) % b;
    return { pads: [before, own - before + extra], crops: [0, extra], padded: sizes[i]! + own + extra, extra };
  });
  const phases = blocks[0]! * blocks[1]!;
  const inner = axes.map((a, i) => a.padded / blocks[i]!);
  const results = axes.map((a, i) => a.padded - (k - 1) * blocks[i]! - a.extra);
  const x = tensor(r, [n, ...sizes, c], type, 'x');
  const y = tensor(r, [n, ...results, o], type, 'y');
  const wide = { ...y, scale: [Math.fround(y.scale![0]! * 10)] };
  const shape = depthwise ? [1, k, k, c] : [o, k, k, c];
  const unsigned = type === 'uint8';
  const weights: TensorSpec = {
    ...tensor(r, shape, type, 'w'),
    zero: [unsigned ? 100 : 0],
    data: codes(r, size(shape), unsigned ? 0 : -127, unsigned ? 255 : 127),
  };
  const fields = [
    [0, 'int8', 1],
    [1, 'int32', 1],
    [2, 'int32', 1],
  ] as const;
  return {
    tensors: [
      x,
      ints('blocks', blocks),
      ints(
        'pads',
        axes.flatMap((a) => a.pads),
        [2, 2],
      ),
      { ...x, name: 'phases', shape: [n * phases, ...inner, c] },
      weights,
      ints('bias', codes(r, o, -3000, 3000)),
      { ...wide, name: 'sums', shape: [n * phases, ...inner.map((s) => s - k + 1), o] },
      ints(
        'crops',
        axes.flatMap((a) => a.crops),
        [2, 2],
      ),
      wide,
    ],
    operators: [
      { code: CODES.SPACE_TO_BATCH_ND, inputs: [0, 1, 2], outputs: [3] },
      {
        code: depthwise ? CODES.DEPTHWISE_CONV_2D : CODES.CONV_2D,
        inputs: [3, 4, 5],
        outputs: [6],
        options: {
          type: depthwise ? OPTIONS.depthwise : OPTIONS.conv,
          fields: [...fields, [depthwise ? 4 : 3, 'int8', whole(r, 0, 3)]],
        },
      },
      { code: CODES.BATCH_TO_SPACE_ND, inputs: [6, 1, 7], outputs: [8] },
    ],
    inputs: [0],
    outputs: [8],
  };
}

testOperators([
  ['CONV_2D between blocks', (r) => chain(r, false)],
  ['DEPTHWISE_CONV_2D between blocks', (r) => chain(r, true)],
]);

describe('the chain', () => {
  it('is one convolution whose taps lie a block apart', () => {
    for (let i = 1; i <= 12; i++) {
      const spec = chain(seeded(i), i % 2 === 0);
      const { graph } = importTflite(makeTflite(spec));
      const [conv, ...others] = graph.nodes.filter((n) => n.op === 'conv');
      expect(others).toEqual([]);
      expect(conv?.attributes.window.dilations).toEqual(spec.tensors[1]!.data);
      expect(graph.nodes.some((n) => n.op === 'reshape')).toBe(false);
    }
  });

  it('stays as it is where something else reads its parts', () => {
    const spec = chain(seeded(4), false);
    const open = { ...spec, outputs: [8, 6] };
    const { expected, found } = compared(open, 9);
    expect(found).toEqual(expected);
    const conv = importTflite(makeTflite(open)).graph.nodes.find((n) => n.op === 'conv');
    expect(conv?.attributes.window.dilations).toEqual([1, 1]);
  });
});
