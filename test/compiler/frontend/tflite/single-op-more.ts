/** More files of one operator: those that pick, repeat and turn elements, reduce to extremes, and functions of one code. */
import { CODES, type ModelSpec, OPTIONS, type TensorSpec } from './make.ts';
import { codes, type Draw, one, size, tensor, whole } from './single-op.ts';

const ints = (name: string, data: readonly number[], shape: readonly number[] = [data.length]): TensorSpec => ({
  name,
  shape,
  type: 'int32',
  data,
});

type Curve = 'ABS' | 'EXP' | 'ELU' | 'GELU' | 'LOG' | 'SQRT' | 'RSQRT' | 'RELU_0_TO_1';

function curve(r: Draw, name: Curve): ModelSpec {
  const root = name === 'SQRT' || name === 'RSQRT';
  const x = tensor(r, [2, 150], 'int8', 'x');
  const y = tensor(r, [2, 150], 'int8', 'y');
  const input = { ...x, zero: root ? [-128] : x.zero! };
  const fields = [[0, 'bool', r() < 0.5 ? 1 : 0]] as const;
  const options = name === 'GELU' ? { options: { type: OPTIONS.gelu, fields } } : {};
  return one([input, y], { code: CODES[name], inputs: [0], ...options });
}

function extreme(r: Draw, name: 'REDUCE_MAX' | 'REDUCE_MIN'): ModelSpec {
  const x = tensor(r, [1, whole(r, 2, 5), whole(r, 2, 6), whole(r, 1, 4)], 'int8', 'x');
  const axes = [[1, 2], [2], [3], [1], [-1, 1]][whole(r, 0, 4)]!;
  const keep = r() < 0.5;
  const own = axes.map((a) => (a < 0 ? a + 4 : a));
  const shape = x.shape.flatMap((d, i) => (own.includes(i) ? (keep ? [1] : []) : [d]));
  return one([x, ints('axes', axes), { ...x, name: 'y', shape }], {
    code: CODES[name],
    inputs: [0, 1],
    options: { type: OPTIONS.reducer, fields: [[0, 'bool', keep ? 1 : 0]] },
  });
}

function gather(r: Draw): ModelSpec {
  const x = tensor(r, [2, 5, 4], 'int8', 'x');
  const axis = whole(r, -3, 2);
  const own = axis < 0 ? axis + 3 : axis;
  const places = r() < 0.3 ? [] : r() < 0.5 ? [3] : [2, 2];
  const list = codes(r, size(places), 0, x.shape[own]! - 1);
  const shape = [...x.shape.slice(0, own), ...places, ...x.shape.slice(own + 1)];
  return one([x, ints('i', list, places), { ...x, name: 'y', shape }], {
    code: CODES.GATHER,
    inputs: [0, 1],
    options: { type: OPTIONS.gather, fields: [[0, 'int32', axis]] },
  });
}

function gatherNd(r: Draw): ModelSpec {
  const x = tensor(r, [3, 4, 5], 'int8', 'x');
  const m = whole(r, 1, 3);
  const places = r() < 0.5 ? [4] : [2, 3];
  const list = Array.from({ length: size(places) * m }, (_, i) => whole(r, 0, x.shape[i % m]! - 1));
  const y = { ...x, name: 'y', shape: [...places, ...x.shape.slice(m)] };
  return one([x, ints('i', list, [...places, m]), y], { code: CODES.GATHER_ND, inputs: [0, 1] });
}

function tile(r: Draw): ModelSpec {
  const x = tensor(r, [2, whole(r, 1, 3), 3], 'int8', 'x');
  const times = codes(r, 3, 1, 3);
  const y = { ...x, name: 'y', shape: x.shape.map((d, i) => d * times[i]!) };
  return one([x, ints('n', times), y], { code: CODES.TILE, inputs: [0, 1] });
}

function broadcastTo(r: Draw): ModelSpec {
  const shape = [2, 3, 4, 5];
  const from = shape.map((d) => (r() < 0.5 ? 1 : d)).slice(whole(r, 0, 2));
  const x = tensor(r, from, 'int8', 'x');
  return one([x, ints('s', shape), { ...x, name: 'y', shape }], { code: CODES.BROADCAST_TO, inputs: [0, 1] });
}

function mirrorPad(r: Draw): ModelSpec {
  const x = tensor(r, [1, 4, 5, 3], 'int8', 'x');
  const mode = whole(r, 0, 1);
  const pads = x.shape.flatMap((d) => codes(r, 2, 0, Math.min(2, d - 1 + mode)));
  const shape = x.shape.map((d, i) => d + pads[2 * i]! + pads[2 * i + 1]!);
  return one([x, ints('pads', pads, [4, 2]), { ...x, name: 'y', shape }], {
    code: CODES.MIRROR_PAD,
    inputs: [0, 1],
    options: { type: OPTIONS.mirrorPad, fields: [[0, 'int8', mode]] },
  });
}

