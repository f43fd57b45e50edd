/**
 * Which ONNX ops are imported, by domain. QONNX's quantizers have lived in several domains; all spellings in use are here.
 * `since` is the lowest opset of the ONNX domain whose meaning is the one implemented.
 */
import type { ImportContext } from '../context.ts';
import {
  importBinary,
  importClip,
  importLeakyRelu,
  importPow,
  importReciprocal,
  importRelu,
  importUnary,
} from './elementwise.ts';
import { importDequantizeLinear, importQuantizeLinear } from './linear-quantizers.ts';
import {
  importConcat,
  importDepthToSpace,
  importFlatten,
  importIdentity,
  importPad,
  importReshape,
  importSlice,
  importSqueeze,
  importTranspose,
  importUnsqueeze,
} from './movement.ts';
import { importBatchNormalization, importSoftmax } from './normalize.ts';
import { importAveragePool, importGlobalAveragePool, importMaxPool, importReduceMean } from './pools.ts';
import { importConv, importGemm, importMatMul } from './products.ts';
import { importBipolarQuant, importQuant, importTrunc } from './qonnx-quantizers.ts';
import {
  importCast,
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
  importQLinearUnary,
} from './qoperator.ts';

export type Importer = (cx: ImportContext) => void;

const STANDARD: Readonly<Record<string, Importer>> = {
  Conv: importConv,
  Gemm: importGemm,
  MatMul: importMatMul,
  QuantizeLinear: importQuantizeLinear,
  DequantizeLinear: importDequantizeLinear,
  QLinearConv: importQLinearConv,
  QLinearMatMul: importQLinearMatMul,
  ConvInteger: importConvInteger,
  MatMulInteger: importMatMulInteger,
  BatchNormalization: importBatchNormalization,
  Softmax: importSoftmax,
  Relu: importRelu,
  Clip: importClip,
  LeakyRelu: importLeakyRelu,
  Sigmoid: importUnary('sigmoid'),
  Tanh: importUnary('tanh'),
  Exp: importUnary('exp'),
  Sqrt: importUnary('sqrt'),
  Neg: importUnary('neg'),
  Abs: importUnary('abs'),
  Floor: importUnary('floor'),
  Ceil: importUnary('ceil'),
  Round: importUnary('round'),
  Sign: importUnary('sign'),
  Reciprocal: importReciprocal,
  Add: importBinary('add'),
  Sub: importBinary('sub'),
  Mul: importBinary('mul'),
  Div: importBinary('div'),
  Max: importBinary('max'),
  Min: importBinary('min'),
  Pow: importPow,
  MaxPool: importMaxPool,
  AveragePool: importAveragePool,
  GlobalAveragePool: importGlobalAveragePool,
  ReduceMean: importReduceMean,
  Concat: importConcat,
  Reshape: importReshape,
  Flatten: importFlatten,
  Squeeze: importSqueeze,
  Unsqueeze: importUnsqueeze,
  Identity: importIdentity,
  Dropout: importIdentity,
  Cast: importCast,
  Transpose: importTranspose,
  Pad: importPad,
  Slice: importSlice,
  DepthToSpace: importDepthToSpace,
};

const MICROSOFT: Readonly<Record<string, Importer>> = {
  QuantizeLinear: importQuantizeLinear,
  DequantizeLinear: importDequantizeLinear,
  QGemm: importQGemm,
  QLinearAdd: importQLinearBinary('add'),
  QLinearMul: importQLinearBinary('mul'),
  QLinearGlobalAveragePool: importQLinearGlobalAveragePool,
  QLinearAveragePool: importQLinearAveragePool,
  QLinearSigmoid: importQLinearUnary('sigmoid'),
  QLinearLeakyRelu: importQLinearLeakyRelu,
  QLinearConcat: importQLinearConcat,
};

const QONNX: Readonly<Record<string, Importer>> = {
  Quant: importQuant,
  IntQuant: importQuant,
  BipolarQuant: importBipolarQuant,
  Trunc: importTrunc,
};

/** Domains under which QONNX's quantizers are found in exported models. */
export const QONNX_DOMAINS = [
  'qonnx.custom_op.general',
  'qonnx.custom_op.intquant',
  'onnx.brevitas',
  'finn.custom_op.general',
  'onnx.custom_op.general',
  'finn',
] as const;

/** The importer of an op, or undefined when it is not supported. Old exporters put QONNX's quantizers into the ONNX domain. */
export function importerOf(domain: string, opType: string): Importer | undefined {
  if (domain === '') return STANDARD[opType] ?? QONNX[opType];
  if (domain === 'com.microsoft') return MICROSOFT[opType];
  return (QONNX_DOMAINS as readonly string[]).includes(domain) ? QONNX[opType] : undefined;
}

/** Supported op names by domain, sorted, for messages and documents. */
export function supportedOps(): { readonly domain: string; readonly ops: readonly string[] }[] {
  const names = (table: Readonly<Record<string, Importer>>) => Object.keys(table).sort();
  return [
    { domain: 'ai.onnx', ops: names(STANDARD) },
    { domain: 'com.microsoft', ops: names(MICROSOFT) },
    { domain: 'QONNX', ops: names(QONNX) },
  ];
}
