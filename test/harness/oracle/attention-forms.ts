/** Attention as exporters write it: masks computed at run time, rotary embeddings, caches of keys and values, heads that share keys. */
import { float } from '../../../compiler/frontend/onnx/index.ts';
import { around, constant, type Form, floats } from './form-models.ts';
import { type ModelMaker, quantizedOutput, scaledInput, scaledWeights } from './pattern-models.ts';

const MICROSOFT = [{ domain: 'com.microsoft', version: 1 }];
const [BATCH, STEPS, HEADS, WIDTH] = [2, 5, 2, 8];

const ints = (m: ModelMaker, values: readonly number[]): string => m.tensor('int64', [values.length], values);
const number = (m: ModelMaker, value: number): string => m.tensor('float32', [], [value]);

/** One quantized input of one head after the other, [batch, heads, steps, width]. */
function heads(m: ModelMaker, steps = STEPS, count = HEADS): string {
  return scaledInput(m, 'uint8', [BATCH, count, steps, WIDTH], m.scale(0.01, 0.02), 128).float;
}

/** Softmax in 256ths and the context of `values`, from scores. */
function context(m: ModelMaker, scores: string, values: string): string {
  const [scale, zero] = [m.tensor('float32', [], [1 / 256]), m.tensor('uint8', [], [0])];
  const shares = m.node('QuantizeLinear', [m.node('Softmax', [scores], { axis: -1 }), scale, zero]);
  return m.node('MatMul', [m.node('DequantizeLinear', [shares, scale, zero]), values]);
}

function scoresOf(m: ModelMaker, q: string, k: string): string {
  const turned = m.node('Transpose', [k], { perm: [0, 1, 3, 2] });
  const scores = around(m, m.node('MatMul', [q, turned]), 128);
  return m.node('Div', [scores, number(m, Math.sqrt(WIDTH))]);
}

function finish(m: ModelMaker, value: string, rank = 4) {
  quantizedOutput(m, value, 'uint8', rank, 0.01, 128);
  return m.model('attention', MICROSOFT);
}

/** A mask of words, a byte each: one where it is above 100. */
function words(m: ModelMaker): string {
  return m.node('Greater', [m.node('Cast', [m.input('uint8', [BATCH, STEPS])], { to: 1 }), number(m, 100)]);
}

function opened(m: ModelMaker, mask: string): string {
  return m.node('Unsqueeze', [m.node('Unsqueeze', [mask, ints(m, [1])]), ints(m, [2])]);
}

/** BERT: (1 - mask) times a large negative number, added to the scores. */
const addedMask: Form = (m) => {
  m.opset = 17;
  const [q, k, v] = [heads(m), heads(m), heads(m)];
  const mask = m.node('Cast', [opened(m, m.node('Cast', [words(m)], { to: 7 }))], { to: 1 });
  const bias = m.node('Mul', [m.node('Sub', [number(m, 1), mask]), number(m, -10000)]);
  return finish(m, context(m, m.node('Add', [scoresOf(m, q, k), bias]), v));
};

/** A causal mask from Range and comparisons, joined with one of words; no number where a row is empty. */
const chosenMask: Form = (m) => {
  m.opset = 17;
  const [q, k, v] = [heads(m), heads(m), heads(m)];
  const range = m.node('Range', [
    constant(m, 'int64', [], [0]),
    constant(m, 'int64', [], [STEPS]),
    constant(m, 'int64', [], [1]),
  ]);
  const column = m.node('Unsqueeze', [range, ints(m, [1])]);
  const causal = m.node('GreaterOrEqual', [column, range]);
  const mask = m.node('And', [opened(m, words(m)), causal]);
  const scores = m.node('Where', [mask, scoresOf(m, q, k), number(m, Number.NEGATIVE_INFINITY)]);
  const [scale, zero] = [m.tensor('float32', [], [1 / 256]), m.tensor('uint8', [], [0])];
  const shares = m.node('Softmax', [scores], { axis: -1 });
  const safe = m.node('Where', [m.node('IsNaN', [shares]), number(m, 0), shares]);
  const codes = m.node('QuantizeLinear', [safe, scale, zero]);
  return finish(m, m.node('MatMul', [m.node('DequantizeLinear', [codes, scale, zero]), v]));
};

/** A triangle of large negative numbers as an initializer that the exporter computes. */
const triangle: Form = (m) => {
  m.opset = 17;
  const [q, k, v] = [heads(m), heads(m), heads(m)];
  const full = m.node('ConstantOfShape', [ints(m, [STEPS, STEPS])]);
  const filled = m.node('Add', [full, number(m, -3.4028234663852886e38)]);
  const mask = m.node('Trilu', [filled, constant(m, 'int64', [], [1])], { upper: 1 });
  return finish(m, context(m, m.node('Add', [scoresOf(m, q, k), mask]), v));
};

