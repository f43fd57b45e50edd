/**
 * Operators that move elements: RESHAPE and its relatives, TRANSPOSE, PAD, CONCATENATION, PACK, SLICE, STRIDED_SLICE, SPLIT, UNPACK. Codes stay what they
 * are, so input and result must have one scale. A reshape goes by the shape of its result in the file.
 */
import { sizeOf } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import type { ImportContext, Scaling } from '../context.ts';
import { formOf, type Operand, operands } from './operands.ts';
import { activationOf } from './requantizer.ts';
import { type Box, stridedBox } from './strided.ts';

/** Where axes [N, H, W, C] of the file lie in an image. */
const IMAGE_AXIS = [0, 2, 3, 1] as const;

function sameCodes(cx: ImportContext): void {
  cx.requireSameScaling(cx.inputTensor(0), cx.outputTensor());
}

/** RESHAPE, SQUEEZE and EXPAND_DIMS. */
export function importReshape(cx: ImportContext): void {
  sameCodes(cx);
  const [x, out] = [cx.inputTensor(0), cx.outputTensor()];
  if (sizeOf(x.shape) !== sizeOf(out.shape))
    invalid(`[${x.shape.join(', ')}] cannot become [${out.shape.join(', ')}]`, { expected: 'as many elements' });
  if (cx.operator.op === 'RESHAPE' && cx.hasInput(1)) checkShape(cx, out.shape);
  cx.result(cx.add('reshape', [cx.value(0, 'file')], {}, { shape: out.shape }), 'file');
}

function checkShape(cx: ImportContext, shape: readonly number[]): void {
  if (cx.meaning(cx.inputTensor(1)).kind !== 'constant') {
    cx.notes.push(`${cx.label}: its shape is computed at run time; the file's [${shape.join(', ')}] is taken`);
    return;
  }
  const given = cx.integerInput(1, 'the shape');
  if (given.length !== shape.length || given.some((d, i) => d !== -1 && d !== shape[i]))
    invalid(`a reshape to [${given.join(', ')}]`, { expected: `[${shape.join(', ')}], the shape of its result` });
}

export function importTranspose(cx: ImportContext): void {
  sameCodes(cx);
  const perm = cx.integerInput(1, 'the permutation');
  cx.result(cx.add('transpose', [cx.value(0, 'file')], { perm }), 'file');
}

/** PAD with the zero point, PADV2 with a code. Borders of zero points around images wait for a convolution that takes them. */
export function importPad(cx: ImportContext): void {
  sameCodes(cx);
  const { shape } = cx.inputTensor(0);
  const pads = cx.integerInput(1, 'the pads');
  if (pads.length !== 2 * shape.length || pads.some((p) => p < 0 || p >= 2 ** 20))
    invalid(`pads [${pads.join(', ')}]`, { expected: `${shape.length} pairs of numbers from 0 on` });
  const before = shape.map((_, d) => pads[2 * d]!);
  const after = shape.map((_, d) => pads[2 * d + 1]!);
  const zero = cx.inputTensor(0).type === 'float32' ? 0 : cx.scaling(cx.inputTensor(0)).zero;
  const value = cx.hasInput(2) ? (cx.constantInput(2, 'the value').data[0] ?? zero) : zero;
  const [n = 0, top = 0, left = 0, c = 0] = before;
  const [n2 = 0, bottom = 0, right = 0, c2 = 0] = after;
  if (shape.length === 4 && n + c + n2 + c2 === 0 && value === zero && cx.inputTensor(0).type !== 'float32') {
    cx.paddedResult({ image: cx.value(0, 'image'), pads: [top, left, bottom, right] });
    return;
  }
  cx.result(cx.add('pad', [cx.value(0, 'file')], { before, after, value }), 'file');
}

