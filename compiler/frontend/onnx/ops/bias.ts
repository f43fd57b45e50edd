/**
 * The bias of Conv and Gemm. In the QuantizeLinear dialect an int32 bias with scale xs * ws joins the accumulators, as in the
 * QLinear kernels. A float bias there becomes int32 as ONNX Runtime makes it (its weight-bias quantization) when the result goes
 * to a quantizer, through Relu and Clip alone; everything else is added in float32 after scaling, as the graph says.
 */
import { roundHalfEven } from '../../../graph/ops/op.ts';
import { floatAttribute } from '../attributes.ts';
import { at, dequantizeCodes, floatData, type ImportContext } from '../context.ts';
import { type Codes, invalid, type Meaning, type Origin, refuse, type Scaling } from '../meaning.ts';

export type BiasPlan =
  | { readonly kind: 'none' }
  /** int32 [channels], added to the accumulators. */
  | { readonly kind: 'codes'; readonly codes: Codes }
  /** float32, added after scaling: one, one per channel, or of `shape` where that says more. */
  | { readonly kind: 'float'; readonly values: Float32Array; readonly shape?: readonly number[] };

/** What to do with input `index` as the bias of products with `scaling`; `result` is what it broadcasts to, channels last. */
export function biasPlan(
  cx: ImportContext,
  index: number,
  result: readonly number[],
  scaling: Scaling,
  origin: Origin,
): BiasPlan {
  const channels = result[result.length - 1] ?? 1;
  if (!cx.hasInput(index)) return { kind: 'none' };
  const beta = floatAttribute(cx.node, 'beta', 1);
  if (beta === 0) return { kind: 'none' };
  const bias = cx.input(index);
  const shape = shapeOf(bias);
  const rows = checkShape(shape, result);
  if (bias.kind === 'weights' && !rows && origin === 'linear' && beta === 1 && joins(bias, channels, scaling)) {
    return {
      kind: 'codes',
      codes: { element: { kind: 'int', bits: 32, coding: 'signed' }, shape: [channels], data: bias.codes.data },
    };
  }
  const joinable = bias.kind === 'constant' && origin === 'linear' && beta === 1;
  if (joinable && shape.length === 1 && shape[0] === channels && leadsToQuantizer(cx)) {
    return { kind: 'codes', codes: quantizedBias(cx, floatData(bias.constant), scaling) };
  }
  const values =
    bias.kind === 'weights'
      ? dequantizeCodes(bias.codes, bias.scaling)
      : floatData((bias as Extract<Meaning, { kind: 'constant' }>).constant);
  return {
    kind: 'float',
    values: beta === 1 ? values : values.map((v) => v * beta),
    ...(rows ? { shape } : {}),
  };
}

function shapeOf(bias: Meaning): readonly number[] {
  if (bias.kind === 'constant') return bias.constant.shape;
  if (bias.kind === 'weights') return bias.codes.shape;
  return refuse('the bias is computed at run time', { expected: 'a constant bias' });
}

/** Refuses a shape that does not broadcast to `result`; true when it differs from row to row. */
function checkShape(shape: readonly number[], result: readonly number[]): boolean {
  const lead = result.length - shape.length;
  const own = lead < 0 ? shape.slice(-lead) : shape;
  const extra = lead < 0 ? shape.slice(0, -lead) : [];
  const fits = own.every((d, i) => d === 1 || d === result[i + Math.max(0, lead)]);
  if (!fits || extra.some((d) => d !== 1))
    invalid(`the bias has shape [${shape.join(', ')}]`, { expected: `what broadcasts to [${result.join(', ')}]` });
  return own.slice(0, -1).some((d) => d !== 1);
}

/** An int32 bias whose scale is the scale of the products, to float32 rounding, and whose zero point is 0. */
function joins(bias: Extract<Meaning, { kind: 'weights' }>, channels: number, scaling: Scaling): boolean {
  if (bias.codes.element.bits !== 32 || bias.codes.data.length !== channels || bias.scaling.zero.some((z) => z !== 0))
    return false;
  for (let c = 0; c < channels; c++) {
    const want = at(scaling.scale, c);
    if (Math.abs(at(bias.scaling.scale, c) - want) > want * 2 ** -20) return false;
  }
  return true;
}

/** The node's result goes to one QuantizeLinear, through Relu and Clip alone. */
function leadsToQuantizer(cx: ImportContext): boolean {
  for (let user = cx.soleConsumer(cx.outputName); user !== undefined; user = cx.soleConsumer(user.outputs[0] ?? '')) {
    if (user.opType === 'QuantizeLinear') return true;
    if (user.opType !== 'Relu' && user.opType !== 'Clip') return false;
  }
  return false;
}

/** int32 code = half-even(float32(bias / float32(xs * ws))). */
function quantizedBias(cx: ImportContext, values: Float32Array, scaling: Scaling): Codes {
  const data = Int32Array.from(values, (v, c) => {
    const code = roundHalfEven(Math.fround(v / at(scaling.scale, c)));
    return Math.abs(code) < 2 ** 31
      ? code
      : refuse(`the bias ${v} does not fit 32 bits at scale ${at(scaling.scale, c)}`);
  });
  cx.notes.push(
    `${cx.node.opType} '${cx.node.name}': the float bias is rounded to int32 at the scale of the products, as ONNX Runtime does`,
  );
  return { element: { kind: 'int', bits: 32, coding: 'signed' }, shape: [values.length], data };
}
