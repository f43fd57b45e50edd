/**
 * Emits one tile of a matrix product: outputs in chunks, positions in accumulator tiles, then the weight tiles of the chunk along N and
 * K, each one matmul that adds to the same accumulators; the drain turns them into codes. A convolution differs only in
 * the source walk, so padding, strides and dilations cost no copy.
 */
import { InternalError } from '../../../isa/base/errors.ts';
import type { Slice } from '../../mapping/summed.ts';
import type { TilePlan } from '../../mapping/tiles.ts';
import type { AccumulatorRing, AccumulatorUse } from '../accumulators.ts';
import { packer } from '../constants.ts';
import type { WeightTile } from '../draft.ts';
import type { Emit, Kernel, MatmulKernel, Tile } from '../kernel.ts';
import type { Box, Factor, Layout } from '../layout.ts';
import { at, boxLayout, sizeOfDim } from '../layout.ts';
import { ranges, splitBox } from '../split.ts';
import type { Loop, View } from '../walk.ts';
import { walk, walkGroups } from '../walk.ts';
import type { MatmulSpec, WeightTable } from './matmul-spec.ts';
import { WRITTEN } from './matmul-spec.ts';
import { windowLoops } from './window.ts';

/** How a layer uses the arrays and the accumulators. */
export interface MatmulMapping {
  readonly gridK: number;
  readonly gridN: number;
  readonly replicas: number;
  /** Rows and outputs of one weight tile. */
  readonly kTile: number;
  readonly nTile: number;
  /** Outputs drained together: a multiple of nTile, or all of a group. */
  readonly nChunk: number;
  /** Output positions in one accumulator tile. */
  readonly positions: number;
}

/** Makes weight tiles once and stores their bytes in order of first use. */
export interface WeightStore {
  /** @param of the weights that it is a tile of: bands of a layer have them in common */
  readonly tile: (of: WeightTable, key: string, make: () => WeightTile) => WeightTile;
  readonly place: (bytes: Uint8Array) => number;
}

interface Context {
  readonly kernel: MatmulKernel;
  readonly mapping: MatmulMapping;
  readonly layer: number;
  readonly weights: WeightStore;
  readonly accumulators: AccumulatorRing;
  readonly emit: Emit;
  /** The slice of the summed axis that the tile's activations are; null for all of it. */
  readonly slice: Slice | null;
  /** Whether it is the first and the last of its tile. */
  readonly first: boolean;
  readonly last: boolean;
}

/** Tiles of a computed operand that one tile of the kernel has asked for. */
type Written = Map<string, WeightTile>;

/** Accumulators that a product, or the vector unit, sums in. */
export function accumulatorsOf(kernel: Kernel, { sharesSums }: TilePlan): AccumulatorUse {
  if (kernel.kind !== 'matmul') return sharesSums ? 'vector' : 'alone';
  return kernel.epilogue?.accumulates === true || sharesSums ? 'arrays' : 'alone';
}

/** Bytes of a product's constant weights, 0 of other kernels. */
export function weightBytesOf(kernel: Kernel): number {
  if (kernel.kind !== 'matmul' || kernel.matmul.dynamic) return 0;
  const { k, n, groups, weightBits, parts } = kernel.matmul;
  return (k * n * groups * weightBits * parts.length) / 8;
}

/** Channel dim of the kernel's output: 1 for images, the last for matrices. */
export function channelDim(kernel: MatmulKernel): number {
  return kernel.matmul.window === null ? kernel.drained.shape.length - 1 : 1;
}

/** Position dims of the kernel's output, outermost first. */
export function positionDims(kernel: MatmulKernel): readonly number[] {
  if (kernel.matmul.dynamic) return [1];
  return kernel.matmul.window === null ? kernel.drained.shape.map((_, d) => d).slice(0, -1) : [0, 2, 3];
}

/** Dims of the kernel's output in the order of the accumulators, without the channels. */
function rowDims(kernel: MatmulKernel): readonly number[] {
  return kernel.matmul.dynamic ? [0, 1] : positionDims(kernel);
}

export function emitMatmul(cx: Context, tile: Tile): void {
  const channel = channelDim(cx.kernel);
  const written: Written = new Map();
  for (const { group, from, to, rows } of groupsOf(cx.kernel, tile.box)) {
    for (const chunk of ranges(from, to - from, cx.mapping.nChunk)) {
      for (const part of splitBox(rows, positionDims(cx.kernel), cx.mapping.positions)) {
        const box: Box = {
          start: part.start.map((s, d) => (d === channel ? chunk.start : s)),
          count: part.count.map((c, d) => (d === channel ? chunk.count : c)),
        };
        emitAccumulatorTile(cx, tile, group, box, written);
      }
    }
  }
}

