/** Files of one operator with random codes, shapes and scales: each kernel of the frontend against the reference. */
import type { seeded } from '../../../harness/differential.ts';
import { CODES, type ModelSpec, OPTIONS, type OperatorSpec, type TensorSpec } from './make.ts';

export type Draw = ReturnType<typeof seeded>;
type Type = 'int8' | 'uint8';

export const whole = (r: Draw, low: number, high: number): number => low + Math.floor(r() * (high - low + 1));
export const codes = (r: Draw, n: number, low: number, high: number) =>
  Array.from({ length: n }, () => whole(r, low, high));
export const size = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
export const scale = (r: Draw): number => Math.fround(0.005 + r() * 0.2);
export const limits = (t: Type): readonly [number, number] => (t === 'int8' ? [-128, 127] : [0, 255]);

export function tensor(r: Draw, shape: readonly number[], type: Type, name: string): TensorSpec {
  return { name, shape, type, scale: [scale(r)], zero: [whole(r, ...limits(type))] };
}

export function one(tensors: readonly TensorSpec[], operator: Omit<OperatorSpec, 'outputs'>, more = 0): ModelSpec {
  const computed = tensors.flatMap((t, i) => (t.data === undefined ? [i] : []));
  const outputs = computed.slice(-1 - more);
  const inputs = computed.filter((i) => !outputs.includes(i));
  return { tensors, operators: [{ ...operator, outputs }], inputs, outputs };
}

const out = (size: number, k: number, s: number, d: number, same: boolean): number =>
  same ? Math.ceil(size / s) : Math.ceil((size - (k - 1) * d) / s);

function convolution(r: Draw, depthwise: boolean, type: Type, bits4 = false): ModelSpec {
  const same = r() < 0.5;
  const [k, s, d] = [whole(r, 1, 3), whole(r, 1, 2), r() < 0.3 ? 2 : 1];
  const [h, w, c] = [whole(r, 6, 8), whole(r, 6, 9), whole(r, 1, 4)];
  const o = depthwise ? c * whole(r, 1, 2) : whole(r, 1, 5);
  const x = tensor(r, [1, h, w, c], type, 'x');
  const unsigned = type === 'uint8';
  const shape = depthwise ? [1, k, k, o] : [o, k, k, c];
  const many = !unsigned && r() < 0.7;
  const weights: TensorSpec = {
    name: 'w',
    shape,
    type: bits4 ? 'int4' : type,
    scale: many ? Array.from({ length: o }, () => scale(r)) : [scale(r)],
    zero: unsigned ? [whole(r, 0, 255)] : many ? new Array<number>(o).fill(0) : [0],
    axis: depthwise ? 3 : 0,
    data: codes(r, size(shape), unsigned ? 0 : bits4 ? -7 : -127, unsigned ? 255 : bits4 ? 7 : 127),
  };
  const bias: TensorSpec = { name: 'b', shape: [o], type: 'int32', scale: [1], data: codes(r, o, -3000, 3000) };
  const y = tensor(r, [1, out(h, k, s, d, same), out(w, k, s, d, same), o], type, 'y');
  const activation = whole(r, 0, 3);
  const fields = depthwise
    ? ([
        [3, 'int32', o / c],
        [4, 'int8', activation],
        [5, 'int32', d],
        [6, 'int32', d],
      ] as const)
    : ([
        [3, 'int8', activation],
        [4, 'int32', d],
        [5, 'int32', d],
      ] as const);
  return one([x, weights, bias, { ...y, scale: [Math.fround(y.scale![0]! * 10)] }], {
    code: depthwise ? CODES.DEPTHWISE_CONV_2D : CODES.CONV_2D,
    inputs: [0, 1, 2],
    options: {
      type: depthwise ? OPTIONS.depthwise : OPTIONS.conv,
      fields: [[0, 'int8', same ? 0 : 1], [1, 'int32', s], [2, 'int32', s], ...fields],
    },
  });
}

