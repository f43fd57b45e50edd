/**
 * QONNX: Quant (also spelled IntQuant), BipolarQuant and Trunc, with scale, zero point and width as inputs. The result of a
 * quantizer is float in ONNX; here it is codes and a scale. Order of operations after the QONNX operator documents (version 1 of
 * Quant and BipolarQuant, 1 and 2 of Trunc): x / scale, + zero point, clip, round; then - zero point, * scale.
 */

import { quantize } from '../../../graph/ops/quantize.ts';
import type { IntegerType, OpAttributes, UnaryFunction } from '../../../graph/types.ts';
import type { Rounding } from '../../../graph/vocabulary.ts';
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute, stringAttribute } from '../attributes.ts';
import { dequantizeCodes, floatData, floatTensor, type ImportContext } from '../context.ts';
import type { Meaning, Scaling } from '../meaning.ts';
import { nodeLabel } from '../structure.ts';
import { Formula } from './formula.ts';
import { broadcastScaling, sameScaling, singleScale, singleZero } from './scaling.ts';

const ROUNDING_MODES: Readonly<Record<string, Rounding>> = {
  ROUND: 'half-even',
  HALF_EVEN: 'half-even',
  CEIL: 'ceil',
  FLOOR: 'floor',
  UP: 'away-from-zero',
  DOWN: 'toward-zero',
  ROUND_TO_ZERO: 'toward-zero',
  HALF_UP: 'half-up',
  HALF_DOWN: 'half-down',
};

function roundingMode(cx: ImportContext, fallback: string): Rounding {
  const spelled = stringAttribute(cx.node, 'rounding_mode', fallback);
  return (
    ROUNDING_MODES[spelled.toUpperCase()] ??
    invalid(`rounding_mode is '${spelled}'`, { expected: Object.keys(ROUNDING_MODES).join(', ') })
  );
}

/** A width input: a whole number of bits in a float or integer scalar. */
function widthInput(cx: ImportContext, index: number, what: string): number {
  const width = cx.constantInput(index, what) ?? invalid(`${what} is missing`);
  const bits = width.data[0] ?? 0;
  if (width.data.some((b) => b !== bits)) refuse(`${what} differs by channel`, { expected: 'one width' });
  if (!Number.isInteger(bits) || bits < 1)
    invalid(`${what} is ${bits}`, { expected: 'a whole number of bits, at least 1' });
  return bits <= 32 ? bits : refuse(`${what} is ${bits}`, { expected: 'at most 32 bits' });
}

/** Codes that the graph computes have at most so many bits; wider ones stay float32. */
const WIDEST_CODES = 16;

interface Levels {
  readonly element: IntegerType;
  readonly min: number;
  readonly max: number;
}

/** Codes of a QONNX quantizer: narrow takes one level off (the lowest when signed, the highest when not). */
function levels(bits: number, signed: boolean, narrow: boolean): Levels {
  if (signed) {
    const min = -(2 ** (bits - 1)) + (narrow ? 1 : 0);
    const max = 2 ** (bits - 1) - 1;
    if (min >= max)
      invalid(`a narrow signed quantizer of ${bits} bit has no levels`, { hint: 'use BipolarQuant for one bit' });
    return { element: { kind: 'int', bits, coding: 'signed' }, min, max };
  }
  const max = 2 ** bits - (narrow ? 2 : 1);
  if (max < 1) invalid(`a narrow unsigned quantizer of ${bits} bit has one level`);
  return { element: { kind: 'int', bits, coding: 'unsigned' }, min: 0, max };
}

