/** Every op and the file that owns it. A new op name fails to compile here first. */
import type { OpName } from '../types.ts';
import { conv } from './conv.ts';
import { convFloat } from './conv-float.ts';
import { addi, binary, clip, unary } from './elementwise.ts';
import { lut } from './lut.ts';
import { matmul } from './matmul.ts';
import { concat, depthToSpace, pad, reshape, slice, transpose } from './movement.ts';
import type { OpDefinition } from './op.ts';
import { avgpool, maxpool, spatialSum } from './pool.ts';
import { qadd } from './qadd.ts';
import { bipolar, dequantize, quantize } from './quantize.ts';
import { requantize } from './requantize.ts';
import { softmax } from './softmax.ts';

export const OPS: { readonly [O in OpName]: OpDefinition<O> } = {
  conv,
  'conv-float': convFloat,
  matmul,
  requantize,
  dequantize,
  quantize,
  bipolar,
  unary,
  clip,
  binary,
  addi,
  qadd,
  maxpool,
  avgpool,
  'spatial-sum': spatialSum,
  concat,
  reshape,
  transpose,
  pad,
  slice,
  'depth-to-space': depthToSpace,
  softmax,
  lut,
};
