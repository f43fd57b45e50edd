/**
 * Kernels whose output element depends on the same (or broadcast) element of each operand: every float32 op, table
 * look-ups, quantize and dequantize, integer and quantized sums, requantizing of stored integers. Each graph op
 * becomes the vector instructions that compute the same bits, one rounding at a time.
 */
import type { LayerSymbol } from '../../../isa/program.ts';
import type { NamedTensor } from '../draft.ts';
import type { Emit, KernelInput, PlainKernel, Source } from '../kernel.ts';
import { broadcastNeed, fewFactors } from '../kernel.ts';
import type { Layout } from '../layout.ts';
import { memoryOrder } from '../layout.ts';
import type { Format, Loop, View } from '../walk.ts';
import { broadcastLoops, plainLoops, walk, walkable } from '../walk.ts';

/** Operands of one tile, each as a walk in the output's memory order; `fill` is the zero point in use. */
export interface Walks {
  readonly input: (index: number, fill?: number) => NamedTensor;
  readonly temp: (index: number, fill?: number) => NamedTensor;
  /** Scratch of fewer elements than the output, each once, and an operand walked beside it. */
  readonly few: (temp: number) => NamedTensor;
  readonly inputOfFew: (index: number, temp: number, fill?: number) => NamedTensor;
  readonly output: (fill?: number) => NamedTensor;
  /** The operand's walk and behind it the words of one record: the operand's last dim. */
  readonly records: (index: number) => NamedTensor;
}

export interface PointwiseOperand {
  readonly source: Source;
  readonly shape: readonly number[];
  /** The operand has one more dim than the output: the words of a record or the entries of a table. */
  readonly records?: boolean;
}

/** Scratch of the tile's shape, or of what a tile needs of `like`, which broadcasts to it. */
export type PointwiseTemp = Format | { readonly format: Format; readonly like: readonly number[] };

export interface PointwiseSpec {
  readonly name: string;
  readonly layer: LayerSymbol;
  readonly operands: readonly PointwiseOperand[];
  readonly output: string;
  readonly shape: readonly number[];
  readonly format: Format;
  readonly grain: readonly number[];
  readonly temps?: readonly PointwiseTemp[];
  readonly emit: (walks: Walks, emit: Emit) => void;
}

const SAME = (counts: readonly number[]): readonly number[] => counts;

export function pointwise(spec: PointwiseSpec): PlainKernel {
  const rank = spec.shape.length;
  const inputs: KernelInput[] = spec.operands.map((o) => ({
    source: o.source,
    need: o.records === true ? recordNeed(o.shape, rank) : broadcastNeed(o.shape, rank),
    accepts: fewFactors,
    walks: o.records === true ? walksRecords : walksBroadcast,
    ...(o.records !== true && o.shape.length === rank && o.shape.every((d, i) => d === spec.shape[i])
      ? { chain: SAME }
      : {}),
  }));
  return {
    kind: 'plain',
    name: spec.name,
    layer: spec.layer,
    inputs,
    output: spec.output,
    shape: spec.shape,
    format: spec.format,
    grain: spec.grain,
    temps: (counts) =>
      (spec.temps ?? []).map((temp, i) => ({
        name: `${spec.name}.temp${i}`,
        shape: 'like' in temp ? counts.map((c, d) => ((temp.like.at(d - rank) ?? 1) === 1 ? 1 : c)) : counts,
        format: 'like' in temp ? temp.format : temp,
        first: 0,
        last: 0,
      })),
    stages: 1,
    emit: (tile, emit) => {
      const order = memoryOrder(rank);
      const along = (view: View, fill?: number, counts = tile.box.count): NamedTensor =>
        walk(view, [loopsOf(view, counts, order)], fill);
      const input = (i: number): View => pick(tile.inputs, i);
      const temp = (i: number): View => pick(tile.temps, i);
      const extents = (view: View): number[] => view.layout.dims.map((d) => d.reduce((n, f) => n * f.count, 1));
      spec.emit(
        {
          input: (i, fill) => along(input(i), fill),
          temp: (i, fill) => along(temp(i), fill),
          few: (i) => along(temp(i), undefined, extents(temp(i))),
          inputOfFew: (i, t, fill) => along(input(i), fill, extents(temp(t))),
          output: (fill) => walk(tile.output, [plainLoops(tile.output.layout, order)], fill),
          records: (i) => walk(input(i), recordLoops(input(i), tile.box.count, order)),
        },
        emit,
      );
    },
  };
}

/** Loops of an operand in the output's order; a shorter shape gets leading dims of one element. */
export function loopsOf(view: Pick<View, 'layout'>, counts: readonly number[], order: readonly number[]): Loop[] {
  return broadcastLoops(leading(view.layout, counts.length), counts, order);
}

/** The same, for an operand whose last dim is the words of a record, which are walked innermost. */
export function recordLoops(view: Pick<View, 'layout'>, counts: readonly number[], order: readonly number[]): Loop[][] {
  const dims = view.layout.dims;
  const outer = leading({ dims: dims.slice(0, -1), offset: 0 }, counts.length);
  return [broadcastLoops(outer, counts, order), [...(dims.at(-1) ?? [])]];
}

/** Whether a piece can be walked beside a tile of `counts`: dims that it repeats take descriptor dims of their own. */
export function walksBroadcast(piece: Layout, counts: readonly number[]): boolean {
  return walkable(piece, [loopsOf({ layout: piece }, counts, memoryOrder(counts.length))]);
}

function walksRecords(piece: Layout, counts: readonly number[]): boolean {
  return walkable(piece, recordLoops({ layout: piece }, counts, memoryOrder(counts.length)));
}

function recordNeed(shape: readonly number[], rank: number): KernelInput['need'] {
  const words = shape.at(-1) ?? 1;
  const outer = broadcastNeed(shape.slice(0, -1), rank);
  return (box) => {
    const part = outer(box);
    return { start: [...part.start, 0], count: [...part.count, words] };
  };
}

function leading(layout: Layout, rank: number): Layout {
  const missing = rank - layout.dims.length;
  return { dims: [...Array.from({ length: missing }, () => []), ...layout.dims], offset: layout.offset };
}

function pick<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`operand ${index} of ${list.length}`);
  return value;
}
