/**
 * What emitters share. Every value is codes with a scale and zero point 0, and is known by the mean and variance of each channel's codes: scales are
 * chosen from those, so that no activation saturates or vanishes, without running anything. Neighbours are taken as independent.
 */
import type { GraphBuilder } from '../../../compiler/graph/builder.ts';
import { type IntegerType, integerRange, type Node, type TensorData } from '../../../compiler/graph/types.ts';
import type { Random } from '../../../isa/base/random.ts';
import type { LayerKind, LayerOf } from '../layers.ts';
import type { Widths } from '../recipe.ts';

/** A value of the graph: shape as in the layer language, a batch in front of it in the graph. */
export interface Coded {
  readonly value: string;
  readonly type: IntegerType;
  readonly shape: readonly number[];
  /** Real value of one code. */
  readonly scale: number;
  /** By channel, in codes. */
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

export interface EmitContext {
  readonly builder: GraphBuilder;
  readonly batch: number;
  readonly random: Random;
  readonly widths: Widths;
}

export type Emitter<K extends LayerKind> = (cx: EmitContext, layer: LayerOf<K>, inputs: readonly Coded[]) => Coded;

/** Operand of a layer; every description gives as many as its kind needs. */
export function operand(inputs: readonly Coded[], i = 0): Coded {
  const x = inputs[i];
  if (x === undefined) throw new RangeError(`operand ${i} is missing`);
  return x;
}

/** Adds a node that is named after its layer. */
export function node<O extends Node['op']>(
  cx: EmitContext,
  op: O,
  name: string,
  inputs: readonly string[],
  attributes: Extract<Node, { op: O }>['attributes'],
  options: { readonly element?: IntegerType; readonly shape?: readonly number[] } = {},
): string {
  return cx.builder.add(op, inputs, attributes as never, { ...options, name, source: 'zoo' });
}

export function constant(
  cx: EmitContext,
  name: string,
  element: IntegerType,
  shape: readonly number[],
  data: TensorData,
): string {
  return cx.builder.constant({ type: { element, shape }, data }, name);
}

/** A key of its own for each thing that a layer draws; `random` is the layer's. */
export function keyOf(cx: EmitContext, label: string): number {
  return cx.random.fork(label).int(0, 2 ** 32 - 1);
}

/** Codes from 0 up, or on both sides. */
export function oneSided(type: IntegerType): boolean {
  return integerRange(type).min === 0;
}

/** Real values as codes, and back. */
export function dequantized(cx: EmitContext, name: string, x: Coded): string {
  const attributes = { scale: Float32Array.of(x.scale), zeroPoint: Int32Array.of(0), axis: 0 };
  return node(cx, 'dequantize', name, [x.value], attributes);
}

export function quantized(cx: EmitContext, name: string, value: string, element: IntegerType, scale: number): string {
  const { min, max } = integerRange(element);
  const zero = { zeroPoint: Float32Array.of(0), axis: 0 };
  const attributes = { scale: Float32Array.of(scale), ...zero, rounding: 'half-even', min, max } as const;
  return node(cx, 'quantize', name, [value], { ...attributes, order: 'round-then-zero' }, { element });
}