function fullyConnected(r: Draw): ModelSpec {
  const [rows, k, n] = [whole(r, 1, 3), whole(r, 2, 20), whole(r, 1, 9)];
  const many = r() < 0.4;
  const x = tensor(r, [rows, k], 'int8', 'x');
  const w: TensorSpec = {
    name: 'w',
    shape: [n, k],
    type: 'int8',
    scale: many ? Array.from({ length: n }, () => scale(r)) : [scale(r)],
    data: codes(r, n * k, -127, 127),
  };
  const y = tensor(r, [rows, n], 'int8', 'y');
  const fields = [[0, 'int8', whole(r, 0, 3)]] as const;
  return one([x, w, { ...y, scale: [Math.fround(y.scale![0]! * 8)] }], {
    code: CODES.FULLY_CONNECTED,
    inputs: [0, 1, -1],
    options: { type: OPTIONS.fullyConnected, fields },
  });
}

function pair(r: Draw, name: 'ADD' | 'SUB' | 'MUL' | 'MAXIMUM' | 'MINIMUM', type: Type): ModelSpec {
  const shape = r() < 0.5 ? [1, 3, 4, 5] : [2, 6];
  const other = r() < 0.4 ? shape.slice(-1) : shape;
  const a = tensor(r, shape, type, 'a');
  const b = tensor(r, other, type, 'b');
  const y = tensor(r, shape, type, 'y');
  const known = r() < 0.3;
  const alike = name === 'MAXIMUM' || name === 'MINIMUM';
  const b2 = { ...b, ...(alike ? { scale: a.scale!, zero: a.zero! } : {}) };
  const y2 = { ...y, ...(alike ? { scale: a.scale!, zero: a.zero! } : {}) };
  const options = {
    ADD: { type: OPTIONS.add, fields: [[0, 'int8', whole(r, 0, 3)]] as const },
    SUB: { type: OPTIONS.sub, fields: [[0, 'int8', whole(r, 0, 1)]] as const },
    MUL: { type: OPTIONS.mul, fields: [[0, 'int8', whole(r, 0, 1)]] as const },
    MAXIMUM: undefined,
    MINIMUM: undefined,
  }[name];
  const right = known ? { ...b2, data: codes(r, size(other), ...limits(type)) } : b2;
  return one([a, right, y2], { code: CODES[name], inputs: [0, 1], ...(options === undefined ? {} : { options }) });
}

function pool(r: Draw, name: 'AVERAGE_POOL_2D' | 'MAX_POOL_2D', global: boolean): ModelSpec {
  const [h, w, c] = [whole(r, 4, 7), whole(r, 4, 7), whole(r, 1, 5)];
  const same = !global && r() < 0.5;
  const [kh, kw] = global ? [h, w] : [whole(r, 1, 3), whole(r, 1, 3)];
  const s = global ? 1 : whole(r, 1, 2);
  const x = tensor(r, [1, h, w, c], 'int8', 'x');
  const y = { ...x, name: 'y', shape: [1, out(h, kh, s, 1, same), out(w, kw, s, 1, same), c] };
  return one([x, y], {
    code: CODES[name],
    inputs: [0],
    options: {
      type: OPTIONS.pool,
      fields: [
        [0, 'int8', same ? 0 : 1],
        [1, 'int32', s],
        [2, 'int32', s],
        [3, 'int32', kw],
        [4, 'int32', kh],
        [5, 'int8', whole(r, 0, 3)],
      ],
    },
  });
}

function reduce(r: Draw, name: 'MEAN' | 'SUM'): ModelSpec {
  const shape = [1, whole(r, 2, 5), whole(r, 2, 6), whole(r, 1, 4)];
  const axes = [[1, 2], [2], [3], [1], [-1, 1]][whole(r, 0, 4)]!;
  const keep = r() < 0.5;
  const own = axes.map((a) => (a < 0 ? a + 4 : a));
  const result = keep ? shape.map((d, i) => (own.includes(i) ? 1 : d)) : shape.filter((_, i) => !own.includes(i));
  const axis: TensorSpec = { name: 'axes', shape: [axes.length], type: 'int32', data: axes };
  return one([tensor(r, shape, 'int8', 'x'), axis, tensor(r, result, 'int8', 'y')], {
    code: CODES[name],
    inputs: [0, 1],
    options: { type: OPTIONS.reducer, fields: [[0, 'bool', keep ? 1 : 0]] },
  });
}

