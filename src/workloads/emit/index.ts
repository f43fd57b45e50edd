/** Every kind of layer and what lays it down in the graph. */
import type { LayerKind } from '../layers.ts';
import { emitTable } from './activation.ts';
import { emitAdd, emitCurve, emitGlobalAverage, emitMultiply, emitSoftmax } from './arithmetic.ts';
import {
  emitAdditiveAttention,
  emitContext,
  emitDepthwiseConv1d,
  emitDynamicConv1d,
  emitLrn,
  emitScores,
} from './attention.ts';
import { type Emitter, operand } from './context.ts';
import { emitDeconv } from './deconv.ts';
import { emitAvgpool, emitConcat, emitDepthToSpace, emitMaxpool, emitSlice, emitUpsample } from './moving.ts';
import { emitConv, emitLinear } from './products.ts';
import { emitLstmCell, emitLstmState } from './recurrent.ts';
import { emitEmbedding, emitNorm, emitRotary, emitToSequence } from './sequence.ts';

export const EMITTERS: { readonly [K in LayerKind]: Emitter<K> } = {
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
  lrn: emitLrn,
  curve: emitCurve,
  detections: (_, layer, inputs) => ({ ...operand(inputs), shape: layer.output.shape }),
  softmax: emitSoftmax,
  activation: (cx, layer, inputs) => emitTable(cx, layer.name, operand(inputs), layer.attributes.fn),
  embedding: emitEmbedding,
  // Folds into the product behind it, whose weights are drawn anyway.
  'batch-norm': (_, layer, inputs) => ({ ...operand(inputs), shape: layer.output.shape }),
  'layer-norm': emitNorm,
  'rms-norm': emitNorm,
  rotary: emitRotary,
  'attention-scores': emitScores,
  'attention-context': emitContext,
  'additive-attention': emitAdditiveAttention,
  'lstm-cell': emitLstmCell,
  'lstm-state': emitLstmState,
  'to-sequence': emitToSequence,
  'depthwise-conv1d': emitDepthwiseConv1d,
  'dynamic-conv1d': emitDynamicConv1d,
};
