/**
 * The graph: one intermediate form for every dialect. Frontends normalize into it, passes rewrite it, the interpreter
 * gives it meaning. Integers and floats are explicit: a value is codes of a stated width, or float32; scales appear only
 * in `dequantize`, `quantize` and `requantize`. Shapes are static and in ONNX order (NCHW); memory layout is lowering's
 * business. Graphs are immutable and in topological order.
 */
import type { Coding, Rounding } from './vocabulary.ts';

export type IntegerType = { readonly kind: 'int'; readonly bits: number; readonly coding: Exclude<Coding, 'float'> };
export type ElementType = IntegerType | { readonly kind: 'float32' };

export interface ValueType {
  readonly element: ElementType;
  readonly shape: readonly number[];
}

/** Codes are values (a signed -3 is -3, bipolar is -1 or +1), never biased bit patterns. */
export type TensorData = Int8Array | Int32Array | Float32Array;

export interface Tensor {
  readonly type: ValueType;
  readonly data: TensorData;
}

/** 2-D window of a convolution or pool: [height, width]; pads are [top, left, bottom, right]. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
}

export type RequantizeSpec =
  /** code = saturate(half-even(float32(float32(acc) * scale_c)) + zeroPoint), as ONNX Runtime's QLinear ops. */
  | { readonly mode: 'float32'; readonly scale: Float32Array; readonly zeroPoint: number }
  /** TFLite: Q31 multiplier, saturating rounding doubling high multiply, rounding shift right by -shift (left if > 0). */
  | {
      readonly mode: 'fixed-point';
      readonly multiplier: Int32Array;
      readonly shift: Int32Array;
      readonly zeroPoint: number;
    }
  /**
   * code = base_c + number of i with acc >= T_ci (ascending) or acc <= T_ci (descending); twice that for a
   * bipolar result; `levels` thresholds a channel. */
  | {
      readonly mode: 'threshold';
      readonly levels: number;
      readonly base: Int32Array;
      readonly descending: Uint8Array;
      /** channels x levels, sorted ascending within a channel. */
      readonly thresholds: Int32Array;
    };

export type UnaryFunction =
  | 'relu'
  | 'neg'
  | 'abs'
  | 'sqrt'
  | 'exp'
  | 'sigmoid'
  | 'tanh'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'sign'
  | 'identity';
export type BinaryFunction = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'min';

