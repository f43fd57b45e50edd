/** Pooling over 2-D windows, after the ONNX definitions. The output size comes with the node, because ceil_mode is import's business. */
import type { ValueType, Window } from '../types.ts';
import { allocate, isFloat, type OpDefinition, requireThat } from './op.ts';
import { outputSize, visitWindow } from './window.ts';

function pooledType(x: ValueType | undefined, window: Window): ValueType {
  requireThat(x !== undefined && x.shape.length === 4, `pooling is 2-D: the input needs 4 dims, got [${x?.shape}]`);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [oh, ow] = outputSize(window, h, w, false);
  requireThat(oh > 0 && ow > 0, `the window does not fit the ${h}x${w} input`);
  return { element: x.element, shape: [n, c, oh, ow] };
}

function eachWindow(
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

export const maxpool: OpDefinition<'maxpool'> = {
  doc: 'maximum over a window; padding never wins',
  arity: [1, 1],
  infer: ({ window }, [x]) => pooledType(x, window),
  reference({ window }, [x], output) {
    const out = allocate(output);
    eachWindow(x!.type, window, output, (at, offsets) => {
      requireThat(offsets.length > 0, 'a pooling window lies wholly in the padding');
      out[at] = offsets.reduce((m, o) => Math.max(m, x!.data[o]!), -Infinity);
    });
    return out;
  },
};

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

export const spatialSum: OpDefinition<'spatial-sum'> = {
  doc: 'sum over height and width of centred codes',
  arity: [1, 1],
  infer(_, [x]) {
    requireThat(
      x !== undefined && x.element.kind === 'int' && x.shape.length === 4,
      'a spatial sum takes integers with 4 dims',
    );
    return { element: { kind: 'int', bits: 32, coding: 'signed' }, shape: [x.shape[0]!, x.shape[1]!, 1, 1] };
  },
  reference({ xZero }, [x], output) {
    const out = allocate(output);
    const plane = x!.type.shape[2]! * x!.type.shape[3]!;
    for (let i = 0; i < out.length; i++) {
      let sum = 0;
      for (let j = 0; j < plane; j++) sum += x!.data[i * plane + j]! - xZero;
      out[i] = sum;
    }
    return out;
  },
};