export function importQuant(cx: ImportContext): void {
  const x = cx.input(0);
  const shape = cx.typeOf(x).shape;
  const scaling = broadcastScaling(
    cx.constantInput(1, 'the scale') ?? invalid('Quant has no scale'),
    cx.constantInput(2, 'the zero point'),
    shape,
  );
  const bits = widthInput(cx, 3, 'the bit width');
  const signed = intAttribute(cx.node, 'signed', 1) !== 0;
  const rounding = roundingMode(cx, 'ROUND');
  if (bits === 1 && signed) {
    // QONNX treats a signed one-bit Quant as bipolar.
    if (scaling.zero.some((z) => z !== 0)) refuse('a signed one-bit Quant with a zero point');
    bipolarResult(cx, x, scaling);
    return;
  }
  const range = levels(bits, signed, intAttribute(cx.node, 'narrow', 0) !== 0);
  checkZero(scaling);
  if (bits > WIDEST_CODES && knownFloats(x) === undefined) {
    wideQuant(cx, shape, scaling, range, rounding);
    return;
  }
  const attributes = {
    scale: scaling.scale,
    zeroPoint: Float32Array.from(scaling.zero),
    axis: scaling.axis,
    rounding,
    min: range.min,
    max: range.max,
    order: 'zero-then-round',
  } as const;
  quantizedResult(cx, x, attributes, range, scaling);
}

/** Functions of the vector unit that round. */
const ROUNDING_FUNCTIONS: Readonly<Partial<Record<Rounding, UnaryFunction>>> = {
  'half-even': 'round',
  floor: 'floor',
  ceil: 'ceil',
};

/** A quantizer of computed values to more than 16 bits, such as those of accumulators: the same operations in float32, without codes. */
function wideQuant(
  cx: ImportContext,
  shape: readonly number[],
  scaling: Scaling,
  range: Levels,
  rounding: Rounding,
): void {
  const fn = ROUNDING_FUNCTIONS[rounding];
  if (fn === undefined)
    return refuse(`${range.element.bits} bits of a computed value rounded ${rounding}`, {
      expected: 'ROUND, FLOOR or CEIL above 16 bits',
    });
  const f = new Formula(cx);
  const along = (values: ArrayLike<number>): string =>
    f.constant(
      values,
      values.length === 1 ? [] : shape.map((d, i) => (i === scaling.axis ? d : 1)).slice(scaling.axis),
    );
  const [scale, zero] = [along(scaling.scale), along(scaling.zero)];
  const plain = scaling.zero.every((z) => z === 0);
  const scaled = f.binary('div', cx.floatInput(0), scale);
  const limited = f.clip(plain ? scaled : f.binary('add', scaled, zero), range.min, Math.fround(range.max));
  const codes = f.unary(fn, limited);
  cx.notes.push(
    `${nodeLabel(cx.node)} gives ${range.element.bits} bits: it runs in float32 on the vector unit, and so does what reads it`,
  );
  cx.result({ kind: 'float', id: f.binary('mul', plain ? codes : f.binary('sub', codes, zero), scale) });
}

function checkZero(scaling: Scaling): void {
  for (const z of scaling.zero) if (Math.abs(z) >= 2 ** 24) refuse(`zero point ${z}`, { expected: 'below 2^24' });
}

function quantizedResult(
  cx: ImportContext,
  x: Meaning,
  attributes: OpAttributes['quantize'],
  range: Levels,
  scaling: Scaling,
): void {
  const constant = knownFloats(x);
  if (constant !== undefined) {
    const shape = constant.type.shape;
    const data = Int32Array.from(quantize.reference(attributes, [constant], { element: range.element, shape }));
    cx.result({ kind: 'weights', codes: { element: weightType(range), shape, data }, scaling, origin: 'qonnx' });
    return;
  }
  const id = isRepeat(cx, x, range, scaling)
    ? x.id
    : cx.add('quantize', [cx.floatInput(0)], attributes, { element: range.element, output: `${cx.outputName}.codes` });
  cx.quantizers.push({ output: cx.outputName, codes: id });
  cx.result({ kind: 'quantized', id, scaling, origin: 'qonnx' });
}

/** Narrow two-bit weights are ternary: the arrays know them. */
function weightType(range: Levels): IntegerType {
  return range.min === -1 && range.max === 1 ? { kind: 'int', bits: 2, coding: 'ternary' } : range.element;
}