/** Groups in a box: the channels of each, and the box that holds its positions. Channels run through all groups, or begin anew in each matrix. */
function groupsOf(kernel: MatmulKernel, box: Box) {
  const { n, dynamic } = kernel.matmul;
  const channel = channelDim(kernel);
  const first = at(box.start, channel);
  const end = first + at(box.count, channel);
  const out: { readonly group: number; readonly from: number; readonly to: number; readonly rows: Box }[] = [];
  if (dynamic) {
    for (const { start } of ranges(at(box.start, 0), at(box.count, 0), 1)) {
      const rows = { start: [start, ...box.start.slice(1)], count: [1, ...box.count.slice(1)] };
      out.push({ group: start, from: first, to: end, rows });
    }
    return out;
  }
  for (let group = Math.floor(first / n); group * n < end; group++)
    out.push({ group, from: Math.max(first, group * n), to: Math.min(end, (group + 1) * n), rows: box });
  return out;
}

/** Pieces of an accumulator tile that takes all accumulators: the next one begins where the drain is through, a piece at a time. */
export const PIECES = 4;

/** Some positions of an accumulator tile. */
interface Piece {
  readonly box: Box;
  readonly sums: View;
  readonly source: SourceWalk;
}

/** All weight tiles of one chunk on one set of positions, then the drain. */
function emitAccumulatorTile(cx: Context, tile: Tile, group: number, box: Box, written: Written): void {
  const { kernel, mapping, emit, accumulators } = cx;
  const spec = kernel.matmul;
  const channel = channelDim(kernel);
  const count = at(box.count, channel);
  const m = positionsIn(kernel, box);
  const acc = accumulators[cx.first ? 'next' : 'same'](`${kernel.name}.acc`, m, count);
  const slice = cx.slice ?? { start: 0, count: spec.k };
  const pieceOf = (part: Box, first: number): Piece => ({
    box: part,
    sums: rowsOf(acc, first, positionsIn(kernel, part), count),
    source: sourceWalk(kernel, tile, group, part, slice),
  });
  const whole = pieceOf(box, 0);
  const pieces = m * count > accumulators.capacity ? piecesOf(kernel, box, pieceOf) : [whole];
  const steps = spec.parts.flatMap((_, part) =>
    ranges(slice.start, slice.count, mapping.kTile).map((k) => ({ part, k })),
  );
  for (const n of ranges(0, count, mapping.nTile)) {
    steps.forEach(({ part, k }, i) => {
      const outputs = { start: at(box.start, channel) + n.start, count: n.count };
      const weights = spec.dynamic
        ? writtenTile(cx, tile, { group, k, n: outputs }, written)
        : weightTile(cx, group, part, k, outputs, whole.source.rows);
      const first = cx.first && i === 0;
      const last = cx.last && i === steps.length - 1;
      for (const { box: part, sums, source } of first || last ? pieces : [whole]) {
        const dst = walk({ ...sums, layout: { ...sums.layout, offset: sums.layout.offset + n.start } }, [
          [
            { count: positionsIn(kernel, part), stride: count },
            { count: n.count, stride: 1 },
          ],
        ]);
        emit({
          op: 'mm',
          dst,
          src: source.tensor,
          tile: weights,
          kdims: source.kdims,
          accumulate: !first,
          zeroSkip: false,
        });
        if (last && n.start + n.count === count) drain(cx, tile, part, sums);
      }
    });
  }
}

function positionsIn(kernel: MatmulKernel, box: Box): number {
  return positionDims(kernel).reduce((n, d) => n * at(box.count, d), 1);
}

/** Sums of `m` positions from the `first` on. */
function rowsOf(acc: View, first: number, m: number, count: number): View {
  const dims = [m > 1 ? [{ count: m, stride: count }] : [], count > 1 ? [{ count, stride: 1 }] : []];
  return { ...acc, layout: { dims, offset: acc.layout.offset + first * count } };
}

/** A box along the outermost of its positions, so that each piece is a run of accumulators. */
function piecesOf(kernel: MatmulKernel, box: Box, pieceOf: (part: Box, first: number) => Piece): Piece[] {
  const dim = positionDims(kernel).find((d) => at(box.count, d) > 1) ?? at(positionDims(kernel), 0);
  const size = Math.ceil(at(box.count, dim) / PIECES);
  let first = 0;
  return ranges(at(box.start, dim), at(box.count, dim), size).map(({ start, count }) => {
    const part: Box = {
      start: box.start.map((s, d) => (d === dim ? start : s)),
      count: box.count.map((c, d) => (d === dim ? count : c)),
    };
    const piece = pieceOf(part, first);
    first += positionsIn(kernel, part);
    return piece;
  });
}

/** Order of the window in the walk: the spec's row for each walked row, and a name that other orders do not have. */
interface RowOrder {
  readonly of: (row: number) => number;
  readonly key: string;
}

