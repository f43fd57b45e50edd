/** Every op and the file that owns it. A new op name fails to compile here first. */
import type { OpName } from '../types.ts';
import { addi } from './addi.ts';
import { avgpool } from './avgpool.ts';
import { binary } from './binary.ts';
import { bipolar } from './bipolar.ts';
import { clip } from './clip.ts';
import { concat } from './concat.ts';
import { conv } from './conv.ts';
import { convFloat } from './conv-float.ts';
import { depthToSpace } from './depth-to-space.ts';
import { dequantize } from './dequantize.ts';
import { expand } from './expand.ts';
import { gather } from './gather.ts';
import { layerNorm } from './layer-norm.ts';
import { lut } from './lut.ts';
import { matmul } from './matmul.ts';
import { maxpool } from './maxpool.ts';
import type { OpDefinition } from './op.ts';
import { pad } from './pad.ts';
import { product } from './product.ts';
import { productFloat } from './product-float.ts';
import { qadd } from './qadd.ts';
import { qmul } from './qmul.ts';
import { quantize } from './quantize.ts';
import { requantize } from './requantize.ts';
import { reshape } from './reshape.ts';
import { slice } from './slice.ts';
import { softmax } from './softmax.ts';
import { spatialSum } from './spatial-sum.ts';
import { transpose } from './transpose.ts';
import { unary } from './unary.ts';
import { where } from './where.ts';

export const OPS: { readonly [O in OpName]: OpDefinition<O> } = {
  conv,
  'conv-float': convFloat,
  matmul,
  product,
  'product-float': productFloat,
  requantize,
  dequantize,
  quantize,
  bipolar,
  unary,
  clip,
  binary,
  addi,
  qadd,
  qmul,
  maxpool,
  avgpool,
  'spatial-sum': spatialSum,
  concat,
  reshape,
  transpose,
  pad,
  slice,
  expand,
  gather,
  where,
  'depth-to-space': depthToSpace,
  softmax,
  'layer-norm': layerNorm,
  lut,
};
