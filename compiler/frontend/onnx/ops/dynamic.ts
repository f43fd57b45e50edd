/**
 * DynamicQuantizeLinear and the integer products behind it (onnxruntime's quantize_dynamic). Scale and zero point are computed from the least and largest element,
 * in the runtime's float32 operations, on the vector unit. The arrays take raw codes, so a zero point that is not known at import is a further input of the product:
 * as many times as it takes, with weights that add up to minus the sum of each output's weights. The sums are exact.
 */

import { integerRange } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute } from '../attributes.ts';
import { size } from '../constants.ts';
import { at, type ImportContext } from '../context.ts';
import { type Codes, integerTypeOf, type Scaling } from '../meaning.ts';
import { Formula } from './formula.ts';
import { imageWeights } from './product-weights.ts';
import { asImage, fromImage, windowOf } from './window.ts';

/** Elements of one window of a maximum: what is reduced at once. */
const MOST_AT_ONCE = 1024;

/** Codes [..] with their scale, float32 [1], and zero point, a code [1]. */
export interface DynamicCodes {
  readonly codes: string;
  readonly scale: string;
  readonly zeroCodes: () => string;
}

/**
 * scale = (max - min) / 255, 0 included, 1 where all is 0; zero = half-even(-min / scale); code = saturate(half-even(x / scale) + zero), as ONNX Runtime's
 * DynamicQuantizeLinear computes it.
 */
export function dynamicCodes(cx: ImportContext, f: Formula, x: string): DynamicCodes {
  const above = f.unary('relu', largest(cx, f, x));
  const below = f.unary('relu', largest(cx, f, f.unary('neg', x)));
  const step = f.binary('div', f.binary('add', above, below), 255);
  const scale = f.binary('add', step, f.binary('sub', 1, f.unary('sign', step)));
  const zero = f.unary('round', f.clip(f.binary('div', below, scale), 0, 255));
  const codes = asBytes(cx, f, f.binary('add', f.unary('round', f.binary('div', x, scale)), zero));
  return { codes, scale, zeroCodes: () => asBytes(cx, f, zero) };
}

/** Whole numbers in float32 as uint8. */
function asBytes(cx: ImportContext, f: Formula, x: string): string {
  const attributes = {
    scale: new Float32Array([1]),
    zeroPoint: new Float32Array(1),
    axis: 0,
    rounding: 'half-even',
    min: 0,
    max: 255,
    order: 'round-then-zero',
  } as const;
  return cx.add('quantize', [x], attributes, { element: integerTypeOf('uint8'), output: f.name() });
}

