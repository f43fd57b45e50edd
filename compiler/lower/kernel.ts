/**
 * A kernel: one or more graph nodes that run as a unit, tile by tile, over boxes of the output. It says which part of
 * each operand an output box needs and how a tile becomes instructions; homes, tile sizes and transfers are decided
 * by mapping and done by the driver, the same way for every kernel.
 */

import type { LayerSymbol } from '../../isa/program.ts';
import { LIMITS, WIDTHS } from '../../isa/tensor.ts';
import type { IntegerType, ValueType } from '../graph/types.ts';
import type { AccumulatorRing } from './accumulators.ts';
import type { ConstantTensor } from './constants.ts';
import type { Step } from './draft.ts';
import type { MatmulSpec } from './kernels/matmul-spec.ts';
import type { Box, Layout } from './layout.ts';
import { at, mergeFactors } from './layout.ts';
import type { Format, View } from './walk.ts';

export type Source =
  | { readonly kind: 'value'; readonly name: string }
  | { readonly kind: 'constant'; readonly constant: ConstantTensor };

export interface KernelInput {
  readonly source: Source;
  /** The part that an output box needs, in the operand's own coordinates. Separable: each dim of it follows one dim of the output box, or none. */
  readonly need: (box: Box) => Box;
  /**
   * Present when the operand may be made tile by tile just before this kernel: the operand's counts for output counts, where the
   * operand's box is those counts at the same multiples of the output's start.
   */
  readonly chain?: (counts: readonly number[]) => readonly number[];
  /**
   * Present instead of `chain` when the operand could be made tile by tile too, but boxes of neighbouring tiles overlap, so that rows between them are made
   * twice: the most of the operand that output counts can need.
   */
  readonly halo?: (counts: readonly number[]) => readonly number[];
  /** Last stage of the kernel that reads it; the last of all where left out. */
  readonly lastStage?: number;
  /** The operand under the kernel's own shape; null when its layout cannot be seen that way. Default: as it is. */
  readonly arrange?: (layout: Layout) => Layout | null;
  /** Whether the kernel can walk the operand in this layout (else it is copied into a plain one). */
  readonly accepts: (layout: Layout) => boolean;
  /** Whether it can walk the piece of the operand that a tile of `counts` needs; left out: any piece of what it accepts. */
  readonly walks?: (piece: Layout, counts: readonly number[]) => boolean;
}

/** Scratch space of one tile. */
export interface TempSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly format: Format;
  /** Stages of the kernel during which it is in use; scratch of other stages may share its bytes. */
  readonly first: number;
  readonly last: number;
}

/** Everything at its address: layouts are relative to the boxes. */
export interface Tile {
  readonly box: Box;
  readonly inputs: readonly View[];
  readonly boxes: readonly Box[];
  readonly output: View;
  readonly temps: readonly View[];
}

type WithoutLayer<D> = D extends { readonly layer: number } ? Omit<D, 'layer'> : never;
/** Adds one instruction to the program; the layer is the driver's. */
export type Emit = (step: WithoutLayer<Step>) => void;

interface KernelBase {
  readonly name: string;
  readonly layer: LayerSymbol;
  /** Layers that were joined into this one, its own name among them; left out where it stands alone. */
  readonly parts?: readonly string[];
  readonly inputs: readonly KernelInput[];
  /** Name of the value that it makes. */
  readonly output: string;
  /** The kernel's own output shape: the value's, or one with the same elements in row-major order. */
  readonly shape: readonly number[];
  readonly format: Format;
  /** Cuts of an output dim are multiples of this; the whole size where it cannot be cut. */
  readonly grain: readonly number[];
  /** Scratch that a tile of `counts` output elements per dim needs. */
  readonly temps: (counts: readonly number[]) => readonly TempSpec[];
  /** How many kernels were joined into this one. */
  readonly stages: number;
  /** Kernels with the same text have the same needs and scratch (alike.ts); left out where that is not known. */
  readonly like?: string | undefined;
}