export function importConcatenation(cx: ImportContext): void {
  const indices = cx.operator.inputs.map((_, i) => i);
  const options = cx.options ?? invalid('the operator has no options', { expected: 'an axis' });
  if (activationOf(options.int8(1, 'fused_activation_function')) !== 'none')
    refuse('a joined result with an activation', { expected: 'none' });
  const out = cx.outputTensor();
  for (const i of indices) {
    if (out.type !== 'uint8' || cx.inputTensor(i).type !== 'uint8') cx.requireSameScaling(cx.inputTensor(i), out);
    if (cx.inputTensor(i).shape.length !== out.shape.length)
      invalid(`input ${i} has ${cx.inputTensor(i).shape.length} dims`, { expected: `${out.shape.length}` });
  }
  const axis = axisOf(options.int32(0, 'axis'), out.shape.length);
  const { form, sides } = operands(cx, indices);
  const parts = sides.map((s, i) => joinedPart(cx, s, i));
  cx.result(cx.add('concat', parts, { axis: form === 'image' ? IMAGE_AXIS[axis]! : axis }), form);
}

/** An operand with the result's scale: those of uint8 codes may have others, and are rescaled in float32 as the kernel does. */
function joinedPart(cx: ImportContext, side: Operand, index: number): string {
  const tensor = cx.inputTensor(index);
  const rescale = tensor.type === 'uint8' ? rescaling(cx.scaling(tensor), cx.scaling(cx.outputTensor())) : undefined;
  if (side.kind === 'constant') {
    const { type, data } = side.tensor;
    const codes = rescale === undefined ? side.tensor : { type, data: Int32Array.from(data, rescale) };
    return cx.constant(codes, `part${index}`);
  }
  if (rescale === undefined) return side.id;
  const table = Int32Array.from({ length: 256 }, (_, code) => rescale(code));
  const element = cx.codeType(cx.outputTensor());
  return cx.add('lut', [side.id], { table, axis: 0 }, { name: `${cx.label}.part${index}`, element });
}

/** round(code · scale + bias), ties away from zero, one float32 rounding each; undefined where nothing changes. */
function rescaling(x: Scaling, y: Scaling): ((code: number) => number) | undefined {
  if (x.scale === y.scale && x.zero === y.zero) return undefined;
  const f32 = Math.fround;
  const scale = f32(x.scale * f32(1 / y.scale));
  const bias = f32(-x.zero * scale);
  return (code) => {
    const steps = f32(f32(code * scale) + bias);
    return Math.min(255, Math.max(0, y.zero + Math.sign(steps) * Math.floor(Math.abs(steps) + 0.5)));
  };
}

/** An axis from the front; refuses one outside of `rank` dims. */
export function axisOf(axis: number, rank: number): number {
  const own = axis < 0 ? axis + rank : axis;
  if (own < 0 || own >= rank) invalid(`axis ${axis}`, { expected: `${-rank} .. ${rank - 1}` });
  return own;
}

/** A box of the operand with a step for each axis; result `index` of the operator. */
function sliced(cx: ImportContext, data: number, box: Box, index: number): void {
  const tensor = cx.inputTensor(data);
  const out = cx.outputTensor(index);
  cx.requireSameScaling(tensor, out);
  const { starts, steps, counts } = box;
  const inside = (at: number, d: number) => at >= 0 && at < tensor.shape[d]!;
  if (counts.some((n, d) => n < 1 || !inside(starts[d]!, d) || !inside(starts[d]! + (n - 1) * steps[d]!, d)))
    invalid(`a slice from [${starts.join(', ')}] of [${counts.join(', ')}] elements`, {
      expected: `elements of [${tensor.shape.join(', ')}]`,
    });
  const form = formOf(cx, [data]);
  const turned = (list: readonly number[]) => (form === 'image' ? [0, 3, 1, 2].map((d) => list[d]!) : list);
  const options = { shape: turned(counts), name: `${cx.label}.part${index}` };
  const id = cx.add('slice', [cx.value(data, form)], { starts: turned(starts), steps: turned(steps) }, options);
  if (out.shape.join() === counts.join()) cx.result(id, form, index);
  else {
    const whole =
      form === 'image' ? cx.add('transpose', [id], { perm: IMAGE_AXIS }, { name: `${cx.label}.file${index}` }) : id;
    const shaped = cx.add('reshape', [whole], {}, { shape: out.shape, name: `${cx.label}.shaped${index}` });
    cx.result(shaped, 'file', index);
  }
}

