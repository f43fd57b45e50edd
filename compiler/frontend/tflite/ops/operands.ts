/** Operands of elementwise operators in one form, with shapes that broadcast: images stay images, constants turn with them. */
import type { Tensor } from '../../../graph/types.ts';
import { permuted } from '../constants.ts';
import type { Form, ImportContext } from '../context.ts';

export type Operand =
  | { readonly kind: 'computed'; readonly id: string }
  | { readonly kind: 'constant'; readonly tensor: Tensor };

const TO_IMAGE = [0, 3, 1, 2] as const;

/** The form that the operator's computed operands have in common with the least work. */
export function formOf(cx: ImportContext, indices: readonly number[]): Form {
  const rank = cx.outputTensor().shape.length;
  return rank === 4 && indices.some((i) => cx.isImage(i)) ? 'image' : 'file';
}

/** The named inputs in one form; shorter shapes get leading dims of 1 where images need four. */
export function operands(
  cx: ImportContext,
  indices: readonly number[],
): { readonly form: Form; readonly sides: readonly Operand[] } {
  const form = formOf(cx, indices);
  return { form, sides: indices.map((i) => operand(cx, i, form)) };
}

function operand(cx: ImportContext, index: number, form: Form): Operand {
  const tensor = cx.inputTensor(index);
  const lead = form === 'image' ? 4 - tensor.shape.length : 0;
  const shape = [...new Array<number>(Math.max(0, lead)).fill(1), ...tensor.shape];
  if (cx.meaning(tensor).kind === 'constant') {
    const known = cx.constantInput(index, 'operands');
    const whole: Tensor = { type: { ...known.type, shape }, data: known.data };
    return { kind: 'constant', tensor: form === 'image' ? permuted(whole, TO_IMAGE) : whole };
  }
  if (lead <= 0) return { kind: 'computed', id: cx.value(index, form) };
  const long = cx.add('reshape', [cx.value(index, 'file')], {}, { shape, name: `${cx.label}.shape${index}` });
  return {
    kind: 'computed',
    id: cx.add('transpose', [long], { perm: TO_IMAGE }, { name: `${cx.label}.turned${index}` }),
  };
}