function knownFloats(x: Meaning) {
  if (x.kind === 'constant') return floatTensor(floatData(x.constant), x.constant.shape);
  if (x.kind === 'weights') return floatTensor(dequantizeCodes(x.codes, x.scaling), x.codes.shape);
  return undefined;
}

/** The operand already has these codes: quantizing again changes nothing. */
function isRepeat(
  cx: ImportContext,
  x: Meaning,
  range: Levels,
  scaling: Scaling,
): x is Extract<Meaning, { kind: 'quantized' }> {
  if (x.kind !== 'quantized' || !sameScaling(x.scaling, scaling)) return false;
  const { element } = cx.builder.typeOf(x.id);
  if (element.kind !== 'int' || element.coding !== range.element.coding || element.bits !== range.element.bits)
    return false;
  return range.element.coding === 'signed'
    ? range.min === -(2 ** (range.element.bits - 1))
    : range.max === 2 ** range.element.bits - 1;
}

export function importBipolarQuant(cx: ImportContext): void {
  const x = cx.input(0);
  const scale = cx.constantInput(1, 'the scale') ?? invalid('BipolarQuant has no scale');
  bipolarResult(cx, x, broadcastScaling(scale, undefined, cx.typeOf(x).shape));
}

function bipolarResult(cx: ImportContext, x: Meaning, scaling: Scaling): void {
  const constant = knownFloats(x);
  if (constant !== undefined) {
    const data = Int32Array.from(constant.data, (v) => (v >= 0 ? 1 : -1));
    const element = { kind: 'int', bits: 1, coding: 'bipolar' } as const;
    cx.result({ kind: 'weights', codes: { element, shape: constant.type.shape, data }, scaling, origin: 'qonnx' });
    return;
  }
  const id = cx.add('bipolar', [cx.floatInput(0)], {}, { output: `${cx.outputName}.codes` });
  cx.quantizers.push({ output: cx.outputName, codes: id });
  cx.result({ kind: 'quantized', id, scaling, origin: 'qonnx' });
}

/**
 * Trunc drops low bits of codes. Version 1 (5 inputs: x, scale, zero, in bits, out bits) divides by 2^(in - out) and keeps
 * the scale; version 2 (7 inputs: .., out scale, out zero, out bits; 6 without the out zero) divides by the power of two
 * nearest to the ratio of the scales and clips to the output width. The operand need not be codes: Brevitas writes the sum of an
 * average pool as AveragePool, Mul by the window's size, Trunc.
 */
export function importTrunc(cx: ImportContext): void {
  const x = cx.input(0);
  const shape = cx.typeOf(x).shape;
  const scaling = broadcastScaling(
    cx.constantInput(1, 'the scale') ?? invalid('Trunc has no scale'),
    cx.constantInput(2, 'the zero point'),
    shape,
  );
  const scale = singleScale(scaling, 'Trunc');
  const zero = singleZero(scaling, 'Trunc');
  const inBits = widthInput(cx, 3, 'the input width');
  if (inBits > WIDEST_CODES) refuse(`the input width is ${inBits}`, { expected: `at most ${WIDEST_CODES} bits` });
  const rounding = roundingMode(cx, 'FLOOR');
  const count = cx.node.inputs.length;
  const outBits = widthInput(cx, count === 5 ? 4 : count - 1, 'the output width');
  const outScale =
    count === 5 ? scale : (cx.constantInput(4, 'the output scale')?.data[0] ?? invalid('Trunc has no output scale'));
  const factor = count === 5 ? 2 ** (inBits - outBits) : 2 ** roundedLog2(outScale / scale);
  if (zero !== 0 && !Number.isInteger(zero / factor)) refuse(`zero point ${zero} is not a multiple of ${factor}`);
  const range =
    count === 5 && !cx.node.attributes.has('signed')
      ? unclipped(outBits, isSigned(cx, x, cx.node.inputs[0] ?? ''))
      : levels(outBits, intAttribute(cx.node, 'signed', 1) !== 0, intAttribute(cx.node, 'narrow', 0) !== 0);
  // On whole codes: x / factor is exact in float32 because factor is a power of two.
  const plain = wholeCodes(cx, x, scaling, inBits);
  const attributes = {
    scale: new Float32Array([factor]),
    zeroPoint: new Float32Array(1),
    axis: 0,
    rounding,
    min: range.min,
    max: range.max,
    order: 'zero-then-round',
  } as const;
  const id = cx.add('quantize', [plain], attributes, { element: range.element, output: `${cx.outputName}.codes` });
  cx.quantizers.push({ output: cx.outputName, codes: id });
  // Version 1 subtracts the zero point itself, version 2 the zero point divided by the factor.
  const outZero = count === 5 ? zero : zero / factor;
  cx.result({
    kind: 'quantized',
    id,
    scaling: { scale: new Float32Array([outScale]), zero: new Int32Array([outZero]), axis: 0 },
    origin: 'qonnx',
  });
}

