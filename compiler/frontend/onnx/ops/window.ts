/** Kernel, strides, pads and dilations of Conv and pools: attributes, auto_pad, ceil_mode (ONNX operator definitions). */
import { outputSize } from '../../../graph/ops/window.ts';
import type { Window } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import type { ImportContext } from '../context.ts';
import type { OnnxNode } from '../model.ts';

/** Shape of the 2-D op that a window on `shape` becomes: 1-D data [N, C, L] is an image of height 1. */
export function imageShape(shape: readonly number[]): readonly [number, number, number, number] {
  const [n, c, ...spatial] = shape;
  const [height, width] = spatial.length === 1 ? [1, spatial[0]] : spatial;
  if (n === undefined || c === undefined || height === undefined || width === undefined || spatial.length > 2)
    return refuse(`a window on a tensor of rank ${shape.length}`, { expected: '[N, C, L] or [N, C, H, W]' });
  return [n, c, height, width];
}

/** `id` as an image: 1-D data gets a height of 1, images stay. */
export function asImage(cx: ImportContext, id: string): string {
  const { shape } = cx.builder.typeOf(id);
  const image = imageShape(shape);
  return shape.length === 4 ? id : cx.add('reshape', [id], {}, { shape: image, output: `${id}.image` });
}

/** The result of a 2-D op in the rank that its operand had. */
export function fromImage(cx: ImportContext, id: string, rank: number, output = `${cx.outputName}.line`): string {
  if (rank === 4) return id;
  const [n = 1, c = 1, , w = 1] = cx.builder.typeOf(id).shape;
  return cx.add('reshape', [id], {}, { shape: [n, c, w], output });
}

/**
 * The window of a node on data of `shape` ([N, C, L] or [N, C, H, W]), always 2-D; `kernel` when the node may leave
 * kernel_shape out.
 */
export function windowOf(node: OnnxNode, shape: readonly number[], kernel?: readonly [number, number]): Window {
  const [, , height, width] = imageShape(shape);
  const rank = shape.length - 2;
  const declared = intsAttribute(node, 'kernel_shape');
  const size =
    declared === undefined ? (kernel ?? invalid('kernel_shape is missing')) : pair(declared, 'kernel_shape', 1, rank);
  const ones = rank === 1 ? [1] : [1, 1];
  const strides = pair(intsAttribute(node, 'strides') ?? ones, 'strides', 1, rank);
  const dilations = pair(intsAttribute(node, 'dilations') ?? ones, 'dilations', 1, rank);
  return { kernel: size, strides, dilations, pads: padsOf(node, [height, width], size, strides, dilations, rank) };
}

type Pair = readonly [number, number];

/** An attribute with one number per spatial dim, as height and width. */
function pair(values: readonly number[], name: string, least: number, rank: number): Pair {
  const [a, b] = rank === 1 ? [1, ...values] : values;
  if (values.length !== rank || a === undefined || b === undefined)
    return invalid(`${name} has ${values.length} elements`, { expected: `${rank}, one per spatial dim` });
  if (!(a >= least && b >= least && a < 2 ** 20 && b < 2 ** 20))
    return invalid(`${name} is [${values.join(', ')}]`, { expected: `${least} .. 2^20 - 1` });
  return [a, b];
}

function padsOf(
  node: OnnxNode,
  size: Pair,
  kernel: Pair,
  strides: Pair,
  dilations: Pair,
  rank: number,
): Window['pads'] {
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (auto === 'NOTSET' || auto === '') {
    const pads = intsAttribute(node, 'pads') ?? (rank === 1 ? [0, 0] : [0, 0, 0, 0]);
    const [top, left, bottom, right] = rank === 1 ? [0, pads[0], 0, pads[1]] : pads;
    if (
      pads.length !== 2 * rank ||
      top === undefined ||
      left === undefined ||
      bottom === undefined ||
      right === undefined
    )
      return invalid(`pads is [${pads.join(', ')}]`, {
        expected: rank === 1 ? 'begin, end' : 'top, left, bottom, right',
      });
    if (pads.some((p) => p < 0 || p >= 2 ** 20)) invalid(`pads is [${pads.join(', ')}]`, { expected: '0 .. 2^20 - 1' });
    return [top, left, bottom, right];
  }
  if (auto === 'VALID') return [0, 0, 0, 0];
  if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER')
    invalid(`auto_pad is ${auto}`, { expected: 'NOTSET, VALID, SAME_UPPER or SAME_LOWER' });
  const total = ([0, 1] as const).map((i) => {
    const out = Math.ceil(size[i] / strides[i]);
    return Math.max(0, (out - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - size[i]);
  }) as [number, number];
  const before = total.map((t) => (auto === 'SAME_UPPER' ? Math.floor(t / 2) : Math.ceil(t / 2))) as [number, number];
  return [before[0], before[1], total[0] - before[0], total[1] - before[1]];
}

/**
 * A pool's window, with ceil_mode turned into padding behind, and how far that padding goes beyond the declared one:
 * it is never counted as an element.
 */
export function poolWindow(
  node: OnnxNode,
  shape: readonly number[],
): { window: Window; overhang: readonly [number, number] } {
  const window = windowOf(node, shape);
  if (intAttribute(node, 'ceil_mode', 0) === 0) return { window, overhang: [0, 0] };
  const [, , height, width] = imageShape(shape);
  const out = outputSize(window, height, width, true);
  const need = ([0, 1] as const).map((i) => {
    const reach = (out[i] - 1) * window.strides[i] + window.dilations[i] * (window.kernel[i] - 1) + 1;
    return Math.max(0, reach - [height, width][i]! - window.pads[i] - (window.pads[i + 2] ?? 0));
  }) as [number, number];
  const [top, left, bottom, right] = window.pads;
  return { window: { ...window, pads: [top, left, bottom + need[0], right + need[1]] }, overhang: need };
}
