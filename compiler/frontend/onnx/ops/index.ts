/**
 * Which ONNX ops are imported, by domain. QONNX's quantizers have lived in several domains; all spellings in use are here.
 * `since` is the lowest opset of the ONNX domain whose meaning is the one implemented.
 */
import type { ImportContext } from '../context.ts';
import {
  importCelu,
  importElu,
  importHardSigmoid,
  importHardSwish,
  importLeakyRelu,
  importLog,
  importMish,
  importPRelu,
  importSelu,
  importSoftplus,
  importSoftsign,
  importThresholdedRelu,
} from './activations.ts';
import {
  importAttention,
  importEmbedLayerNormalization,
  importFusedAttention,
  importMultiHeadAttention,
  importQAttention,
  importQEmbedLayerNormalization,
} from './attention.ts';
import { importAnyMatMul, importMatMulNBits } from './blocked.ts';
import {
  importAnd,
  importCast,
  importCastLike,
  importEqual,
  importGreater,
  importGreaterOrEqual,
  importIsInf,
  importIsNaN,
  importLess,
  importLessOrEqual,
  importNot,
  importOr,
  importXor,
} from './conditions.ts';
import { importConvTranspose } from './conv-transpose.ts';
import { importDynamicQuantizeLinear } from './dynamic.ts';
import { importDynamicQuantizeMatMul, importMatMulIntegerToFloat } from './dynamic-products.ts';
import { importEinsum } from './einsum.ts';
import {
  importBinary,
  importClip,
  importMany,
  importMean,
  importPow,
  importReciprocal,
  importRelu,
  importUnary,
} from './elementwise.ts';
import {
  channelsLast,
  importFusedConv,
  importFusedGemm,
  importFusedMatMul,
  importQLinearReduceMean,
  importQLinearWhere,
} from './fused.ts';
import { importGatherBlockQuantized } from './gather-blocks.ts';
import { importBiasGelu, importErf, importFastGelu, importGelu, importSwish } from './gelu.ts';
import { importGroupNormalization, importInstanceNormalization, importLrn } from './group-norms.ts';
import { importGroupQueryAttention } from './grouped-attention.ts';
import { importGatherElements, importGatherNd, importOneHot, importScatterNd, importTrilu } from './indexing.ts';
import { onIntegers } from './integers.ts';
import { importDequantizeLinear, importQuantizeLinear } from './linear-quantizers.ts';
import { importExpand, importWhere } from './lookup.ts';
import {
  importConcat,
  importDepthToSpace,
  importDropout,
  importFlatten,
  importIdentity,
  importReshape,
  importSlice,
  importSqueeze,
  importTranspose,
  importUnsqueeze,
} from './movement.ts';
import { importMultiThreshold } from './multi-threshold.ts';
import {
  importBatchNormalization,
  importLayerNormalization,
  importSkipNormalization,
  importSoftmax,
} from './normalize.ts';
import { importPad } from './padding.ts';
import { importGather, importSpaceToDepth, importSplit, importTile } from './picking.ts';
import {
  importAveragePool,
  importGlobalAveragePool,
  importGlobalMaxPool,
  importMaxPool,
  importReduceMean,
} from './pools.ts';
import { importConv, importGemm } from './products.ts';
import { importBipolarQuant, importQuant, importTrunc } from './qonnx-quantizers.ts';
import {
  importConvInteger,
  importMatMulInteger,
  importQGemm,
  importQLinearAveragePool,
  importQLinearBinary,
  importQLinearConcat,
  importQLinearConv,
  importQLinearGlobalAveragePool,
  importQLinearLeakyRelu,
  importQLinearMatMul,
  importQLinearSoftmax,
  importQLinearUnary,
} from './qoperator.ts';
import { importGru, importLstm, importRnn } from './recurrent.ts';
import {
  importCumSum,
  importLogSoftmax,
  importLpNormalization,
  importReduceL1,
  importReduceL2,
  importReduceLogSum,
  importReduceLogSumExp,
  importReduceMax,
  importReduceMin,
  importReduceProd,
  importReduceSum,
  importReduceSumSquare,
} from './reductions.ts';
import { importResize } from './resize.ts';
import { importRotaryEmbedding, importStandardRotaryEmbedding } from './rotary.ts';
import { importArgMax, importArgMin, importHardmax, importTopK } from './selection.ts';
import { importCos, importSin } from './trigonometry.ts';

export type Importer = (cx: ImportContext) => void;