export function importSlice(cx: ImportContext): void {
  const { shape } = cx.inputTensor(0);
  const starts = cx.integerInput(1, 'the begins');
  const sizes = cx.integerInput(2, 'the sizes');
  if (starts.length !== shape.length || sizes.length !== shape.length)
    invalid(`${starts.length} begins and ${sizes.length} sizes`, { expected: `${shape.length} of each` });
  const counts = sizes.map((n, d) => (n === -1 ? shape[d]! - starts[d]! : n));
  sliced(cx, 0, { starts, steps: shape.map(() => 1), counts }, 0);
}

export function importStridedSlice(cx: ImportContext): void {
  const { result, ...box } = stridedBox(cx, cx.inputTensor(0).shape);
  const out = cx.outputTensor();
  if (result.join() !== out.shape.join())
    invalid(`a slice of shape [${result.join(', ')}]`, { expected: `[${out.shape.join(', ')}], as the file says` });
  sliced(cx, 0, box, 0);
}

/** SPLIT into equal parts: input 0 is the axis, input 1 the data. */
export function importSplit(cx: ImportContext): void {
  const { shape } = cx.inputTensor(1);
  const axis = axisOf(cx.integerInput(0, 'the axis')[0] ?? 0, shape.length);
  const parts = cx.operator.outputs.length;
  const size = shape[axis]! / parts;
  if (!Number.isInteger(size)) invalid(`${shape[axis]} elements in ${parts} parts`, { expected: 'equal parts' });
  split(cx, 1, axis, new Array<number>(parts).fill(size));
}

/** SPLIT_V: data, sizes of which one may be -1, axis. */
export function importSplitV(cx: ImportContext): void {
  const { shape } = cx.inputTensor(0);
  const axis = axisOf(cx.integerInput(2, 'the axis')[0] ?? 0, shape.length);
  const given = cx.integerInput(1, 'the sizes');
  const rest = shape[axis]! - given.reduce((n, s) => n + Math.max(0, s), 0);
  const sizes = given.map((s) => (s === -1 ? rest : s));
  const whole = sizes.reduce((n, s) => n + s, 0) === shape[axis] && sizes.every((s) => s > 0);
  if (!whole || sizes.length !== cx.operator.outputs.length)
    invalid(`${shape[axis]} elements in parts of [${given.join(', ')}]`, {
      expected: `${cx.operator.outputs.length} sizes that add up`,
    });
  split(cx, 0, axis, sizes);
}

/** UNPACK: each element of an axis by itself, without the axis. */
export function importUnpack(cx: ImportContext): void {
  const { shape } = cx.inputTensor(0);
  const axis = axisOf(cx.options?.int32(1, 'axis') ?? 0, shape.length);
  if (shape[axis] !== cx.operator.outputs.length)
    invalid(`${shape[axis]} elements for ${cx.operator.outputs.length} results`, { expected: 'one result each' });
  split(cx, 0, axis, new Array<number>(shape[axis]!).fill(1));
}

function split(cx: ImportContext, data: number, axis: number, sizes: readonly number[]): void {
  const { shape } = cx.inputTensor(data);
  let start = 0;
  sizes.forEach((size, i) => {
    const starts = shape.map((_, d) => (d === axis ? start : 0));
    const counts = shape.map((n, d) => (d === axis ? size : n));
    sliced(cx, data, { starts, steps: shape.map(() => 1), counts }, i);
    start += size;
  });
}

/** PACK: operands joined along a new axis. */
export function importPack(cx: ImportContext): void {
  const out = cx.outputTensor();
  const axis = axisOf(cx.options?.int32(1, 'axis') ?? 0, out.shape.length);
  const parts = cx.operator.inputs.map((_, i) => {
    const tensor = cx.inputTensor(i);
    cx.requireSameScaling(tensor, out);
    const shape = out.shape.map((d, a) => (a === axis ? 1 : d));
    if (sizeOf(tensor.shape) !== sizeOf(shape))
      invalid(`input ${i} has shape [${tensor.shape.join(', ')}]`, {
        expected: `[${out.shape.filter((_, d) => d !== axis).join(', ')}]`,
      });
    return cx.add('reshape', [cx.value(i, 'file')], {}, { shape, name: `${cx.label}.part${i}` });
  });
  cx.result(cx.add('concat', parts, { axis }), 'file');
}