/** The largest element, [1]; in rounds, so that no window is larger than a tile. */
function largest(cx: ImportContext, f: Formula, x: string): string {
  let id = x;
  for (let count = size(cx.builder.typeOf(x).shape); count > 1; ) {
    const once = dividing(count);
    const kernel = [1, once] as const;
    const window = { kernel, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
    id = cx.add('maxpool', [f.reshape(id, [1, 1, count / once, once])], { window }, { output: f.name() });
    count /= once;
  }
  return f.reshape(id, [1]);
}

/** The largest divisor that is reduced at once; all of a prime. */
function dividing(count: number): number {
  for (let d = Math.min(count, MOST_AT_ONCE); d > 1; d--) if (count % d === 0) return d;
  return count;
}

export function importDynamicQuantizeLinear(cx: ImportContext): void {
  const f = new Formula(cx);
  const { codes, scale, zeroCodes } = dynamicCodes(cx, f, cx.floatInput(0));
  cx.notes.push(
    `${cx.node.opType} '${cx.node.name}': its scale is found at run time, by reductions on the vector unit`,
  );
  cx.result({ kind: 'codes', id: codes, dataType: 'uint8' });
  if ((cx.node.outputs[1] ?? '') !== '') cx.result({ kind: 'float', id: scale }, 1);
  if ((cx.node.outputs[2] ?? '') !== '') cx.result({ kind: 'codes', id: zeroCodes(), dataType: 'uint8' }, 2);
}

/** Whether input `index`, a zero point, is computed. */
export function isComputedZero(cx: ImportContext, index: number): boolean {
  return cx.hasInput(index) && cx.input(index).kind === 'codes';
}

interface Weighted {
  readonly codes: Codes;
  readonly scaling: Scaling;
}

/** Sums of (x - zero) (w - wZero) over codes [.., K] with weights [K, N]; `zero` is one computed code. */
export function dynamicMatMul(cx: ImportContext, x: string, zero: string, w: Weighted): string {
  const f = new Formula(cx);
  const { shape } = cx.builder.typeOf(x);
  const [k = 1, n = 1] = w.codes.shape;
  if (w.codes.shape.length !== 2 || shape.at(-1) !== k)
    invalid(`input [${shape.join(', ')}] times weights [${w.codes.shape.join(', ')}]`, { expected: 'a matrix [K, N]' });
  const columns = {
    count: n,
    zero: (c: number) => at(w.scaling.zero, c),
    terms: (c: number) => Array.from({ length: k }, (_, i) => i * n + c),
  };
  const more = balance(w.codes, columns);
  const rows = more[0]?.length ?? 0;
  const data = Int32Array.from({ length: (k + rows) * n }, (_, i) =>
    i < k * n ? (w.codes.data[i] ?? 0) : (more[i % n]?.[Math.floor(i / n) - k] ?? 0),
  );
  const codes: Codes = { ...w.codes, shape: [k + rows, n], data };
  const input = joined(cx, f, x, zero, [...shape.slice(0, -1), rows], shape.length - 1);
  const constants = cx.constantCodes(codes, `${cx.outputName}.weights`);
  return cx.add('matmul', [input, constants], { xZero: 0, wZero: w.scaling.zero }, { output: `${cx.outputName}.sums` });
}

/** The same for a convolution: the zero point is further channels of each group, so that it is left out where the image is padded. */
export function dynamicConv(cx: ImportContext, x: string, zero: string, w: Weighted): string {
  const f = new Formula(cx);
  const { shape } = cx.builder.typeOf(x);
  const plain = imageWeights(w.codes, shape.length);
  const [o = 1, inner = 1, kh = 1, kw = 1] = plain.shape;
  const groups = intAttribute(cx.node, 'group', 1);
  const taps = kh * kw;
  const columns = {
    count: o * taps,
    zero: (c: number) => at(w.scaling.zero, Math.floor(c / taps)),
    terms: (c: number) =>
      Array.from({ length: inner }, (_, i) => (Math.floor(c / taps) * inner + i) * taps + (c % taps)),
  };
  const more = balance(plain, columns);
  const rows = more[0]?.length ?? 0;
  const wide = inner + rows;
  const data = Int32Array.from({ length: o * wide * taps }, (_, i) => {
    const [out, channel, tap] = [Math.floor(i / (wide * taps)), Math.floor(i / taps) % wide, i % taps];
    if (channel < inner) return plain.data[(out * inner + channel) * taps + tap] ?? 0;
    return more[out * taps + tap]?.[channel - inner] ?? 0;
  });
  const codes: Codes = { ...plain, shape: [o, wide, kh, kw], data };
  const image = asImage(cx, x);
  const [n = 1, c = 1, h = 1, width = 1] = cx.builder.typeOf(image).shape;
  if (c !== inner * groups)
    invalid(`${c} channels for ${groups} groups of ${inner}`, { expected: `${inner * groups}` });
  const grouped = f.reshape(image, [n, groups, inner, h, width]);
  const input = f.reshape(joined(cx, f, grouped, zero, [n, groups, rows, h, width], 2), [n, groups * wide, h, width]);
  const attributes = { window: windowOf(cx.node, shape, [kh, kw]), groups, xZero: 0, wZero: w.scaling.zero };
  const sums = cx.add('conv', [input, cx.constantCodes(codes, `${cx.outputName}.weights`)], attributes);
  return fromImage(cx, sums, shape.length);
}

interface Columns {
  readonly count: number;
  readonly zero: (column: number) => number;
  /** Places of a column's weights. */
  readonly terms: (column: number) => readonly number[];
}

/** For each column as many codes as any needs, whose centred sum is minus that of the column's weights. */
function balance(codes: Codes, columns: Columns): readonly (readonly number[])[] {
  const { min, max } = integerRange(codes.element);
  const all = Array.from({ length: columns.count }, (_, c) => {
    const zero = columns.zero(c);
    const terms = columns.terms(c);
    let left = -terms.reduce((n, i) => n + (codes.data[i] ?? 0) - zero, 0);
    const more: number[] = [];
    while (left !== 0) {
      const part = Math.min(max - zero, Math.max(min - zero, left));
      if (part === 0 || more.length > 2 * terms.length)
        refuse(`weights with the zero point ${zero} behind activations whose zero point is computed`, {
          expected: `a zero point near the middle of ${min} .. ${max}`,
          hint: 'quantize weights symmetrically',
        });
      more.push(part + zero);
      left -= part;
    }
    return { zero, more };
  });
  const rows = Math.max(1, ...all.map(({ more }) => more.length));
  return all.map(({ zero, more }) => [...more, ...new Array<number>(rows - more.length).fill(zero)]);
}

/** `x` with copies of the one code `zero` behind it along `axis`: a part of shape `copies`. */
function joined(
  cx: ImportContext,
  f: Formula,
  x: string,
  zero: string,
  copies: readonly number[],
  axis: number,
): string {
  const one = f.reshape(
    zero,
    copies.map(() => 1),
  );
  const part = size(copies) === 1 ? one : cx.add('expand', [one], { shape: copies }, { output: f.name() });
  return f.join([x, part], axis);
}
