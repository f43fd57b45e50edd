/** Which operator is imported by what; a name that is not here is refused. */
import type { ImportContext } from '../context.ts';
import { importDequantize, importQuantize, importSoftmax } from './floats.ts';
import {
  importConcatenation,
  importPad,
  importReshape,
  importSlice,
  importSplit,
  importStridedSlice,
  importTranspose,
} from './movement.ts';
import { importAveragePool, importMaxPool, importReduce } from './pools.ts';
import { importConv, importDepthwise, importFullyConnected } from './products.ts';
import { importExtreme, importMul, importSum } from './sums.ts';
import { importHardSwish, importLeakyRelu, importRelu, importSigmoid } from './tables.ts';

type Importer = (cx: ImportContext) => void;

const IMPORTERS: Readonly<Record<string, Importer>> = {
  ADD: importSum,
  AVERAGE_POOL_2D: importAveragePool,
  CONCATENATION: importConcatenation,
  CONV_2D: importConv,
  DEPTHWISE_CONV_2D: importDepthwise,
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
  PAD: importPad,
  PADV2: importPad,
  QUANTIZE: importQuantize,
  RELU: importRelu,
  RELU6: importRelu,
  RELU_N1_TO_1: importRelu,
  RESHAPE: importReshape,
  SLICE: importSlice,
  SOFTMAX: importSoftmax,
  SPLIT: importSplit,
  SQUEEZE: importReshape,
  STRIDED_SLICE: importStridedSlice,
  SUB: importSum,
  SUM: importReduce,
  TANH: importSigmoid,
  TRANSPOSE: importTranspose,
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
