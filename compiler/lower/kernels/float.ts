/** float32 ops one by one on the vector unit: unary, clip, binary, quantize, dequantize, bipolar. Nothing is fused or reordered. */
import type { SpecialFunction } from '../../../isa/instructions/table.ts';
import { codeRange } from '../../../isa/tensor.ts';
import type { NodeOf, UnaryFunction } from '../../graph/types.ts';
import type { Emit, PlainKernel } from '../kernel.ts';
import { formatOf, refuseUnless } from '../kernel.ts';
import type { Format } from '../walk.ts';
import type { NodeContext } from './context.ts';
import { FLOAT, freeGrain, INT32_FORMAT } from './context.ts';
import type { PointwiseOperand, PointwiseTemp, Walks } from './pointwise.ts';
import { pointwise } from './pointwise.ts';

interface Recipe {
  readonly operands: readonly PointwiseOperand[];
  readonly temps?: readonly PointwiseTemp[];
  readonly emit: (w: Walks, emit: Emit) => void;
}

/** A pointwise kernel for the context's node. */
export function nodeKernel(cx: NodeContext, recipe: Recipe): PlainKernel {
  const format = formatOf(cx.output);
  return pointwise({
    name: cx.node.name,
    layer: cx.layer(),
    output: cx.node.output,
    shape: cx.output.shape,
    format,
    grain: freeGrain(cx.output.shape, format.bits),
    ...recipe,
  });
}

const SPECIAL: Partial<Record<UnaryFunction, SpecialFunction>> = {
  exp: 'exp',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  abs: 'abs',
  floor: 'floor',
  ceil: 'ceil',
  round: 'round',
  sign: 'sign',
};

export function unaryKernel(cx: NodeContext, node: NodeOf<'unary'>): PlainKernel {
  const { fn } = node.attributes;
  const x = cx.operand(0);
  const special = SPECIAL[fn];
  if (special !== undefined) {
    return nodeKernel(cx, {
      operands: [x],
      emit: (w, emit) => emit({ op: 'vfun', dst: w.output(), a: w.input(0), fn: special }),
    });
  }
  if (fn === 'sqrt')
    return nodeKernel(cx, { operands: [x], emit: (w, emit) => emit({ op: 'vsqrt', dst: w.output(), a: w.input(0) }) });
  refuseUnless(fn === 'relu' || fn === 'neg', `float function ${fn} has no vector instruction`);
  const constant = fn === 'relu' ? cx.scalar('zero', 0, FLOAT) : cx.scalar('minus-one', -1, FLOAT);
  const op = fn === 'relu' ? 'vmax' : 'vmul';
  return nodeKernel(cx, {
    operands: [x, constant],
    emit: (w, emit) => emit({ op, dst: w.output(), a: w.input(0), b: w.input(1) }),
  });
}

export function clipKernel(cx: NodeContext, node: NodeOf<'clip'>): PlainKernel {
  const { min, max } = node.attributes;
  return nodeKernel(cx, {
    operands: [cx.operand(0), cx.scalar('min', min, FLOAT), cx.scalar('max', max, FLOAT)],
    temps: [FLOAT],
    emit: (w, emit) => {
      // The bound first: what is no number stays as it is, and so does a zero's sign.
      emit({ op: 'vmax', dst: w.temp(0), a: w.input(1), b: w.input(0) });
      emit({ op: 'vmin', dst: w.output(), a: w.input(2), b: w.temp(0) });
    },
  });
}

export function binaryKernel(cx: NodeContext, node: NodeOf<'binary'>): PlainKernel {
  const op = ({ add: 'vadd', sub: 'vsub', mul: 'vmul', div: 'vdiv', max: 'vmax', min: 'vmin' } as const)[
    node.attributes.fn
  ];
  return nodeKernel(cx, {
    operands: [cx.operand(0), cx.operand(1)],
    emit: (w, emit) => emit({ op, dst: w.output(), a: w.input(0), b: w.input(1) }),
  });
}

/** float32(float32(x - zero) * scale): the subtraction is the operand's zero point, or exact in 32 bits when per channel. */
export function dequantizeKernel(cx: NodeContext, node: NodeOf<'dequantize'>): PlainKernel {
  const { scale, zeroPoint, axis } = node.attributes;
  const operands = [cx.operand(0), cx.table('scale', scale, axis, FLOAT)];
  if (zeroPoint.length === 1) {
    const zero = zeroPoint[0] ?? 0;
    return nodeKernel(cx, {
      operands,
      emit: (w, emit) => emit({ op: 'vmul', dst: w.output(), a: w.input(0, zero), b: w.input(1) }),
    });
  }
  return nodeKernel(cx, {
    operands: [...operands, cx.table('zero', zeroPoint, axis, INT32_FORMAT)],
    temps: [INT32_FORMAT],
    emit: (w, emit) => {
      emit({ op: 'vsub', dst: w.temp(0), a: w.input(0), b: w.input(2) });
      emit({ op: 'vmul', dst: w.output(), a: w.temp(0), b: w.input(1) });
    },
  });
}