function reverse(r: Draw): ModelSpec {
  const x = tensor(r, [2, 3, 4], 'int8', 'x');
  const axes = [[1], [-1], [0, 2], [1, 2]][whole(r, 0, 3)]!;
  return one([x, ints('axes', axes), { ...x, name: 'y' }], { code: CODES.REVERSE_V2, inputs: [0, 1] });
}

function batches(r: Draw, name: 'SPACE_TO_BATCH_ND' | 'BATCH_TO_SPACE_ND'): ModelSpec {
  const flat = r() < 0.3;
  const blocks = flat ? [whole(r, 1, 3)] : codes(r, 2, 1, 3);
  const sizes = blocks.map((b) => b * whole(r, 1, 3));
  const borders = blocks.map((_, i) => (sizes[i]! > 2 ? codes(r, 2, 0, 1) : [0, 0]));
  const n = whole(r, 1, 2);
  const c = whole(r, 1, 4);
  const image = [n, ...sizes.map((s, i) => s - borders[i]![0]! - borders[i]![1]!), c];
  const deep = [n * size(blocks), ...sizes.map((s, i) => s / blocks[i]!), c];
  const toBatch = name === 'SPACE_TO_BATCH_ND';
  const x = tensor(r, toBatch ? image : deep, 'int8', 'x');
  const y = { ...x, name: 'y', shape: toBatch ? deep : image };
  const operands = [ints('b', blocks), ints('p', borders.flat(), [blocks.length, 2])];
  return one([x, ...operands, y], { code: CODES[name], inputs: [0, 1, 2] });
}

/** Slices with an ellipsis, new axes, axes left out or taken away, and backward strides. */
function slices(r: Draw): ModelSpec {
  const x = tensor(r, [3, 4, 5, 6], 'int8', 'x');
  const forms = [
    { b: [0, 1], e: [0, 3], s: [1, 2], masks: { 2: 1 }, shape: [3, 4, 5, 1] },
    { b: [1, 0, 2], e: [2, 0, 4], s: [1, 1, 1], masks: { 2: 2, 4: 1 }, shape: [4, 5, 2] },
    { b: [0, 0, 1], e: [0, 0, 3], s: [1, 1, 1], masks: { 3: 1, 2: 2 }, shape: [1, 3, 4, 5, 2] },
    { b: [-1, 3], e: [-4, 0], s: [-1, -2], masks: {}, shape: [3, 2, 5, 6] },
    { b: [5, 0], e: [0, 2], s: [-1, 1], masks: { 1: 1 }, shape: [3, 2, 5, 6] },
    { b: [1], e: [2], s: [1], masks: { 4: 1 }, shape: [4, 5, 6] },
    { b: [0, 0, 0, 0], e: [3, 4, 0, 6], s: [1, 1, 1, 1], masks: { 3: 4, 0: 15, 1: 15 }, shape: [3, 4, 1, 5, 6] },
  ];
  const form = forms[whole(r, 0, forms.length - 1)]!;
  const fields = Object.entries(form.masks).map(([id, v]) => [Number(id), 'int32', v] as const);
  return one([x, ints('b', form.b), ints('e', form.e), ints('s', form.s), { ...x, name: 'y', shape: form.shape }], {
    code: CODES.STRIDED_SLICE,
    inputs: [0, 1, 2, 3],
    options: { type: OPTIONS.stridedSlice, fields },
  });
}

function batchMatMul(r: Draw): ModelSpec {
  const [m, k, n] = codes(r, 3, 1, 6) as [number, number, number];
  const [adjA, adjB] = codes(r, 2, 0, 1) as [number, number];
  const lead = [[], [3], [2, 3]][whole(r, 0, 2)]!;
  const shared = r() < 0.3;
  const known = shared && r() < 0.5;
  const a = tensor(r, [...lead, ...(adjA === 1 ? [k, m] : [m, k])], 'int8', 'a');
  const last = adjB === 1 ? [n, k] : [k, n];
  const b = tensor(r, [...(shared ? lead.map(() => 1) : lead), ...last], 'int8', 'b');
  const y = tensor(r, [...lead, m, n], 'int8', 'y');
  const right = known ? { ...b, data: codes(r, size(b.shape), -127, 127) } : b;
  return one([a, right, { ...y, scale: [Math.fround(y.scale![0]! * 8)] }], {
    code: CODES.BATCH_MATMUL,
    inputs: [0, 1],
    options: {
      type: OPTIONS.batchMatMul,
      fields: [
        [0, 'bool', adjA],
        [1, 'bool', adjB],
      ],
    },
  });
}

