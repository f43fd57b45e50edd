/** Arithmetic on whole numbers with the float32 operations of the vector unit: exact below 2^24, and in two halves up to 30 bits. */
import { INT32, type IntegerType, type OpAttributes, type OpName } from '../../../graph/types.ts';
import type { ImportContext } from '../context.ts';
import { rescaled, UNCHANGED } from './requantizer.ts';

/** Whole float32 numbers as integers; nothing is rounded. */
export function wholeNumbers(
  cx: ImportContext,
  id: string,
  { min, max }: { readonly min: number; readonly max: number },
  element: IntegerType,
  suffix = '',
): string {
  const attributes = {
    scale: Float32Array.of(1),
    zeroPoint: Float32Array.of(0),
    axis: 0,
    rounding: 'half-up',
    min,
    max,
    order: 'round-then-zero',
  } as const;
  return cx.add('quantize', [id], attributes, { name: `${cx.label}${suffix}`, element });
}

/** Codes less their zero point as float32: exact for codes of up to 24 bits. */
export function centred(cx: ImportContext, id: string, zero: number, name: string): string {
  const attributes = { scale: Float32Array.of(1), zeroPoint: Int32Array.of(zero), axis: 0 };
  return cx.add('dequantize', [id], attributes, { name });
}

/** Float32 operations of one operator, with names of their own. */
export class Steps {
  readonly #cx: ImportContext;
  readonly #stem: string;
  #next = 0;

  constructor(cx: ImportContext, stem: string) {
    this.#cx = cx;
    this.#stem = `${cx.label}.${stem}`;
  }

  unary(fn: OpAttributes['unary']['fn'], x: string): string {
    return this.#add('unary', [x], { fn });
  }

  /** A number becomes a constant. */
  binary(fn: OpAttributes['binary']['fn'], a: string | number, b: string | number): string {
    const [x, y] = [a, b].map((v) => (typeof v === 'string' ? v : this.number(v))) as [string, string];
    return this.#add('binary', [x, y], { fn });
  }

  number(value: number): string {
    return this.constant([value], []);
  }

  constant(values: readonly number[], shape: readonly number[]): string {
    const data = Float32Array.from(values);
    return this.#cx.builder.constant({ type: { element: { kind: 'float32' }, shape }, data }, this.#name());
  }

  #add<O extends OpName>(op: O, inputs: readonly string[], attributes: OpAttributes[O]): string {
    return this.#cx.add(op, inputs, attributes, { name: this.#name() });
  }

  #name(): string {
    return `${this.#stem}${this.#next++}`;
  }
}

const HALF_BITS = 8;
const HALF = 2 ** HALF_BITS;
/** The largest whole numbers whose product is taken here: 16-bit codes. */
const REACH = 2 ** 15;

/** a · b as 32-bit integers, of whole float32 numbers up to 2^15. */
export function exactProduct(cx: ImportContext, a: string, b: string, stem = 'products'): string {
  return joinedHalves(cx, productHalves(cx, a, b, stem), stem);
}

/** The upper and the lower byte of a times b: each exact in float32 by itself, and no further from zero than 2^23. */
export function productHalves(cx: ImportContext, a: string, b: string, stem: string): readonly [string, string] {
  const f = new Steps(cx, `${stem}.step`);
  const upper = f.unary('floor', f.binary('mul', a, 1 / HALF));
  const lower = f.binary('sub', a, f.binary('mul', upper, HALF));
  const most = REACH * HALF;
  const whole = (part: string, i: number) =>
    wholeNumbers(cx, part, { min: -most, max: most }, INT32, `.${stem}.half${i}`);
  return [whole(f.binary('mul', upper, b), 0), whole(f.binary('mul', lower, b), 1)];
}

/** 256 high + low. */
export function joinedHalves(cx: ImportContext, [high, low]: readonly [string, string], stem: string): string {
  const options = { name: `${cx.label}.${stem}.shifted`, element: INT32 };
  const shifted = rescaled(cx, high, [{ ...UNCHANGED, shift: HALF_BITS }], options);
  return cx.add('addi', [shifted, low], {}, { name: `${cx.label}.${stem}` });
}