const STANDARD: Readonly<Record<string, Importer>> = {
  Conv: importConv,
  ConvTranspose: importConvTranspose,
  Einsum: importEinsum,
  Gemm: importGemm,
  MatMul: importAnyMatMul,
  QuantizeLinear: importQuantizeLinear,
  DequantizeLinear: importDequantizeLinear,
  DynamicQuantizeLinear: importDynamicQuantizeLinear,
  QLinearConv: importQLinearConv,
  QLinearMatMul: importQLinearMatMul,
  Attention: importAttention,
  ConvInteger: importConvInteger,
  MatMulInteger: importMatMulInteger,
  BatchNormalization: importBatchNormalization,
  LayerNormalization: importLayerNormalization(true),
  RMSNormalization: importLayerNormalization(false),
  SimplifiedLayerNormalization: importLayerNormalization(false),
  Softmax: importSoftmax,
  Relu: importRelu,
  Clip: importClip,
  LeakyRelu: importLeakyRelu,
  PRelu: importPRelu,
  HardSigmoid: importHardSigmoid,
  HardSwish: importHardSwish,
  Elu: importElu,
  Celu: importCelu,
  Selu: importSelu,
  ThresholdedRelu: importThresholdedRelu,
  Softsign: importSoftsign,
  Softplus: importSoftplus,
  Mish: importMish,
  Sigmoid: importUnary('sigmoid'),
  Tanh: importUnary('tanh'),
  Erf: importErf,
  Gelu: importGelu,
  Swish: importSwish(1),
  Exp: importUnary('exp'),
  Sqrt: importUnary('sqrt'),
  Neg: onIntegers(importUnary('neg')),
  Abs: onIntegers(importUnary('abs')),
  Floor: importUnary('floor'),
  Ceil: importUnary('ceil'),
  Round: importUnary('round'),
  Sign: onIntegers(importUnary('sign')),
  Reciprocal: importReciprocal,
  Add: importBinary('add'),
  Sub: importBinary('sub'),
  Mul: importBinary('mul'),
  Div: importBinary('div'),
  Max: importMany('max'),
  Min: importMany('min'),
  Sum: importMany('add'),
  Pow: importPow,
  LSTM: importLstm,
  GRU: importGru,
  RNN: importRnn,
  MaxPool: importMaxPool,
  AveragePool: importAveragePool,
  GlobalAveragePool: importGlobalAveragePool,
  GlobalMaxPool: importGlobalMaxPool,
  ReduceMean: importReduceMean,
  ReduceSum: importReduceSum,
  ReduceMax: importReduceMax,
  ReduceMin: importReduceMin,
  ReduceL1: importReduceL1,
  ReduceL2: importReduceL2,
  ReduceSumSquare: importReduceSumSquare,
  CumSum: importCumSum,
  LogSoftmax: importLogSoftmax,
  ArgMax: importArgMax,
  ArgMin: importArgMin,
  TopK: importTopK,
  Hardmax: importHardmax,
  Mean: importMean,
  CastLike: importCastLike,
  IsInf: importIsInf,
  GatherND: importGatherNd,
  GatherElements: importGatherElements,
  ScatterND: importScatterNd,
  OneHot: importOneHot,
  Trilu: importTrilu,
  LpNormalization: importLpNormalization,
  ReduceLogSum: importReduceLogSum,
  ReduceLogSumExp: importReduceLogSumExp,
  ReduceProd: importReduceProd,
  InstanceNormalization: importInstanceNormalization,
  GroupNormalization: importGroupNormalization,
  LRN: importLrn,
  Tile: importTile,
  Concat: importConcat,
  Reshape: importReshape,
  Flatten: importFlatten,
  Squeeze: importSqueeze,
  Unsqueeze: importUnsqueeze,
  Identity: importIdentity,
  Dropout: importDropout,
  Cast: importCast,
  Transpose: importTranspose,
  Pad: importPad,
  Slice: importSlice,
  DepthToSpace: importDepthToSpace,
  SpaceToDepth: importSpaceToDepth,
  Split: importSplit,
  Gather: importGather,
  Equal: importEqual,
  Greater: importGreater,
  GreaterOrEqual: importGreaterOrEqual,
  Less: importLess,
  LessOrEqual: importLessOrEqual,
  And: importAnd,
  Or: importOr,
  Xor: importXor,
  Not: importNot,
  IsNaN: importIsNaN,
  RotaryEmbedding: importStandardRotaryEmbedding,
  Sin: importSin,
  Cos: importCos,
  Log: importLog,
  Where: importWhere,
  Expand: importExpand,
  Resize: importResize,
  Upsample: importResize,
};

