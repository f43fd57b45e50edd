/** Window arithmetic of convolution and pooling, after the ONNX operator definitions. */
import type { ValueType, Window } from '../types.ts';
import { requireThat } from './op.ts';

/** Output height and width; ceilMode rounds up but never starts a window in the padding behind the input (ONNX). */
export function outputSize(w: Window, height: number, width: number, ceilMode: boolean): [number, number] {
  const one = (size: number, axis: 0 | 1) => {
    const padded = size + w.pads[axis] + w.pads[axis + 2]!;
    const span = w.dilations[axis] * (w.kernel[axis] - 1) + 1;
    const steps = (padded - span) / w.strides[axis];
    let out = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
    if (ceilMode && (out - 1) * w.strides[axis] >= size + w.pads[axis]) out -= 1;
    return padded < span ? 0 : out;
  };
  return [one(height, 0), one(width, 1)];
}

/** Calls `visit` for each in-range position of the window at (y, x): flat offset in the plane. */
export function visitWindow(
  w: Window,
  height: number,
  width: number,
  y: number,
  x: number,
  visit: (offset: number) => void,
): void {
  for (let r = 0; r < w.kernel[0]; r++) {
    const iy = y * w.strides[0] - w.pads[0] + r * w.dilations[0];
    if (iy < 0 || iy >= height) continue;
    for (let s = 0; s < w.kernel[1]; s++) {
      const ix = x * w.strides[1] - w.pads[1] + s * w.dilations[1];
      if (ix >= 0 && ix < width) visit(iy * width + ix);
    }
  }
}

/** Result type of a pool; throws OpError when the window does not fit. ceil_mode is import's business: it becomes padding. */
export function pooledType(x: ValueType | undefined, window: Window): ValueType {
  requireThat(x !== undefined && x.shape.length === 4, `pooling is 2-D: the input needs 4 dims, got [${x?.shape}]`);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [oh, ow] = outputSize(window, h, w, false);
  requireThat(oh > 0 && ow > 0, `the window does not fit the ${h}x${w} input`);
  return { element: x.element, shape: [n, c, oh, ow] };
}

/** Calls `each` for every output position with the flat input offsets of its window that lie inside. */
export function eachWindow(
  x: ValueType,
  window: Window,
  output: ValueType,
  each: (at: number, offsets: number[], y: number, z: number) => void,
): void {
  const [, , h, w] = x.shape as [number, number, number, number];
  const [n, c, oh, ow] = output.shape as [number, number, number, number];
  for (let plane = 0; plane < n * c; plane++) {
    for (let y = 0; y < oh; y++) {
      for (let z = 0; z < ow; z++) {
        const offsets: number[] = [];
        visitWindow(window, h, w, y, z, (o) => offsets.push(plane * h * w + o));
        each((plane * oh + y) * ow + z, offsets, y, z);
      }
    }
  }
}
