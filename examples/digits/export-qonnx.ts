/**
 * Networks of quantization-aware training in the QONNX dialect: Quant and BipolarQuant on the paths of weights and activations, batch norm left in the
 * graph, bias and logits float. Weights are stored as code x step, so that a reader's own rounding finds the same codes.
 */
import { Draft, INPUT, OUTPUT, oihw, QONNX_DOMAIN, toChw, toOihw } from './draft.ts';
import { CLASSES, CONVS, FEATURES, type NetworkWeights } from './network.ts';
import { quantizeWeights } from './quantize.ts';
import { INPUT_STEP, type Precision } from './recipe.ts';

export function qonnxModel(name: string, net: NetworkWeights, precision: Precision): Uint8Array {
  const d = new QonnxDraft(precision);
  const step = d.scalar('activation.step', 'float32', precision.activationStep);
  const activationBits = d.scalar('activation.bits', 'float32', precision.activationBits);
  let x = d.quant(INPUT, d.scalar('image.step', 'float32', 1), d.scalar('image.bits', 'float32', 8), 'unsigned');
  CONVS.forEach((c, i) => {
    const { codes, steps } = quantizeWeights(net.convs[i]!.kernel, c.outChannels, precision.weightBits);
    // The first layer takes pixels, not pixel / 256: a power of two, exact in the step.
    const own = steps.map((s) => s * (i === 0 ? INPUT_STEP : 1));
    const kernel = toOihw(
      codes.map((v, at) => v * own[at % c.outChannels]!),
      c,
    );
    const weight = d.weights(`${c.name}.weight`, oihw(c), kernel, [c.outChannels, 1, 1, 1], own);
    x = d.normalRelu(net, i, d.conv(c, [x, weight], `${c.name}.sum`));
    x = d.quant(x, step, activationBits, 'unsigned');
    if (c.pool) x = d.maxPool(x, `${c.name}.pool`);
  });
  x = d.node('Flatten', [x], 'features', { axis: 1 });
  const { codes, steps } = quantizeWeights(net.dense, CLASSES, precision.weightBits);
  const dense = toChw(codes.map((v, at) => v * steps[at % CLASSES]!));
  const sum = d.node(
    'MatMul',
    [x, d.weights('dense.weight', [FEATURES, CLASSES], dense, [1, CLASSES], steps)],
    'dense.sum',
  );
  d.node('Add', [sum, d.tensor('dense.bias', 'float32', [CLASSES], net.bias)], OUTPUT);
  return d.finish(name, 13, [QONNX_DOMAIN]);
}

class QonnxDraft extends Draft {
  readonly #zero = this.scalar('zero', 'float32', 0);
  readonly #weightBits: string | undefined;

  constructor(precision: Precision) {
    super();
    if (precision.weightBits > 1) this.#weightBits = this.scalar('weight.bits', 'float32', precision.weightBits);
  }

  /** Signed quantizers are narrow: -1, 0, +1 at two bits. */
  quant(x: string, step: string, bits: string, kind: 'signed' | 'unsigned'): string {
    const signed = kind === 'signed' ? 1 : 0;
    const attributes = { signed, narrow: signed, rounding_mode: 'ROUND' };
    return this.node(`${QONNX_DOMAIN}:Quant`, [x, step, this.#zero, bits], `${x}.quant`, attributes);
  }

  weights(
    name: string,
    dims: readonly number[],
    values: Float32Array,
    stepDims: readonly number[],
    steps: Float32Array,
  ): string {
    this.tensor(name, 'float32', dims, values);
    const step = this.tensor(`${name}.step`, 'float32', stepDims, steps);
    if (this.#weightBits !== undefined) return this.quant(name, step, this.#weightBits, 'signed');
    return this.node(`${QONNX_DOMAIN}:BipolarQuant`, [name, step], `${name}.quant`);
  }
}
