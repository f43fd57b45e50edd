/**
 * float32 convolution, for networks whose first activations are not quantized. The order of the sum is part of the meaning: channel,
 * row, column of the window, from 0, one float32 rounding after each multiply and each add; padded positions are left out.
 */

import { type Convolution, convolution, convolvedShape, eachTap, type Tap } from './conv.ts';
import { allocate, isFloat, type OpDefinition, requireThat } from './op.ts';

export const convFloat: OpDefinition<'conv-float'> = {
  doc: 'float32 convolution on the vector unit',
  arity: [2, 2],
  infer({ window, groups }, [x, w]) {
    requireThat(x !== undefined && w !== undefined && isFloat(x) && isFloat(w), 'this convolution takes float32');
    return { element: x.element, shape: convolvedShape(x, w, window, groups) };
  },
  reference({ window, groups }, [x, w], output) {
    const out = allocate(output) as Float32Array;
    const shape = convolution(x!.type, w!.type, window, groups, output);
    const size = shape.outH * shape.outW;
    for (let b = 0; b < shape.batch; b++) {
      for (let oc = 0; oc < shape.outputs; oc++) {
        const plane = out.subarray((b * shape.outputs + oc) * size, (b * shape.outputs + oc + 1) * size);
        eachTap(shape, b, oc, (tap, wAt) => addRows(plane, x!.data, w!.data[wAt]!, tap, shape));
      }
    }
    return out;
  },
};

function addRows(plane: Float32Array, x: ArrayLike<number>, weight: number, tap: Tap, s: Convolution): void {
  const [sy, sx] = s.window.strides;
  for (let y = tap.y0; y < tap.y1; y++) {
    const row = tap.base + y * sy * s.inW;
    const to = y * s.outW;
    for (let z = tap.x0; z < tap.x1; z++) plane[to + z] = plane[to + z]! + Math.fround(x[row + z * sx]! * weight);
  }
}
