/**
 * Dilated convolutions as older converters write them: SPACE_TO_BATCH_ND, a convolution without padding, BATCH_TO_SPACE_ND. Each phase of the blocks is one
 * batch, so the three are one convolution whose taps lie a block apart, exactly. Anything else, and what another operator reads, stays as it is.
 */
import { sizeOf } from '../../graph/types.ts';
import { constantTensor } from './constants.ts';
import type { TfliteModel, TfliteOperator } from './read.ts';
import type { TfliteTensor } from './schema.ts';

const VALID = 1;
const MOST = 2 ** 20;
/** Fields of strides and dilations, all of which must be 1. */
const STEPS: Readonly<Record<string, readonly number[]>> = { CONV_2D: [1, 2, 4, 5], DEPTHWISE_CONV_2D: [1, 2, 5, 6] };

/** The model with each such chain as its convolution. */
export function joinDilated(model: TfliteModel): TfliteModel {
  const readers = new Map<number, TfliteOperator[]>();
  for (const o of model.operators) for (const t of o.inputs) readers.set(t, [...(readers.get(t) ?? []), o]);
  const next = (o: TfliteOperator): TfliteOperator | undefined => {
    const [result = -1] = o.outputs;
    const [reader, other] = readers.get(result) ?? [];
    const alone = other === undefined && reader?.inputs[0] === result && !model.outputs.includes(result);
    return alone ? reader : undefined;
  };
  const replaced = new Map<TfliteOperator, TfliteOperator | undefined>();
  for (const first of model.operators) {
    const middle = first.op === 'SPACE_TO_BATCH_ND' ? next(first) : undefined;
    const last = middle === undefined ? undefined : next(middle);
    if (middle === undefined || last?.op !== 'BATCH_TO_SPACE_ND') continue;
    const dilation = dilationOf(model, first, middle, last);
    if (dilation === undefined) continue;
    replaced.set(first, undefined).set(last, undefined);
    const inputs = [first.inputs[0]!, ...middle.inputs.slice(1)];
    replaced.set(middle, { ...middle, inputs, outputs: last.outputs, dilation });
  }
  const operators = model.operators.flatMap((o) => (replaced.has(o) ? (replaced.get(o) ?? []) : [o]));
  return { ...model, operators };
}

function dilationOf(
  { tensors }: TfliteModel,
  first: TfliteOperator,
  middle: TfliteOperator,
  last: TfliteOperator,
): TfliteOperator['dilation'] {
  const tensor = (index: number | undefined): TfliteTensor | undefined => tensors[index ?? -1];
  const [x, phases, sums, y] = [first.inputs[0], first.outputs[0], middle.outputs[0], last.outputs[0]].map(tensor);
  if (x?.shape.length !== 4 || !alike(x, phases) || !alike(sums, y)) return undefined;
  const [blocks, pads] = [numbers(tensor(first.inputs[1]), 2), numbers(tensor(first.inputs[2]), 4)];
  const [back, crops] = [numbers(tensor(last.inputs[1]), 2), numbers(tensor(last.inputs[2]), 4)];
  if (blocks === undefined || pads === undefined || crops === undefined || back?.join() !== blocks.join())
    return undefined;
  const { options } = middle;
  const plain = STEPS[middle.op]?.every((id) => options?.int32(id, 'step', 1) === 1);
  if (plain !== true || options?.int8(0, 'padding') !== VALID) return undefined;
  const [n = 0, h = 0, w = 0, c = 0] = x.shape;
  const [bh = 0, bw = 0] = blocks;
  const [top, bottom, left, right] = pads.map((p, i) => p - crops[i]!) as [number, number, number, number];
  if (Math.min(bh, bw, ...pads, ...crops) < 0 || Math.max(bh, bw, ...pads, ...crops) > MOST) return undefined;
  if (bh < 1 || bw < 1 || Math.min(top, bottom, left, right) < 0) return undefined;
  const cut = [n * bh * bw, (h + pads[0]! + pads[1]!) / bh, (w + pads[2]! + pads[3]!) / bw, c];
  if (phases?.shape.join() !== cut.join()) return undefined;
  return { blocks: [bh, bw], pads: [top, left, bottom, right] };
}

/** The same codes with the same meaning. */
function alike(a: TfliteTensor | undefined, b: TfliteTensor | undefined): boolean {
  const [p, q] = [a?.quantization, b?.quantization];
  if (p?.scale.length !== 1 || q?.scale.length !== 1 || a?.type !== b?.type) return false;
  return p.scale[0] === q.scale[0] && p.zeroPoint[0] === q.zeroPoint[0];
}

/** `count` constant integers; undefined for anything else, of which the operator's own importer will tell. */
function numbers(tensor: TfliteTensor | undefined, count: number): readonly number[] | undefined {
  if (tensor?.type !== 'int32' || sizeOf(tensor.shape) !== count || tensor.data?.length !== 4 * count) return undefined;
  return Array.from(constantTensor(tensor).data);
}
