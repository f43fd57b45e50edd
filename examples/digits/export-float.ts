/** The float network as ONNX: what quantizers start from, and what qnpu refuses to run. */
import { Draft, INPUT, OUTPUT, oihw, toChw, toOihw } from './draft.ts';
import { CLASSES, CONVS, FEATURES, type NetworkWeights } from './network.ts';
import { INPUT_STEP } from './recipe.ts';

export function floatModel(net: NetworkWeights): Uint8Array {
  const d = new Draft();
  let x = INPUT;
  CONVS.forEach((c, i) => {
    // The first layer takes pixels, not pixel / 256.
    const kernel = toOihw(net.convs[i]!.kernel, c).map((v) => v * (i === 0 ? INPUT_STEP : 1));
    const sum = d.conv(c, [x, d.tensor(`${c.name}.weight`, 'float32', oihw(c), kernel)], `${c.name}.sum`);
    x = d.normalRelu(net, i, sum);
    if (c.pool) x = d.maxPool(x, `${c.name}.pool`);
  });
  x = d.node('Flatten', [x], 'features', { axis: 1 });
  const weight = d.tensor('dense.weight', 'float32', [FEATURES, CLASSES], toChw(net.dense));
  d.node('Gemm', [x, weight, d.tensor('dense.bias', 'float32', [CLASSES], net.bias)], OUTPUT);
  return d.finish('digits-float', 13);
}