const IN_ORDER: RowOrder = { of: (row) => row, key: '' };

interface SourceWalk {
  readonly tensor: ReturnType<typeof walk>;
  readonly kdims: number;
  readonly rows: RowOrder;
}

function sourceWalk(kernel: MatmulKernel, tile: Tile, group: number, box: Box, slice: Range): SourceWalk {
  const spec = kernel.matmul;
  const view = at(tile.inputs, 0);
  const held = at(tile.boxes, 0);
  if (spec.dynamic) {
    const part = cut(view.layout, {
      start: [group - at(held.start, 0), at(box.start, 1) - at(held.start, 1), 0],
      count: [1, at(box.count, 1), spec.k],
    });
    const found = walkGroups({ ...view, layout: part }, [at(part.dims, 1), at(part.dims, 2)], spec.inputZero);
    return { tensor: found.tensor, kdims: at(found.dimsOf, 1), rows: IN_ORDER };
  }
  if (spec.window === null) {
    const part = cut(view.layout, {
      start: [at(box.start, 0) - at(held.start, 0), 0],
      count: [at(box.count, 0), slice.count],
    });
    const { loops, rows } = memoryFirst(at(part.dims, 1));
    const found = walkGroups({ ...view, layout: part }, [at(part.dims, 0), loops], spec.inputZero);
    const of = (row: number): number => slice.start + rows.of(row - slice.start);
    const logical: RowOrder = { of, key: `${slice.start}:${rows.key}` };
    return { tensor: found.tensor, kdims: at(found.dimsOf, 1), rows: logical };
  }
  const firstChannel = group * spec.channels - at(held.start, 1);
  const firstImage = at(box.start, 0) - at(held.start, 0);
  const part = cut(view.layout, {
    start: [firstImage, firstChannel, 0, 0],
    count: [at(box.count, 0), spec.channels, at(held.count, 2), at(held.count, 3)],
  });
  const loops = windowLoops({ ...view, layout: part }, spec.window, box, held);
  const found = walkGroups(
    { ...view, layout: part },
    [
      [...at(part.dims, 0), loops.y, loops.x],
      [...loops.kernel, ...at(part.dims, 1)],
    ],
    spec.inputZero,
  );
  return { tensor: found.tensor, kdims: at(found.dimsOf, 1), rows: IN_ORDER };
}

function cut(layout: Layout, box: Box): Layout {
  const part = boxLayout(layout, box);
  if (part === null) throw new InternalError('a matmul operand was planned in a layout that cannot be cut');
  return part;
}

/** Walks a flattened dim in memory order; `rows` tells which logical row each walked row is. */
function memoryFirst(factors: readonly Factor[]): { readonly loops: readonly Loop[]; readonly rows: RowOrder } {
  const logical = factors.map((f, i) => ({ ...f, step: sizeOfDim(factors.slice(i + 1)) }));
  const sorted = [...logical].sort((a, b) => b.stride - a.stride);
  const of = (row: number): number => {
    let rest = row;
    let out = 0;
    for (const f of [...sorted].reverse()) {
      out += (rest % f.count) * f.step;
      rest = Math.floor(rest / f.count);
    }
    return out;
  };
  const key = sorted.map((f) => `${f.count}:${f.step}`).join();
  return { loops: sorted, rows: { of, key } };
}

interface Range {
  readonly start: number;
  readonly count: number;
}

function weightTile(cx: Context, group: number, part: number, k: Range, n: Range, rows: RowOrder): WeightTile {
  const { kernel, layer, weights } = cx;
  const spec = kernel.matmul;
  const shape = shapeOf(cx, k, n);
  const { gridK, gridN, replicas } = shape;
  const key = [group, k.start, k.count, n.start, n.count, gridK, gridN, replicas, rows.key].join('/');
  return weights.tile(at(spec.parts, part), key, () => ({
    name: `${kernel.name}.w[k${k.start},n${n.start}${spec.parts.length > 1 ? `,p${part}` : ''}]`,
    layer,
    ...shape,
    source: weights.place(packWeights(spec, part, k, n, rows)),
  }));
}

interface Part {
  readonly group: number;
  readonly k: Range;
  readonly n: Range;
}

/** A tile of the computed operand, read where it lies. */
function writtenTile(cx: Context, tile: Tile, { group, k, n }: Part, written: Written): WeightTile {
  const name = `${cx.kernel.name}.b[${group},k${k.start},n${n.start}]`;
  const known = written.get(name);
  if (known !== undefined) return known;
  const [view, held] = [at(tile.inputs, WRITTEN), at(tile.boxes, WRITTEN)];
  const part = cut(view.layout, {
    start: [group - at(held.start, 0), k.start, n.start - at(held.start, 2)],
    count: [1, k.count, n.count],
  });
  const source = walk({ ...view, layout: part }, [at(part.dims, 1), at(part.dims, 2)]);
  const made = { ...shapeOf(cx, k, n), name, layer: cx.layer, source };
  written.set(name, made);
  return made;
}

