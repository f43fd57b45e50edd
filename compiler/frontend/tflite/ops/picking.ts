/**
 * Operators that repeat, pick or turn around elements: GATHER, GATHER_ND, TILE, BROADCAST_TO, MIRROR_PAD, REVERSE_V2, SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND. Codes
 * stay what they are. Indices, repetitions and borders are constants; only GATHER from a constant table takes computed indices.
 */
import { sizeOf } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { type ImportContext, text } from '../context.ts';
import { axisOf } from './movement.ts';
import { pick } from './pick.ts';

const SIZE_MAX = 1 << 20;

/** Shape of input 0, whose codes are those of the result. */
function movedShape(cx: ImportContext): readonly number[] {
  cx.requireSameScaling(cx.inputTensor(0), cx.outputTensor());
  return cx.inputTensor(0).shape;
}

function reshaped(cx: ImportContext, id: string, shape: readonly number[], suffix: string): string {
  if (cx.builder.typeOf(id).shape.join() === shape.join()) return id;
  return cx.add('reshape', [id], {}, { shape, name: `${cx.label}.${suffix}` });
}

export function importGather(cx: ImportContext): void {
  const shape = movedShape(cx);
  const axis = axisOf(cx.options?.int32(0, 'axis') ?? 0, shape.length);
  if ((cx.options?.int32(1, 'batch_dims') ?? 0) !== 0) refuse('GATHER with batch dims', { expected: 'batch_dims 0' });
  const places = cx.inputTensor(1);
  const table = cx.meaning(cx.inputTensor(0)).kind === 'constant';
  if (cx.meaning(places).kind !== 'constant') {
    if (!table || axis !== 0)
      refuse(`GATHER by computed indices along axis ${axis} of ${table ? 'a constant' : 'computed codes'}`, {
        expected: 'rows of a constant table, or constant indices',
        hint: 'look up on the host, or end the network before it',
      });
    cx.result(cx.add('gather', [cx.value(0, 'file'), cx.value(1, 'file')], {}), 'file');
    return;
  }
  const size = shape[axis]!;
  const indices = cx.integerInput(1, 'the indices').map((i) => (i < 0 ? i + size : i));
  const wrong = indices.find((i) => i < 0 || i >= size);
  if (wrong !== undefined) invalid(`index ${wrong}`, { expected: `0 .. ${size - 1}` });
  const picked = pick(cx, cx.value(0, 'file'), axis, indices, 'elements');
  const target = [...shape.slice(0, axis), ...places.shape, ...shape.slice(axis + 1)];
  cx.result(reshaped(cx, picked, target, 'shaped'), 'file');
}

/** Rows named by several leading places each, which are constants. */
export function importGatherNd(cx: ImportContext): void {
  const shape = movedShape(cx);
  const places = cx.inputTensor(1).shape;
  const m = places.at(-1) ?? 0;
  if (m < 1 || m > shape.length)
    invalid(`${m} places in each index`, { expected: `1 .. ${shape.length}, the dims of the operand` });
  const lead = shape.slice(0, m);
  const flat = cx.integerInput(1, 'the indices');
  if (flat.some((v, i) => v < 0 || v >= lead[i % m]!))
    invalid('an index outside of the operand', { expected: `places in [${lead.join(', ')}]` });
  const rows = Array.from({ length: flat.length / m }, (_, i) =>
    lead.reduce((at, d, axis) => at * d + flat[i * m + axis]!, 0),
  );
  const table = reshaped(cx, cx.value(0, 'file'), [sizeOf(lead), ...shape.slice(m)], 'rows');
  const picked = pick(cx, table, 0, rows, 'elements');
  cx.result(reshaped(cx, picked, [...places.slice(0, -1), ...shape.slice(m)], 'shaped'), 'file');
}

