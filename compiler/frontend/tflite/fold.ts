/**
 * Numbers that a file computes from its own shapes: the result shape of a TRANSPOSE_CONV, sizes of a resize, the operand of a FILL. Shapes are static, so
 * these are known at import and become constants. Only small tensors; what is not listed is left to the operators that read it.
 */
import { sizeOf, type Tensor } from '../../graph/types.ts';
import { permuted } from './constants.ts';
import type { ImportContext } from './context.ts';
import { stridedBox } from './ops/strided.ts';

/** More numbers than this are data, not shapes. */
const NUMBERS_MAX = 1 << 16;

/** What is known: a shape and its numbers. */
interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const NOTHING: Numbers = { shape: [], data: [] };

type Fold = (cx: ImportContext, inputs: readonly Numbers[]) => readonly number[] | undefined;

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const outer = (shape: readonly number[], axis: number): number => sizeOf(shape.slice(0, axis));
const inner = (shape: readonly number[], axis: number): number => sizeOf(shape.slice(axis + 1));
const same: Fold = (_, [x]) => x!.data;

/** Element by element, with one that goes with all. */
const pairs =
  (of: (a: number, b: number) => number): Fold =>
  (_, [a, b]) => {
    const n = Math.max(a!.data.length, b!.data.length);
    if ([a!, b!].some((x) => x.data.length !== 1 && x.data.length !== n)) return undefined;
    return Array.from({ length: n }, (_v, i) => of(a!.data[i % a!.data.length]!, b!.data[i % b!.data.length]!));
  };

const joined =
  (axis: (cx: ImportContext) => number): Fold =>
  (cx, parts) => {
    const { shape } = cx.outputTensor();
    const before = outer(shape, axisOf(axis(cx), shape.length));
    return Array.from({ length: before }, (_, o) =>
      parts.flatMap(({ data }) => {
        const run = data.length / before;
        return data.slice(o * run, (o + 1) * run);
      }),
    ).flat();
  };

/** Elements of a box, last axis fastest. */
function boxed(
  { shape, data }: Numbers,
  starts: readonly number[],
  steps: readonly number[],
  counts: readonly number[],
) {
  const strides = shape.map((_, d) => inner(shape, d));
  return Array.from({ length: sizeOf(counts) }, (_, at) => {
    const place = counts.map((n, d) => Math.floor(at / inner(counts, d)) % n);
    return data[place.reduce((sum, p, d) => sum + (starts[d]! + p * steps[d]!) * strides[d]!, 0)] ?? Number.NaN;
  });
}

