/** Files in which one operator of floats stands between DEQUANTIZE and QUANTIZE. */
import { CODES, type ModelSpec, OPTIONS, type TensorSpec } from './make.ts';
import { type Draw, tensor, whole } from './single-op.ts';

type Name = keyof typeof CODES;

const floats = (name: string, shape: readonly number[]): TensorSpec => ({ name, shape, type: 'float32' });
const fused: Partial<Record<Name, number>> = { ADD: OPTIONS.add, SUB: OPTIONS.sub, MUL: OPTIONS.mul, DIV: OPTIONS.div };

/** A function of one operand; those with a pole or a root get codes above zero. */
function one(r: Draw, name: Name): ModelSpec {
  const x = tensor(r, [2, 60], 'int8', 'x');
  const positive = name === 'SQRT' || name === 'RSQRT';
  const input = { ...x, zero: positive ? [-128] : x.zero!, scale: [name === 'EXP' ? 0.02 : x.scale![0]!] };
  const leaky = { type: OPTIONS.leakyRelu, fields: [[0, 'float', Math.fround(0.01 + r() * 0.5)]] as const };
  return {
    tensors: [input, floats('f', x.shape), floats('g', x.shape), tensor(r, x.shape, 'int8', 'y')],
    operators: [
      { code: CODES.DEQUANTIZE, inputs: [0], outputs: [1] },
      { code: CODES[name], inputs: [1], outputs: [2], ...(name === 'LEAKY_RELU' ? { options: leaky } : {}) },
      { code: CODES.QUANTIZE, inputs: [2], outputs: [3] },
    ],
    inputs: [0],
    outputs: [3],
  };
}

/** Two operands, the second of them a constant in half of the files. */
function two(r: Draw, name: Name): ModelSpec {
  const shape = [1, 3, 4, 5];
  const other = r() < 0.5 ? shape : [5];
  const known = name === 'DIV' || r() < 0.5;
  const count = other.reduce((n, d) => n * d, 1);
  const g = floats('g', other);
  const data = Array.from({ length: count }, () => Math.fround(0.2 + r() * 3));
  const type = fused[name];
  const options = type === undefined ? {} : { options: { type, fields: [[0, 'int8', whole(r, 0, 3)]] as const } };
  return {
    tensors: [
      tensor(r, shape, 'int8', 'x'),
      floats('f', shape),
      known ? { ...g, data } : g,
      floats('h', shape),
      tensor(r, shape, 'int8', 'y'),
      tensor(r, other, 'int8', 'z'),
    ],
    operators: [
      { code: CODES.DEQUANTIZE, inputs: [0], outputs: [1] },
      ...(known ? [] : [{ code: CODES.DEQUANTIZE, inputs: [5], outputs: [2] }]),
      { code: CODES[name], inputs: [1, 2], outputs: [3], ...options },
      { code: CODES.QUANTIZE, inputs: [3], outputs: [4] },
    ],
    inputs: known ? [0] : [0, 5],
    outputs: [4],
  };
}

/** Three operands, one of them a constant. */
function many(r: Draw): ModelSpec {
  const shape = [1, 3, 4, 5];
  const data = Array.from({ length: 60 }, () => Math.fround(0.2 + r() * 3));
  return {
    tensors: [
      tensor(r, shape, 'int8', 'x'),
      floats('f', shape),
      tensor(r, shape, 'int8', 'z'),
      floats('g', shape),
      { ...floats('k', shape), data },
      floats('h', shape),
      tensor(r, shape, 'int8', 'y'),
    ],
    operators: [
      { code: CODES.DEQUANTIZE, inputs: [0], outputs: [1] },
      { code: CODES.DEQUANTIZE, inputs: [2], outputs: [3] },
      { code: CODES.ADD_N, inputs: [1, 4, 3], outputs: [5] },
      { code: CODES.QUANTIZE, inputs: [5], outputs: [6] },
    ],
    inputs: [0, 2],
    outputs: [6],
  };
}

const ONE = [
  'ABS',
  'CEIL',
  'ELU',
  'EXP',
  'FLOOR',
  'HARD_SWISH',
  'LEAKY_RELU',
  'LOGISTIC',
  'NEG',
  'RELU',
  'RELU6',
  'RELU_0_TO_1',
  'RELU_N1_TO_1',
  'ROUND',
  'RSQRT',
  'SIGN',
  'SQRT',
  'SQUARE',
  'TANH',
] as const;
const TWO = ['ADD', 'DIV', 'MAXIMUM', 'MINIMUM', 'MUL', 'SQUARED_DIFFERENCE', 'SUB'] as const;

export const FLOAT_EXACT: readonly (readonly [name: string, draw: (r: Draw) => ModelSpec])[] = [
  ...ONE.map((n) => [`${n} of floats`, (r: Draw) => one(r, n)] as const),
  ['ADD_N of floats', many],
  ...TWO.map((n) => [`${n} of floats`, (r: Draw) => two(r, n)] as const),
];
