/** Kernel, strides, pads and dilations of Conv and pools: attributes, auto_pad, ceil_mode (ONNX operator definitions). */
import { outputSize } from '../../../graph/ops/window.ts';
import type { Window } from '../../../graph/types.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import { invalid, refuse } from '../meaning.ts';
import type { OnnxNode } from '../model.ts';

/** The window of a 2-D op on an image of height x width; `kernel` when the node may leave kernel_shape out. */
export function windowOf(node: OnnxNode, shape: readonly number[], kernel?: readonly [number, number]): Window {
  if (shape.length !== 4)
    refuse(`a window on a tensor of rank ${shape.length}`, {
      expected: '2-D: [N, C, H, W]',
      hint: 'reshape 1-D data to H = 1',
    });
  const [, , height, width] = shape as [number, number, number, number];
  const declared = intsAttribute(node, 'kernel_shape');
  const size =
    declared === undefined ? (kernel ?? invalid('kernel_shape is missing')) : pair(declared, 'kernel_shape', 1);
  const strides = pair(intsAttribute(node, 'strides') ?? [1, 1], 'strides', 1);
  const dilations = pair(intsAttribute(node, 'dilations') ?? [1, 1], 'dilations', 1);
  return { kernel: size, strides, dilations, pads: padsOf(node, [height, width], size, strides, dilations) };
}

type Pair = readonly [number, number];

function pair(values: readonly number[], name: string, least: number): Pair {
  const [a, b] = values;
  if (values.length !== 2 || a === undefined || b === undefined)
    return refuse(`${name} has ${values.length} elements`, { expected: '2: only 2-D windows' });
  if (!(a >= least && b >= least && a < 2 ** 20 && b < 2 ** 20))
    return invalid(`${name} is [${values.join(', ')}]`, { expected: `at least ${least}` });
  return [a, b];
}

function padsOf(node: OnnxNode, size: Pair, kernel: Pair, strides: Pair, dilations: Pair): Window['pads'] {
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (auto === 'NOTSET' || auto === '') {
    const pads = intsAttribute(node, 'pads') ?? [0, 0, 0, 0];
    const [top, left, bottom, right] = pads;
    if (pads.length !== 4 || top === undefined || left === undefined || bottom === undefined || right === undefined) {
      return invalid(`pads is [${pads.join(', ')}]`, { expected: 'top, left, bottom, right' });
    }
    if (pads.some((p) => p < 0 || p >= 2 ** 20))
      invalid(`pads is [${pads.join(', ')}]`, { expected: 'non-negative pads' });
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
  const [, , height, width] = shape as [number, number, number, number];
  const out = outputSize(window, height, width, true);
  const need = ([0, 1] as const).map((i) => {
    const reach = (out[i] - 1) * window.strides[i] + window.dilations[i] * (window.kernel[i] - 1) + 1;
    return Math.max(0, reach - (shape[i + 2] ?? 0) - window.pads[i] - (window.pads[i + 2] ?? 0));
  }) as [number, number];
  const [top, left, bottom, right] = window.pads;
  return { window: { ...window, pads: [top, left, bottom + need[0], right + need[1]] }, overhang: need };
}