function squaredDifference(r: Draw): ModelSpec {
  const a = tensor(r, [1, 3, 4, 5], 'int8', 'a');
  const b = tensor(r, r() < 0.5 ? [1, 3, 4, 1] : [1, 3, 4, 5], 'int8', 'b');
  const y = { ...tensor(r, [1, 3, 4, 5], 'int8', 'y'), scale: [Math.fround(0.05 + r())] };
  const right = r() < 0.3 ? { ...b, data: codes(r, size(b.shape), -128, 127) } : b;
  return one([a, right, y], { code: CODES.SQUARED_DIFFERENCE, inputs: [0, 1] });
}

/** Few different codes, so that several are the best. */
function place(r: Draw, name: 'ARG_MAX' | 'ARG_MIN'): ModelSpec {
  const x = tensor(r, [1, 3, 4, 300], r() < 0.7 ? 'int8' : 'uint8', 'x');
  const axis = whole(r, -3, 3);
  const own = axis < 0 ? axis + 4 : axis;
  const y: TensorSpec = { name: 'y', shape: x.shape.filter((_, d) => d !== own), type: r() < 0.5 ? 'int32' : 'int64' };
  return one([x, ints('axis', [axis], []), y], {
    code: CODES[name],
    inputs: [0, 1],
    options: {
      type: name === 'ARG_MAX' ? OPTIONS.argMax : OPTIONS.argMin,
      fields: [[0, 'int8', y.type === 'int32' ? 2 : 4]],
    },
  });
}

const symmetric = (r: Draw, shape: readonly number[], name: string): TensorSpec => ({
  name,
  shape,
  type: 'int16',
  scale: [Math.fround(0.0001 + r() * 0.001)],
  zero: [0],
});

function wordPair(r: Draw, name: 'SUB' | 'MUL'): ModelSpec {
  const shape = [1, 3, 4, 5];
  const y = symmetric(r, shape, 'y');
  const scale = name === 'MUL' ? [Math.fround(y.scale![0]! * 0.5)] : y.scale!;
  const options = { type: name === 'MUL' ? OPTIONS.mul : OPTIONS.sub, fields: [[0, 'int8', whole(r, 0, 1)]] as const };
  return one([symmetric(r, shape, 'a'), symmetric(r, r() < 0.5 ? [5] : shape, 'b'), { ...y, scale }], {
    code: CODES[name],
    inputs: [0, 1],
    options,
  });
}

/** Scales that are powers of two have a way of their own in the kernels. */
function wordCurve(r: Draw, name: 'LOGISTIC' | 'TANH' | 'LEAKY_RELU' | 'ABS' | 'RELU6'): ModelSpec {
  const x = symmetric(r, [3, 500], 'x');
  const fixed = name === 'LOGISTIC' || name === 'TANH';
  const powers = [2 ** -12, 2 ** -11];
  const scale = fixed && r() < 0.4 ? [powers[whole(r, 0, 1)]!] : x.scale!;
  const y = fixed ? { ...x, name: 'y', scale: [2 ** -15] } : symmetric(r, x.shape, 'y');
  const fields = [[0, 'float', Math.fround(0.01 + r() * 0.5)]] as const;
  const options = name === 'LEAKY_RELU' ? { options: { type: OPTIONS.leakyRelu, fields } } : {};
  return one([{ ...x, scale }, y], { code: CODES[name], inputs: [0], ...options });
}

const CURVES = ['ABS', 'EXP', 'ELU', 'GELU', 'LOG', 'SQRT', 'RSQRT', 'RELU_0_TO_1'] as const;

export const MORE_EXACT: readonly (readonly [name: string, draw: (r: Draw) => ModelSpec])[] = [
  ...CURVES.map((n) => [n, (r: Draw) => curve(r, n)] as const),
  ...(['REDUCE_MAX', 'REDUCE_MIN'] as const).map((n) => [n, (r: Draw) => extreme(r, n)] as const),
  ['GATHER', gather],
  ['GATHER_ND', gatherNd],
  ['TILE', tile],
  ['BROADCAST_TO', broadcastTo],
  ['MIRROR_PAD', mirrorPad],
  ['REVERSE_V2', reverse],
  ...(['SPACE_TO_BATCH_ND', 'BATCH_TO_SPACE_ND'] as const).map((n) => [n, (r: Draw) => batches(r, n)] as const),
  ['STRIDED_SLICE in other forms', slices],
  ['BATCH_MATMUL', batchMatMul],
  ['SQUARED_DIFFERENCE', squaredDifference],
  ...(['ARG_MAX', 'ARG_MIN'] as const).map((n) => [n, (r: Draw) => place(r, n)] as const),
  ...(['LOGISTIC', 'TANH', 'LEAKY_RELU', 'ABS', 'RELU6'] as const).map(
    (n) => [`${n} int16`, (r: Draw) => wordCurve(r, n)] as const,
  ),
  ...(['SUB', 'MUL'] as const).map((n) => [`${n} int16`, (r: Draw) => wordPair(r, n)] as const),
];
