/** Every kind of layer: what lays it down in the graph, or which op the graph lacks for it. */
import type { LayerKind } from '../layers.ts';
import { emitTable } from './activation.ts';
import { emitAdd, emitCurve, emitGlobalAverage, emitMultiply, emitSoftmax } from './arithmetic.ts';
import { type Emitter, operand } from './context.ts';
import { emitDeconv } from './deconv.ts';
import { emitAvgpool, emitConcat, emitDepthToSpace, emitMaxpool, emitSlice, emitUpsample } from './moving.ts';
import { emitConv, emitLinear } from './products.ts';

export interface Missing {
  /** The op that the graph would need. */
  readonly missing: string;
}

export const EMITTERS: { readonly [K in LayerKind]: Emitter<K> | Missing } = {
  conv: emitConv,
  deconv: emitDeconv,
  linear: emitLinear,
  maxpool: emitMaxpool,
  avgpool: emitAvgpool,
  'global-average': emitGlobalAverage,
  add: emitAdd,
  multiply: emitMultiply,
  concat: emitConcat,
  slice: emitSlice,
  upsample: emitUpsample,
  'depth-to-space': emitDepthToSpace,
  lrn: { missing: 'local response normalization' },
  curve: emitCurve,
  detections: (_, layer, inputs) => ({ ...operand(inputs), shape: layer.output.shape }),
  softmax: emitSoftmax,
  activation: (cx, layer, inputs) => emitTable(cx, layer.name, operand(inputs), layer.attributes.fn),
  embedding: { missing: 'gather (embedding look-up)' },
  'batch-norm': { missing: 'batch norm in front of a recurrent cell' },
  'layer-norm': { missing: 'layer normalization' },
  'rms-norm': { missing: 'root-mean-square normalization' },
  rotary: { missing: 'rotary embedding' },
  'cache-append': { missing: 'append to a cache that lives between runs' },
  'attention-scores': { missing: 'matrix product of two activations' },
  'attention-context': { missing: 'matrix product of two activations' },
  'additive-attention': { missing: 'additive attention (matrix products of two activations, tanh, softmax by step)' },
  lstm: { missing: 'LSTM' },
  'to-sequence': { missing: 'LSTM (its input order)' },
  'depthwise-conv1d': { missing: 'depthwise convolution along tokens' },
  'dynamic-conv1d': { missing: 'depthwise convolution with computed kernels' },
};