const FOLDS: Readonly<Record<string, Fold>> = {
  ADD: pairs((a, b) => a + b),
  SUB: pairs((a, b) => a - b),
  MUL: pairs((a, b) => a * b),
  DIV: pairs((a, b) => Math.trunc(a / b)),
  FLOOR_DIV: pairs((a, b) => Math.floor(a / b)),
  FLOOR_MOD: pairs((a, b) => a - b * Math.floor(a / b)),
  MAXIMUM: pairs(Math.max),
  MINIMUM: pairs(Math.min),
  CAST: (cx, [x]) => (cx.outputTensor().type === 'float32' ? x!.data.map(Math.fround) : x!.data.map(Math.trunc)),
  RESHAPE: same,
  SQUEEZE: same,
  EXPAND_DIMS: same,
  CONCATENATION: joined((cx) => cx.options?.int32(0, 'axis') ?? 0),
  PACK: joined((cx) => cx.options?.int32(1, 'axis') ?? 0),
  GATHER: (cx, [x, places]) => {
    const axis = axisOf(cx.options?.int32(0, 'axis') ?? 0, x!.shape.length);
    const run = inner(x!.shape, axis);
    const n = x!.shape[axis] ?? 0;
    if (outer(x!.shape, axis) * places!.data.length * run > NUMBERS_MAX) return undefined;
    return Array.from({ length: outer(x!.shape, axis) }, (_, o) =>
      places!.data.flatMap((p) => x!.data.slice((o * n + p) * run, (o * n + p + 1) * run)),
    ).flat();
  },
  REDUCE_PROD: (_, [x, axes]) =>
    axes!.data.length === x!.shape.length ? [x!.data.reduce((product, v) => product * v, 1)] : undefined,
  SLICE: (cx, [x, starts, sizes]) => {
    const counts = sizes!.data.map((n, d) => (n === -1 ? x!.shape[d]! - starts!.data[d]! : n));
    return counts.length === x!.shape.length && sizeOf(counts) === sizeOf(cx.outputTensor().shape)
      ? boxed(
          x!,
          starts!.data,
          counts.map(() => 1),
          counts,
        )
      : undefined;
  },
  STRIDED_SLICE: (cx, [x]) => {
    const { starts, steps, counts } = stridedBox(cx, x!.shape);
    return boxed(x!, starts, steps, counts);
  },
  TRANSPOSE: (_, [x, perm]) => {
    const data = Float32Array.from(x!.data);
    const known: Tensor = { type: { element: { kind: 'float32' }, shape: x!.shape }, data };
    return Array.from(permuted(known, perm!.data).data);
  },
  RANGE: (_, [start, limit, delta]) => {
    const count = Math.ceil((limit!.data[0]! - start!.data[0]!) / delta!.data[0]!);
    if (!(count >= 0 && count <= NUMBERS_MAX)) return undefined;
    return Array.from({ length: count }, (_v, i) => start!.data[0]! + i * delta!.data[0]!);
  },
  FILL: (cx, [, value]) => new Array<number>(sizeOf(cx.outputTensor().shape)).fill(value!.data[0]!),
};

/** Operators whose result follows from the shape of their operand. */
const OF_SHAPES: Readonly<Record<string, (cx: ImportContext) => readonly number[]>> = {
  SHAPE: (cx) => cx.inputTensor(0).shape,
  RANK: (cx) => [cx.inputTensor(0).shape.length],
  ZEROS_LIKE: (cx) => new Array<number>(sizeOf(cx.inputTensor(0).shape)).fill(0),
};

/** Whether the current operator's result is known now, and so became a constant. */
export function folded(cx: ImportContext): boolean {
  const { op, outputs, custom } = cx.operator;
  if (custom || outputs.length !== 1) return false;
  const out = cx.outputTensor();
  if (sizeOf(out.shape) > NUMBERS_MAX || !['int32', 'int64', 'float32', 'int8', 'uint8', 'int16'].includes(out.type))
    return false;
  const found = Object.hasOwn(OF_SHAPES, op) ? OF_SHAPES[op]!(cx) : ofNumbers(cx);
  if (found === undefined || found.length !== sizeOf(out.shape) || found.some((v) => !Number.isFinite(v))) return false;
  cx.defineConstant(out, found);
  return true;
}

function ofNumbers(cx: ImportContext): readonly number[] | undefined {
  const { op, inputs } = cx.operator;
  if (!Object.hasOwn(FOLDS, op) || inputs.length === 0) return undefined;
  // Codes with a scale are no plain numbers: only what moves or repeats them may be folded.
  const moves = ['RESHAPE', 'SQUEEZE', 'EXPAND_DIMS', 'FILL', 'TRANSPOSE', 'STRIDED_SLICE', 'SLICE', 'GATHER'];
  if (cx.outputTensor().quantization !== undefined && !moves.includes(op)) return undefined;
  const tensors = inputs.map((_, i) => (cx.hasInput(i) ? cx.inputTensor(i) : undefined)).filter((t) => t !== undefined);
  const small = tensors.every((t) => sizeOf(t.shape) <= NUMBERS_MAX && cx.meaning(t).kind === 'constant');
  if (!small) return undefined;
  const known = inputs.map((_, i) => {
    if (!cx.hasInput(i)) return NOTHING;
    const { type, data } = cx.constantInput(i, 'operands');
    return { shape: type.shape, data: Array.from(data) };
  });
  // What a damaged operator lacks has no numbers: then nothing is known, and the operator itself is refused.
  return FOLDS[op]!(cx, [...known, NOTHING, NOTHING]);
}