/** The exponent of the nearest power of two, without a logarithm. */
function roundedLog2(ratio: number): number {
  for (let e = -30; e <= 30; e++) if (ratio * Math.SQRT2 >= 2 ** e && ratio < 2 ** e * Math.SQRT2) return e;
  return invalid(`the output scale is ${ratio} times the input scale`, { expected: 'a power of two' });
}

/** Version 1 neither clips nor says whether codes are signed; one bit more holds both where nobody knows. */
function unclipped(bits: number, signed: boolean | undefined): Levels {
  return levels(signed === undefined ? bits + 1 : bits, signed !== false, false);
}

/** Whether codes may be negative, from the quantizer behind pools, positive factors and movements; undefined when it is not found. */
function isSigned(cx: ImportContext, x: Meaning, name: string): boolean | undefined {
  if (x.kind === 'quantized') {
    const { element } = cx.builder.typeOf(x.id);
    return element.kind !== 'int' || element.coding !== 'unsigned' || x.scaling.zero.some((z) => z > 0);
  }
  const node = cx.producerOf(name);
  if (node === undefined || !['AveragePool', 'GlobalAveragePool', 'Mul', 'Reshape', 'Flatten'].includes(node.opType))
    return undefined;
  const [first = '', second = ''] = node.inputs;
  const factor = cx.lookup(second);
  if (node.opType === 'Mul' && !(factor?.kind === 'constant' && factor.constant.data.every((v) => v > 0)))
    return undefined;
  const before = cx.lookup(first);
  return before === undefined ? undefined : isSigned(cx, before, first);
}

/** The operand's codes as float32 whole numbers: its own where it has them, else half-even(x / scale + zero point). */
function wholeCodes(cx: ImportContext, x: Meaning, scaling: Scaling, inBits: number): string {
  const name = `${cx.outputName}.codes`;
  const unit = { scale: new Float32Array([1]), zero: new Int32Array(1), axis: 0 };
  if (x.kind === 'quantized' && sameScaling(x.scaling, scaling)) {
    const { element } = cx.builder.typeOf(x.id);
    if (element.kind === 'int' && element.bits <= inBits) return cx.dequantize(x.id, unit, name);
  }
  const constant = (value: number, what: string) =>
    cx.builder.constant(floatTensor(new Float32Array([value]), []), `${name}.${what}`);
  const scale = constant(singleScale(scaling, 'Trunc'), 'scale');
  const scaled = cx.add('binary', [cx.floatInput(0), scale], { fn: 'div' }, { output: `${name}.scaled` });
  const zero = singleZero(scaling, 'Trunc');
  const shifted =
    zero === 0
      ? scaled
      : cx.add('binary', [scaled, constant(zero, 'zero')], { fn: 'add' }, { output: `${name}.shifted` });
  return cx.add('unary', [shifted], { fn: 'round' }, { output: name });
}
