/**
 * SOFTMAX of 16-bit codes, code by code as the reference kernel: exponential and reciprocal are straight lines between 513 points, the sum of the
 * exponentials is normalized to 17 bits. All numbers are whole and below 2^24, so float32 operations compute them exactly; what is larger is in two halves.
 */
import { INT32, type IntegerType, type RequantizeSpec, sizeOf, type Window } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { type ImportContext, text } from '../context.ts';
import { EXP_LINES, type Lines, RECIPROCAL_LINES } from '../line-tables.ts';
import { factor, rescaled } from './requantizer.ts';
import { centred, Steps, wholeNumbers } from './whole-numbers.ts';

const BYTE: IntegerType = { kind: 'int', bits: 8, coding: 'unsigned' };
const f32 = Math.fround;
/** The sum of so many upper bytes has 23 bits. */
const DEPTH_MAX = 2 ** 16;
/** Differences of 17 bits, shifted left by this, fit 32. */
const SHIFT_MAX = 14;
/** Bits of the sum's upper part: the largest exponential alone has 7. */
const [BITS_MIN, BITS_MAX] = [7, 23];

/** Input 0, rank of one or more, to the operator's result. */
export function importWordSoftmax(cx: ImportContext, beta: number): void {
  const [x, out] = [cx.inputTensor(0), cx.outputTensor()];
  const [from, to] = [cx.scaling(x), cx.scaling(out)];
  if (out.type !== 'int16' || to.scale !== 2 ** -15 || to.zero !== 0)
    invalid(`its result ${text(out)} is ${out.type} of scale ${to.scale} and zero point ${to.zero}`, {
      expected: 'int16 of scale 1/32768 and zero point 0, which the kernel computes with',
    });
  const n = x.shape.at(-1)!;
  if (n > DEPTH_MAX) refuse(`SOFTMAX over ${n} codes of 16 bits`, { expected: `at most ${DEPTH_MAX}` });
  const rows = sizeOf(x.shape) / n;
  const f = new Steps(cx, 'step');
  const codes = cx.add('reshape', [cx.value(0, 'file')], {}, { shape: [1, 1, rows, n], name: `${cx.label}.rows` });
  const powers = exponentials(cx, f, codes, f32(f32(from.scale * beta) / f32(10 / 65535)));
  // Each exponential is 256 upper + lower.
  const upper = f.unary('floor', f.binary('mul', powers, 1 / 256));
  const lower = f.binary('sub', powers, f.binary('mul', upper, 256));
  const total = normalized(cx, f, summed(cx, upper, rows, n, 'upper'), summed(cx, lower, rows, n, 'lower'));
  // floor(power · reciprocal / 2^13), then the shift of the sum.
  const carry = f.unary('floor', f.binary('mul', f.binary('mul', lower, total.reciprocal), 1 / 256));
  const product = f.binary('add', f.binary('mul', upper, total.reciprocal), carry);
  const share = f.binary('mul', f.unary('floor', f.binary('mul', product, 1 / 32)), total.share);
  const result = f.unary('floor', f.binary('add', share, 0.5));
  const shares = wholeNumbers(cx, result, { min: 0, max: 2 ** 15 - 1 }, cx.codeType(out));
  cx.result(cx.add('reshape', [shares], {}, { shape: x.shape, name: `${cx.label}.shaped` }), 'file');
}

