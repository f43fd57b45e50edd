/** From 32-bit sums to codes as TensorFlow Lite's kernels do it: a fixed-point factor, the result's zero point, a fused activation. */
import type { IntegerType, RequantizeSpec } from '../../../graph/types.ts';
import { integerRange } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { codeLimits, type ImportContext, text } from '../context.ts';
import type { Multiplier } from '../fixed-point.ts';
import { quantizeMultiplier } from '../fixed-point.ts';
import { ACTIVATIONS, type Activation, type Clipping, type TfliteTensor } from '../schema.ts';

/** Multiplying by this and dividing by 2^31 leaves any number of up to 30 bits as it is. */
export const UNCHANGED: Multiplier = { multiplier: 2 ** 31 - 1, shift: 0 };

export interface Limits {
  readonly low: number;
  readonly high: number;
}

/** The fused activation of an options field. */
export function activationOf(code: number): Activation {
  return ACTIVATIONS[code] ?? invalid(`fused activation ${code}`, { expected: `0 .. ${ACTIVATIONS.length - 1}` });
}

/** Codes that an activation leaves: bounds are rounded half away at the result's scale, in float32. */
export function activationLimits(cx: ImportContext, activation: Clipping, out: TfliteTensor): Limits {
  const type = codeLimits(cx.codeType(out));
  if (activation === 'none') return type;
  const { scale, zero } = cx.scaling(out);
  const code = (value: number): number => {
    const steps = Math.fround(value / scale);
    return zero + Math.sign(steps) * Math.floor(Math.abs(steps) + 0.5);
  };
  const between = (low: number, high: number): Limits => {
    const limits = { low: Math.max(type.low, low), high: Math.min(type.high, high) };
    return limits.low <= limits.high ? limits : invalid(`${text(out)} has no code for its activation ${activation}`);
  };
  switch (activation) {
    case 'relu':
      return between(zero, type.high);
    case 'relu6':
      return between(zero, code(6));
    case 'relu_n1_to_1':
      return between(code(-1), code(1));
    case 'relu_0_to_1':
      return between(zero, code(1));
    default:
      return refuse(`fused activation ${activation}`, { expected: 'none, relu, relu6 or relu_n1_to_1' });
  }
}

/** A real factor as multiplier and shift; refuses one that no 32-bit sum survives. */
export function factor(value: number): Multiplier {
  if (!(value > 0 && value < 2 ** 30))
    invalid(`scales whose ratio is ${value}`, { expected: 'a ratio of input to output scales below 2^30' });
  return quantizeMultiplier(value);
}

/** Says what a table of 16-bit codes costs. */
export function noteWideTable(cx: ImportContext): void {
  cx.notes.push(
    `${cx.label}: a function of 16-bit codes is a table of 65,536 entries, 128 KiB that must fit the scratchpad and are read again by each layer`,
  );
}

/** Codes clipped by a table; nothing where the limits are the type's. */
export function clipped(cx: ImportContext, id: string, { low, high }: Limits): string {
  const element = cx.builder.typeOf(id).element as IntegerType;
  const { min, max } = integerRange(element);
  if (low <= min && high >= max) return id;
  if (element.bits > 16)
    return refuse(`${cx.operator.op} to codes of ${element.bits} bits`, { expected: 'int8, uint8 or int16' });
  if (element.bits > 8) noteWideTable(cx);
  const table = Int32Array.from({ length: max - min + 1 }, (_, i) => Math.min(high, Math.max(low, min + i)));
  return cx.add('lut', [id], { table, axis: 0 }, { name: `${cx.label}.clip`, element });
}

interface Rescaling {
  readonly element: IntegerType;
  readonly zeroPoint?: number;
  /** Of the factors, where there are several. */
  readonly axis?: number;
  /** Raises the lower limit to the zero point. */
  readonly relu?: boolean;
  readonly name?: string;
}

/** Integers times fixed-point factors, each rounded as the kernels round. */
export function rescaled(
  cx: ImportContext,
  sums: string,
  factors: readonly Multiplier[],
  { element, zeroPoint = 0, axis = 0, relu = false, name = cx.label }: Rescaling,
): string {
  const spec: RequantizeSpec = {
    mode: 'fixed-point',
    multiplier: Int32Array.from(factors, (f) => f.multiplier),
    shift: Int32Array.from(factors, (f) => f.shift),
    zeroPoint,
  };
  return cx.add('requantize', [sums], { spec, axis, relu }, { name, element });
}

/** Sums to codes of the operator's result; one factor, or one for each element of `axis`. */
export function requantized(
  cx: ImportContext,
  sums: string,
  factors: readonly Multiplier[],
  axis: number,
  activation: Clipping,
): string {
  const out = cx.outputTensor();
  const element = cx.codeType(out);
  const { zero } = cx.scaling(out);
  const limits = activationLimits(cx, activation, out);
  const relu = limits.low === zero && zero > codeLimits(element).low;
  const id = rescaled(cx, sums, factors, { element, zeroPoint: zero, axis, relu });
  return clipped(cx, id, relu ? { ...limits, low: codeLimits(element).low } : limits);
}