type Curve = 'RELU' | 'RELU6' | 'RELU_N1_TO_1' | 'LEAKY_RELU' | 'LOGISTIC' | 'TANH' | 'HARD_SWISH' | 'QUANTIZE';

function curve(r: Draw, name: Curve): ModelSpec {
  const type: Type = r() < 0.7 ? 'int8' : 'uint8';
  const x = tensor(r, [2, 150], type, 'x');
  const y = tensor(r, [2, 150], type, 'y');
  const [low] = limits(type);
  const fixed = name === 'LOGISTIC' ? [1 / 256, low] : name === 'TANH' ? [1 / 128, low + 128] : undefined;
  const result = fixed === undefined ? y : { ...y, scale: [fixed[0]!], zero: [fixed[1]!] };
  const options = { type: OPTIONS.leakyRelu, fields: [[0, 'float', Math.fround(0.01 + r() * 0.5)]] as const };
  return one([x, result], { code: CODES[name], inputs: [0], ...(name === 'LEAKY_RELU' ? { options } : {}) });
}

function movement(
  r: Draw,
  name: 'PAD' | 'PADV2' | 'TRANSPOSE' | 'CONCATENATION' | 'STRIDED_SLICE' | 'SLICE' | 'SPLIT',
) {
  const x = tensor(r, [1, 4, 5, 6], 'int8', 'x');
  const like = (shape: readonly number[], label = 'y'): TensorSpec => ({ ...x, name: label, shape });
  const ints = (label: string, data: readonly number[], shape: readonly number[] = [data.length]): TensorSpec => ({
    name: label,
    shape,
    type: 'int32',
    data,
  });
  switch (name) {
    case 'PAD':
      return one([x, ints('pads', [0, 0, 1, 2, 0, 1, 0, 0], [4, 2]), like([1, 7, 6, 6])], {
        code: CODES.PAD,
        inputs: [0, 1],
      });
    case 'PADV2':
      return one(
        [
          x,
          ints('pads', [0, 0, 1, 0, 2, 1, 0, 3], [4, 2]),
          { ...x, name: 'v', shape: [], data: [whole(r, -128, 127)] },
          like([1, 5, 8, 9]),
        ],
        { code: CODES.PADV2, inputs: [0, 1, 2] },
      );
    case 'TRANSPOSE':
      return one([x, ints('perm', [0, 3, 1, 2]), like([1, 6, 4, 5])], { code: CODES.TRANSPOSE, inputs: [0, 1] });
    case 'CONCATENATION': {
      const fields = [[0, 'int32', r() < 0.5 ? 3 : -1]] as const;
      return one([x, like([1, 4, 5, 2], 'z'), like([1, 4, 5, 8])], {
        code: CODES.CONCATENATION,
        inputs: [0, 1],
        options: { type: OPTIONS.concatenation, fields },
      });
    }
    case 'STRIDED_SLICE':
      return one([x, ints('b', [0, 1, 0, -3]), ints('e', [1, 4, 5, 6]), ints('s', [1, 2, 2, 1]), like([1, 2, 3, 3])], {
        code: CODES.STRIDED_SLICE,
        inputs: [0, 1, 2, 3],
        options: { type: OPTIONS.stridedSlice, fields: [[0, 'int32', 1]] },
      });
    case 'SLICE':
      return one([x, ints('b', [0, 1, 2, 3]), ints('n', [1, 2, 3, -1]), like([1, 2, 3, 3])], {
        code: CODES.SLICE,
        inputs: [0, 1, 2],
      });
    case 'SPLIT':
      return one(
        [ints('axis', [3], []), x, like([1, 4, 5, 3]), like([1, 4, 5, 3], 'z')],
        {
          code: CODES.SPLIT,
          inputs: [0, 1],
          options: { type: OPTIONS.split, fields: [[0, 'int32', 2]] },
        },
        1,
      );
  }
}

