/** Windows of convolutions and pools: SAME and VALID padding as borders of the graph's window. */
import type { Window } from '../../../graph/types.ts';
import { invalid } from '../../refusal.ts';
import { type ImportContext, text } from '../context.ts';
import type { FlatTable } from '../flat.ts';

const SAME = 0;
const VALID = 1;
/** Larger steps are no steps. */
const STEP_MAX = 1 << 20;

/** The operator's options; refuses an operator without them. */
export function optionsOf(cx: ImportContext): FlatTable {
  return cx.options ?? invalid('the operator has no options', { expected: 'padding and strides' });
}

/** Shape of input 0, [N, H, W, C]; refuses another rank. */
export function imageShape(cx: ImportContext): readonly [number, number, number, number] {
  const x = cx.inputTensor(0);
  if (x.shape.length !== 4)
    invalid(`input ${text(x)} has shape [${x.shape.join(', ')}]`, { expected: 'four dims: [N, H, W, C]' });
  return x.shape as unknown as readonly [number, number, number, number];
}

export interface WindowForm {
  readonly padding: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Borders that come before the operator's own padding: [top, left, bottom, right]. */
  readonly borders: readonly [number, number, number, number];
}

/** SAME pads so that the result has ceil(size / stride) positions, the odd border behind; VALID pads nothing. */
export function paddedWindow(cx: ImportContext, form: WindowForm): Window {
  const { padding, kernel, strides, dilations, borders } = form;
  for (const [name, pair] of Object.entries({ kernel, strides, dilations }))
    if (pair.some((v) => v < 1 || v > STEP_MAX)) invalid(`${name} [${pair.join(', ')}]`, { expected: '1 or more' });
  const [, height, width] = imageShape(cx);
  const own = ([height, width] as const).map((size, axis) => {
    const span = (kernel[axis]! - 1) * dilations[axis]! + 1;
    return samePadding(padding, { size, kernel: span, stride: strides[axis]! });
  });
  const [y = 0, x = 0] = own;
  const [top, left, bottom, right] = borders;
  const before = [Math.floor(y / 2), Math.floor(x / 2)] as const;
  const pads = [top + before[0], left + before[1], bottom + y - before[0], right + x - before[1]] as const;
  return { kernel, strides, dilations, pads };
}

/** Elements of padding along one axis, before and behind together. */
export function samePadding(
  padding: number,
  { size, kernel, stride }: { readonly size: number; readonly kernel: number; readonly stride: number },
): number {
  if (padding !== SAME && padding !== VALID) invalid(`padding ${padding}`, { expected: '0 (SAME) or 1 (VALID)' });
  if (stride < 1 || stride > STEP_MAX) invalid(`a stride of ${stride}`, { expected: '1 or more' });
  return padding === VALID ? 0 : Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
}
