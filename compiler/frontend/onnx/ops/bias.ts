/**
 * The bias of Conv and Gemm, and of MatMul with the Add behind it. In the QuantizeLinear dialect an int32 bias with scale xs * ws joins the accumulators, as in the
 * QLinear kernels. A float bias there becomes int32 as ONNX Runtime makes it (its weight-bias quantization) when the result goes
 * to a quantizer, through Relu and Clip alone; everything else is added in float32 after scaling, as the graph says.
 */
import { roundHalfEven } from '../../../graph/ops/op.ts';
import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute } from '../attributes.ts';
import { at, dequantizeCodes, floatData, type ImportContext } from '../context.ts';
import { type Codes, isFusable, type Meaning, type Scaling } from '../meaning.ts';
import { movesQuantizers } from './movement.ts';

type Quantized = Extract<Meaning, { kind: 'quantized' }>;

export type BiasPlan =
  | { readonly kind: 'none' }
  /** int32 [channels], added to the accumulators. */
  | { readonly kind: 'codes'; readonly codes: Codes }
  /** float32, added after scaling: one, one per channel, or of `shape` where that says more. */
  | { readonly kind: 'float'; readonly values: Float32Array; readonly shape?: readonly number[] };

/** The products that a bias joins. */
export interface Products {
  /** xs * ws. */
  readonly scale: Scaling;
  /** Factor of the products (Gemm's alpha). */
  readonly alpha: number;
  readonly x: Quantized;
  /** What the bias broadcasts to, channels last. */
  readonly result: readonly number[];
}

/** What to do with input `index` as the bias of `products`. */
export function biasPlan(cx: ImportContext, index: number, products: Products): BiasPlan {
  const { result, scale, alpha, x } = products;
  const channels = result[result.length - 1] ?? 1;
  if (!cx.hasInput(index)) return { kind: 'none' };
  const beta = floatAttribute(cx.node, 'beta', 1);
  if (beta === 0) return { kind: 'none' };
  const bias = cx.input(index);
  const shape = shapeOf(bias);
  const rows = checkShape(shape, result);
  const plain = x.origin === 'linear' && beta === 1 && alpha === 1;
  if (bias.kind === 'weights' && !rows && plain && joins(bias, channels, scale))
    return { kind: 'codes', codes: spread(bias.codes.data, channels) };
  if (bias.kind === 'constant' && roundsBias(cx, x, shape, scale)) {
    const codes = quantizedBias(cx, floatData(bias.constant), scale);
    if (plain) return { kind: 'codes', codes: spread(codes, channels) };
    const values = Float32Array.from(codes, (code, c) => Math.fround(code * at(scale.scale, c)) * beta);
    return { kind: 'float', values };
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

/** int32 codes for all channels: one for each, or one for all. */
function spread(codes: Int32Array, channels: number): Codes {
  const data = codes.length === channels ? codes : new Int32Array(channels).fill(codes[0] ?? 0);
  return { element: { kind: 'int', bits: 32, coding: 'signed' }, shape: [channels], data };
}

/**
 * ONNX Runtime's rule for rounding a float bias to int32 (and float weights to int8): operands right behind a DequantizeLinear with
 * one scale, a bias of rank 1 with a scale for each element or one for all, and a quantizer behind the node.
 */
function roundsBias(cx: ImportContext, x: Quantized, shape: readonly number[], scale: Scaling): boolean {
  const scales = scale.scale.length;
  return isFusable(x) && shape.length === 1 && (scales === 1 || scales === shape[0]) && leadsToQuantizer(cx);
}

/** Whether the runtime rounds float weights of the current node to int8: its bias must be absent, or one that is rounded too. */
export function roundsWeights(cx: ImportContext): boolean {
  const x = cx.input(0);
  const bias = cx.hasInput(2) ? cx.input(2) : undefined;
  if (!isFusable(x) || (cx.node.opType === 'MatMul' && bias === undefined) || !leadsToQuantizer(cx)) return false;
  return bias === undefined || (bias.kind === 'constant' && bias.constant.shape.length === 1);
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
  const { length } = bias.codes.data;
  if (bias.codes.element.bits !== 32 || bias.scaling.zero.some((z) => z !== 0)) return false;
  if (length !== channels && (length !== 1 || scaling.scale.length !== 1)) return false;
  for (let c = 0; c < channels; c++) {
    const want = at(scaling.scale, c);
    if (Math.abs(at(bias.scaling.scale, c) - want) > want * 2 ** -20) return false;
  }
  return true;
}

/**
 * The node's result goes to one QuantizeLinear: through Relu and Clip, then through what the runtime moves quantizers over. A product
 * of higher rank than 2 with its sum is a Gemm between two reshapes, over which Relu does not move.
 */
function leadsToQuantizer(cx: ImportContext): boolean {
  let user = cx.onlyReader(cx.outputName);
  let moving = cx.node.opType === 'MatMul' && cx.typeOf(cx.input(0)).shape.length !== 2;
  while (user !== undefined) {
    if (user.opType === 'QuantizeLinear') return true;
    if (movesQuantizers(user, cx.opset)) {
      if (cx.soleConsumer(user.inputs[0] ?? '') !== user) return false;
      moving ||= user.opType !== 'Identity' && user.opType !== 'Dropout';
    } else if (moving || (user.opType !== 'Relu' && user.opType !== 'Clip')) return false;
    const output = user.outputs[0] ?? '';
    user = moving ? cx.soleConsumer(output) : cx.onlyReader(output);
  }
  return false;
}

/** int32 code = half-even(float32(bias / float32(xs * ws))). */
function quantizedBias(cx: ImportContext, values: Float32Array, scaling: Scaling): Int32Array {
  const codes = Int32Array.from(values, (v, c) => {
    const code = roundHalfEven(Math.fround(v / at(scaling.scale, c)));
    return Math.abs(code) < 2 ** 31
      ? code
      : refuse(`the bias ${v} does not fit 32 bits at scale ${at(scaling.scale, c)}`, {
          expected: 'a bias below 2^31 times the scale of input and weights',
          hint: 'a larger scale for the input or the weights',
        });
  });
  cx.notes.push(
    `${cx.node.opType} '${cx.node.name}': the float bias is rounded to int32 at the scale of the products, as ONNX Runtime does`,
  );
  return codes;
}
