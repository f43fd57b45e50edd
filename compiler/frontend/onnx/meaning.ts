/**
 * What an ONNX value means while a model is imported: known numbers, codes, float32, or float32 that is known to be scaled
 * codes. Keeping the last apart is what lets three dialects of quantization become one integer form: an op that can
 * work on codes does so, any other op asks for the float and gets a `dequantize`.
 */

import type { ElementType, IntegerType } from '../../graph/types.ts';
import { refuse } from '../refusal.ts';
import { type DataType, isFloatType } from './model.ts';
import type { NumberArray } from './values.ts';

/** Numbers known at import; shape [] is a scalar. */
export interface Constant {
  readonly dataType: DataType;
  readonly shape: readonly number[];
  readonly data: NumberArray;
}

/** Per tensor when the arrays have length 1, else along `axis`. value = float32(code - zero) * scale. */
export interface Scaling {
  readonly scale: Float32Array;
  readonly zero: Int32Array;
  readonly axis: number;
}

/** `linear`: QuantizeLinear and relatives, which runtimes fuse into integer kernels; `qonnx`: float semantics throughout. */
export type Origin = 'linear' | 'qonnx';

export type Meaning =
  | { readonly kind: 'constant'; readonly constant: Constant }
  /** An integer tensor of the ONNX graph. */
  | { readonly kind: 'codes'; readonly id: string; readonly dataType: DataType }
  | { readonly kind: 'float'; readonly id: string }
  /** float32 = scaled codes; `id` names the codes. */
  | {
      readonly kind: 'quantized';
      readonly id: string;
      readonly scaling: Scaling;
      readonly origin: Origin;
      /** ONNX type of the codes, where one is stated. */
      readonly dataType?: DataType | undefined;
      /** An op past which runtimes do not carry a DequantizeLinear lies behind it: no integer kernel takes these codes. */
      readonly loose?: boolean;
    }
  /** The same for codes known at import: weights. */
  | { readonly kind: 'weights'; readonly codes: Codes; readonly scaling: Scaling; readonly origin: Origin }
  /** Weights with a scale and zero point for each block along an axis. */
  | { readonly kind: 'blocked'; readonly codes: Codes; readonly blocks: Blocks }
  /**
   * float32 not yet made, because a QuantizeLinear may follow for which runtimes have one integer kernel. `codes` gives
   * that kernel's result; `float` the plain one. Both are clipped to `bounds` (Relu, Clip) by whoever asks.
   */
  | {
      readonly kind: 'pending';
      readonly shape: readonly number[];
      readonly bounds: Bounds;
      /** Type of the operands' codes: the kernel's result has the same; undefined where none is stated. */
      readonly dataType: DataType | undefined;
      /** Elements have moved since: a Relu or Clip that follows is not the kernel's any more. */
      readonly moved?: boolean;
      readonly float: () => string;
      readonly codes: (target: QuantizerTarget, output: string) => string;
    }
  /** Its node, or one before it, was refused. */
  | { readonly kind: 'refused' };

/** Scale and zero point of each block of `size` elements along `axis`; they have `shape`. */
export interface Blocks {
  readonly scale: Float32Array;
  readonly zero: Int32Array;
  readonly shape: readonly number[];
  readonly axis: number;
  readonly size: number;
}

type Quantized = Extract<Meaning, { kind: 'quantized' }>;

/** Whether a runtime's integer kernel may take these codes: QuantizeLinear dialect, one scale, a DequantizeLinear right before. */
export function isFusable(x: Meaning): x is Quantized {
  if (x.kind !== 'quantized' || x.origin !== 'linear' || x.loose === true) return false;
  return x.scaling.scale.length === 1 && x.scaling.zero.length === 1;
}

/** float32 limits that a Relu or Clip puts on a value; infinite where there is none. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export const UNBOUNDED: Bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** What a QuantizeLinear asks for. */
export interface QuantizerTarget {
  readonly dataType: DataType;
  readonly element: IntegerType;
  readonly scaling: Scaling;
}

/** Integer constants in the graph's terms. */
export interface Codes {
  readonly element: IntegerType;
  readonly shape: readonly number[];
  readonly data: Int32Array;
}

const CODES: { readonly [T in DataType]?: IntegerType } = {
  uint2: { kind: 'int', bits: 2, coding: 'unsigned' },
  int2: { kind: 'int', bits: 2, coding: 'signed' },
  uint4: { kind: 'int', bits: 4, coding: 'unsigned' },
  int4: { kind: 'int', bits: 4, coding: 'signed' },
  uint8: { kind: 'int', bits: 8, coding: 'unsigned' },
  int8: { kind: 'int', bits: 8, coding: 'signed' },
  uint16: { kind: 'int', bits: 16, coding: 'unsigned' },
  int16: { kind: 'int', bits: 16, coding: 'signed' },
  int32: { kind: 'int', bits: 32, coding: 'signed' },
};

/** The code type of an ONNX integer type; refuses the others. */
export function integerTypeOf(dataType: DataType): IntegerType {
  return (
    CODES[dataType] ?? refuse(`element type ${dataType} has no codes`, { expected: Object.keys(CODES).join(', ') })
  );
}

/** The ONNX type with these codes; undefined when there is none. */
export function dataTypeOfCodes(element: IntegerType): DataType | undefined {
  const found = Object.entries(CODES).find(([, t]) => t.bits === element.bits && t.coding === element.coding);
  return found?.[0] as DataType | undefined;
}

/** The graph's element type of an ONNX type: integer codes, or float32 for floats of any width. */
export function elementTypeOf(dataType: DataType): ElementType {
  return isFloatType(dataType) ? { kind: 'float32' } : integerTypeOf(dataType);
}
