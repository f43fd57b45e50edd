/**
 * The float network after post-training quantization, as ONNX Runtime's `quantize_static` writes it (QDQ format, QUInt8 activations, QInt8 or QInt4
 * weights per channel, MinMax calibration): batch norm folded, int32 bias of scale input x weight, ReLU dropped because codes with zero point 0 clip at
 * it, movers (MaxPool, Flatten) with the scale of their input. One difference: int4 weights use -7 .. 7, not -8 .. 7.
 */
import { halfEven } from '../../isa/numerics/special.ts';
import { Draft, INPUT, OUTPUT, oihw, toChw, toOihw } from './draft.ts';
import { inferAll } from './evaluate.ts';
import type { DigitSet } from './generate.ts';
import { BN_EPSILON, CLASSES, CONVS, FEATURES, type NetworkWeights } from './network.ts';
import { quantizeWeights } from './quantize.ts';
import { INPUT_STEP } from './recipe.ts';

export function qdqModel(
  name: string,
  net: NetworkWeights,
  calibration: DigitSet,
  weightType: 'int8' | 'int4',
): Uint8Array {
  const d = new QdqDraft(weightType);
  const ranges = measureRanges(net, calibration);
  let x = d.quantized(INPUT, d.scale(INPUT, { low: 0, high: 255 }));
  CONVS.forEach((c, i) => {
    const { kernel, bias } = fold(net, i);
    const turn = (codes: Float32Array) => toOihw(codes, c);
    const operands = d.parameters(c.name, { values: kernel, bias, dims: oihw(c), axis: 0, turn }, x.scale);
    x = d.quantized(d.conv(c, [x.name, ...operands], c.name), d.scale(c.name, ranges[i]!));
    if (c.pool) x = d.quantized(d.maxPool(x.name, `${c.name}.pool`), x.scale);
  });
  x = d.quantized(d.node('Flatten', [x.name], 'features', { axis: 1 }), x.scale);
  const dense = { values: net.dense, bias: net.bias, dims: [FEATURES, CLASSES], axis: 1, turn: toChw };
  const sum = d.node('Gemm', [x.name, ...d.parameters('dense', dense, x.scale)], 'dense');
  d.quantized(sum, d.scale(sum, ranges[CONVS.length]!), OUTPUT);
  return d.finish(name, weightType === 'int4' ? 21 : 13);
}

/** Batch norm folded into the kernel (still [3, 3, in, out]) and a bias; the first layer takes pixels, not pixel / 256. */
function fold(net: NetworkWeights, layer: number): { kernel: Float32Array; bias: Float32Array } {
  const w = net.convs[layer]!;
  const input = layer === 0 ? INPUT_STEP : 1;
  const factor = w.gamma.map((g, o) => g / Math.sqrt(w.variance[o]! + BN_EPSILON));
  return {
    kernel: w.kernel.map((v, i) => v * factor[i % factor.length]! * input),
    bias: w.beta.map((b, o) => b - w.mean[o]! * factor[o]!),
  };
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** Smallest and largest value, zero included, of each convolution's result and of the logits over the images. */
function measureRanges(net: NetworkWeights, images: DigitSet): readonly Range[] {
  const results = inferAll(net, images).map((run) => [...run.activations, run.logits]);
  return results[0]!.map((_, layer) => {
    const extreme = (pick: (a: number, b: number) => number) =>
      results.reduce((best, layers) => layers[layer]!.reduce(pick, best), 0);
    return { low: extreme((a, b) => Math.min(a, b)), high: extreme((a, b) => Math.max(a, b)) };
  });
}

/** Initializers of a quantizer: a float32 scale and its zero point. */
interface Scale {
  readonly step: number;
  readonly inputs: readonly [scale: string, zeroPoint: string];
}

interface Parameters {
  /** Output channels last. */
  readonly values: Float32Array;
  readonly bias: Float32Array;
  /** Dims after `turn`, with the output channels at `axis`. */
  readonly dims: readonly number[];
  readonly axis: number;
  readonly turn: (codes: Float32Array) => Float32Array;
}

/** Names are those of ONNX Runtime's quantizer. */
class QdqDraft extends Draft {
  readonly #weightType: 'int8' | 'int4';

  constructor(weightType: 'int8' | 'int4') {
    super();
    this.#weightType = weightType;
  }

  /** uint8 codes for a range that holds zero. */
  scale(name: string, { low, high }: Range): Scale {
    const step = Math.fround((high - low) / 255);
    const zero = halfEven(-low / step);
    return {
      step,
      inputs: [this.scalar(`${name}_scale`, 'float32', step), this.scalar(`${name}_zero_point`, 'uint8', zero)],
    };
  }

  quantized(x: string, scale: Scale, output = `${x}_DequantizeLinear_Output`): { name: string; scale: Scale } {
    const codes = this.node('QuantizeLinear', [x, ...scale.inputs], `${x}_QuantizeLinear_Output`);
    return { name: this.node('DequantizeLinear', [codes, ...scale.inputs], output), scale };
  }

  /** Weights and bias of a layer whose input has the given scale. */
  parameters(layer: string, p: Parameters, input: Scale): [weight: string, bias: string] {
    const { codes, steps } = quantizeWeights(p.values, p.bias.length, this.#weightType === 'int8' ? 8 : 4);
    const biasSteps = steps.map((s) => s * input.step);
    const biasCodes = p.bias.map((b, o) => halfEven(b / biasSteps[o]!));
    const dequantize = (
      name: string,
      type: 'int8' | 'int4' | 'int32',
      [dims, values]: readonly [readonly number[], Float32Array],
      scales: Float32Array,
      axis: number,
      output: string,
    ) => {
      const inputs = [
        this.tensor(`${name}_quantized`, type, dims, values),
        this.tensor(`${name}_scale`, 'float32', [scales.length], scales),
        this.tensor(`${name}_zero_point`, type, [scales.length], new Float32Array(scales.length)),
      ];
      return this.node('DequantizeLinear', inputs, output, { axis });
    };
    const weight = `${layer}.weight`;
    const bias = `${layer}.bias`;
    return [
      dequantize(weight, this.#weightType, [p.dims, p.turn(codes)], steps, p.axis, `${weight}_DequantizeLinear_Output`),
      dequantize(bias, 'int32', [[p.bias.length], biasCodes], biasSteps, 0, bias),
    ];
  }
}