/** x cos + rotate_half(x) sin. */
function rotated(m: ModelMaker, x: string, cos: string, sin: string): string {
  const half = WIDTH / 2;
  const low = m.node('Slice', [x, ints(m, [0]), ints(m, [half]), ints(m, [3])]);
  const high = m.node('Slice', [x, ints(m, [half]), ints(m, [2 ** 40]), ints(m, [3])]);
  const turned = m.node('Concat', [m.node('Neg', [high]), low], { axis: 3 });
  return m.node('Add', [m.node('Mul', [x, cos]), m.node('Mul', [turned, sin])]);
}

/** Rows of tables by position. */
const tables: Form = (m) => {
  m.opset = 17;
  const positions = m.node('Cast', [m.input('uint8', [BATCH, STEPS])], { to: 7 });
  const row = () => m.node('Unsqueeze', [m.node('Gather', [floats(m, [256, WIDTH]), positions]), ints(m, [1])]);
  const [cos, sin] = [row(), row()];
  const [q, k] = [around(m, rotated(m, heads(m), cos, sin), 128), around(m, rotated(m, heads(m), cos, sin), 128)];
  return finish(m, context(m, scoresOf(m, q, k), heads(m)));
};

/** Angles from positions at run time, as Llama exports them. */
const angles: Form = (m) => {
  m.opset = 17;
  const positions = m.node('Cast', [m.input('uint8', [BATCH, STEPS])], { to: 1 });
  const rates = m.tensor('float32', [1, 1, WIDTH / 2], [1, 0.1, 0.01, 0.001]);
  const half = m.node('Mul', [m.node('Unsqueeze', [positions, ints(m, [2])]), rates]);
  const all = m.node('Unsqueeze', [m.node('Concat', [half, half], { axis: 2 }), ints(m, [1])]);
  return finish(m, rotated(m, heads(m), m.node('Cos', [all]), m.node('Sin', [all])));
};

function fusedRotary(
  layout: 3 | 4,
  attributes: Readonly<Record<string, number>>,
  columns = WIDTH / 2,
  offset = false,
): Form {
  return (m) => {
    m.opset = 17;
    const x = scaledInput(
      m,
      'uint8',
      layout === 4 ? [BATCH, HEADS, STEPS, WIDTH] : [BATCH, STEPS, HEADS * WIDTH],
      0.01,
      128,
    );
    const positions = offset
      ? m.tensor('int64', [1], [3])
      : m.node('Cast', [m.input('uint8', [BATCH, STEPS])], { to: 7 });
    const inputs = [x.float, positions, floats(m, [256, columns]), floats(m, [256, columns])];
    return finish(m, m.node('com.microsoft:RotaryEmbedding', inputs, attributes), layout);
  };
}

/** One new row for a cache, whose rows are floats or codes; the longer cache is an output too. Two heads share a key. */
function cache(kind: 'floats' | 'codes'): Form {
  return (m) => {
    m.opset = 17;
    const q = heads(m, 1, 2 * HEADS);
    const grown = (): string => {
      const shape = [BATCH, HEADS, STEPS, WIDTH];
      const row = scaledInput(m, 'uint8', [BATCH, HEADS, 1, WIDTH], 0.015, 128);
      if (kind === 'floats') {
        const present = m.node('Concat', [m.input('float32', shape), row.float], { axis: 2 });
        m.output(present, 'float32', 4);
        return around(m, present, 128);
      }
      const joined = m.node('Concat', [m.input('uint8', shape), row.codes], { axis: 2 });
      m.output(joined, 'uint8', 4);
      return m.node('DequantizeLinear', [joined, number(m, 0.015), m.tensor('uint8', [], [128])]);
    };
    const shared = (x: string): string => {
      const wide = m.node('Expand', [
        m.node('Unsqueeze', [x, ints(m, [2])]),
        ints(m, [BATCH, HEADS, 2, STEPS + 1, WIDTH]),
      ]);
      return m.node('Reshape', [wide, ints(m, [BATCH, 2 * HEADS, STEPS + 1, WIDTH])]);
    };
    const [k, v] = [grown(), grown()];
    return finish(m, context(m, scoresOf(m, q, shared(k)), shared(v)));
  };
}