const MICROSOFT: Readonly<Record<string, Importer>> = {
  FusedConv: importFusedConv,
  FusedGemm: importFusedGemm,
  FusedMatMul: importFusedMatMul,
  TransposeMatMul: importFusedMatMul,
  Attention: importFusedAttention,
  QAttention: importQAttention,
  MultiHeadAttention: importMultiHeadAttention,
  EmbedLayerNormalization: importEmbedLayerNormalization,
  QEmbedLayerNormalization: importQEmbedLayerNormalization,
  GatherBlockQuantized: importGatherBlockQuantized,
  GroupQueryAttention: importGroupQueryAttention,
  QLinearConv: channelsLast('QLinearConv')(importQLinearConv),
  NhwcMaxPool: channelsLast('MaxPool', true)(importMaxPool),
  QLinearWhere: importQLinearWhere,
  QLinearReduceMean: importQLinearReduceMean,
  Pad: importPad,
  Trilu: importTrilu,
  GatherND: importGatherNd,
  QuantizeLinear: importQuantizeLinear,
  DequantizeLinear: importDequantizeLinear,
  Gelu: importGelu,
  FastGelu: importFastGelu,
  BiasGelu: importBiasGelu,
  QuickGelu: importSwish(1.702),
  QGemm: importQGemm,
  MatMulNBits: importMatMulNBits,
  DynamicQuantizeMatMul: importDynamicQuantizeMatMul,
  MatMulIntegerToFloat: importMatMulIntegerToFloat,
  SimplifiedLayerNormalization: importLayerNormalization(false),
  SkipLayerNormalization: importSkipNormalization(true),
  SkipSimplifiedLayerNormalization: importSkipNormalization(false),
  RotaryEmbedding: importRotaryEmbedding,
  QLinearAdd: importQLinearBinary('add'),
  QLinearMul: importQLinearBinary('mul'),
  QLinearGlobalAveragePool: channelsLast('com.microsoft:QLinearGlobalAveragePool')(importQLinearGlobalAveragePool),
  QLinearAveragePool: channelsLast('com.microsoft:QLinearAveragePool')(importQLinearAveragePool),
  QLinearSigmoid: importQLinearUnary('sigmoid'),
  QLinearLeakyRelu: importQLinearLeakyRelu,
  QLinearConcat: importQLinearConcat,
  QLinearSoftmax: importQLinearSoftmax,
};

const QONNX: Readonly<Record<string, Importer>> = {
  Quant: importQuant,
  IntQuant: importQuant,
  BipolarQuant: importBipolarQuant,
  Trunc: importTrunc,
  MultiThreshold: importMultiThreshold,
};

/**
 * Domains under which QONNX's quantizers are found in exported models: qonnx.custom_op.general, onnx.brevitas,
 * finn.custom_op.general, onnx.custom_op.general and relatives.
 */
const QONNX_DOMAIN = /qonnx|brevitas|finn|custom_op/i;

/** Ops of QONNX on images whose channels lie last (qonnx.custom_op.channels_last): the weights lie as in ONNX. */
const CHANNELS_LAST: Readonly<Record<string, Importer>> = {
  Conv: channelsLast('Conv', true)(importConv),
  MaxPool: channelsLast('MaxPool', true)(importMaxPool),
  AveragePool: channelsLast('AveragePool', true)(importAveragePool),
  BatchNormalization: channelsLast('BatchNormalization', true)(importBatchNormalization),
};

/** Its own entry of a table: names of ops come from the file and may be those of every object. */
function entry<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The importer of an op, or undefined when it is not supported. Old exporters put QONNX's quantizers into the ONNX domain. */
export function importerOf(domain: string, opType: string): Importer | undefined {
  if (domain === '') return entry(STANDARD, opType) ?? entry(QONNX, opType);
  if (domain === 'com.microsoft') return entry(MICROSOFT, opType);
  if (domain.endsWith('channels_last')) return entry(CHANNELS_LAST, opType);
  return QONNX_DOMAIN.test(domain) ? entry(QONNX, opType) : undefined;
}

/** Supported op names by domain, sorted, for messages and documents. */
export function supportedOps(): { readonly domain: string; readonly ops: readonly string[] }[] {
  const names = (table: Readonly<Record<string, Importer>>) => Object.keys(table).sort();
  return [
    { domain: 'ai.onnx', ops: names(STANDARD) },
    { domain: 'com.microsoft', ops: names(MICROSOFT) },
    { domain: 'QONNX', ops: names(QONNX) },
    { domain: 'QONNX, channels last', ops: names(CHANNELS_LAST) },
  ];
}

interface Advice {
  /** Why the op is not run. */
  readonly why: string;
  readonly hint: string;
}

const COUNTED: Advice = {
  why: 'how many results there are is known only when it runs, and shapes are static here',
  hint: 'export the network without it',
};
const SAMPLED: Advice = {
  why: 'it samples at computed places, which no unit does',
  hint: 'export the network without it',
};

/** Ops that other tools write and this compiler does not run. */
const ADVICE: Readonly<Record<string, Advice>> = {
  DynamicQuantizeLSTM: {
    why: 'its scales are found at run time',
    hint: 'quantize the weights of an LSTM node with DequantizeLinear',
  },
  If: { why: 'its condition is computed when it runs, and there is no control flow', hint: 'export for one path' },
  Loop: { why: 'there is no control flow', hint: 'unroll it at export' },
  Scan: { why: 'there is no control flow', hint: 'unroll it at export' },
  NonMaxSuppression: COUNTED,
  NonZero: COUNTED,
  Unique: COUNTED,
  Compress: COUNTED,
  RoiAlign: SAMPLED,
  GridSample: SAMPLED,
  FloatQuant: { why: 'minifloats are not supported', hint: 'use Quant' },
};

/** Why an op is not supported, where there is more to say, and what to try. */
export function adviceOn(opType: string): Advice {
  return entry(ADVICE, opType) ?? { why: '', hint: 'write it with the ops and forms that compiler/README.md lists' };
}