/** How a tile lies in the arrays. */
function shapeOf({ kernel, mapping, slice }: Context, k: Range, n: Range) {
  const { weightBits, weightCoding } = kernel.matmul;
  return {
    kStart: k.start - (slice?.start ?? 0),
    kCount: k.count,
    nCount: n.count,
    gridK: shrunkGrid(mapping.gridK, mapping.kTile, k.count),
    gridN: shrunkGrid(mapping.gridN, mapping.nTile, n.count),
    replicas: mapping.replicas,
    weightBits,
    weightCoding,
  };
}

/** Macros along one side of the grid that an edge tile still needs. */
function shrunkGrid(grid: number, full: number, count: number): number {
  return Math.ceil(count / Math.ceil(full / grid));
}

/** Outputs whose weights are read together where they lie apart: neighbours in a line of the processor's cache, row by row. Fills whole bytes at any width. */
const TOGETHER = 16;

function packWeights(spec: MatmulSpec, part: number, k: Range, n: Range, rows: RowOrder): Uint8Array {
  const { weightBits: bits, weightCoding: coding } = spec;
  const bytes = new Uint8Array(Math.ceil((k.count * n.count * bits) / 8));
  const { codes, rows: rowAt, outputStride } = at(spec.parts, part);
  const first = (i: number): number => rowAt[rows.of(k.start + i)]! + n.start * outputStride;
  if (8 % bits !== 0 || (n.count * bits) % 8 !== 0) {
    const put = packer(bytes, { bits, coding, zero: 0 });
    for (let i = 0; i < k.count; i++) {
      const from = first(i);
      for (let j = 0; j < n.count; j++) put(i * n.count + j, codes[from + j * outputStride]!);
    }
    return bytes;
  }
  if (bits === 8 && outputStride === 1 && codes instanceof Int8Array) {
    for (let i = 0; i < k.count; i++) bytes.set(codes.subarray(first(i), first(i) + n.count), i * n.count);
    return bytes;
  }
  // Rows of whole bytes. Signs -1 and +1 are kept as 0 and 1.
  const sign = coding === 'bipolar' ? 1 : 0;
  const mask = (1 << bits) - 1;
  const together = outputStride === 1 ? n.count : TOGETHER;
  for (let j = 0; j < n.count; j += together) {
    const end = Math.min(n.count, j + together);
    for (let i = 0; i < k.count; i++) {
      let from = first(i) + j * outputStride;
      let to = ((i * n.count + j) * bits) / 8;
      const last = ((i * n.count + end) * bits) / 8;
      while (to < last) {
        let byte = 0;
        for (let bit = 0; bit < 8; bit += bits, from += outputStride)
          byte |= (((codes[from]! + sign) >> sign) & mask) << bit;
        bytes[to++] = byte;
      }
    }
  }
  return bytes;
}

/** Requantizes one accumulator tile into the output tile. */
function drain(cx: Context, tile: Tile, box: Box, acc: View): void {
  const { kernel, emit } = cx;
  const channel = channelDim(kernel);
  const { records } = kernel.matmul;
  const dims = rowDims(kernel);
  const inner = cut(tile.output.layout, {
    start: box.start.map((s, d) => s - at(tile.box.start, d)),
    count: box.count,
  });
  const dst = walk(
    { ...tile.output, layout: inner },
    [[...dims.flatMap((d) => at(inner.dims, d)), ...at(inner.dims, channel)]],
    records.zero,
  );
  const src = walk(acc, [acc.layout.dims.flat()]);
  const params = at(tile.inputs, 1);
  const held = at(at(tile.boxes, 1).start, 0);
  const count = at(box.count, channel);
  const own =
    records.channels === 1
      ? params.layout
      : cut(params.layout, { start: [at(box.start, channel) - held, 0], count: [count, records.words] });
  const m = dims.reduce((n, d) => n * at(box.count, d), 1);
  const perOutput: readonly Loop[] = records.channels === 1 ? [{ count, stride: 0 }] : at(own.dims, 0);
  const walked = walk({ ...params, layout: own }, [[{ count: m, stride: 0 }, ...perOutput], at(own.dims, 1)]);
  emit({ op: 'rq', dst, src, params: walked, add: null, kdims: 0, relu: records.relu, mode: records.mode });
}

/** Records as the second operand of a kernel: the channels of the output box. */
export function recordsNeed(channels: number, words: number, channel: number): (box: Box) => Box {
  return (box) => ({
    start: [channels === 1 ? 0 : at(box.start, channel), 0],
    count: [channels === 1 ? 1 : at(box.count, channel), words],
  });
}
