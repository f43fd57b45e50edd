/**
 * Integer convolution, 2-D, grouped; a padded position contributes nothing (it stands for the zero point). The sum is exact:
 * products are added in doubles, plane by plane, which is fast because the inner loop runs along a row.
 */
import { INT32, type ValueType, type Window } from '../types.ts';
import { allocate, type OpDefinition, requireInt32, requireThat } from './op.ts';
import { outputSize } from './window.ts';

export const conv: OpDefinition<'conv'> = {
  doc: 'integer convolution into 32-bit accumulators',
  arity: [2, 3],
  infer({ window, groups, wZero }, [x, w, bias]) {
    requireThat(
      x?.element.kind === 'int' && w?.element.kind === 'int',
      'convolution needs integer operands: quantize both first',
    );
    const shape = convolvedShape(x, w, window, groups);
    const o = shape[1] ?? 0;
    requireThat(
      wZero.length === 1 || wZero.length === o,
      `weight zero point has ${wZero.length} elements, expected 1 or ${o}`,
    );
    requireThat(bias === undefined || (bias.shape.length === 1 && bias.shape[0] === o), `bias must be [${o}]`);
    return { element: INT32, shape };
  },
  reference({ window, groups, xZero, wZero }, [x, w, bias], output) {
    const out = allocate(output);
    const centred = Float64Array.from(x!.data, (v) => v - xZero);
    const shape = convolution(x!.type, w!.type, window, groups, output);
    const plane = new Float64Array(shape.outH * shape.outW);
    let at = 0;
    for (let b = 0; b < shape.batch; b++) {
      for (let oc = 0; oc < shape.outputs; oc++) {
        const zero = wZero.length === 1 ? wZero[0]! : wZero[oc]!;
        plane.fill(bias === undefined ? 0 : bias.data[oc]!);
        eachTap(shape, b, oc, (from, wAt) => {
          const weight = w!.data[wAt]! - zero;
          if (weight !== 0) addRows(plane, centred, weight, from, shape);
        });
        for (const sum of plane) out[at++] = requireInt32(sum);
      }
    }
    return out;
  },
};

/** [N, O, OH, OW] of a convolution; throws OpError when the shapes do not fit. */
export function convolvedShape(x: ValueType, w: ValueType, window: Window, groups: number): number[] {
  requireThat(
    x.shape.length === 4 && w.shape.length === 4,
    `convolution is 2-D: input and weights need 4 dims, got [${x.shape}] and [${w.shape}]`,
  );
  const [n, c, h, wd] = x.shape as [number, number, number, number];
  const [o, ci, kh, kw] = w.shape as [number, number, number, number];
  requireThat(
    groups >= 1 && c % groups === 0 && o % groups === 0,
    `${groups} groups must divide ${c} input and ${o} output channels`,
    `a group count of 1 .. ${Math.min(c, o)} that divides both`,
  );
  requireThat(
    ci === c / groups,
    `weights have ${ci} input channels a group, the input has ${c / groups}`,
    `weights [${o}, ${c / groups}, ${kh}, ${kw}]`,
  );
  requireThat(
    kh === window.kernel[0] && kw === window.kernel[1],
    `kernel_shape [${window.kernel}] disagrees with weights [${w.shape}]`,
    `kernel_shape [${kh}, ${kw}], the last two dims of the weights, or none`,
  );
  const [oh, ow] = outputSize(window, h, wd, false);
  requireThat(oh > 0 && ow > 0, `the kernel does not fit the ${h}x${wd} input`);
  return [n, o, oh, ow];
}

/** Extents and steps of one convolution. */
export interface Convolution {
  readonly batch: number;
  readonly channels: number;
  readonly inH: number;
  readonly inW: number;
  readonly outputs: number;
  readonly perGroup: number;
  readonly groupChannels: number;
  readonly outH: number;
  readonly outW: number;
  readonly window: Window;
}

export function convolution(
  x: ValueType,
  w: ValueType,
  window: Window,
  groups: number,
  output: ValueType,
): Convolution {
  const [batch, channels, inH, inW] = x.shape as [number, number, number, number];
  const [outputs, groupChannels] = w.shape as [number, number, number, number];
  const [, , outH, outW] = output.shape as [number, number, number, number];
  return { batch, channels, inH, inW, outputs, perGroup: outputs / groups, groupChannels, outH, outW, window };
}

/** Rows and columns of the output whose input position, for one tap of the window, is inside the input. */
export interface Tap {
  readonly y0: number;
  readonly y1: number;
  readonly x0: number;
  readonly x1: number;
  /** Flat input position of output (0, 0); may be outside. */
  readonly base: number;
}

/** Calls `each` for every tap of output channel `oc` in order of channel, row, column of the window. */
export function eachTap(s: Convolution, batch: number, oc: number, each: (tap: Tap, weight: number) => void): void {
  const [kh, kw] = s.window.kernel;
  const first = Math.floor(oc / s.perGroup) * s.groupChannels;
  for (let c = 0; c < s.groupChannels; c++) {
    const plane = (batch * s.channels + first + c) * s.inH * s.inW;
    for (let r = 0; r < kh; r++) {
      const dy = r * s.window.dilations[0] - s.window.pads[0];
      const [y0, y1] = inside(dy, s.window.strides[0], s.inH, s.outH);
      for (let k = 0; k < kw; k++) {
        const dx = k * s.window.dilations[1] - s.window.pads[1];
        const [x0, x1] = inside(dx, s.window.strides[1], s.inW, s.outW);
        each({ y0, y1, x0, x1, base: plane + dy * s.inW + dx }, ((oc * s.groupChannels + c) * kh + r) * kw + k);
      }
    }
  }
}

/** First and one past the last i in [0, count) with 0 <= i * stride + offset < size. */
function inside(offset: number, stride: number, size: number, count: number): [number, number] {
  const first = offset >= 0 ? 0 : Math.ceil(-offset / stride);
  const last = Math.min(count, Math.ceil((size - offset) / stride));
  return [first, Math.max(first, last)];
}

function addRows(plane: Float64Array, x: Float64Array, weight: number, tap: Tap, s: Convolution): void {
  const [sy, sx] = s.window.strides;
  for (let y = tap.y0; y < tap.y1; y++) {
    const row = tap.base + y * sy * s.inW;
    const to = y * s.outW;
    for (let z = tap.x0; z < tap.x1; z++) plane[to + z]! += x[row + z * sx]! * weight;
  }
}
