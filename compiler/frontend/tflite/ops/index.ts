/** Which operator is imported by what; a name that is not here is refused. */
import type { ImportContext } from '../context.ts';
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
import { importAveragePool, importMaxPool, importReduce } from './pools.ts';
import { importConv, importDepthwise, importFullyConnected } from './products.ts';
import { importDepthToSpace, importResizeBilinear, importResizeNearest, importSpaceToDepth } from './resize.ts';
import { importExtreme, importMul, importSum } from './sums.ts';
import { importHardSwish, importLeakyRelu, importPrelu, importRelu, importSigmoid } from './tables.ts';
import { importTransposeConv } from './transpose-conv.ts';

type Importer = (cx: ImportContext) => void;

const IMPORTERS: Readonly<Record<string, Importer>> = {
  ADD: importSum,
  AVERAGE_POOL_2D: importAveragePool,
  CONCATENATION: importConcatenation,
  CONV_2D: importConv,
  DEPTHWISE_CONV_2D: importDepthwise,
  DEPTH_TO_SPACE: importDepthToSpace,
  DEQUANTIZE: importDequantize,
  EXPAND_DIMS: importReshape,
  FULLY_CONNECTED: importFullyConnected,
  HARD_SWISH: importHardSwish,
  LEAKY_RELU: importLeakyRelu,
  LOGISTIC: importSigmoid,
  MAXIMUM: importExtreme,
  MAX_POOL_2D: importMaxPool,
  MEAN: importReduce,
  MINIMUM: importExtreme,
  MUL: importMul,
  PACK: importPack,
  PAD: importPad,
  PADV2: importPad,
  PRELU: importPrelu,
  QUANTIZE: importQuantize,
  RELU: importRelu,
  RELU6: importRelu,
  RELU_N1_TO_1: importRelu,
  RESHAPE: importReshape,
  RESIZE_BILINEAR: importResizeBilinear,
  RESIZE_NEAREST_NEIGHBOR: importResizeNearest,
  SLICE: importSlice,
  SOFTMAX: importSoftmax,
  SPACE_TO_DEPTH: importSpaceToDepth,
  SPLIT: importSplit,
  SPLIT_V: importSplitV,
  SQUEEZE: importReshape,
  STRIDED_SLICE: importStridedSlice,
  SUB: importSum,
  SUM: importReduce,
  TANH: importSigmoid,
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