/** ConvBERT: windows of the sequence by Gather (unfold), times kernels that a softmax makes for each word and head. */
const dynamicConvolution: Form = (m) => {
  m.opset = 17;
  const [taps, batch, steps, count, width] = [3, 2, 6, 2, 4];
  const x = scaledInput(m, 'uint8', [batch, steps, count * width], 0.01, 128);
  const line = m.node('Pad', [m.node('Transpose', [x.float], { perm: [0, 2, 1] }), ints(m, [0, 0, 1, 0, 0, 1])]);
  const places = Array.from({ length: taps * steps }, (_, i) => Math.floor(i / steps) + (i % steps));
  const windows = m.node('Gather', [line, m.tensor('int64', [taps, steps], places)], { axis: 2 });
  const turned = m.node('Transpose', [windows], { perm: [0, 3, 1, 2] });
  const rows = m.node('Reshape', [turned, ints(m, [batch * steps * count, width, taps])]);
  const scores = scaledInput(m, 'uint8', [batch, steps, count * taps], 0.03, 128).float;
  const kernels = m.node('Softmax', [m.node('Reshape', [scores, ints(m, [-1, taps, 1])])], { axis: 1 });
  const [scale, zero] = [m.tensor('float32', [], [1 / 256]), m.tensor('uint8', [], [0])];
  const codes = m.node('DequantizeLinear', [m.node('QuantizeLinear', [kernels, scale, zero]), scale, zero]);
  const sums = m.node('MatMul', [around(m, rows, 128), codes]);
  return finish(m, m.node('Reshape', [sums, ints(m, [batch, steps, count * width])]), 3);
};

/** A residual that joins only some channels: a sum on a slice, the rest as it is (half shortcuts). */
const partialResidual: Form = (m) => {
  m.opset = 17;
  const [x, y] = [
    scaledInput(m, 'uint8', [1, 6, 4, 4], 0.01, 128).float,
    scaledInput(m, 'uint8', [1, 6, 4, 4], 0.01, 120).float,
  ];
  const part = (v: string, from: number, to: number) =>
    m.node('Slice', [v, ints(m, [from]), ints(m, [to]), ints(m, [1])]);
  const sum = around(m, m.node('Add', [part(x, 0, 3), part(y, 0, 3)]), 128);
  return finish(m, m.node('Concat', [sum, part(y, 3, 6)], { axis: 1 }));
};

/** Squeeze and excite: the mean of the image, two layers, a gate for each channel. */
const squeezeExcite: Form = (m) => {
  m.opset = 17;
  const x = scaledInput(m, 'uint8', [2, 6, 8, 8], 0.02, 0).float;
  const layer = (v: string, from: number, to: number) =>
    m.node('Conv', [v, scaledWeights(m, 'int8', [to, from, 1, 1], 0, false).float, floats(m, [to])]);
  const mean = around(m, m.node('GlobalAveragePool', [x]), 0);
  const hidden = around(m, m.node('Relu', [layer(mean, 6, 3)]), 0);
  const gate = around(m, m.node('HardSigmoid', [around(m, layer(hidden, 3, 6), 128)], { alpha: float(1 / 6) }), 0);
  return finish(m, m.node('Mul', [x, gate]));
};

/** Channels of two groups dealt out in turn, as ShuffleNet has it. */
const channelShuffle: Form = (m) => {
  m.opset = 17;
  const x = scaledInput(m, 'uint8', [2, 6, 8, 8], 0.02, 7).float;
  const split = m.node('Transpose', [m.node('Reshape', [x, ints(m, [2, 2, 3, 8, 8])])], { perm: [0, 2, 1, 3, 4] });
  return finish(m, m.node('Reshape', [split, ints(m, [2, 6, 8, 8])]));
};

function einsum(equation: string, a: readonly number[], b: readonly number[], rank: number, known = false): Form {
  return (m) => {
    m.opset = 17;
    // Scales without round decimals: at 0.02, 0.02 and 0.1 one code in 250 lies between two, where floats fall on either side.
    const x = scaledInput(m, 'uint8', a, m.scale(0.015, 0.02), 128).float;
    const operand = () => scaledInput(m, 'uint8', b, m.scale(0.015, 0.02), 120).float;
    const y = known ? scaledWeights(m, 'int8', b, undefined, false).float : operand();
    quantizedOutput(m, m.node('Einsum', [x, y], { equation }), 'uint8', rank, 0.1, 128);
    return m.model('einsum');
  };
}