function transposeConv(r: Draw): ModelSpec {
  const same = r() < 0.6;
  const [k, s, s2] = [whole(r, 1, 4), whole(r, 1, 3), whole(r, 1, 3)];
  const stride = r() < 0.7 ? [s, s] : [s, s2];
  const [h, w, c, o] = [whole(r, 2, 4), whole(r, 2, 5), whole(r, 1, 3), whole(r, 1, 3)];
  const length = (size: number, step: number) =>
    same ? size * step - whole(r, 0, step - 1) : (size - 1) * step + Math.max(k, step);
  const result = [1, length(h, stride[0]!), length(w, stride[1]!), o];
  const many = r() < 0.7;
  const weights: TensorSpec = {
    name: 'w',
    shape: [o, k, k, c],
    type: 'int8',
    scale: many ? Array.from({ length: o }, () => scale(r)) : [scale(r)],
    data: codes(r, o * k * k * c, -127, 127),
  };
  const bias: TensorSpec = { name: 'b', shape: [o], type: 'int32', scale: [1], data: codes(r, o, -3000, 3000) };
  const shape: TensorSpec = { name: 's', shape: [4], type: 'int32', data: result };
  const y = tensor(r, result, 'int8', 'y');
  return one(
    [shape, weights, tensor(r, [1, h, w, c], 'int8', 'x'), bias, { ...y, scale: [Math.fround(y.scale![0]! * 10)] }],
    {
      code: CODES.TRANSPOSE_CONV,
      inputs: r() < 0.7 ? [0, 1, 2, 3] : [0, 1, 2],
      options: {
        type: OPTIONS.transposeConv,
        fields: [
          [0, 'int8', same ? 0 : 1],
          [1, 'int32', stride[1]!],
          [2, 'int32', stride[0]!],
        ],
      },
    },
  );
}

function resize(r: Draw, name: 'RESIZE_BILINEAR' | 'RESIZE_NEAREST_NEIGHBOR', any = false): ModelSpec {
  const linear = name === 'RESIZE_BILINEAR';
  const [h, w, c] = [whole(r, 1, 5), whole(r, 2, 5), whole(r, 1, 3)];
  const factor = (): number => [1, 2, 4, 8][whole(r, 0, 3)]!;
  const [oh, ow] =
    linear && !any ? [h * factor(), w * factor()] : [whole(r, 1, 11), r() < 0.5 ? w * whole(r, 1, 3) : whole(r, 1, 11)];
  const half = r() < 0.5 ? 1 : 0;
  const aligned = (!linear || any) && half === 0 && r() < 0.4 ? 1 : 0;
  const x = tensor(r, [1, h, w, c], 'int8', 'x');
  const first = linear ? 2 : 0;
  return one(
    [x, { name: 's', shape: [2], type: 'int32', data: [oh, ow] }, { ...x, name: 'y', shape: [1, oh, ow, c] }],
    {
      code: CODES[name],
      inputs: [0, 1],
      options: {
        type: linear ? OPTIONS.resizeBilinear : OPTIONS.resizeNearest,
        fields: [
          [first, 'bool', aligned],
          [first + 1, 'bool', half],
        ],
      },
    },
  );
}

function blocks(r: Draw, name: 'DEPTH_TO_SPACE' | 'SPACE_TO_DEPTH'): ModelSpec {
  const [b, h, w, c] = [whole(r, 1, 3), whole(r, 1, 4), whole(r, 1, 4), whole(r, 1, 3)];
  const deep = tensor(r, [1, h, w, c * b * b], 'int8', 'x');
  const wide = { ...deep, shape: [1, h * b, w * b, c] };
  const toSpace = name === 'DEPTH_TO_SPACE';
  const [x, y] = toSpace ? [deep, wide] : [wide, deep];
  const options = { type: toSpace ? OPTIONS.depthToSpace : OPTIONS.spaceToDepth, fields: [[0, 'int32', b]] as const };
  return one(
    [
      { ...x, name: 'x' },
      { ...y, name: 'y' },
    ],
    { code: CODES[name], inputs: [0], options },
  );
}

