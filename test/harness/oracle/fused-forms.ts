/** Nodes that ONNX Runtime's optimizer writes into the models that it saves, and attention as one node. */
import { type AttributeInput, float } from '../../../compiler/frontend/onnx/index.ts';
import { type Form, floats } from './form-models.ts';
import { type ModelMaker, quantizedOutput, scaledInput } from './pattern-models.ts';

type Attributes = Record<string, AttributeInput>;
const MICROSOFT = [{ domain: 'com.microsoft', version: 1 }];
const [BATCH, STEPS, HEADS, WIDTH] = [2, 5, 2, 4];
const HIDDEN = HEADS * WIDTH;

const _ints = (m: ModelMaker, values: readonly number[]): string => m.tensor('int64', [values.length], values);

function finish(m: ModelMaker, value: string, rank: number, scale = 0.02, zero = 128) {
  quantizedOutput(m, value, 'uint8', rank, scale, zero);
  return m.model('fused', MICROSOFT);
}

/** A float layer that the optimizer joined with its activation, in a network with quantizers. */
function fusedConv(attributes: Attributes, joined = false): Form {
  return (m) => {
    m.opset = 13;
    const x = scaledInput(m, 'uint8', [1, 3, 6, 6], 0.02, 128);
    const inputs = [x.float, floats(m, [4, 3, 3, 3], -0.2, 0.2), floats(m, [4])];
    const z = joined ? [scaledInput(m, 'uint8', [1, 4, 4, 4], 0.02, 128).float] : [];
    return finish(m, m.node('com.microsoft:FusedConv', [...inputs, ...z], attributes), 4);
  };
}

function fusedGemm(attributes: Attributes): Form {
  return (m) => {
    m.opset = 13;
    const x = scaledInput(m, 'uint8', [12, 8], 0.02, 128);
    const y = m.node('com.microsoft:FusedGemm', [x.float, floats(m, [8, 6]), floats(m, [6])], attributes);
    return finish(m, y, 2);
  };
}

function fusedMatMul(a: readonly number[], b: readonly number[], attributes: Attributes): Form {
  return (m) => {
    m.opset = 13;
    const [x, y] = [a, b].map((shape) => scaledInput(m, 'uint8', shape, 0.03, 128).float) as [string, string];
    return finish(m, m.node('com.microsoft:FusedMatMul', [x, y], attributes), a.length);
  };
}

/** Rows of words, and a mask of them as whole numbers: one for each word, or how many there are. */
const rows = (m: ModelMaker, width = HIDDEN): string =>
  scaledInput(m, 'uint8', [BATCH, STEPS, width], 0.015, 128).float;

function mask(m: ModelMaker, kind: 'none' | 'words' | 'lengths'): string {
  if (kind === 'none') return '';
  if (kind === 'words') {
    const above = m.node('Greater', [
      m.node('Cast', [m.input('uint8', [BATCH, STEPS])], { to: 1 }),
      m.tensor('float32', [], [100]),
    ]);
    return m.node('Cast', [above], { to: 6 });
  }
  return m.node('Add', [
    m.node('Div', [m.node('Cast', [m.input('uint8', [BATCH])], { to: 6 }), m.tensor('int32', [], [64])]),
    m.tensor('int32', [], [1]),
  ]);
}

function fusedAttention(kind: 'none' | 'words' | 'lengths', attributes: Attributes = {}): Form {
  return (m) => {
    m.opset = 13;
    const inputs = [rows(m), floats(m, [HIDDEN, 3 * HIDDEN]), floats(m, [3 * HIDDEN]), mask(m, kind)];
    return finish(m, m.node('com.microsoft:Attention', inputs, { num_heads: HEADS, ...attributes }), 3);
  };
}

const quantizedAttention: Form = (m) => {
  m.opset = 13;
  const codes = m.input('uint8', [BATCH, STEPS, HIDDEN]);
  const w = m.tensor('int8', [HIDDEN, 3 * HIDDEN], m.codes('int8', 3 * HIDDEN * HIDDEN));
  const scales = [m.tensor('float32', [], [0.015]), m.tensor('float32', [], [0.007])];
  const inputs = [
    codes,
    w,
    floats(m, [3 * HIDDEN]),
    ...scales,
    mask(m, 'words'),
    m.tensor('uint8', [], [128]),
    m.tensor('int8', [], [0]),
  ];
  return finish(m, m.node('com.microsoft:QAttention', inputs, { num_heads: HEADS }), 3);
};

function multiHead(bias: boolean, kind: 'none' | 'words'): Form {
  return (m) => {
    m.opset = 13;
    const inputs = [rows(m), rows(m), rows(m), bias ? floats(m, [3 * HIDDEN]) : '', mask(m, kind)];
    return finish(m, m.node('com.microsoft:MultiHeadAttention', inputs, { num_heads: HEADS }), 3);
  };
}

/** Words, segments and positions from their tables, and the norm of the sum. */
const embedding: Form = (m) => {
  m.opset = 13;
  const word = m.node('Cast', [m.input('uint8', [BATCH, STEPS])], { to: 6 });
  const segment = m.node(
    'Cast',
    [m.node('Greater', [m.node('Cast', [word], { to: 1 }), m.tensor('float32', [], [90])])],
    { to: 6 },
  );
  const tables = [256, 9, 2].map((n) => floats(m, [n, HIDDEN]));
  const inputs = [word, segment, ...tables, floats(m, [HIDDEN], 0.5, 1), floats(m, [HIDDEN])];
  const [y] = m.nodes('com.microsoft:EmbedLayerNormalization', inputs, 2, { epsilon: float(1e-12) });
  return finish(m, y!, 3);
};

