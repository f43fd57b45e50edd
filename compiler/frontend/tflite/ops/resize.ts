/**
 * RESIZE_NEAREST_NEIGHBOR, RESIZE_BILINEAR, DEPTH_TO_SPACE and SPACE_TO_DEPTH of codes. Nearest neighbours are repeats and slices. Bilinear
 * growth by a power of two has weights of a few bits: a depthwise convolution of an image with repeated borders makes all phases, and
 * one shift rounds them, ties away from zero, as the int8 kernel does; other factors are products with constant matrices (bilinear.ts).
 */
import { sizeOf, type Tensor, type Window } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { type ImportContext, text } from '../context.ts';
import { importBilinear } from './bilinear.ts';
import { importBilinearOfBytes } from './bilinear-bytes.ts';
import { interleaved, repeated } from './interleave.ts';
import { pick } from './pick.ts';
import { rescaled, UNCHANGED } from './requantizer.ts';
import { imageShape } from './window.ts';

const SIZE_MAX = 1 << 14;

/** Sizes of the image and of the result along rows and columns. */
function sizes(cx: ImportContext): readonly (readonly [from: number, to: number])[] {
  cx.requireSameScaling(cx.inputTensor(0), cx.outputTensor());
  const [, height, width] = imageShape(cx);
  const [h = 0, w = 0] = cx.integerInput(1, 'the sizes');
  const [, rows, columns] = cx.outputTensor().shape;
  if (h < 1 || w < 1 || h !== rows || w !== columns)
    invalid(`a result of ${h} x ${w}`, { expected: `${rows} x ${columns}, the shape of its result` });
  if (Math.max(h, w) > SIZE_MAX) refuse(`an image of ${h} x ${w}`, { expected: `at most ${SIZE_MAX} along an axis` });
  return [
    [height, h],
    [width, w],
  ];
}

interface Corners {
  readonly aligned: boolean;
  readonly half: boolean;
}

function corners(cx: ImportContext, field: number): Corners {
  const aligned = (cx.options?.uint8(field, 'align_corners') ?? 0) !== 0;
  const half = (cx.options?.uint8(field + 1, 'half_pixel_centers') ?? 0) !== 0;
  if (aligned && half) invalid('aligned corners with half pixel centers', { expected: 'one of them' });
  return { aligned, half };
}

export function importResizeNearest(cx: ImportContext): void {
  const form = corners(cx, 0);
  const id = sizes(cx).reduce(
    (from, [size, result], i) => {
      return pick(cx, from, i + 2, nearest(size, result, form));
    },
    cx.value(0, 'image'),
  );
  cx.result(id, 'image');
}

/** The kernel's choice for each position, in its float32 arithmetic. */
function nearest(size: number, result: number, { aligned, half }: Corners): number[] {
  const scale = aligned && result > 1 ? Math.fround((size - 1) / (result - 1)) : Math.fround(size / result);
  return Array.from({ length: result }, (_, i) => {
    const at = Math.fround(Math.fround(i + (half ? 0.5 : 0)) * scale);
    return Math.max(0, Math.min(size - 1, aligned ? Math.floor(at + 0.5) : Math.floor(at)));
  });
}

/** Linear interpolation along one axis: numerators of three neighbours for each phase, over a power of two. */
interface Linear {
  readonly denominator: number;
  readonly phases: readonly (readonly [number, number, number])[];
  /** How often the whole result is repeated: an axis of one element has nothing to interpolate. */
  readonly repeat: number;
}

export function importResizeBilinear(cx: ImportContext): void {
  const { aligned, half } = corners(cx, 2);
  const given = sizes(cx);
  const x = cx.inputTensor(0);
  if (x.type !== 'int8' && x.type !== 'uint8')
    refuse(`RESIZE_BILINEAR of ${x.type}`, { expected: 'int8 or uint8 codes' });
  if (given.every(([from, to]) => from === to)) {
    cx.result(cx.value(0, 'image'), 'image');
    return;
  }
  const lines = given.map(([from, to]) => (aligned ? undefined : linear(from, to, half)));
  const [rows, cols] = lines;
  if (rows === undefined || cols === undefined) {
    const [r, c] = given.map(([from, to]) => ({ from, to, aligned, half }));
    const make = x.type === 'int8' ? importBilinear : importBilinearOfBytes;
    cx.result(make(cx, r!, c!), 'image');
    return;
  }
  const image = rows.phases.length * cols.phases.length === 1 ? cx.value(0, 'image') : interpolated(cx, rows, cols);
  cx.result(repeated(cx, repeated(cx, image, 2, rows.repeat), 3, cols.repeat), 'image');
}