function lists(r: Draw, name: 'PACK' | 'UNPACK' | 'SPLIT_V'): ModelSpec {
  const x = tensor(r, [2, 3, 4], 'int8', 'x');
  const like = (shape: readonly number[], label: string): TensorSpec => ({ ...x, name: label, shape });
  const axis = whole(r, -3, 2);
  const own = axis < 0 ? axis + 3 : axis;
  if (name === 'PACK') {
    const shape = [...x.shape.slice(0, own), 2, ...x.shape.slice(own)];
    const options = {
      type: OPTIONS.pack,
      fields: [
        [0, 'int32', 2],
        [1, 'int32', own],
      ] as const,
    };
    return one([x, like(x.shape, 'z'), like(shape, 'y')], { code: CODES.PACK, inputs: [0, 1], options });
  }
  if (name === 'UNPACK') {
    const results = Array.from({ length: x.shape[own]! }, (_, i) =>
      like(
        x.shape.filter((_, d) => d !== own),
        `y${i}`,
      ),
    );
    const options = {
      type: OPTIONS.unpack,
      fields: [
        [0, 'int32', results.length],
        [1, 'int32', axis],
      ] as const,
    };
    return one([x, ...results], { code: CODES.UNPACK, inputs: [0], options }, results.length - 1);
  }
  const size = x.shape[own]!;
  const part = (n: number, label: string): TensorSpec =>
    like(
      x.shape.map((d, i) => (i === own ? n : d)),
      label,
    );
  const sizes: TensorSpec = { name: 's', shape: [2], type: 'int32', data: [1, -1] };
  const at: TensorSpec = { name: 'a', shape: [], type: 'int32', data: [axis] };
  return one([x, sizes, at, part(1, 'y'), part(size - 1, 'z')], { code: CODES.SPLIT_V, inputs: [0, 1, 2] }, 1);
}

function prelu(r: Draw): ModelSpec {
  const c = whole(r, 1, 5);
  const slopes: TensorSpec = { ...tensor(r, r() < 0.7 ? [1, 1, c] : [1], 'int8', 'a') };
  const data = codes(r, slopes.shape.at(-1)!, -128, 127);
  return one([tensor(r, [1, 4, 5, c], 'int8', 'x'), { ...slopes, data }, tensor(r, [1, 4, 5, c], 'int8', 'y')], {
    code: CODES.PRELU,
    inputs: [0, 1],
  });
}

export function softmax(r: Draw): ModelSpec {
  const y: TensorSpec = { name: 'y', shape: [8, 12], type: 'int8', scale: [1 / 256], zero: [-128] };
  const options = { type: OPTIONS.softmax, fields: [[0, 'float', 1]] as const };
  return one([tensor(r, [8, 12], 'int8', 'x'), y], { code: CODES.SOFTMAX, inputs: [0], options });
}

const CURVES = ['RELU', 'RELU6', 'RELU_N1_TO_1', 'LEAKY_RELU', 'LOGISTIC', 'TANH', 'HARD_SWISH', 'QUANTIZE'] as const;
const PAIRS = ['ADD', 'SUB', 'MUL', 'MAXIMUM', 'MINIMUM'] as const;
const MOVES = ['PAD', 'PADV2', 'TRANSPOSE', 'CONCATENATION', 'STRIDED_SLICE', 'SLICE', 'SPLIT'] as const;

