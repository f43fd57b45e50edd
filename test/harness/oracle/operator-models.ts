/** Small models in the operator dialect (QLinearConv and relatives) with random shapes, scales and zero points. */
import { type AttributeInput, float, type OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import { CODE_RANGES, type CodeType, type ModelMaker } from './pattern-models.ts';

const MICROSOFT = [{ domain: 'com.microsoft', version: 1 }];

interface Parameters {
  readonly scale: string;
  readonly zero: string;
}

function parameters(m: ModelMaker, type: CodeType, low: number, high: number): Parameters {
  return { scale: m.tensor('float32', [], [m.scale(low, high)]), zero: m.tensor(type, [], [m.zero(type)]) };
}

function weights(m: ModelMaker, type: CodeType, dims: readonly number[], axis: number | undefined) {
  const channels = axis === undefined ? 1 : (dims[axis] ?? 1);
  const shape = axis === undefined ? [] : [channels];
  const list = <T>(make: () => T) => Array.from({ length: channels }, make);
  const size = dims.reduce((n, d) => n * d, 1);
  return {
    codes: m.tensor(type, dims, m.codes(type, size), 'w'),
    scale: m.tensor(
      'float32',
      shape,
      list(() => m.scale(0.001, 0.03)),
    ),
    zero: m.tensor(
      type,
      shape,
      list(() => (type === 'uint8' ? m.zero(type) : 0)),
    ),
  };
}

function bias(m: ModelMaker, channels: number): string {
  return m.tensor(
    'int32',
    [channels],
    Array.from({ length: channels }, () => m.random.int(-9000, 9000)),
  );
}

export function qlinearConv(m: ModelMaker, x: CodeType, w: CodeType): OnnxModel {
  const r = m.random;
  const groups = r.pick([1, 1, 2, 4]);
  const [perGroup, outputs] = [r.int(1, 3), groups * r.int(1, 3)];
  const [kh, kw] = [r.int(1, 3), r.int(1, 3)];
  const input = m.input(x, [r.int(1, 2), groups * perGroup, r.int(5, 9), r.int(5, 9)]);
  const [px, py] = [parameters(m, x, 0.002, 0.1), parameters(m, x, 0.01, 0.5)];
  // A zero point per channel of unsigned weights is not taken by the runtime: one value there.
  const pw = weights(m, w, [outputs, perGroup, kh, kw], w === 'uint8' ? undefined : r.pick([undefined, 0]));
  const inputs = [input, px.scale, px.zero, pw.codes, pw.scale, pw.zero, py.scale, py.zero];
  if (r.int(0, 1) === 1) inputs.push(bias(m, outputs));
  const attributes: Record<string, AttributeInput> = {
    kernel_shape: [kh, kw],
    strides: [r.int(1, 2), r.int(1, 2)],
    dilations: [r.int(1, 2), 1],
    group: groups,
  };
  if (r.int(0, 2) === 0) {
    attributes.auto_pad = r.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']);
    attributes.dilations = [1, 1];
  } else attributes.pads = [r.int(0, 1), r.int(0, 1), r.int(0, 1), r.int(0, 1)];
  m.output(m.node('QLinearConv', inputs, attributes), x, 4);
  return m.model('qlinear-conv');
}

export function qlinearMatMul(m: ModelMaker, x: CodeType, w: CodeType): OnnxModel {
  const r = m.random;
  const [rows, k, n] = [r.int(1, 4), r.int(1, 64), r.int(1, 12)];
  const input = m.input(x, [rows, k]);
  const [px, py] = [parameters(m, x, 0.002, 0.1), parameters(m, x, 0.01, 0.5)];
  const pw = weights(m, w, [k, n], r.pick([undefined, 1]));
  m.output(m.node('QLinearMatMul', [input, px.scale, px.zero, pw.codes, pw.scale, pw.zero, py.scale, py.zero]), x, 2);
  return m.model('qlinear-matmul');
}

export function qgemm(m: ModelMaker, x: CodeType, w: CodeType, floatResult: boolean): OnnxModel {
  const r = m.random;
  const [rows, k, n] = [r.int(1, 4), r.int(1, 64), r.int(1, 12)];
  const input = m.input(x, [rows, k]);
  const [px, py] = [parameters(m, x, 0.002, 0.1), parameters(m, x, 0.01, 0.5)];
  const transB = r.int(0, 1);
  const pw = weights(m, w, transB === 1 ? [n, k] : [k, n], r.pick([undefined, transB === 1 ? 0 : 1]));
  const inputs = [input, px.scale, px.zero, pw.codes, pw.scale, pw.zero, r.int(0, 1) === 1 ? bias(m, n) : ''];
  if (!floatResult) inputs.push(py.scale, py.zero);
  const attributes = { transB, alpha: float(r.pick([1, 0.5, 1.3])) };
  m.output(m.node('com.microsoft:QGemm', inputs, attributes), floatResult ? 'float32' : x, 2);
  return m.model('qgemm', MICROSOFT);
}

export function qlinearBinary(m: ModelMaker, op: 'QLinearAdd' | 'QLinearMul', type: CodeType): OnnxModel {
  const r = m.random;
  const shape = [1, r.int(1, 4), r.int(1, 6), r.int(1, 6)];
  const [a, b] = [
    m.input(type, shape),
    m.input(type, r.int(0, 2) === 0 ? shape.map((d, i) => (i === 1 ? d : 1)) : shape),
  ];
  const [pa, pb, py] = [
    parameters(m, type, 0.002, 0.1),
    parameters(m, type, 0.002, 0.1),
    parameters(m, type, 0.005, 0.2),
  ];
  m.output(m.node(`com.microsoft:${op}`, [a, pa.scale, pa.zero, b, pb.scale, pb.zero, py.scale, py.zero]), type, 4);
  return m.model(op, MICROSOFT);
}

/** A sum or product of 65,536 pairs of codes: one in some 400,000 lies where the order of float operations decides. */
export function pairsModel(m: ModelMaker, op: 'QLinearAdd' | 'QLinearMul', type: CodeType): OnnxModel {
  const [a, b] = [m.input(type, [256, 256]), m.input(type, [256, 256])];
  const [pa, pb, py] = [
    parameters(m, type, 0.002, 0.1),
    parameters(m, type, 0.002, 0.1),
    parameters(m, type, 0.005, 0.2),
  ];
  m.output(m.node(`com.microsoft:${op}`, [a, pa.scale, pa.zero, b, pb.scale, pb.zero, py.scale, py.zero]), type, 2);
  return m.model(op, MICROSOFT);
}

export type OperatorUnary = 'QLinearGlobalAveragePool' | 'QLinearAveragePool' | 'QLinearSigmoid' | 'QLinearLeakyRelu';

export function qlinearUnary(m: ModelMaker, op: OperatorUnary, type: CodeType): OnnxModel {
  const r = m.random;
  const x = m.input(type, [1, r.int(1, 4), r.int(3, 8), r.int(3, 8)]);
  const same = r.int(0, 1) === 1;
  const px = parameters(m, type, 0.01, 0.1);
  const py = same ? px : parameters(m, type, 0.005, 0.1);
  const window = {
    kernel_shape: [r.int(1, 3), r.int(1, 3)],
    strides: [r.int(1, 2), r.int(1, 2)],
    pads: [0, 0, 0, 0],
    count_include_pad: r.int(0, 1),
  };
  const attributes: Readonly<Record<string, AttributeInput>> =
    op === 'QLinearAveragePool' ? window : op === 'QLinearLeakyRelu' ? { alpha: float(0.2) } : {};
  m.output(m.node(`com.microsoft:${op}`, [x, px.scale, px.zero, py.scale, py.zero], attributes), type, 4);
  return m.model(op, MICROSOFT);
}

export function qlinearConcat(m: ModelMaker, type: CodeType): OnnxModel {
  const r = m.random;
  const [h, w] = [r.int(2, 4), r.int(2, 4)];
  const py = parameters(m, type, 0.01, 0.2);
  const parts = Array.from({ length: r.int(2, 3) }, () => {
    const p = r.int(0, 1) === 1 ? py : parameters(m, type, 0.01, 0.2);
    return [m.input(type, [1, r.int(1, 3), h, w]), p.scale, p.zero];
  });
  m.output(m.node('com.microsoft:QLinearConcat', [py.scale, py.zero, ...parts.flat()], { axis: 1 }), type, 4);
  return m.model('qlinear-concat', MICROSOFT);
}

/** ConvInteger or MatMulInteger, then float: Cast, Mul by a scale, Add a bias, QuantizeLinear. */
export function integerModel(m: ModelMaker, op: 'ConvInteger' | 'MatMulInteger', x: CodeType, w: CodeType): OnnxModel {
  const r = m.random;
  const n = r.int(1, 6);
  const conv = op === 'ConvInteger';
  const [c, k] = [r.int(1, 3), r.int(1, 40)];
  const input = m.input(x, conv ? [1, c, 6, 6] : [2, k]);
  const pw = weights(m, w, conv ? [n, c, 3, 3] : [k, n], undefined);
  const acc = m.node(op, [input, pw.codes, m.tensor(x, [], [m.zero(x)]), pw.zero], conv ? { pads: [1, 1, 1, 1] } : {});
  const scaled = m.node('Mul', [m.node('Cast', [acc], { to: 1 }), m.tensor('float32', [], [m.scale(0.0001, 0.001)])]);
  const shifts = Array.from({ length: n }, () => m.scale(-1, 1));
  const shifted = m.node('Add', [scaled, m.tensor('float32', conv ? [n, 1, 1] : [n], shifts)]);
  const [low] = CODE_RANGES[x];
  m.output(
    m.node('QuantizeLinear', [shifted, m.tensor('float32', [], [m.scale(0.01, 0.1)]), m.tensor(x, [], [low])]),
    x,
    conv ? 4 : 2,
  );
  return m.model('integer');
}
