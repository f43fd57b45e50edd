/**
 * Limits on codes: Clip, Relu, Max and Min of an integer tensor. Brevitas writes quantizers of fewer than 8 bits as
 * QuantizeLinear, Clip of the 8-bit codes, DequantizeLinear; here the codes get the narrow type that the limits leave.
 */
import { type IntegerType, integerRange } from '../../../graph/types.ts';
import type { ImportContext } from '../context.ts';
import type { Meaning } from '../meaning.ts';
import type { OnnxNode } from '../model.ts';

/** Closed range of codes. */
export interface CodeRange {
  readonly low: number;
  readonly high: number;
}

/** The narrowest type of the same coding that holds `low` .. `high`. */
export function narrowedType(type: IntegerType, { low, high }: CodeRange): IntegerType {
  if (type.coding !== 'signed' && type.coding !== 'unsigned') return type;
  for (let bits = type.coding === 'signed' ? 2 : 1; bits < type.bits; bits++) {
    const narrow = { ...type, bits };
    const range = integerRange(narrow);
    if (range.min <= low && high <= range.max) return narrow;
  }
  return type;
}

/** Limits that a Clip puts on whole numbers; undefined when they are not known. */
export function clipLimits(cx: ImportContext, node: OnnxNode): CodeRange | undefined {
  const bound = (index: number, fallback: number): number | undefined => {
    const name = node.inputs[index] ?? '';
    if (name === '') return fallback;
    const meaning = cx.lookup(name);
    return meaning?.kind === 'constant' ? meaning.constant.data[0] : undefined;
  };
  const low = bound(1, Number.NEGATIVE_INFINITY);
  const high = bound(2, Number.POSITIVE_INFINITY);
  return low === undefined || high === undefined || low > high ? undefined : { low, high };
}

/**
 * The type in which a quantizer of `type` saturates just as the Clip that is its only reader does; `type` itself when
 * there is none, or when its limits are not the range of any type.
 */
export function saturatingType(cx: ImportContext, type: IntegerType, output: string): IntegerType {
  const user = cx.soleConsumer(output);
  const limits = user?.opType === 'Clip' && user.domain === '' ? clipLimits(cx, user) : undefined;
  if (limits === undefined) return type;
  const { min, max } = integerRange(type);
  const left = { low: Math.max(min, limits.low), high: Math.min(max, limits.high) };
  if (left.low > left.high) return type;
  const narrow = narrowedType(type, left);
  const range = integerRange(narrow);
  return range.min === left.low && range.max === left.high ? narrow : type;
}

/** Codes held between limits, in the narrowest type for them; what their type already holds stays as it is. */
export function limitedCodes(
  cx: ImportContext,
  x: Extract<Meaning, { kind: 'codes' }>,
  { low, high }: CodeRange,
): Meaning {
  const { element } = cx.builder.typeOf(x.id);
  if (element.kind !== 'int') return x;
  const { min, max } = integerRange(element);
  if (low <= min && high >= max) return x;
  const left = { low: Math.min(max, Math.max(min, low)), high: Math.max(min, Math.min(max, high)) };
  const unit = { scale: new Float32Array([1]), zero: new Int32Array(1), axis: 0 };
  const plain = cx.dequantize(x.id, unit, `${cx.outputName}.plain`);
  const attributes = {
    scale: unit.scale,
    zeroPoint: new Float32Array(1),
    axis: 0,
    rounding: 'half-even',
    min: left.low,
    max: left.high,
    order: 'round-then-zero',
  } as const;
  const options = { element: narrowedType(element, left), output: cx.outputName };
  return { ...x, id: cx.add('quantize', [plain], attributes, options) };
}
