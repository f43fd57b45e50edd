/**
 * Elementwise operators of float32 between quantizers: what converters leave in floats because it has no integer kernel. One or few float32 operations of
 * the vector unit each. A network without any quantizer is refused; so are convolutions and products of floats.
 */
import type { BinaryFunction, UnaryFunction } from '../../../graph/types.ts';
import { refuse } from '../../refusal.ts';
import { type ImportContext, text } from '../context.ts';
import { formOf, operands } from './operands.ts';
import { activationOf } from './requantizer.ts';
import { Steps } from './whole-numbers.ts';

type Importer = (cx: ImportContext) => void;

/** Refuses floats of a network that has no codes at all. */
export function requireQuantizers(cx: ImportContext): void {
  if (!cx.quantized)
    refuse(`${cx.operator.op} of floats (${text(cx.inputTensor(0))})`, {
      expected: 'a quantized network',
      hint: 'convert with full-integer quantization: a representative dataset and TFLITE_BUILTINS_INT8',
    });
}

const clipped = (cx: ImportContext, x: string, min: number, max: number): string =>
  cx.add('clip', [x], { min, max }, { name: `${cx.label}.clip` });

function activated(cx: ImportContext, x: string, code: number): string {
  const activation = activationOf(code);
  switch (activation) {
    case 'none':
      return x;
    case 'relu':
      return new Steps(cx, 'relu').unary('relu', x);
    case 'relu6':
      return clipped(cx, x, 0, 6);
    case 'relu_n1_to_1':
      return clipped(cx, x, -1, 1);
    default:
      return refuse(`fused activation ${activation}`, { expected: 'none, relu, relu6 or relu_n1_to_1' });
  }
}

const one =
  (make: (f: Steps, x: string, cx: ImportContext) => string): Importer =>
  (cx) => {
    const form = formOf(cx, [0]);
    cx.result(make(new Steps(cx, 'step'), cx.value(0, form), cx), form);
  };

const unary = (fn: UnaryFunction): Importer => one((f, x) => f.unary(fn, x));

const two =
  (make: (f: Steps, a: string, b: string) => string): Importer =>
  (cx) => {
    const { form, sides } = operands(cx, [0, 1]);
    const [a, b] = sides.map((s, i) => (s.kind === 'computed' ? s.id : cx.constant(s.tensor, `side${i}`)));
    const fused = ['ADD', 'SUB', 'MUL', 'DIV'].includes(cx.operator.op);
    const code = fused ? (cx.options?.int8(0, 'fused_activation_function') ?? 0) : 0;
    cx.result(activated(cx, make(new Steps(cx, 'step'), a!, b!), code), form);
  };

const binary = (fn: BinaryFunction): Importer => two((f, a, b) => f.binary(fn, a, b));

/** x below zero and x above it by themselves: one of them is zero. */
const split = (f: Steps, x: string) => ({ above: f.unary('relu', x), below: f.binary('min', x, 0) });

export const FLOAT_IMPORTERS: Readonly<Record<string, Importer>> = {
  ABS: unary('abs'),
  ADD: binary('add'),
  ADD_N: importAddN,
  CEIL: unary('ceil'),
  DIV: binary('div'),
  ELU: one((f, x) => {
    const { above, below } = split(f, x);
    return f.binary('add', above, f.binary('sub', f.unary('exp', below), 1));
  }),
  EXP: unary('exp'),
  FLOOR: unary('floor'),
  HARD_SWISH: one((f, x, cx) => f.binary('div', f.binary('mul', x, clipped(cx, f.binary('add', x, 3), 0, 6)), 6)),
  LEAKY_RELU: one((f, x, cx) => {
    const { above, below } = split(f, x);
    return f.binary('add', above, f.binary('mul', below, cx.options?.float32(0, 'alpha') ?? 0));
  }),
  LOGISTIC: unary('sigmoid'),
  MAXIMUM: binary('max'),
  MINIMUM: binary('min'),
  MUL: binary('mul'),
  NEG: unary('neg'),
  RELU: unary('relu'),
  RELU6: one((_, x, cx) => clipped(cx, x, 0, 6)),
  RELU_0_TO_1: one((_, x, cx) => clipped(cx, x, 0, 1)),
  RELU_N1_TO_1: one((_, x, cx) => clipped(cx, x, -1, 1)),
  ROUND: unary('round'),
  RSQRT: one((f, x) => f.binary('div', 1, f.unary('sqrt', x))),
  SIGN: unary('sign'),
  SQRT: unary('sqrt'),
  SQUARE: one((f, x) => f.binary('mul', x, x)),
  SQUARED_DIFFERENCE: two((f, a, b) => {
    const difference = f.binary('sub', a, b);
    return f.binary('mul', difference, difference);
  }),
  SUB: binary('sub'),
  TANH: unary('tanh'),
};

/** A sum of any number of operands, in their order. */
function importAddN(cx: ImportContext): void {
  const indices = cx.operator.inputs.map((_, i) => i);
  const { form, sides } = operands(cx, indices);
  const f = new Steps(cx, 'step');
  const parts = sides.map((s, i) => (s.kind === 'computed' ? s.id : cx.constant(s.tensor, `side${i}`)));
  const sum = parts.reduce((a, b) => f.binary('add', a, b));
  cx.result(sum, form);
}

/** CAST of whole numbers to float32: exact up to 2^24, as the kernel rounds. */
export function importCast(cx: ImportContext): void {
  const [x, out] = [cx.inputTensor(0), cx.outputTensor()];
  const form = formOf(cx, [0]);
  if (x.type === out.type) {
    cx.result(cx.value(0, form), form);
    return;
  }
  if (out.type !== 'float32' || !['int8', 'uint8', 'int16', 'int32'].includes(x.type))
    refuse(`CAST from ${x.type} to ${out.type}`, {
      expected: 'int8, uint8, int16 or int32 to float32',
      hint: 'leave it out: what is computed behind a cast to integers belongs on the host',
    });
  const attributes = { scale: Float32Array.of(1), zeroPoint: Int32Array.of(0), axis: 0 };
  cx.result(cx.add('dequantize', [cx.value(0, form)], attributes), form);
}
