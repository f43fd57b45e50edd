/** The five model files of this example, from trained weights. Same weights, same bytes, on every machine. */
import { floatModel } from './export-float.ts';
import { qdqModel } from './export-qdq.ts';
import { qonnxModel } from './export-qonnx.ts';
import { drawDigits } from './generate.ts';
import type { NetworkWeights } from './network.ts';
import { PRECISION, SETS, type Variant } from './recipe.ts';

/** Bytes by file name. */
export function exportModels(nets: Readonly<Record<Variant, NetworkWeights>>): Map<string, Uint8Array> {
  const calibration = drawDigits(SETS.calibration.count, SETS.calibration.seed);
  return new Map([
    ['digits-float.onnx', floatModel(nets.float)],
    ['digits-int8.qdq.onnx', qdqModel('digits-int8', nets.float, calibration, 'int8')],
    ['digits-int4.qdq.onnx', qdqModel('digits-int4', nets.float, calibration, 'int4')],
    ['digits-w2a4.qonnx.onnx', qonnxModel('digits-w2a4', nets.w2a4, PRECISION.w2a4)],
    ['digits-w1a2.qonnx.onnx', qonnxModel('digits-w1a2', nets.w1a2, PRECISION.w1a2)],
  ]);
}