/** Each axis as a whole, one copy behind the other. */
export function importTile(cx: ImportContext): void {
  const shape = movedShape(cx);
  const times = cx.integerInput(1, 'the repetitions');
  if (times.length !== shape.length || times.some((t) => t < 1 || t > SIZE_MAX))
    invalid(`repetitions [${times.join(', ')}]`, { expected: `${shape.length} numbers from 1 on` });
  const tiled = times.reduce(
    (id, k, axis) => {
      if (k === 1) return id;
      const own = cx.builder.typeOf(id).shape;
      const [outer, inner] = [sizeOf(own.slice(0, axis)), sizeOf(own.slice(axis))];
      const rows = reshaped(cx, id, [outer, 1, inner], `rows${axis}`);
      const many = cx.add('expand', [rows], { shape: [outer, k, inner] }, { name: `${cx.label}.many${axis}` });
      const target = own.map((d, i) => (i === axis ? d * k : d));
      return reshaped(cx, many, target, `tiled${axis}`);
    },
    cx.value(0, 'file'),
  );
  cx.result(tiled, 'file');
}

export function importBroadcastTo(cx: ImportContext): void {
  const shape = movedShape(cx);
  const target = cx.outputTensor().shape;
  const long = [...new Array<number>(Math.max(0, target.length - shape.length)).fill(1), ...shape];
  if (long.length !== target.length || long.some((d, i) => d !== 1 && d !== target[i]))
    invalid(`[${shape.join(', ')}] cannot become [${target.join(', ')}]`, { expected: 'dims of 1, or equal ones' });
  const rows = reshaped(cx, cx.value(0, 'file'), long, 'long');
  cx.result(long.join() === target.join() ? rows : cx.add('expand', [rows], { shape: target }), 'file');
}

const REFLECT = 0;

/** Borders that mirror the elements: REFLECT without the outermost, SYMMETRIC with it. */
export function importMirrorPad(cx: ImportContext): void {
  const shape = movedShape(cx);
  const edge = (cx.options?.int8(0, 'mode') ?? REFLECT) === REFLECT ? 1 : 0;
  const pads = cx.integerInput(1, 'the pads');
  if (pads.length !== 2 * shape.length)
    invalid(`pads [${pads.join(', ')}]`, { expected: `${shape.length} pairs of numbers from 0 on` });
  const padded = shape.reduce(
    (id, n, axis) => {
      const [before, after] = [pads[2 * axis]!, pads[2 * axis + 1]!];
      if (before === 0 && after === 0) return id;
      if (n + before + after > SIZE_MAX)
        refuse(`an axis of ${n} elements with borders of ${before} and ${after}`, { expected: `at most ${SIZE_MAX}` });
      if (Math.min(before, after) < 0 || Math.max(before, after) > n - edge)
        invalid(`borders of ${before} and ${after} around ${n} elements`, { expected: `0 .. ${n - edge}` });
      const mirror = (i: number): number => (i < 0 ? edge - 1 - i : i >= n ? 2 * n - 1 - edge - i : i);
      const indices = Array.from({ length: n + before + after }, (_, i) => mirror(i - before));
      return pick(cx, id, axis, indices, 'elements');
    },
    cx.value(0, 'file'),
  );
  cx.result(padded, 'file');
}

export function importReverse(cx: ImportContext): void {
  const shape = movedShape(cx);
  const axes = cx.integerInput(1, 'the axes').map((a) => axisOf(a, shape.length));
  const starts = shape.map((n, d) => (axes.includes(d) ? n - 1 : 0));
  const steps = shape.map((_, d) => (axes.includes(d) ? -1 : 1));
  cx.result(cx.add('slice', [cx.value(0, 'file')], { starts, steps }, { shape }), 'file');
}

interface Blocks {
  readonly blocks: readonly number[];
  /** Before and behind each blocked axis. */
  readonly borders: readonly (readonly [number, number])[];
}

