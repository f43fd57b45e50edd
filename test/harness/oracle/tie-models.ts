/**
 * Models whose results often lie exactly between two codes: decimal scales, as people choose them (0.02, 0.05, 0.1), and powers of two.
 * There one float32 rounding more, or in another order, shows as another code; random scales show it once in a hundred thousand.
 */
import { type AttributeInput, float, type OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import { floats } from './form-models.ts';
import {
  CODE_RANGES,
  type ModelMaker,
  quantizedOutput,
  type Scaled,
  scaledBias,
  scaledInput,
} from './pattern-models.ts';

type Attributes = Record<string, AttributeInput>;
export type TieForm = (m: ModelMaker) => OnnxModel;
export type Byte = 'uint8' | 'int8';

/** Scales of two operands and of the result. */
export const TRIPLES = [
  [0.02, 0.05, 0.1],
  [0.05, 0.02, 0.2],
  [0.1, 0.02, 0.05],
] as const;

/** Scales of input, weights and result. */
const PRODUCTS = [
  [0.02, 0.005, 0.05],
  [1 / 32, 1 / 64, 1 / 16],
] as const;

/** Zero points of uint8; those of int8 are 128 less. */
function zeroOf(type: Byte, zero: number): number {
  return zero + CODE_RANGES[type][0];
}

function input(m: ModelMaker, type: Byte, shape: readonly number[], scale: number, zero: number): Scaled {
  return scaledInput(m, type, shape, Math.fround(scale), zeroOf(type, zero));
}

function output(m: ModelMaker, value: string, type: Byte, rank: number, scale: number, zero: number): void {
  quantizedOutput(m, value, type, rank, Math.fround(scale), zeroOf(type, zero));
}

/** Add or Mul of all pairs of codes, for each triple of scales and some zero points. */
export function pairs(op: 'Add' | 'Mul', type: Byte): TieForm {
  return (m) => {
    for (const [a, b, y] of TRIPLES) {
      for (const [az, bz, yz] of [
        [0, 0, 0],
        [3, 77, 21],
        [128, 60, 127],
      ] as const) {
        const left = input(m, type, [256, 256], a, az);
        const right = input(m, type, [256, 256], b, bz);
        output(m, m.node(op, [left.float, right.float]), type, 2, y, yz);
      }
    }
    return m.model('pairs');
  };
}

/** A function of rows of all codes, for some scales and zero points: one branch each. */
export function codes(make: (m: ModelMaker, x: string) => string, type: Byte, rows: number): TieForm {
  const scales = [
    [0.02, 0.01],
    [0.05, 0.1],
    [0.1, 0.05],
    [0.02, 0.05],
    [1 / 128, 1 / 255],
    [1 / 32, 1 / 128],
    [1 / 16, 1 / 256],
  ] as const;
  const zeros = [
    [0, 0],
    [128, 128],
    [128, 0],
    [13, 21],
  ] as const;
  return (m) => {
    for (const [x, y] of scales)
      for (const [xz, yz] of zeros) output(m, make(m, input(m, type, [rows, 256], x, xz).float), type, 2, y, yz);
    return m.model('codes');
  };
}

/** Functions of one operand that have a kernel of their own in the runtime, or that it computes in float32. */
export const FUNCTIONS: ReadonlyMap<string, (m: ModelMaker, x: string) => string> = new Map([
  ['Relu', (m: ModelMaker, x: string) => m.node('Relu', [x])],
  ['LeakyRelu', (m, x) => m.node('LeakyRelu', [x], { alpha: float(0.1) })],
  ['HardSwish', (m, x) => m.node('HardSwish', [x])],
  ['Sigmoid', (m, x) => m.node('Sigmoid', [x])],
  ['Tanh', (m, x) => m.node('Tanh', [x])],
  ['Softmax', (m, x) => m.node('Softmax', [x], { axis: 1 })],
  ['Softmax of four', (m, x) => m.node('Softmax', [x], { axis: 0 })],
  ['Concat', (m, x) => m.node('Concat', [x, x], { axis: 0 })],
]);

/** An average of a scaled input, then a quantizer: three choices of scales. */
function average(shape: readonly number[], rank: number, make: (m: ModelMaker, x: string) => string): TieForm {
  const choices = [
    [0.02, 0, 0.01, 0],
    [0.02, 13, 0.01, 21],
    [0.1, 3, 0.05, 7],
  ] as const;
  return (m) => {
    for (const type of ['uint8', 'int8'] as const)
      for (const [x, xz, y, yz] of choices) output(m, make(m, input(m, type, shape, x, xz).float), type, rank, y, yz);
    return m.model('average');
  };
}

function pooled(shape: readonly number[], attributes: Attributes): TieForm {
  return average(shape, shape.length, (m, x) => m.node('AveragePool', [x], attributes));
}

function meanOver(shape: readonly number[], axes: readonly number[], keepdims = 1): TieForm {
  const rank = keepdims === 1 ? shape.length : shape.length - axes.length;
  return average(shape, rank, (m, x) =>
    m.node('ReduceMean', [x, m.tensor('int64', [axes.length], [...axes])], { keepdims }),
  );
}

const IMAGE = [1, 48, 6, 4];
const WHOLE = { kernel_shape: [6, 4] };

export const AVERAGES: ReadonlyMap<string, TieForm> = new Map<string, TieForm>([
  ['GlobalAveragePool', average(IMAGE, 4, (m, x) => m.node('GlobalAveragePool', [x]))],
  ['GlobalAveragePool of lines', average([2, 24, 24], 3, (m, x) => m.node('GlobalAveragePool', [x]))],
  ['ReduceMean over height and width', meanOver(IMAGE, [2, 3])],
  ['ReduceMean over height and width, 8 x 8, axes gone', meanOver([2, 24, 8, 8], [2, 3], 0)],
  ['ReduceMean over channels last', meanOver([1, 6, 4, 48], [1, 2])],
  ['ReduceMean over the last axis', meanOver([2, 24, 24], [-1])],
  ['ReduceMean over the middle axis', meanOver([2, 24, 24], [1])],
  ['ReduceMean over the first axis', meanOver([24, 40], [0])],
  ['ReduceMean over channels', meanOver([2, 24, 6, 4], [1])],
  ['AveragePool of the whole image', pooled(IMAGE, WHOLE)],
  ['AveragePool of the whole image, two of them', pooled([2, 24, 6, 4], WHOLE)],
  ['AveragePool of the whole image, strides', pooled(IMAGE, { ...WHOLE, strides: [2, 2] })],
  ['AveragePool of the whole image, ceil_mode', pooled(IMAGE, { ...WHOLE, strides: [6, 4], ceil_mode: 1 })],
  ['AveragePool of the whole image, count_include_pad', pooled(IMAGE, { ...WHOLE, count_include_pad: 1 })],
  ['AveragePool of the whole image, SAME_UPPER', pooled(IMAGE, { ...WHOLE, strides: [6, 4], auto_pad: 'SAME_UPPER' })],
  ['AveragePool of the whole line', pooled([1, 48, 24], { kernel_shape: [24] })],
  ['AveragePool of nearly the whole image', pooled(IMAGE, { kernel_shape: [6, 3] })],
  ['AveragePool of the whole image and padding', pooled(IMAGE, { ...WHOLE, pads: [1, 0, 1, 0] })],
  ['AveragePool of one element', pooled([1, 48, 1, 1], { kernel_shape: [1, 1] })],
  ['AveragePool of four', pooled(IMAGE, { kernel_shape: [2, 2], strides: [2, 2] })],
]);

type Bias = 'none' | 'int32' | readonly number[];

export interface Linear {
  readonly rows: readonly number[];
  /** Shape of a float bias, or another kind. */
  readonly bias: Bias;
  /** MatMul and Add, or Gemm. */
  readonly op?: 'Gemm' | 'Add' | 'Add, bias first';
  readonly attributes?: Attributes;
  readonly perChannel?: boolean;
  readonly floatWeights?: boolean;
  /** What stands between the sum and its quantizer. */
  readonly after?: (m: ModelMaker, y: string) => string;
  readonly rank?: number;
  readonly zero?: number;
  readonly opset?: number;
}

/** Weights of 8 bits with one scale, or one for each of the channels of `axis`; or in float32. */
function weights(m: ModelMaker, dims: readonly number[], axis: number, scale: number, how: Partial<Linear>) {
  if (how.floatWeights === true) return { float: floats(m, dims), scales: [Math.fround(scale)] };
  const channels = how.perChannel === true ? (dims[axis] ?? 1) : 1;
  const scales = Array.from({ length: channels }, (_, i) => Math.fround(scale * (1 + (i % 3))));
  const shape = channels === 1 ? [] : [channels];
  const size = dims.reduce((n, d) => n * d, 1);
  const values = Array.from({ length: size }, () => m.random.int(-100, 100));
  const zero = m.tensor(
    'int8',
    shape,
    scales.map(() => 0),
  );
  const inputs = [m.tensor('int8', dims, values, 'w'), m.tensor('float32', shape, scales), zero];
  return { float: m.node('DequantizeLinear', inputs, channels === 1 ? {} : { axis }), scales };
}

function biasOf(m: ModelMaker, bias: Bias, xScale: number, scales: readonly number[], channels: number): string {
  if (bias === 'none') return '';
  return bias === 'int32' ? scaledBias(m, xScale, scales, channels) : floats(m, bias);
}

const K = 12;
const N = 30;

/** Rows times weights [12, 30] and a bias: two choices of scales. */
export function linear(how: Linear): TieForm {
  return (m) => {
    m.opset = how.opset ?? 21;
    const turned = how.attributes?.transB === 1;
    for (const [xs, ws, ys] of PRODUCTS) {
      const x = input(m, 'uint8', [...how.rows, K], xs, 100);
      const w = weights(m, turned ? [N, K] : [K, N], turned ? 0 : 1, ws, how);
      const bias = biasOf(m, how.bias, x.scale, w.scales, N);
      let y: string;
      if (how.op === 'Gemm') y = m.node('Gemm', [x.float, w.float, ...(bias === '' ? [] : [bias])], how.attributes);
      else {
        const product = m.node('MatMul', [x.float, w.float]);
        y = bias === '' ? product : m.node('Add', how.op === 'Add, bias first' ? [bias, product] : [product, bias]);
      }
      output(m, how.after?.(m, y) ?? y, 'uint8', how.rank ?? how.rows.length + 1, ys, how.zero ?? 127);
    }
    return m.model('linear');
  };
}

/** A 1 x 1 convolution of 8 channels, `before` on its input and `after` on its result. */
export function convolution(
  how: Pick<Linear, 'after' | 'floatWeights' | 'perChannel' | 'rank' | 'zero'> & {
    readonly bias?: Bias;
    readonly before?: (m: ModelMaker, x: string) => string;
    readonly channels?: number;
  },
): TieForm {
  return (m) => {
    for (const [xs, ws, ys] of PRODUCTS) {
      const x = input(m, 'uint8', [1, 8, 8, 8], xs, 100);
      const data = how.before?.(m, x.float) ?? x.float;
      const w = weights(m, [8, how.channels ?? 8, 1, 1], 0, ws, how);
      const bias = biasOf(m, how.bias ?? [8], x.scale, w.scales, 8);
      const y = m.node('Conv', [data, w.float, ...(bias === '' ? [] : [bias])]);
      output(m, how.after?.(m, y) ?? y, 'uint8', how.rank ?? 4, ys, how.zero ?? 127);
    }
    return m.model('convolution');
  };
}

/** A sum of two inputs, `before` on the first and `after` on the sum. */
export function sum(
  before: (m: ModelMaker, x: string) => string,
  after: (m: ModelMaker, y: string) => string,
  rank = 4,
  types: readonly [Byte, Byte, Byte] = ['uint8', 'uint8', 'uint8'],
): TieForm {
  return (m) => {
    for (const [a, b, y] of TRIPLES) {
      const left = before(m, input(m, types[0], [1, 8, 8, 8], a, 3).float);
      const right = input(m, types[1], [1], b, 77);
      output(m, after(m, m.node('Add', [left, right.float])), types[2], rank, y, 21);
    }
    return m.model('sum');
  };
}

/** Rank of the result on a rank of 4, and the op. */
type Moving = readonly [number, (m: ModelMaker, x: string) => string];

/** What moves elements, with the rank of the result on a rank of 4. */
export const MOVES: ReadonlyMap<string, Moving> = new Map<string, Moving>([
  ['Reshape', [2, (m, x) => m.node('Reshape', [x, m.tensor('int64', [2], [1, -1])])]],
  ['Transpose', [4, (m, x) => m.node('Transpose', [x], { perm: [0, 2, 3, 1] })]],
  ['Squeeze', [3, (m, x) => m.node('Squeeze', [x, m.tensor('int64', [1], [0])])]],
  ['Unsqueeze', [5, (m, x) => m.node('Unsqueeze', [x, m.tensor('int64', [1], [0])])]],
  ['Slice', [4, (m, x) => m.node('Slice', [x, ...[1, 5, 2].map((v) => m.tensor('int64', [1], [v]))])]],
  ['MaxPool', [4, (m, x) => m.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] })]],
  ['Identity', [4, (m, x) => m.node('Identity', [x])]],
  ['Flatten', [2, (m, x) => m.node('Flatten', [x])]],
  ['DepthToSpace', [4, (m, x) => m.node('DepthToSpace', [x], { blocksize: 2 })]],
  ['SpaceToDepth', [4, (m, x) => m.node('SpaceToDepth', [x], { blocksize: 2 })]],
  ['Gather', [4, (m, x) => m.node('Gather', [x, m.tensor('int64', [3], [0, 2, 1])], { axis: 1 })]],
  ['Concat', [4, (m, x) => m.node('Concat', [x, x], { axis: 1 })]],
  ['Pad', [4, (m, x) => m.node('Pad', [x, m.tensor('int64', [8], [0, 0, 0, 0, 0, 0, 0, 1])])]],
]);
