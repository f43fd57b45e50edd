/** Moves channel blocks into space, as ONNX DepthToSpace: DCR takes the block first, CRD the depth first. */
import { allocate, eachIndex, type OpDefinition, requireThat } from './op.ts';

export const depthToSpace: OpDefinition<'depth-to-space'> = {
  doc: 'moves channel blocks into space, ONNX DepthToSpace',
  arity: [1, 1],
  infer({ block }, [x]) {
    requireThat(
      x !== undefined && x.shape.length === 4 && x.shape[1]! % (block * block) === 0,
      `channels of [${x?.shape}] must be a multiple of ${block * block}`,
    );
    const [n, c, h, w] = x.shape as [number, number, number, number];
    return { element: x.element, shape: [n, c / (block * block), h * block, w * block] };
  },
  reference({ block, mode }, [x], output) {
    const out = allocate(output);
    const [, c, h, w] = x!.type.shape as [number, number, number, number];
    const depth = c / (block * block);
    eachIndex(output.shape, (at, [n, oc, y, z]) => {
      const by = y! % block;
      const bx = z! % block;
      const channel = mode === 'DCR' ? (by * block + bx) * depth + oc! : (oc! * block + by) * block + bx;
      out[at] = x!.data[((n! * c + channel) * h + Math.floor(y! / block)) * w + Math.floor(z! / block)]!;
    });
    return out;
  },
};
