/** The window of a ConvTranspose taken apart into phases, axis by axis (ONNX operator definition; auto_pad and output_shape included). */

import { invalid } from '../../refusal.ts';
import { intsAttribute, stringAttribute } from '../attributes.ts';
import type { OnnxNode } from '../model.ts';

/** An ordinary convolution along one axis: its taps in order, each a kernel index or -1 for none. */
export interface Phase {
  readonly taps: readonly number[];
  readonly dilation: number;
  /** Part of the input that it reads, and zeros around it. */
  readonly start: number;
  readonly count: number;
  readonly before: number;
  readonly after: number;
}

export interface AxisPhases {
  readonly phases: readonly Phase[];
  /** Outputs of each phase. */
  readonly count: number;
  /** Outputs of the axis; the last phases may make more. */
  readonly out: number;
}

interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
  readonly out: number;
}

/** Height and width of data [N, C, H, W] or [N, C, L] (height 1) by weights [C, M / groups, KH, KW]. */
export function transposedAxes(
  node: OnnxNode,
  input: readonly number[],
  weights: readonly number[],
): readonly [AxisPhases, AxisPhases] {
  const rank = input.length - 2;
  const kernel = weights.slice(2);
  const list = (name: string, none: number, least: number): readonly number[] => {
    const given = intsAttribute(node, name) ?? new Array<number>(rank).fill(none);
    if (given.length !== rank || given.some((v) => !(v >= least && v < 2 ** 20)))
      invalid(`${name} is [${given.join(', ')}]`, { expected: `${rank} numbers of ${least} .. 2^20 - 1` });
    return given;
  };
  const own = kernel.slice(2 - rank);
  const stated = intsAttribute(node, 'kernel_shape') ?? own;
  if (stated.join() !== own.join())
    invalid(`kernel_shape is [${stated.join(', ')}]`, { expected: `[${own.join(', ')}]` });
  const [strides, dilations, extra] = [list('strides', 1, 1), list('dilations', 1, 1), list('output_padding', 0, 0)];
  const sizes = own.map((k, i) => {
    const [stride, dilation] = [strides[i] ?? 1, dilations[i] ?? 1];
    const size = input[i + 2] ?? 1;
    const span = stride * (size - 1) + dilation * (k - 1) + 1 + (extra[i] ?? 0);
    const [pad, end] = padsOf(node, rank, i, span, size * stride);
    return { size, kernel: k, stride, dilation, pad, out: span - pad - end };
  });
  for (const { out } of sizes) if (out < 1) invalid(`the pads leave ${out} outputs`, { expected: 'at least one' });
  const line: Axis = { size: 1, kernel: 1, stride: 1, dilation: 1, pad: 0, out: 1 };
  const [rows, columns] = (rank === 1 ? [line, ...sizes] : sizes) as [Axis, Axis];
  return [phasesOf(rows), phasesOf(columns)];
}

/** Outputs cut off before and behind. */
function padsOf(node: OnnxNode, rank: number, axis: number, span: number, same: number): readonly [number, number] {
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
  const wanted = intsAttribute(node, 'output_shape')?.slice(-rank)[axis] ?? (/^SAME/.test(auto) ? same : undefined);
  if (wanted !== undefined) {
    const total = Math.max(0, span - wanted);
    const less = Math.floor(total / 2);
    return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
  }
  if (auto !== 'NOTSET' && auto !== 'VALID' && auto !== '')
    return invalid(`auto_pad is ${auto}`, { expected: 'NOTSET, VALID, SAME_UPPER or SAME_LOWER' });
  const pads = intsAttribute(node, 'pads') ?? new Array<number>(2 * rank).fill(0);
  const [before, after] = [pads[axis], pads[axis + rank]];
  if (pads.length !== 2 * rank || before === undefined || after === undefined || pads.some((p) => !(p >= 0)))
    return invalid(`pads is [${pads.join(', ')}]`, { expected: `${2 * rank} numbers of at least 0` });
  return [before, after];
}

/** An input of one pixel has its own phase for each output: no product with padding. */
function phasesOf({ size, kernel, stride, dilation, pad, out }: Axis): AxisPhases {
  const step = size === 1 ? out : stride;
  const count = Math.ceil(out / step);
  const phases = Array.from({ length: step }, (_, phase) => {
    const taps = new Map<number, number>();
    for (let k = 0; k < kernel; k++) {
      const offset = (phase + pad - k * dilation) / step;
      if (Number.isInteger(offset) && offset > -count && offset < size) taps.set(offset, k);
    }
    return phaseOf(taps, size, count);
  });
  return { phases, count, out };
}

/** Taps by the input that they add to an output's own number. */
function phaseOf(found: ReadonlyMap<number, number>, size: number, count: number): Phase {
  const offsets = found.size === 0 ? [0] : [...found.keys()].sort((a, b) => a - b);
  const [low = 0, next] = offsets;
  const high = offsets.at(-1) ?? 0;
  const dilation = next === undefined ? 1 : next - low;
  const taps = Array.from({ length: (high - low) / dilation + 1 }, (_, j) => found.get(low + j * dilation) ?? -1);
  const start = Math.max(0, low);
  const end = Math.min(size, count + high);
  const after = Math.max(0, count + high - size);
  return { taps, dilation, start, count: end - start, before: Math.max(0, -low), after };
}
