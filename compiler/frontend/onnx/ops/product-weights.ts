/** The weight operand of Conv, Gemm and MatMul: quantized, or in float32 where a network of quantized layers has some; and its shapes. */
import { clamp, roundHalfEven } from '../../../graph/ops/op.ts';
import { refuse } from '../../refusal.ts';
import { blockedFloats, floatData, type ImportContext } from '../context.ts';
import type { Codes, Constant, Meaning, Scaling } from '../meaning.ts';
import { nodeLabel } from '../structure.ts';

export type Weights = Extract<Meaning, { kind: 'weights' }>;
/** Weights in float32: nothing for the arrays. */
export interface FloatWeights {
  readonly kind: 'float-weights';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
const UNIT: Scaling = { scale: new Float32Array([1]), zero: new Int32Array(1), axis: 0 };
const QUANTIZE_FIRST =
  "quantize the model first: --quantize w8a8 does it here (w4a8 for 4-bit weights; --calibrate gives it inputs), else onnxruntime's quantize_static, Brevitas or QONNX";

/**
 * The weight operand, known: quantized, or the numbers themselves where a network of quantized layers has some in float32.
 * Whole numbers of at most 8 bits behind QONNX activations are codes: exporters fold the quantizer of weights away. `rounds`: the
 * runtime rounds float weights of this node to int8.
 */
export function weightsInput(
  cx: ImportContext,
  index: number,
  rounds: (cx: ImportContext) => boolean = () => false,
): Weights | FloatWeights {
  const w = cx.input(index);
  if (w.kind === 'weights') return w;
  if (w.kind === 'blocked') {
    cx.notes.push(
      `${nodeLabel(cx.node)} has blocked weights: it runs in float32 on the vector unit, not on the arrays`,
    );
    return { kind: 'float-weights', shape: w.codes.shape, data: blockedFloats(w) };
  }
  if (w.kind === 'constant') {
    const codes = wholeWeights(cx, w.constant);
    if (codes !== undefined) return codes;
    if (cx.quantizedModel && w.constant.dataType === 'float32' && rounds(cx)) return roundedWeights(cx, w.constant);
    if (cx.quantizedModel && w.constant.dataType === 'float32') {
      cx.notes.push(
        `${nodeLabel(cx.node)} has float weights: it runs in float32 on the vector unit, not on the arrays`,
      );
      return { kind: 'float-weights', shape: w.constant.shape, data: floatData(w.constant) };
    }
    return refuse(`${cx.node.opType} has float weights ('${cx.node.inputs[index]}')`, {
      expected: 'quantized weights and activations',
      hint: QUANTIZE_FIRST,
    });
  }
  return refuse(`${cx.node.opType} has weights that are computed at run time ('${cx.node.inputs[index]}')`, {
    expected: 'constant weights',
    hint: 'only MatMul multiplies two activations',
  });
}

/**
 * Float weights between quantized activations and a quantizer, rounded as ONNX Runtime rounds them (GetQuantizationParameter, one
 * float32 rounding per operation): one scale that spreads the range from least to largest, 0 included, over the 255 steps of int8.
 */
function roundedWeights(cx: ImportContext, { shape, data }: Constant): Weights {
  const [low, high] = Array.from(data).reduce(([l, h], v) => [Math.min(l, v), Math.max(h, v)], [0, 0]);
  const scale = low === high ? 1 : Math.fround(Math.fround(high - low) / 255);
  const zero = roundHalfEven(clamp(Math.fround(-128 - Math.fround(low / scale)), -128, 127));
  const codes: Codes = {
    element: { kind: 'int', bits: 8, coding: 'signed' },
    shape,
    data: Int32Array.from(data, (v) => clamp(roundHalfEven(Math.fround(v / scale)) + zero, -128, 127)),
  };
  cx.notes.push(
    `${nodeLabel(cx.node)}: its float weights are rounded to int8, as ONNX Runtime does between quantized activations and a quantizer`,
  );
  const scaling = { scale: new Float32Array([scale]), zero: new Int32Array([zero]), axis: 0 };
  return { kind: 'weights', codes, scaling, origin: 'linear' };
}

/** Float weights that are codes already: whole, at most 8 bits, behind activations of the QONNX dialect. */
function wholeWeights(cx: ImportContext, constant: Constant): Weights | undefined {
  const x = cx.lookup(cx.node.inputs[0] ?? '');
  if (x?.kind !== 'quantized' || x.origin !== 'qonnx' || constant.dataType !== 'float32') return undefined;
  if (!constant.data.every((v) => Number.isInteger(v) && v >= -128 && v <= 127)) return undefined;
  const codes: Codes = {
    element: { kind: 'int', bits: 8, coding: 'signed' },
    shape: constant.shape,
    data: Int32Array.from(constant.data),
  };
  cx.notes.push(
    `${nodeLabel(cx.node)}: its float weights are whole numbers of at most 8 bits and are taken as codes of scale 1`,
  );
  return { kind: 'weights', codes, scaling: UNIT, origin: 'qonnx' };
}

/** Weights [O, C / groups, K] or [O, C / groups, KH, KW] as those of an image; `rank` is that of the data. */
export function imageWeights<W extends { readonly shape: readonly number[] }>(w: W, rank: number): W {
  const { shape } = w;
  if (shape.length < 3 || shape.length > 4 || shape.length !== rank) {
    return refuse(`weights of shape [${shape.join(', ')}] on data of rank ${rank}`, {
      expected: '1-D or 2-D convolution: weights [O, C / groups, K] or [O, C / groups, KH, KW]',
    });
  }
  const [o = 0, c = 0, k = 0] = shape;
  return shape.length === 4 ? w : { ...w, shape: [o, c, 1, k] };
}

/** Rows and columns exchanged. */
export function turned(cx: ImportContext, id: string): string {
  return cx.add('transpose', [id], { perm: [1, 0] }, { output: `${cx.outputName}.turned` });
}