function compared(op: string): Form {
  return (m) => {
    m.opset = 17;
    const [a, b] = [m.input('uint8', [4, 40]), m.input('uint8', [4, 1])];
    const type = m.random.pick([1, 7]);
    const flag = m.node(op, [m.node('Cast', [a], { to: type }), m.node('Cast', [b], { to: type })]);
    const chosen = m.node('Where', [flag, scaledInput(m, 'uint8', [4, 40], 0.01, 128).float, number(m, 0)]);
    return finish(m, chosen, 2);
  };
}

function logical(op: string): Form {
  return (m) => {
    m.opset = 17;
    const flag = () =>
      m.node('Cast', [m.node('Greater', [m.node('Cast', [m.input('uint8', [4, 40])], { to: 1 }), number(m, 90)])], {
        to: 9,
      });
    const both = op === 'Not' ? m.node('Not', [flag()]) : m.node(op, [flag(), flag()]);
    return finish(m, m.node('Cast', [both], { to: 1 }), 2);
  };
}

/** Token numbers from a float: whole parts, to a row of a table. */
const wholeParts: Form = (m) => {
  m.opset = 17;
  const x = m.node('Mul', [m.node('Cast', [m.input('uint8', [3, 5])], { to: 1 }), number(m, 0.3)]);
  return finish(m, m.node('Gather', [floats(m, [80, 12]), m.node('Cast', [x], { to: 7 })]), 3);
};

function skipNorm(op: string, centred: boolean): Form {
  return (m) => {
    m.opset = 17;
    const operand = () => scaledInput(m, 'uint8', [2, 3, 48], 0.01, 128).float;
    const vector = (low: number) => floats(m, [48], low, low + 1);
    const inputs = [operand(), operand(), vector(0.5), ...(centred ? [vector(-0.5)] : []), vector(-0.5)];
    return finish(m, m.node(`com.microsoft:${op}`, inputs, { epsilon: float(1e-6) }), 3);
  };
}

function power(exponent: number): Form {
  return (m) => {
    m.opset = 17;
    const x = m.node('Clip', [scaledInput(m, 'uint8', [2, 256], 0.01, 0).float, number(m, 0.1)]);
    quantizedOutput(m, m.node('Pow', [x, number(m, exponent)]), 'uint8', 2, 0.05, 0);
    return m.model('power');
  };
}

/** The runtime computes most of these in float32, in an order of its own; of thousands of codes none differs. */
export const ATTENTION_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['a mask that is added', addedMask],
  ['a mask that chooses, empty rows', chosenMask],
  ['a triangle that is added', triangle],
  ['rotary embedding from tables', tables],
  ['rotary embedding from angles', angles],
  ['com.microsoft.RotaryEmbedding', fusedRotary(3, {})],
  ['com.microsoft.RotaryEmbedding, heads first', fusedRotary(4, {})],
  ['com.microsoft.RotaryEmbedding, interleaved', fusedRotary(4, { interleaved: 1 })],
  [
    'com.microsoft.RotaryEmbedding from an offset',
    fusedRotary(3, { interleaved: 1, num_heads: HEADS }, WIDTH / 2, true),
  ],
  ['com.microsoft.RotaryEmbedding of some features', fusedRotary(3, { rotary_embedding_dim: 4, num_heads: HEADS }, 2)],
  ['the dynamic convolution of ConvBERT', dynamicConvolution],
  ['a residual on a slice', partialResidual],
  ['Einsum of queries and keys', einsum('bqhd,bkhd->bhqk', [2, 5, 3, 8], [2, 5, 3, 8], 4)],
  ['Einsum of shares and values', einsum('bhqk, bkhd -> bqhd', [2, 3, 5, 6], [2, 6, 3, 4], 4)],
  ['Einsum by weights', einsum('btd,dnh->btnh', [2, 6, 8], [8, 3, 4], 4, true)],
  ['Einsum by turned weights', einsum('btd,ed->bte', [2, 6, 8], [12, 8], 3, true)],
  ['squeeze and excite', squeezeExcite],
  ['channel shuffle', channelShuffle],
  ['a cache of floats, shared keys', cache('floats')],
  ['a cache of codes, shared keys', cache('codes')],
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].map((op): [string, Form] => [op, compared(op)]),
  ...['And', 'Or', 'Xor', 'Not'].map((op): [string, Form] => [op, logical(op)]),
  ['Cast to whole numbers', wholeParts],
  ['com.microsoft.SkipLayerNormalization', skipNorm('SkipLayerNormalization', true)],
  ['com.microsoft.SkipSimplifiedLayerNormalization', skipNorm('SkipSimplifiedLayerNormalization', false)],
  ...[-2, -1, -0.5, 0.5, 1, 1.5, 2, 3, 4].map((e): [string, Form] => [`Pow ${e}`, power(e)]),
]);
