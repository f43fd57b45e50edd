/** Which operator is imported by what; a name that is not here is refused. */
import { refuse } from '../../refusal.ts';
import type { ImportContext } from '../context.ts';
import { importArgExtreme } from './arg-extreme.ts';
import { importBatchMatMul } from './batch-matmul.ts';
import { importAbs, importCurve, importRsqrt, importSqrt } from './curves.ts';
import { FLOAT_IMPORTERS, importCast, requireQuantizers } from './float-elementwise.ts';
import { importDequantize, importQuantize, importSoftmax } from './floats.ts';
import { importL2Norm } from './l2-norm.ts';
import { importLstm } from './lstm.ts';
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
  importGatherNd,
  importMirrorPad,
  importReverse,
  importSpaceToBatch,
  importTile,
} from './picking.ts';
import { importAveragePool, importMaxPool, importReduce, importReduceExtreme } from './pools.ts';
import { importConv, importDepthwise, importFullyConnected } from './products.ts';
import { importDepthToSpace, importResizeBilinear, importResizeNearest, importSpaceToDepth } from './resize.ts';
import { importExtreme, importMul, importSquaredDifference, importSum } from './sums.ts';
import { importSvdf } from './svdf.ts';
import { importHardSwish, importLeakyRelu, importPrelu, importRelu, importSigmoid } from './tables.ts';
import { importTransposeConv } from './transpose-conv.ts';
import { importAssignVariable, importReadVariable, importVarHandle } from './variables.ts';

type Importer = (cx: ImportContext) => void;

const IMPORTERS: Readonly<Record<string, Importer>> = {
  ABS: importAbs,
  ADD: importSum,
  ASSIGN_VARIABLE: importAssignVariable,
  ARG_MAX: importArgExtreme,
  ARG_MIN: importArgExtreme,
  AVERAGE_POOL_2D: importAveragePool,
  BATCH_MATMUL: importBatchMatMul,
  BATCH_TO_SPACE_ND: importBatchToSpace,
  BROADCAST_TO: importBroadcastTo,
  CAST: importCast,
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
  GATHER_ND: importGatherNd,
  GELU: importCurve,
  HARD_SWISH: importHardSwish,
  L2_NORMALIZATION: importL2Norm,
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
  READ_VARIABLE: importReadVariable,
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
  SQUARED_DIFFERENCE: importSquaredDifference,
  SQUEEZE: importReshape,
  STRIDED_SLICE: importStridedSlice,
  SUB: importSum,
  SUM: importReduce,
  SVDF: importSvdf,
  TANH: importSigmoid,
  TILE: importTile,
  TRANSPOSE: importTranspose,
  TRANSPOSE_CONV: importTransposeConv,
  UNIDIRECTIONAL_SEQUENCE_LSTM: importLstm,
  UNPACK: importUnpack,
  VAR_HANDLE: importVarHandle,
};

/** What imports an operator on codes, or on floats where it reads floats and has a way of its own with them. */
export function importerOf(op: string, floats: boolean): Importer | undefined {
  if (floats && Object.hasOwn(FLOAT_IMPORTERS, op)) {
    return (cx) => {
      requireQuantizers(cx);
      FLOAT_IMPORTERS[op]!(cx);
    };
  }
  if (Object.hasOwn(IMPORTERS, op)) return IMPORTERS[op];
  return Object.hasOwn(FLOAT_IMPORTERS, op) ? refuseCodes : undefined;
}

function refuseCodes(cx: ImportContext): void {
  refuse(`${cx.operator.op} of codes`, {
    expected: 'float32 between quantizers: TensorFlow Lite has no integer kernel',
  });
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
  return [...new Set([...Object.keys(IMPORTERS), ...Object.keys(FLOAT_IMPORTERS)])].sort();
}