/** Growth by 1, 2, 4 or 8, or of a single element; undefined for other factors. */
function linear(from: number, to: number, half: boolean): Linear | undefined {
  if (from === 1 || from === to) return { denominator: 1, phases: [[0, 1, 0]], repeat: to / from };
  const s = to / from;
  if (![2, 4, 8].includes(s)) return undefined;
  const denominator = half ? 2 * s : s;
  const phases = Array.from({ length: s }, (_, r): readonly [number, number, number] => {
    const shift = half ? 2 * r + 1 - s : r;
    return shift < 0 ? [-shift, denominator + shift, 0] : [0, denominator - shift, shift];
  });
  return { denominator, phases, repeat: 1 };
}

function interpolated(cx: ImportContext, rows: Linear, cols: Linear): string {
  const [, , , channels] = imageShape(cx);
  const blocks = [rows.phases.length, cols.phases.length] as const;
  const padded = [rows, cols].reduce(
    (id, axis, i) => (axis.phases.length === 1 ? id : bordered(cx, id, i + 2)),
    cx.value(0, 'image'),
  );
  const taps = [rows, cols].map((a) => (a.phases.length === 1 ? [1] : [0, 1, 2])) as [number[], number[]];
  const kernels = rows.phases.flatMap((r) =>
    cols.phases.map((c) => taps[0].flatMap((y) => taps[1].map((z) => r[y]! * c[z]!))),
  );
  const shape = [channels * kernels.length, 1, taps[0].length, taps[1].length];
  const most = Math.max(...kernels.flat());
  const element = { kind: 'int', bits: 8, coding: most > 127 ? 'unsigned' : 'signed' } as const;
  const size = sizeOf(shape);
  const data = Int32Array.from({ length: size }, (_, i) => kernels.flat()[i % (size / channels)]!);
  const weights: Tensor = { type: { element, shape }, data };
  const window: Window = { kernel: [shape[2]!, shape[3]!], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const attributes = { window, groups: channels, xZero: 0, wZero: Int32Array.of(0) };
  const sums = cx.add('conv', [padded, cx.constant(weights, 'weights')], attributes, { name: `${cx.label}.sum` });
  const shift = -Math.log2(rows.denominator * cols.denominator);
  const codes = rescaled(cx, sums, [{ ...UNCHANGED, shift }], { element: cx.codeType(cx.outputTensor()), axis: 1 });
  return interleaved(cx, codes, channels, blocks);
}

/** The first and the last element of an axis once more outside of it. */
function bordered(cx: ImportContext, id: string, axis: number): string {
  const { shape } = cx.builder.typeOf(id);
  const edge = (start: number, suffix: string): string => {
    const options = { shape: shape.map((d, i) => (i === axis ? 1 : d)), name: `${cx.label}.${suffix}${axis}` };
    return cx.add(
      'slice',
      [id],
      { starts: shape.map((_, i) => (i === axis ? start : 0)), steps: shape.map(() => 1) },
      options,
    );
  };
  return cx.add(
    'concat',
    [edge(0, 'first'), id, edge(shape[axis]! - 1, 'last')],
    { axis },
    { name: `${cx.label}.bordered${axis}` },
  );
}

function blockSize(cx: ImportContext): number {
  cx.requireSameScaling(cx.inputTensor(0), cx.outputTensor());
  const block = cx.options?.int32(0, 'block_size') ?? 0;
  if (block < 1) invalid(`blocks of ${block}`, { expected: '1 or more' });
  return block;
}

export function importDepthToSpace(cx: ImportContext): void {
  const block = blockSize(cx);
  imageShape(cx);
  cx.result(cx.add('depth-to-space', [cx.value(0, 'image')], { block, mode: 'DCR' }), 'image');
}

/** The block's row and column come before the depth in the channels. */
export function importSpaceToDepth(cx: ImportContext): void {
  const b = blockSize(cx);
  const [n, h, w, c] = imageShape(cx);
  if (h % b !== 0 || w % b !== 0)
    invalid(`${text(cx.inputTensor(0))} of ${h} x ${w} in blocks of ${b}`, {
      expected: 'sizes that the block divides',
    });
  const shape = [n, c, h / b, b, w / b, b];
  const cut = cx.add('reshape', [cx.value(0, 'image')], {}, { shape, name: `${cx.label}.blocks` });
  const turned = cx.add('transpose', [cut], { perm: [0, 3, 5, 1, 2, 4] }, { name: `${cx.label}.turned` });
  cx.result(cx.add('reshape', [turned], {}, { shape: [n, c * b * b, h / b, w / b] }), 'image');
}