/** Scales and zero points of two operands and of their sum or product. */
export interface QuantizedPair {
  readonly aScale: number;
  readonly aZero: number;
  readonly bScale: number;
  readonly bZero: number;
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Attributes by op. Float arrays of length 1 mean "per tensor"; else one per element of `axis`. */
export interface OpAttributes {
  /** x int [N,C,H,W], w const int [O,C/groups,KH,KW], bias? const int32 [O] -> int32 [N,O,OH,OW]. Padding adds nothing. */
  readonly conv: {
    readonly window: Window;
    readonly groups: number;
    readonly xZero: number;
    readonly wZero: Int32Array;
  };
  /**
   * x float32 [N,C,H,W], w const float32 [O,C/groups,KH,KW] -> float32 [N,O,OH,OW]: for float inputs of a network whose
   * weights are quantized. Multiply, then add, one float32 rounding each, in order of c, kh, kw, from 0.
   */
  readonly 'conv-float': { readonly window: Window; readonly groups: number };
  /** x int [...,K], w const int [K,N], bias? const int32 [N] -> int32 [...,N]. */
  readonly matmul: { readonly xZero: number; readonly wZero: Int32Array };
  /** a int [B,M,K], b int [B,K,N], both computed -> int32 [B,M,N]: sum of (a - aZero) * (b - bZero). */
  readonly product: { readonly aZero: number; readonly bZero: number };
  /** a float32 [B,M,K], b float32 [B,K,N], both computed -> float32 [B,M,N]: multiply, then add, one rounding each, in order of k, from 0. */
  readonly 'product-float': Record<string, never>;
  /** int32 -> int. `relu` raises the lower clamp to the zero point. */
  readonly requantize: { readonly spec: RequantizeSpec; readonly axis: number; readonly relu: boolean };
  /** int -> float32: float32(float32(x - zero) * scale). */
  readonly dequantize: { readonly scale: Float32Array; readonly zeroPoint: Int32Array; readonly axis: number };
  /** float32 -> int: clip(round(x / scale + zero)); `order` says whether the zero point is added before or after rounding. */
  readonly quantize: {
    readonly scale: Float32Array;
    readonly zeroPoint: Float32Array;
    readonly axis: number;
    readonly rounding: Rounding;
    readonly min: number;
    readonly max: number;
    readonly order: 'round-then-zero' | 'zero-then-round';
  };
  /** float32 -> +1 where x >= 0, else -1. */
  readonly bipolar: Record<string, never>;
  /** float32 elementwise; each is one correctly rounded float32 operation where IEEE defines it. */
  readonly unary: { readonly fn: UnaryFunction };
  readonly clip: { readonly min: number; readonly max: number };
  /** float32 with float32 (one may be constant), NumPy broadcasting. */
  readonly binary: { readonly fn: BinaryFunction };
  /** Integer add of int32 tensors or constants with broadcasting, exact. */
  readonly addi: Record<string, never>;
  /** Two int operands with scales, as ONNX Runtime's QLinearAdd: see ops/qadd.ts for the exact float operations. */
  readonly qadd: QuantizedPair;
  /** The same with their product in place of the sum: ops/qmul.ts. */
  readonly qmul: QuantizedPair;
  /** int or float32; padding never wins. */
  readonly maxpool: { readonly window: Window };
  /** float32; divisor counts padding when countIncludePad (ceil-mode overhang is never counted). */
  readonly avgpool: { readonly window: Window; readonly countIncludePad: boolean };
  /** int [N,C,H,W] -> int32 [N,C,1,1]: sum over H, W of x - xZero. */
  readonly 'spatial-sum': { readonly xZero: number };
  readonly concat: { readonly axis: number };
  readonly reshape: Record<string, never>;
  readonly transpose: { readonly perm: readonly number[] };
  /** Per axis elements before and after (>= 0). */
  readonly pad: { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number };
  readonly slice: { readonly starts: readonly number[]; readonly steps: readonly number[] };
  /** Repeats axes of extent 1 to `shape`. */
  readonly expand: { readonly shape: readonly number[] };
  /** table const [V,..], index int [I..] -> [I..,..]: rows of the table. */
  readonly gather: Record<string, never>;
  /** condition unsigned codes of 0 or 1, a and b of one type -> a where the condition is 1, else b; broadcasting. */
  readonly where: Record<string, never>;
  readonly 'depth-to-space': { readonly block: number; readonly mode: 'DCR' | 'CRD' };
  /** float32 along one axis: exp(x - max) / sum, summed in index order. */
  readonly softmax: { readonly axis: number };
  /**
   * x float32 [..,K], gamma float32 [K], beta? float32 [K]: (x - mean) / sqrt(variance + epsilon) * gamma + beta over the last axis; not
   * centred: x / sqrt(mean square + epsilon). See ops/layer-norm.ts for the exact operations.
   */
  readonly 'layer-norm': { readonly epsilon: number; readonly centred: boolean };
  /** int of at most 16 bits -> int or float32; table of channels x codes, lowest code first; axis as elsewhere. */
  readonly lut: { readonly table: TensorData; readonly axis: number };
}

export type OpName = keyof OpAttributes;

export interface NodeOf<O extends OpName> {
  readonly op: O;
  /** Unique; reports use it. */
  readonly name: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: OpAttributes[O];
  /** What it came from, for messages: ONNX op type and node name. */
  readonly source: string;
  /** Present where the node makes a part of what a node of the network makes. */
  readonly band?: Band;
}

/** One of several bands that a node is computed in (compiler/bands). */
export interface Band {
  /** Name of the node of the network. */
  readonly of: string;
  /** 0 .. count - 1. */
  readonly index: number;
  readonly count: number;
}
export type Node = { [O in OpName]: NodeOf<O> }[OpName];

export interface Graph {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly values: ReadonlyMap<string, ValueType>;
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly nodes: readonly Node[];
}

export const INT32: IntegerType = { kind: 'int', bits: 32, coding: 'signed' };

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** Range of an integer type's codes. */
export function integerRange(t: IntegerType): { readonly min: number; readonly max: number } {
  if (t.coding === 'bipolar' || t.coding === 'ternary') return { min: -1, max: 1 };
  if (t.coding === 'unsigned') return { min: 0, max: 2 ** t.bits - 1 };
  return { min: -(2 ** (t.bits - 1)), max: 2 ** (t.bits - 1) - 1 };
}

export function typeText(t: ValueType): string {
  const e = t.element;
  const prefix =
    e.kind === 'float32' ? 'f32' : { unsigned: 'u', signed: 's', bipolar: 'b', ternary: 't' }[e.coding] + e.bits;
  return `${prefix}[${t.shape.join(',')}]`;
}
