/**
 * The bias of Conv and Gemm. In the QuantizeLinear dialect an int32 bias with scale xs * ws joins the accumulators, as in the
 * QLinear kernels; everything else is added in float32 after scaling, as the graph says.
 */
import { floatAttribute } from '../attributes.ts';
import { at, dequantizeCodes, floatData, type ImportContext } from '../context.ts';
import { type Codes, invalid, type Meaning, type Origin, refuse, type Scaling } from '../meaning.ts';

export type BiasPlan =
  | { readonly kind: 'none' }
  /** int32 [channels], added to the accumulators. */
  | { readonly kind: 'codes'; readonly codes: Codes }
  /** float32, one or one per channel, added after scaling. */
  | { readonly kind: 'float'; readonly values: Float32Array };

/** What to do with input `index` as the bias of `channels` outputs whose products have `scaling`. */
export function biasPlan(
  cx: ImportContext,
  index: number,
  channels: number,
  scaling: Scaling,
  origin: Origin,
): BiasPlan {
  if (!cx.hasInput(index)) return { kind: 'none' };
  const beta = floatAttribute(cx.node, 'beta', 1);
  if (beta === 0) return { kind: 'none' };
  const bias = cx.input(index);
  const shape = shapeOf(bias);
  checkShape(shape, channels);
  if (bias.kind === 'weights' && origin === 'linear' && beta === 1 && joins(bias, channels, scaling)) {
    return {
      kind: 'codes',
      codes: { element: { kind: 'int', bits: 32, coding: 'signed' }, shape: [channels], data: bias.codes.data },
    };
  }
  const values =
    bias.kind === 'weights'
      ? dequantizeCodes(bias.codes, bias.scaling)
      : floatData((bias as Extract<Meaning, { kind: 'constant' }>).constant);
  return { kind: 'float', values: beta === 1 ? values : values.map((v) => v * beta) };
}

function shapeOf(bias: Meaning): readonly number[] {
  if (bias.kind === 'constant') return bias.constant.shape;
  if (bias.kind === 'weights') return bias.codes.shape;
  return refuse('the bias is computed at run time', { expected: 'a constant bias' });
}

/** [channels], [1, channels] or one element: what broadcasts over rows. */
function checkShape(shape: readonly number[], channels: number): void {
  const count = shape.reduce((n, d) => n * d, 1);
  const last = shape[shape.length - 1] ?? 1;
  if (count !== last || (count !== 1 && count !== channels)) {
    invalid(`the bias has shape [${shape.join(', ')}]`, { expected: `${channels} elements` });
  }
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
