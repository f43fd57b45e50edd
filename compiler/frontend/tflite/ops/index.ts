/** Which operator is imported by what; a name that is not here is refused. */
import type { ImportContext } from '../context.ts';
import { importAbs, importCurve, importRsqrt, importSqrt } from './curves.ts';
import { importDequantize, importQuantize, importSoftmax } from './floats.ts';
import {
  importConcatenation,
  importPack,
  importPad,
  importReshape,
  importSlice,
  importSplit,
  importSplitV,
  importStridedSlice,
  importTranspose,
  importUnpack,
} from './movement.ts';
import {
  importBatchToSpace,
  importBroadcastTo,
  importGather,
  importMirrorPad,
  importReverse,
  importSpaceToBatch,
  importTile,
} from './picking.ts';
import { importAveragePool, importMaxPool, importReduce, importReduceExtreme } from './pools.ts';
import { importConv, importDepthwise, importFullyConnected } from './products.ts';
import { importDepthToSpace, importResizeBilinear, importResizeNearest, importSpaceToDepth } from './resize.ts';
import { importExtreme, importMul, importSum } from './sums.ts';
import { importHardSwish, importLeakyRelu, importPrelu, importRelu, importSigmoid } from './tables.ts';
import { importTransposeConv } from './transpose-conv.ts';

type Importer = (cx: ImportContext) => void;

const IMPORTERS: Readonly<Record<string, Importer>> = {
  ABS: importAbs,
  ADD: importSum,
  AVERAGE_POOL_2D: importAveragePool,
  BATCH_TO_SPACE_ND: importBatchToSpace,
  BROADCAST_TO: importBroadcastTo,
  CONCATENATION: importConcatenation,
  CONV_2D: importConv,
  DEPTHWISE_CONV_2D: importDepthwise,
  DEPTH_TO_SPACE: importDepthToSpace,
  DEQUANTIZE: importDequantize,
  ELU: importCurve,
  EXP: importCurve,
  EXPAND_DIMS: importReshape,
  FULLY_CONNECTED: importFullyConnected,
  GATHER: importGather,
  GELU: importCurve,
  HARD_SWISH: importHardSwish,
  LEAKY_RELU: importLeakyRelu,
  LOG: importCurve,
  LOGISTIC: importSigmoid,
  MAXIMUM: importExtreme,
  MAX_POOL_2D: importMaxPool,
  MEAN: importReduce,
  MINIMUM: importExtreme,
  MIRROR_PAD: importMirrorPad,
  MUL: importMul,
  PACK: importPack,
  PAD: importPad,
  PADV2: importPad,
  PRELU: importPrelu,
  QUANTIZE: importQuantize,
  REDUCE_MAX: importReduceExtreme,
  REDUCE_MIN: importReduceExtreme,
  RELU6: importRelu,
  RELU: importRelu,
  RELU_0_TO_1: importRelu,
  RELU_N1_TO_1: importRelu,
  RESHAPE: importReshape,
  RESIZE_BILINEAR: importResizeBilinear,
  RESIZE_NEAREST_NEIGHBOR: importResizeNearest,
  REVERSE_V2: importReverse,
  RSQRT: importRsqrt,
  SLICE: importSlice,
  SOFTMAX: importSoftmax,
  SPACE_TO_BATCH_ND: importSpaceToBatch,
  SPACE_TO_DEPTH: importSpaceToDepth,
  SPLIT: importSplit,
  SPLIT_V: importSplitV,
  SQRT: importSqrt,
  SQUEEZE: importReshape,
  STRIDED_SLICE: importStridedSlice,
  SUB: importSum,
  SUM: importReduce,
  TANH: importSigmoid,
  TILE: importTile,
  TRANSPOSE: importTranspose,
  TRANSPOSE_CONV: importTransposeConv,
  UNPACK: importUnpack,
};

export function importerOf(op: string): Importer | undefined {
  return Object.hasOwn(IMPORTERS, op) ? IMPORTERS[op] : undefined;
}

/** Operators that exporters use to compute shapes; of whole numbers they are not run. */
export const SHAPE_OPERATORS: readonly string[] = [
  'SHAPE',
  'STRIDED_SLICE',
  'PACK',
  'CONCATENATION',
  'GATHER',
  'REDUCE_PROD',
  'MUL',
  'ADD',
  'SUB',
  'CAST',
  'SQUEEZE',
  'EXPAND_DIMS',
  'RESHAPE',
  'SLICE',
];

export function supportedOperators(): string[] {
  return Object.keys(IMPORTERS).sort();
}