/** Runs on the vector unit, the drain or DMA. */
export interface PlainKernel extends KernelBase {
  readonly kind: 'plain';
  /** Whether it sums in the accumulators. */
  readonly accumulates?: boolean;
  readonly emit: (tile: Tile, emit: Emit, accumulators: AccumulatorRing) => void;
}

/** Runs on the matrix unit and the drain, with a mapping. */
export interface MatmulKernel extends KernelBase {
  readonly kind: 'matmul';
  readonly matmul: MatmulSpec;
  /** What the drain writes: the kernel's result, or the operand of the epilogue. */
  readonly drained: { readonly shape: readonly number[]; readonly format: Format };
  readonly epilogue: Epilogue | null;
}

/** Plain work on each tile right behind the drain; its first operand is what was drained. */
export interface Epilogue {
  /** Whether it sums in the accumulators, beside the arrays. */
  readonly accumulates: boolean;
  /** Its operands are the kernel's from here on; those before are the product's. */
  readonly firstInput: number;
  /** Output box to drained box. */
  readonly need: (box: Box) => Box;
  /** `tile` has its operands alone. */
  readonly emit: (tile: Tile, drained: View, emit: Emit, accumulators: AccumulatorRing) => void;
}

/** Runs on DMA, whole tensors from home to home. */
export interface CopyKernel extends KernelBase {
  readonly kind: 'copy';
  /** The only source's layout under the result's shape (null where it has none), so that a box can be copied alone; null for other copies. */
  readonly arrange: ((layout: Layout) => Layout | null) | null;
  /** Boxes of the output that it writes, where makers of the other parts of a join write theirs; null: all of it. */
  readonly writes: readonly Box[] | null;
  readonly emit: (output: View, inputs: readonly View[], emit: Emit, channel: number) => void;
}

export type Kernel = PlainKernel | MatmulKernel | CopyKernel;

/** Names of the layers that a kernel was made of. */
export function partsOf({ parts, layer }: Kernel): readonly string[] {
  return parts ?? [layer.name];
}

/** A node that cannot be lowered: the message states the constraint. */
export class Refusal extends Error {}

export function refuseUnless(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Refusal(message);
}

/** How a graph type is stored: the narrowest legal width that holds it. */
export function formatOf(type: ValueType, zero = 0): Format {
  if (type.element.kind === 'float32') return { bits: 32, coding: 'float', zero: 0 };
  const { bits, coding } = type.element;
  return { bits: coding === 'bipolar' ? 1 : coding === 'ternary' ? 2 : storedWidth(bits), coding, zero };
}

export function storedWidth(bits: number): number {
  const width = WIDTHS.find((w) => w >= bits);
  refuseUnless(width !== undefined, `${bits}-bit integers are wider than anything that can be stored`);
  return width;
}

/** Refuses result widths that saturation at the stored width would not clip correctly. */
export function requireExactWidth(type: IntegerType, what: string): void {
  const exact = storedWidth(type.bits) === type.bits;
  refuseUnless(
    exact,
    `${what} of ${type.bits} bits would saturate at ${storedWidth(type.bits)} bits; use 1..8 or 16 bits`,
  );
}

/** The box of an operand that is broadcast against the output; shapes align at the last dim. */
export function broadcastNeed(shape: readonly number[], rank: number): (box: Box) => Box {
  const lead = rank - shape.length;
  return (box) => ({
    start: shape.map((size, d) => (size === 1 ? 0 : at(box.start, d + lead))),
    count: shape.map((size, d) => (size === 1 ? 1 : at(box.count, d + lead))),
  });
}

export const NO_TEMPS = (): readonly TempSpec[] => [];

/**
 * Layouts that a pointwise walk takes, in any order of dims and of any part: pieces of neighbouring dims that lie side by side count each, because a cut
 * between them parts them. One axis is spare where an offset may need its own.
 */
export function fewFactors({ dims }: Layout): boolean {
  const factors = dims.flatMap(mergeFactors);
  return factors.length <= (factors.some((f) => f.stride === 1) ? LIMITS.axes : LIMITS.axes - 1);
}

/** Layouts that a window walk takes, and that a box cuts anywhere: one stride per dim. */
export function plainDims(layout: Layout): boolean {
  return layout.dims.every((factors) => factors.length <= 1);
}
