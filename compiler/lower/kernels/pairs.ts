/** Quantized sums and products of two codes on the vector unit: by constants that give the same codes (lower/pairs.ts), else float operation by operation. */
import type { NodeOf } from '../../graph/types.ts';
import { constantTensor } from '../constants.ts';
import type { NamedTensor } from '../draft.ts';
import type { PlainKernel } from '../kernel.ts';
import { requireExactWidth } from '../kernel.ts';
import { productFactor, sumRecord } from '../pairs.ts';
import type { NodeContext } from './context.ts';
import { FLOAT } from './context.ts';
import { nodeKernel } from './float.ts';

export function qaddKernel(cx: NodeContext, node: NodeOf<'qadd'>): PlainKernel {
  requireExactWidth(cx.integer(cx.output, 'a quantized sum'), 'a quantized sum');
  const record = sumRecord(node.attributes, cx.inputType(0).element, cx.inputType(1).element, cx.output.element);
  if (record === undefined) return spelledKernel(cx, node);
  const { swapped, sa, sb, c } = record;
  const shape = [...cx.output.shape.map(() => 1), 3];
  const make = (name: string) => constantTensor(name, shape, FLOAT, 'parameters', [sa, sb, c]);
  const constant = cx.constant('scales', make);
  const [a, b] = swapped ? ([1, 0] as const) : ([0, 1] as const);
  return nodeKernel(cx, {
    operands: [cx.operand(0), cx.operand(1), { source: { kind: 'constant', constant }, shape, records: true }],
    emit: (w, emit) => emit({ op: 'vaddq', dst: w.output(), a: w.input(a), b: w.input(b), params: w.records(2) }),
  });
}

/** The operand of fewer elements is scaled first, so a gate of one value a channel costs one pass over the image. */
export function qmulKernel(cx: NodeContext, node: NodeOf<'qmul'>): PlainKernel {
  requireExactWidth(cx.integer(cx.output, 'a quantized product'), 'a quantized product');
  const [a, b] = [cx.inputType(0), cx.inputType(1)];
  const size = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
  const first = size(a.shape) < size(b.shape) ? 0 : 1;
  const { aZero, bZero, zeroPoint } = node.attributes;
  const k = productFactor(node.attributes, a.element, b.element, cx.output.element, first === 0 ? 'a' : 'b');
  if (k === undefined) return spelledKernel(cx, node);
  const zeros = [aZero, bZero] as const;
  const other = first === 0 ? 1 : 0;
  return nodeKernel(cx, {
    operands: [cx.operand(0), cx.operand(1), cx.scalar('factor', k, FLOAT)],
    temps: [{ format: FLOAT, like: cx.inputType(first).shape }],
    emit: (w, emit) => {
      emit({ op: 'vmul', dst: w.few(0), a: w.inputOfFew(first, 0, zeros[first]), b: w.inputOfFew(2, 0) });
      emit({ op: 'vmul', dst: w.output(zeroPoint), a: w.input(other, zeros[other]), b: w.temp(0) });
    },
  });
}

/** As the graph's op is defined, one rounding each. */
function spelledKernel(cx: NodeContext, node: NodeOf<'qadd'> | NodeOf<'qmul'>): PlainKernel {
  const { aScale, aZero, bScale, bZero, scale, zeroPoint } = node.attributes;
  const scalars = { aScale, bScale, scale, zeroPoint };
  return nodeKernel(cx, {
    operands: [
      cx.operand(0),
      cx.operand(1),
      ...Object.entries(scalars).map(([name, value]) => cx.scalar(name, value, FLOAT)),
    ],
    temps: [FLOAT, FLOAT],
    emit: (w, emit) => {
      const scaled = (side: 0 | 1, zero: number): NamedTensor => {
        emit({ op: 'vmul', dst: w.temp(side), a: w.input(side, zero), b: w.input(2 + side) });
        return w.temp(side);
      };
      const [a, b] = [scaled(0, aZero), scaled(1, bZero)];
      emit({ op: node.op === 'qadd' ? 'vadd' : 'vmul', dst: w.temp(0), a, b });
      emit({ op: 'vdiv', dst: w.temp(1), a: w.temp(0), b: w.input(4) });
      // The destination rounds half to even and saturates.
      emit({ op: 'vadd', dst: w.output(), a: w.temp(1), b: w.input(5) });
    },
  });
}