/** The same with codes for the tables, as the quantizer of saved transformers writes it. */
const quantizedEmbedding: Form = (m) => {
  m.opset = 13;
  const word = m.node('Cast', [m.input('uint8', [BATCH, STEPS])], { to: 6 });
  const segment = m.node(
    'Cast',
    [m.node('Greater', [m.node('Cast', [word], { to: 1 }), m.tensor('float32', [], [90])])],
    {
      to: 6,
    },
  );
  const shapes = [[256, HIDDEN], [9, HIDDEN], [2, HIDDEN], [HIDDEN], [HIDDEN]];
  const codes = shapes.map((dims) =>
    m.tensor(
      'uint8',
      dims,
      m.codes(
        'uint8',
        dims.reduce((a, b) => a * b),
      ),
    ),
  );
  const scales = shapes.map(() => m.tensor('float32', [], [m.scale(0.005, 0.01)]));
  const zeros = shapes.map(() => m.tensor('uint8', [], [m.zero('uint8')]));
  const inputs = [word, segment, ...codes, '', ...scales, ...zeros];
  const [y] = m.nodes('com.microsoft:QEmbedLayerNormalization', inputs, 2, { epsilon: float(1e-12) });
  return finish(m, y!, 3);
};

/** Codes with their channels behind, as the runtime lays them out for its integer kernels. */
const channelsLast: Form = (m) => {
  m.opset = 13;
  const [s, z] = [m.tensor('float32', [], [0.05]), m.tensor('uint8', [], [10])];
  const turned = m.node('Transpose', [m.input('uint8', [1, 3, 8, 8])], { perm: [0, 2, 3, 1] });
  const w = [
    m.tensor('int8', [4, 3, 3, 3], m.codes('int8', 108)),
    m.tensor('float32', [], [0.02]),
    m.tensor('int8', [], [0]),
  ];
  const bias = m.tensor('int32', [4], [100, -200, 300, 0]);
  const conv = m.node('com.microsoft:QLinearConv', [turned, s, z, ...w, s, z, bias], {
    channels_last: 1,
    pads: [1, 1, 1, 1],
  });
  const pooled = m.node('com.microsoft:NhwcMaxPool', [conv], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 0, 0],
  });
  const mean = m.node('com.microsoft:QLinearGlobalAveragePool', [pooled, s, z, s, z], { channels_last: 1 });
  m.output(m.node('Transpose', [pooled], { perm: [0, 3, 1, 2] }), 'uint8', 4);
  m.output(mean, 'uint8', 4);
  return m.model('channels-last', MICROSOFT);
};

const chosenCodes: Form = (m) => {
  m.opset = 13;
  const parameters = (zero: number): string[] => [
    m.tensor('float32', [], [m.scale(0.02, 0.1)]),
    m.tensor('uint8', [], [zero]),
  ];
  const flags = m.tensor('bool', [9], [1, 0, 1, 0, 1, 1, 0, 0, 1]);
  const inputs = [
    flags,
    m.input('uint8', [4, 9]),
    ...parameters(10),
    m.tensor('uint8', [1], [200]),
    ...parameters(3),
    ...parameters(7),
  ];
  m.output(m.node('com.microsoft:QLinearWhere', inputs), 'uint8', 2);
  return m.model('chosen', MICROSOFT);
};

/** By name; the codes of every one equal the oracle's. */
export const FUSED_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['FusedConv, Relu', fusedConv({ activation: 'Relu' })],
  ['FusedConv, LeakyRelu', fusedConv({ activation: 'LeakyRelu', activation_params: { type: 'floats', value: [0.1] } })],
  ['FusedConv, Clip', fusedConv({ activation: 'Clip', activation_params: { type: 'floats', value: [-0.5, 1.25] } })],
  ['FusedConv with a sum', fusedConv({ activation: 'Relu' }, true)],
  ['FusedGemm, Relu', fusedGemm({ activation: 'Relu' })],
  ['FusedGemm, LeakyRelu', fusedGemm({ activation: 'LeakyRelu', activation_alpha: float(0.3) })],
  ['FusedMatMul, keys turned', fusedMatMul([2, 3, 4, 6], [2, 3, 5, 6], { transB: 1, alpha: float(0.125) })],
  ['FusedMatMul, both turned', fusedMatMul([6, 4], [5, 6], { transA: 1, transB: 1 })],
  ['Attention', fusedAttention('none')],
  ['Attention, words masked', fusedAttention('words')],
  ['Attention, lengths', fusedAttention('lengths')],
  ['Attention, one way', fusedAttention('none', { unidirectional: 1 })],
  ['Attention, one way, words masked', fusedAttention('words', { unidirectional: 1, scale: float(0.3) })],
  ['QAttention', quantizedAttention],
  ['MultiHeadAttention', multiHead(false, 'none')],
  ['MultiHeadAttention with bias and mask', multiHead(true, 'words')],
  ['EmbedLayerNormalization', embedding],
  ['QEmbedLayerNormalization', quantizedEmbedding],
  ['codes with channels last', channelsLast],
  ['QLinearWhere', chosenCodes],
]);
