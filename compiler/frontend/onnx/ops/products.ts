/**
 * Conv, Gemm and MatMul on quantized operands: one integer op into 32-bit accumulators; what follows decides whether a
 * requantizer or a float chain reads them. Weights must be known. The float forms of these ops are refused, with what
 * to do about it.
 */
import { floatAttribute, intAttribute } from '../attributes.ts';
import { make } from '../constants.ts';
import { floatTensor, type ImportContext } from '../context.ts';
import { foldTranspose } from '../fold.ts';
import {
  type Codes,
  invalid,
  type Meaning,
  type Origin,
  type QuantizerTarget,
  refuse,
  type Scaling,
  UNBOUNDED,
} from '../meaning.ts';
import { type BiasPlan, biasPlan } from './bias.ts';
import { floatConv, floatProduct } from './products-float.ts';
import { isPerTensor, singleScale, singleZero } from './scaling.ts';
import { windowOf } from './window.ts';

export type Weights = Extract<Meaning, { kind: 'weights' }>;
type Quantized = Extract<Meaning, { kind: 'quantized' }>;

const QUANTIZE_FIRST =
  "quantize the model first: onnxruntime's quantize_static (QDQ, int8) or, for fewer bits, Brevitas or QONNX quantizers";

/** The weight operand: quantized and known. */
export function weightsInput(cx: ImportContext, index: number): Weights {
  const w = cx.input(index);
  if (w.kind === 'weights') return w;
  if (w.kind === 'constant') {
    return refuse(`${cx.node.opType} has float weights ('${cx.node.inputs[index]}')`, {
      expected: 'quantized weights and activations',
      hint: QUANTIZE_FIRST,
    });
  }
  return refuse(`${cx.node.opType} has weights that are computed at run time ('${cx.node.inputs[index]}')`, {
    expected: 'constant weights',
    hint: 'products of two activations (attention) are not supported yet',
  });
}

/** The activation operand: codes with a scale; undefined when it is float32, for which there is a slow path. */
function activationsInput(cx: ImportContext, index: number): Quantized | undefined {
  const x = cx.input(index);
  if (x.kind === 'quantized') return x;
  const name = cx.node.inputs[index] ?? '';
  if (x.kind === 'codes')
    invalid(`${cx.node.opType} takes ${x.dataType} codes ('${name}')`, { expected: 'a DequantizeLinear before it' });
  cx.notes.push(
    `${cx.node.opType} '${cx.node.name}' takes float activations ('${name}'): it runs in float32 on the vector unit. ` +
      'If they are really integers, say so (input type) and it runs on the arrays',
  );
  return undefined;
}

/** Scale of the products, and its axis in the result. */
export function productScaling(x: Scaling, w: Scaling, axis: number): Scaling {
  const xScale = singleScale(x, 'the input');
  return { scale: Float32Array.from(w.scale, (s) => s * xScale), zero: new Int32Array(1), axis };
}

export function importConv(cx: ImportContext): void {
  const w = weightsInput(cx, 1);
  const x = activationsInput(cx, 0);
  if (x === undefined) {
    floatConv(cx, w);
    return;
  }
  const o = w.codes.shape[0] ?? 0;
  const scaling = productScaling(x.scaling, w.scaling, 1);
  const bias = biasPlan(cx, 2, o, scaling, x.origin);
  const id = emitConv(cx, x, w, bias.kind === 'codes' ? bias.codes : undefined);
  finish(cx, id, scaling, x.origin, bias, [o, 1, 1]);
}

/** Adds an integer convolution; the window comes from the current node. */
export function emitConv(
  cx: ImportContext,
  x: Codelike,
  w: { codes: Codes; scaling: Scaling },
  bias: Codes | undefined,
): string {
  const [o, , kh, kw] = w.codes.shape;
  if (w.codes.shape.length !== 4 || o === undefined || kh === undefined || kw === undefined) {
    return refuse(`weights have shape [${w.codes.shape.join(', ')}]`, {
      expected: '2-D convolution: [O, C / groups, KH, KW]',
    });
  }
  if (!isPerTensor(w.scaling) && w.scaling.axis !== 0)
    refuse(`weights are scaled along axis ${w.scaling.axis}`, { expected: 'axis 0, the output channels' });
  const attributes = {
    window: windowOf(cx.node, cx.builder.typeOf(x.id).shape, [kh, kw]),
    groups: intAttribute(cx.node, 'group', 1),
    xZero: singleZero(x.scaling, 'the input'),
    wZero: w.scaling.zero,
  };
  return cx.add(
    'conv',
    [x.id, cx.constantCodes(w.codes, `${cx.outputName}.weights`), ...biasInput(cx, bias)],
    attributes,
  );
}

/** Adds an integer matrix product; weights are [K, N]. */
export function emitMatMul(
  cx: ImportContext,
  x: Codelike,
  w: { codes: Codes; scaling: Scaling },
  bias: Codes | undefined,
): string {
  const { shape } = cx.builder.typeOf(x.id);
  const rank = shape.length;
  const [k, n] = w.codes.shape;
  if (w.codes.shape.length !== 2 || k === undefined || n === undefined) {
    return refuse(`weights have shape [${w.codes.shape.join(', ')}]`, {
      expected: 'a matrix: batches of weights are not supported',
    });
  }
  if (shape[rank - 1] !== k)
    invalid(`input [${shape.join(', ')}] times weights [${k}, ${n}]`, { expected: `an input that ends in ${k}` });
  if (!isPerTensor(w.scaling) && w.scaling.axis !== 1)
    refuse('weights are scaled along the axis that is summed', { expected: 'one scale, or one per output' });
  if (!isPerTensor(x.scaling)) refuse('activations have a scale or zero point per channel', { expected: 'one scale' });
  const inputs = [x.id, cx.constantCodes(w.codes, `${cx.outputName}.weights`), ...biasInput(cx, bias)];
  return cx.add('matmul', inputs, { xZero: singleZero(x.scaling, 'the input'), wZero: w.scaling.zero });
}