/** 16-bit activations with 8-bit weights; the bias decides between one rounding of 64-bit sums and two of 32-bit ones. */
export function wideConvolution(r: Draw, bias: 'int32' | 'int64'): ModelSpec {
  const [c, o] = [whole(r, 1, 4), whole(r, 1, 5)];
  const x: TensorSpec = { name: 'x', shape: [1, 8, 8, c], type: 'int16', scale: [0.0003], zero: [0] };
  const w: TensorSpec = {
    name: 'w',
    shape: [o, 3, 3, c],
    type: 'int8',
    scale: Array.from({ length: o }, () => scale(r)),
    zero: new Array<number>(o).fill(0),
    data: codes(r, o * 9 * c, -127, 127),
  };
  const b: TensorSpec = { name: 'b', shape: [o], type: bias, scale: [1], data: codes(r, o, -30000, 30000) };
  const y: TensorSpec = { ...x, name: 'y', shape: [1, 8, 8, o], scale: [Math.fround(0.002 + r() * 0.01)] };
  return one([x, w, b, y], {
    code: CODES.CONV_2D,
    inputs: [0, 1, 2],
    options: {
      type: OPTIONS.conv,
      fields: [
        [1, 'int32', 1],
        [2, 'int32', 1],
        [4, 'int32', 1],
        [5, 'int32', 1],
      ],
    },
  });
}

function wideSum(r: Draw): ModelSpec {
  const of = (name: string): TensorSpec => ({
    name,
    shape: [1, 4, 5, 3],
    type: 'int16',
    scale: [Math.fround(0.0001 + r() * 0.001)],
    zero: [0],
  });
  const options = { type: OPTIONS.add, fields: [[0, 'int8', 0]] as const };
  return one([of('a'), of('b'), of('y')], { code: CODES.ADD, inputs: [0, 1], options });
}

/** Every kernel that must equal the reference in each code. */
export const EXACT: readonly (readonly [name: string, draw: (r: Draw) => ModelSpec])[] = [
  ['CONV_2D int8', (r) => convolution(r, false, 'int8')],
  ['CONV_2D int4 weights', (r) => convolution(r, false, 'int8', true)],
  ['CONV_2D uint8', (r) => convolution(r, false, 'uint8')],
  ['DEPTHWISE_CONV_2D int8', (r) => convolution(r, true, 'int8')],
  ['DEPTHWISE_CONV_2D uint8', (r) => convolution(r, true, 'uint8')],
  ['CONV_2D int16, int32 bias', (r) => wideConvolution(r, 'int32')],
  ['ADD int16', wideSum],
  ['FULLY_CONNECTED', fullyConnected],
  ...PAIRS.flatMap((n) => (['int8', 'uint8'] as const).map((t) => [`${n} ${t}`, (r: Draw) => pair(r, n, t)] as const)),
  ['AVERAGE_POOL_2D', (r) => pool(r, 'AVERAGE_POOL_2D', false)],
  ['AVERAGE_POOL_2D global', (r) => pool(r, 'AVERAGE_POOL_2D', true)],
  ['MAX_POOL_2D', (r) => pool(r, 'MAX_POOL_2D', false)],
  ['MEAN', (r) => reduce(r, 'MEAN')],
  ['SUM', (r) => reduce(r, 'SUM')],
  ...CURVES.map((n) => [n, (r: Draw) => curve(r, n)] as const),
  ['TRANSPOSE_CONV', transposeConv],
  ['PRELU', prelu],
  ...(['RESIZE_BILINEAR', 'RESIZE_NEAREST_NEIGHBOR'] as const).map((n) => [n, (r: Draw) => resize(r, n)] as const),
  ['RESIZE_BILINEAR by any factor', (r: Draw) => resize(r, 'RESIZE_BILINEAR', true)],
  ...(['DEPTH_TO_SPACE', 'SPACE_TO_DEPTH'] as const).map((n) => [n, (r: Draw) => blocks(r, n)] as const),
  ...(['PACK', 'UNPACK', 'SPLIT_V'] as const).map((n) => [n, (r: Draw) => lists(r, n)] as const),
  ...MOVES.map((n) => [n, (r: Draw) => movement(r, n)] as const),
];