/** exp(x - max) with 15 fraction bits, from codes whose scale is `real` times 10 / 65535. */
function exponentials(cx: ImportContext, f: Steps, codes: string, real: number): string {
  const own = factor(real);
  if (own.shift > SHIFT_MAX) refuse('SOFTMAX of 16-bit codes of a scale above 2', { expected: 'a smaller scale' });
  const n = cx.builder.typeOf(codes).shape[3]!;
  const window: Window = { kernel: [1, n], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const numbers = centred(cx, codes, 0, `${cx.label}.numbers`);
  const most = cx.add('maxpool', [numbers], { window }, { name: `${cx.label}.most` });
  const below = wholeNumbers(cx, f.binary('sub', numbers, most), { min: -65535, max: 0 }, INT32, '.below');
  const scaled = rescaled(cx, below, [own], { name: `${cx.label}.scaled`, element: INT32 });
  const argument = f.binary('add', centred(cx, scaled, 0, `${cx.label}.argument`), 32767);
  return between(cx, f, f.binary('max', argument, -32768), EXP_LINES, 'exp');
}

/**
 * Lines over a whole number from -32768 to 32767: the upper 9 bits choose one, the others are the place on it. Tables have 256 entries: one of the lower half,
 * and one of what the upper half is more.
 */
function between(cx: ImportContext, f: Steps, x: string, { base, slope }: Lines, stem: string): string {
  const line = f.unary('floor', f.binary('mul', x, 1 / 128));
  const place = f.binary('sub', x, f.binary('mul', line, 128));
  const below = f.unary('floor', f.binary('mul', x, 2 ** -15));
  const half = f.binary('add', below, 1);
  const index = f.binary('sub', line, f.binary('mul', below, 256));
  const code = wholeNumbers(cx, index, { min: 0, max: 255 }, BYTE, `.${stem}.line`);
  const table = (values: readonly number[], name: string): string => {
    const options = { name: `${cx.label}.${stem}.${name}`, element: { kind: 'float32' } } as const;
    return cx.add('lut', [code], { table: Float32Array.from(values), axis: 0 }, options);
  };
  const chosen = (values: readonly number[], name: string): string => {
    const more = values.slice(256).map((v, i) => v - values[i]!);
    const upper = f.binary('mul', half, table(more, `${name}_more`));
    return f.binary('add', table(values.slice(0, 256), name), upper);
  };
  const rise = f.binary('mul', chosen(slope, 'slope'), place);
  const delta = f.unary('floor', f.binary('mul', f.binary('add', rise, 64), 1 / 128));
  return f.binary('add', chosen(base, 'base'), delta);
}

/** Sums of the rows of bytes, as float32 [1, 1, rows, 1]. */
function summed(cx: ImportContext, bytes: string, rows: number, n: number, stem: string): string {
  const codes = wholeNumbers(cx, bytes, { min: 0, max: 255 }, BYTE, `.${stem}`);
  const columns = cx.add('reshape', [codes], {}, { shape: [1, rows, n, 1], name: `${cx.label}.${stem}.columns` });
  const sums = cx.add('spatial-sum', [columns], { xZero: 0 }, { name: `${cx.label}.${stem}.sum` });
  const turned = cx.add('reshape', [sums], {}, { shape: [1, 1, rows, 1], name: `${cx.label}.${stem}.rows` });
  return centred(cx, turned, 0, `${cx.label}.${stem}.number`);
}

interface Total {
  /** 2^15 over the sum of 17 bits. */
  readonly reciprocal: string;
  /** Power of two by which a product of it is the share. */
  readonly share: string;
}

function normalized(cx: ImportContext, f: Steps, upper: string, lower: string): Total {
  const carry = f.unary('floor', f.binary('mul', lower, 1 / 256));
  const high = f.binary('add', upper, carry);
  const low = f.binary('sub', lower, f.binary('mul', carry, 256));
  const powerOf = bitCount(cx, wholeNumbers(cx, high, { min: 0, max: 2 ** 23 - 1 }, INT32, '.high'));
  const whole = f.binary('add', f.binary('mul', high, powerOf(17, 'unit')), 0.5);
  const cut = f.unary('floor', whole);
  const rest = f.binary('add', f.binary('sub', whole, cut), f.binary('mul', low, powerOf(9, 'fraction')));
  const sum = f.binary('add', cut, f.unary('floor', rest));
  const centre = f.binary('sub', sum, 2 ** 15 + 2 ** 16);
  const argument = f.binary('min', f.binary('max', centre, -32768), 32767);
  return { reciprocal: between(cx, f, argument, RECIPROCAL_LINES, 'reciprocal'), share: powerOf(6, 'share') };
}

/** For positive integers the function that gives 2^(from - bits). */
function bitCount(cx: ImportContext, sums: string): (from: number, stem: string) => string {
  const levels = BITS_MAX - BITS_MIN;
  const spec: RequantizeSpec = {
    mode: 'threshold',
    levels,
    base: Int32Array.of(0),
    descending: Uint8Array.of(0),
    thresholds: Int32Array.from({ length: levels }, (_, i) => 2 ** (BITS_MIN + i)),
  };
  const options = { name: `${cx.label}.bits`, element: BYTE };
  const bits = cx.add('requantize', [sums], { spec, axis: 0, relu: false }, options);
  return (from, stem) => {
    const table = Float32Array.from({ length: 256 }, (_, i) => 2 ** (from - BITS_MIN - Math.min(i, levels)));
    return cx.add('lut', [bits], { table, axis: 0 }, { name: `${cx.label}.${stem}`, element: { kind: 'float32' } });
  };
}