/** Codes of the graph with their scale. */
export interface Codelike {
  readonly id: string;
  readonly scaling: Scaling;
}

function biasInput(cx: ImportContext, bias: Codes | undefined): string[] {
  return bias === undefined ? [] : [cx.constantCodes(bias, `${cx.outputName}.bias`)];
}

export function importMatMul(cx: ImportContext): void {
  const [left, right] = cx.node.inputs.map((name) => cx.lookup(name)?.kind);
  if ((left === 'weights' || left === 'constant') && right !== 'weights' && right !== 'constant') {
    refuse('MatMul with the constant on the left', {
      expected: 'activations x weights',
      hint: 'transpose the product',
    });
  }
  product(cx, false, 1);
}

export function importGemm(cx: ImportContext): void {
  if (intAttribute(cx.node, 'transA', 0) !== 0)
    refuse('Gemm with transA', { expected: 'transA = 0', hint: 'put a Transpose before it' });
  product(cx, intAttribute(cx.node, 'transB', 0) !== 0, floatAttribute(cx.node, 'alpha', 1));
}

function product(cx: ImportContext, transposed: boolean, alpha: number): void {
  const given = weightsInput(cx, 1);
  const x = activationsInput(cx, 0);
  const w = transposed ? transposeWeights(given) : given;
  if (x === undefined) {
    floatProduct(cx, w, alpha);
    return;
  }
  const n = w.codes.shape[1] ?? 0;
  const axis = cx.typeOf(x).shape.length - 1;
  const gemm = cx.node.opType === 'Gemm';
  const plain = productScaling(x.scaling, w.scaling, axis);
  const scaling = alpha === 1 ? plain : { ...plain, scale: gemmScale(alpha, x.scaling, w.scaling) };
  const bias = gemm ? biasPlan(cx, 2, n, scaling, x.origin) : ({ kind: 'none' } as const);
  const id = emitMatMul(cx, x, w, bias.kind === 'codes' ? bias.codes : undefined);
  finish(cx, id, scaling, x.origin, bias, [n]);
}

/** ONNX Runtime's order: (alpha * xScale) * wScale in float32. */
export function gemmScale(alpha: number, x: Scaling, w: Scaling): Float32Array {
  const left = Math.fround(Math.fround(alpha) * singleScale(x, 'the input'));
  return Float32Array.from(w.scale, (s) => left * s);
}

export function transposeWeights<W extends { readonly codes: Codes; readonly scaling: Scaling }>(w: W): W {
  const { codes, scaling } = w;
  const turned = foldTranspose(
    make('int32', codes.shape, Array.from(codes.data)),
    codes.shape.map((_, i) => codes.shape.length - 1 - i),
  );
  return {
    ...w,
    codes: { ...codes, shape: turned.shape, data: Int32Array.from(turned.data) },
    scaling: { ...scaling, axis: codes.shape.length - 1 - scaling.axis },
  };
}

/**
 * What becomes of accumulators. QONNX and a float bias: scaled at once. Else pending: a QuantizeLinear that follows becomes
 * code = saturate(half-even(float32(acc) * float32(xs*ws / ys)) + zero), as the QLinear kernels compute it.
 */
function finish(
  cx: ImportContext,
  acc: string,
  scaling: Scaling,
  origin: Origin,
  bias: BiasPlan,
  biasShape: readonly number[],
): void {
  const name = cx.outputName;
  if (bias.kind === 'float') {
    const scaled = cx.dequantize(acc, scaling, `${name}.scaled`);
    const constant = cx.builder.constant(
      floatTensor(bias.values, bias.values.length === 1 ? [1] : biasShape),
      `${name}.bias`,
    );
    cx.result({ kind: 'float', id: cx.add('binary', [scaled, constant], { fn: 'add' }, { output: name }) });
  } else if (origin === 'qonnx') {
    cx.result({ kind: 'float', id: cx.dequantize(acc, scaling, name) });
  } else {
    cx.result({
      kind: 'pending',
      shape: cx.builder.typeOf(acc).shape,
      bounds: UNBOUNDED,
      float: () => cx.dequantize(acc, scaling, `${name}.scaled`),
      codes: (target, output) => requantize(cx, acc, scaling, target, output),
    });
  }
}

/** Accumulators to codes with one float32 multiply. */
export function requantize(
  cx: ImportContext,
  acc: string,
  scaling: Scaling,
  target: QuantizerTarget,
  output: string,
): string {
  const ys = singleScale(target.scaling, 'the quantizer');
  const scale = Float32Array.from(scaling.scale, (s) => s / ys);
  const zeroPoint = singleZero(target.scaling, 'the quantizer');
  return cx.add(
    'requantize',
    [acc],
    { spec: { mode: 'float32', scale, zeroPoint }, axis: scaling.axis, relu: false },
    { element: target.element, output },
  );
}
