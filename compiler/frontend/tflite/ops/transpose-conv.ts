/**
 * TRANSPOSE_CONV by phases: result row s·q + r sees only the weight rows r, r + s, r + 2s, ... So one convolution with stride 1 makes all
 * s·s phases as channels of their own, with kernels of a s-th of the size, and the phases are woven into the image. No products with
 * inserted zeros are computed.
 */
import { INT32, sizeOf, type Tensor, type Window } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { permuted } from '../constants.ts';
import { type ImportContext, text } from '../context.ts';
import { interleaved } from './interleave.ts';
import { biases, filterTensor, type Places, productOf } from './products.ts';
import { activationOf, requantized } from './requantizer.ts';
import { optionsOf, samePadding } from './window.ts';

/** Weights of all phases: where strides are far above the kernel, most of them are nothing. */
const WEIGHTS_MAX = 2 ** 26;

const PLACES: Places = { data: 2, bias: 3 };

/** One axis: the stride, the weight rows of a phase, the border before the result, and the borders of the convolution. */
interface Axis {
  readonly stride: number;
  readonly taps: number;
  readonly cut: number;
  readonly pads: readonly [number, number];
}

export function importTransposeConv(cx: ImportContext): void {
  const options = optionsOf(cx);
  const filter = filterTensor(cx);
  const [o = 0, kh = 0, kw = 0, i = 0] = filter.shape;
  const [x, out] = [cx.inputTensor(PLACES.data), cx.outputTensor()];
  if (x.shape.length !== 4 || out.shape.length !== 4 || x.shape[3] !== i || out.shape[3] !== o)
    invalid(
      `input [${x.shape.join(', ')}] and result [${out.shape.join(', ')}] for weights [${filter.shape.join(', ')}]`,
      {
        expected: 'images with the channels of the weights',
      },
    );
  const stated = cx.integerInput(0, 'the result shape');
  if (stated.join() !== out.shape.join())
    invalid(`a result shape of [${stated.join(', ')}]`, {
      expected: `[${out.shape.join(', ')}], the shape of ${text(out)}`,
    });
  const padding = options.int8(0, 'padding');
  const rows = axisOf(padding, {
    stride: options.int32(2, 'stride_h'),
    kernel: kh,
    size: x.shape[1]!,
    result: out.shape[1]!,
  });
  const cols = axisOf(padding, {
    stride: options.int32(1, 'stride_w'),
    kernel: kw,
    size: x.shape[2]!,
    result: out.shape[2]!,
  });
  const product = productOf(cx, filter, o, 0, 'double', PLACES);
  const phases = rows.stride * cols.stride;
  if (o * i * phases * rows.taps * cols.taps > WEIGHTS_MAX)
    refuse(`strides of ${rows.stride} and ${cols.stride}`, { expected: `phases of at most ${WEIGHTS_MAX} weights` });
  const spread = <T>(list: readonly T[]): T[] => list.flatMap((v) => new Array<T>(phases).fill(v));
  const each = <T>(list: readonly T[]): readonly T[] => (list.length === 1 ? list : spread(list));
  const weights = phaseWeights(permuted(cx.weights(1, 'weights'), [0, 3, 1, 2]), rows, cols, Array.from(product.wZero));
  const bias = biases(cx, o, PLACES);
  const inputs = [cx.value(PLACES.data, 'image'), cx.constant(weights, 'weights')];
  if (bias !== undefined) {
    const type = { element: INT32, shape: [o * phases] };
    inputs.push(cx.constant({ type, data: Int32Array.from(spread([...bias])) }, 'bias'));
  }
  const window: Window = {
    kernel: [rows.taps, cols.taps],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [rows.pads[0], cols.pads[0], rows.pads[1], cols.pads[1]],
  };
  const wZero = Int32Array.from(each(Array.from(product.wZero)));
  const sums = cx.add('conv', inputs, { window, groups: 1, xZero: product.xZero, wZero }, { name: `${cx.label}.sum` });
  const codes = requantized(
    cx,
    sums,
    each(product.factors),
    1,
    activationOf(options.int8(3, 'fused_activation_function')),
  );
  const image = interleaved(cx, codes, o, [rows.stride, cols.stride]);
  const shape = [out.shape[0]!, o, out.shape[1]!, out.shape[2]!];
  const starts = [0, 0, rows.cut, cols.cut];
  const whole = cx.builder.typeOf(image).shape.join() === shape.join();
  const name = `${cx.label}.cut`;
  cx.result(whole ? image : cx.add('slice', [image], { starts, steps: [1, 1, 1, 1] }, { shape, name }), 'image');
}

interface AxisForm {
  readonly stride: number;
  readonly kernel: number;
  readonly size: number;
  readonly result: number;
}

/** Padding is that of the convolution whose input the result would be. */
function axisOf(padding: number, { stride, kernel, size, result }: AxisForm): Axis {
  const total = samePadding(padding, { size: result, kernel, stride });
  const cut = Math.floor(total / 2);
  const taps = Math.ceil(kernel / stride);
  // Positions q of the convolution up to that of the last result row; it reads inputs q - taps + 1 .. q.
  const positions = Math.floor((result - 1 + cut) / stride) + 1;
  return { stride, taps, cut, pads: [taps - 1, Math.max(0, positions - size)] };
}

/** [O, I, KH, KW] to [O·phases, I, taps, taps], last weight row first; what a phase lacks is the zero point. */
function phaseWeights({ type, data }: Tensor, rows: Axis, cols: Axis, zeros: readonly number[]): Tensor {
  const [o, i, kh, kw] = type.shape as [number, number, number, number];
  const shape = [o * rows.stride * cols.stride, i, rows.taps, cols.taps];
  const out = new Int32Array(sizeOf(shape));
  let at = 0;
  for (let oc = 0; oc < o; oc++)
    for (let r = 0; r < rows.stride; r++)
      for (let c = 0; c < cols.stride; c++)
        for (let ic = 0; ic < i; ic++)
          for (let t = rows.taps - 1; t >= 0; t--)
            for (let u = cols.taps - 1; u >= 0; u--) {
              const [y, x] = [r + rows.stride * t, c + cols.stride * u];
              const inside = y < kh && x < kw;
              out[at++] = inside ? data[((oc * i + ic) * kh + y) * kw + x]! : zeros[zeros.length === 1 ? 0 : oc]!;
            }
  return { type: { element: type.element, shape }, data: out };
}
