/** float32 mean over a 2-D window: float32 sum in window order, one rounding each, then one division. */
import type { Window } from '../types.ts';
import { allocate, isFloat, type OpDefinition, requireThat } from './op.ts';
import { eachWindow, pooledType } from './window.ts';

export const avgpool: OpDefinition<'avgpool'> = {
  doc: 'float32 mean over a window: float32 sum in window order, then one division',
  arity: [1, 1],
  infer({ window }, [x]) {
    requireThat(x !== undefined && isFloat(x), 'average pooling takes float32');
    return pooledType(x, window);
  },
  reference({ window, countIncludePad }, [x], output) {
    const out = allocate(output);
    const [, , h, w] = x!.type.shape as [number, number, number, number];
    const [kh, kw] = window.kernel;
    eachWindow(x!.type, window, output, (at, offsets, y, z) => {
      let sum = 0;
      for (const o of offsets) sum = Math.fround(sum + x!.data[o]!);
      out[at] =
        sum / (countIncludePad ? paddedCount(y, window, 0, h, kh) * paddedCount(z, window, 1, w, kw) : offsets.length);
    });
    return out;
  },
};

/** Window positions of one axis that lie in the input or its declared padding. */
export function paddedCount(position: number, window: Window, axis: 0 | 1, size: number, kernel: number): number {
  let n = 0;
  for (let r = 0; r < kernel; r++) {
    const i = position * window.strides[axis] - window.pads[axis] + r * window.dilations[axis];
    if (i < size + window.pads[axis + 2]!) n += 1;
  }
  return n;
}