/** Operands 1 and 2: a block size and two borders for each axis behind the first. */
function blocksOf(cx: ImportContext, rank: number, what: string): Blocks {
  const blocks = cx.integerInput(1, 'the block sizes');
  const flat = cx.integerInput(2, what);
  const borders = blocks.map((_, i) => [flat[2 * i] ?? -1, flat[2 * i + 1] ?? -1] as const);
  if (blocks.length < 1 || blocks.length > rank - 1 || flat.length !== 2 * blocks.length)
    invalid(`${blocks.length} block sizes and ${flat.length} ${what} for ${rank} dims`, {
      expected: 'two of each axis',
    });
  if ([...blocks.map((b) => b - 1), ...flat].some((v) => v < 0 || v > SIZE_MAX))
    invalid(`blocks [${blocks.join(', ')}] and ${what} [${flat.join(', ')}]`, { expected: 'whole numbers' });
  return { blocks, borders };
}

/** Padded with zero points; the place in each block goes to the front of the batch. */
export function importSpaceToBatch(cx: ImportContext): void {
  const shape = movedShape(cx);
  const { blocks, borders } = blocksOf(cx, shape.length, 'paddings');
  const m = blocks.length;
  const border = (side: 0 | 1) => shape.map((_, d) => borders[d - 1]?.[side] ?? 0);
  const value = cx.inputTensor(0).type === 'float32' ? 0 : cx.scaling(cx.inputTensor(0)).zero;
  const attributes = { before: border(0), after: border(1), value };
  const x = cx.value(0, 'file');
  const padded = borders.flat().some((b) => b > 0) ? cx.add('pad', [x], attributes, { name: `${cx.label}.padded` }) : x;
  const [n = 1, ...rest] = cx.builder.typeOf(padded).shape;
  const spatial = rest.slice(0, m);
  if (spatial.some((d, i) => d % blocks[i]! !== 0))
    invalid(`[${spatial.join(', ')}] in blocks of [${blocks.join(', ')}]`, {
      expected: 'sizes that the blocks divide',
    });
  const cut = [n, ...spatial.flatMap((d, i) => [d / blocks[i]!, blocks[i]!]), ...rest.slice(m)];
  const places = blocks.map((_, i) => 2 + 2 * i);
  const perm = [...places, 0, ...places.map((p) => p - 1), ...rest.slice(m).map((_, i) => 1 + 2 * m + i)];
  const turned = cx.add('transpose', [reshaped(cx, padded, cut, 'blocks')], { perm }, { name: `${cx.label}.turned` });
  cx.result(reshaped(cx, turned, cx.outputTensor().shape, 'batches'), 'file');
}

/** The way back, then crops. */
export function importBatchToSpace(cx: ImportContext): void {
  const shape = movedShape(cx);
  const { blocks, borders } = blocksOf(cx, shape.length, 'crops');
  const m = blocks.length;
  const [n = 1, ...rest] = shape;
  if (n % sizeOf(blocks) !== 0)
    invalid(`${text(cx.inputTensor(0))} has a batch of ${n}`, { expected: `a multiple of ${sizeOf(blocks)}` });
  const cut = [...blocks, n / sizeOf(blocks), ...rest];
  const perm = [m, ...blocks.flatMap((_, i) => [m + 1 + i, i]), ...rest.slice(m).map((_, i) => 2 * m + 1 + i)];
  const turned = cx.add(
    'transpose',
    [reshaped(cx, cx.value(0, 'file'), cut, 'batches')],
    { perm },
    {
      name: `${cx.label}.turned`,
    },
  );
  const whole = [n / sizeOf(blocks), ...rest.map((d, i) => d * (blocks[i] ?? 1))];
  const image = reshaped(cx, turned, whole, 'image');
  const starts = whole.map((_, d) => borders[d - 1]?.[0] ?? 0);
  const target = whole.map((d, i) => d - (borders[i - 1]?.[0] ?? 0) - (borders[i - 1]?.[1] ?? 0));
  if (target.some((d) => d < 1))
    invalid(`crops that leave [${target.join(', ')}]`, { expected: 'sizes of 1 and more' });
  const cropped =
    target.join() === whole.join()
      ? image
      : cx.add('slice', [image], { starts, steps: whole.map(() => 1) }, { shape: target });
  cx.result(cropped, 'file');
}