/**
 * clip(round(x / scale) + zero), or round(clip(x / scale + zero)). Bounds are integers and rounding is monotone, so the
 * first is round(clip(x / scale, min - zero, max - zero)) + zero. Writing codes rounds (half to even, unless VCVT says otherwise), adds one
 * zero point and saturates, so bounds that are the code range need no instruction, nor do a scale of 1 and zero points of 0.
 */
export function quantizeKernel(cx: NodeContext, node: NodeOf<'quantize'>): PlainKernel {
  const { scale, zeroPoint, axis, rounding, min, max, order } = node.attributes;
  const integral = zeroPoint.every((z) => Number.isInteger(z));
  refuseUnless(order === 'zero-then-round' || integral, 'a zero point added after rounding must be an integer');
  refuseUnless(
    Math.max(Math.abs(min), Math.abs(max)) <= 2 ** 23,
    `quantizing to [${min}, ${max}] needs more than 24 bits, the exact range of float32`,
  );
  const after = order === 'round-then-zero';
  const zeroInTable = after && zeroPoint.length > 1;
  const bounds = (limit: number): Float32Array => (after ? zeroPoint.map((z) => limit - z) : Float32Array.of(limit));
  const { bits, coding } = formatOf(cx.output);
  const codes = codeRange(coding, bits);
  const steps: { readonly op: 'vmul' | 'vdiv' | 'vadd' | 'vmax' | 'vmin'; readonly operand: PointwiseOperand }[] = [];
  const step = (op: 'vmul' | 'vdiv' | 'vadd' | 'vmax' | 'vmin', suffix: string, data: ArrayLike<number>): void => {
    steps.push({ op, operand: cx.table(suffix, data, axis, FLOAT) });
  };
  if (scale.some((s) => s !== 1)) {
    // Dividing by a power of two is multiplying by its inverse, to the last bit, where float32 has it.
    if (scale.every((s) => Number.isInteger(Math.log2(s)) && Number.isFinite(Math.fround(1 / s))))
      step(
        'vmul',
        'scale',
        scale.map((s) => 1 / s),
      );
    else step('vdiv', 'scale', scale);
  }
  if (!after && zeroPoint.some((z) => z !== 0)) step('vadd', 'zero', zeroPoint);
  if (min > codes.min || zeroInTable) step('vmax', 'low', bounds(min));
  if (max < codes.max || zeroInTable) step('vmin', 'high', bounds(max));
  const zeros = zeroInTable ? [cx.table('zero', zeroPoint, axis, INT32_FORMAT)] : [];
  const fill = after && !zeroInTable ? (zeroPoint[0] ?? 0) : 0;
  // The last step writes the codes itself where it rounds as they do.
  const rounds = rounding === 'half-even';
  const floats = Math.min(2, rounds ? Math.max(0, steps.length - 1) : steps.length);
  return nodeKernel(cx, {
    operands: [cx.operand(0), ...steps.map((s) => s.operand), ...zeros],
    temps: [...new Array<Format>(floats).fill(FLOAT), ...zeros.map(() => INT32_FORMAT)],
    emit: (w, emit) => {
      let value = w.input(0);
      const codesTo = zeroInTable ? w.temp(floats) : w.output(fill);
      steps.forEach(({ op }, i) => {
        const to = rounds && i === steps.length - 1 ? codesTo : w.temp(i % 2);
        const operand = w.input(i + 1);
        // A bound is the first operand, so that what is no number comes through and is refused.
        const [a, b] = op === 'vmax' || op === 'vmin' ? [operand, value] : [value, operand];
        emit({ op, dst: to, a, b });
        value = to;
      });
      if (!rounds || steps.length === 0) emit({ op: 'vcvt', dst: codesTo, a: value, rounding });
      if (zeroInTable) emit({ op: 'vadd', dst: w.output(), a: w.temp(floats), b: w.input(steps.length + 1) });
    },
  });
}

/** Floor saturates into signed bytes: negative exactly when x < 0; a 256-entry table turns that into -1 and +1. */
export function bipolarKernel(cx: NodeContext): PlainKernel {
  const byte: Format = { bits: 8, coding: 'signed', zero: 0 };
  const data = Int32Array.from({ length: 256 }, (_, i) => (i < 128 ? -1 : 1));
  return nodeKernel(cx, {
    operands: [cx.operand(0), cx.entries('sign', data, formatOf(cx.output))],
    temps: [byte],
    emit: (w, emit) => {
      emit({ op: 'vcvt', dst: w.temp(0), a: w.input(0), rounding: 'floor' });
      emit({ op: 'vlut', dst: w.output(), a: w.temp(0), b: w.records(1) });
    },
  });
}
