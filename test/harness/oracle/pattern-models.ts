/**
 * Small quantized ONNX models with random shapes, scales and zero points: one pattern each, as exporters write them. Every
 * choice comes from the given random source, so a seed names a model.
 */

import type {
  DataType,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValueInfo,
} from '../../../compiler/frontend/onnx/index.ts';
import {
  type AttributeInput,
  float,
  makeModel,
  makeNode,
  makeTensor,
  makeValue,
} from '../../../compiler/frontend/onnx/index.ts';
import type { Random } from '../../../isa/base/random.ts';

export type CodeType = 'uint8' | 'int8' | 'int4' | 'uint4' | 'int16' | 'uint16';

export const CODE_RANGES: Readonly<Record<CodeType, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  int4: [-8, 7],
  uint4: [0, 15],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** Collects the parts of one model; names count up. */
export class ModelMaker {
  readonly random: Random;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxTensor[] = [];
  readonly #inputs: OnnxValueInfo[] = [];
  readonly #outputs: OnnxValueInfo[] = [];
  /** Opset 21 has int4; before it ONNX Runtime's own rewriting of int8 activations is not confused by output_dtype. */
  opset = 21;
  #next = 0;

  constructor(random: Random) {
    this.random = random;
  }

  name(stem: string): string {
    this.#next += 1;
    return `${stem}${this.#next}`;
  }

  input(type: DataType, shape: readonly number[]): string {
    const name = this.name('x');
    this.#inputs.push(makeValue(name, type, shape));
    return name;
  }

  output(name: string, type: DataType, rank: number): void {
    this.#outputs.push(
      makeValue(
        name,
        type,
        Array.from({ length: rank }, () => null),
      ),
    );
  }

  tensor(type: DataType, dims: readonly number[], values: readonly number[], stem = 'c'): string {
    const name = this.name(stem);
    this.#initializers.push(makeTensor(name, type, dims, values));
    return name;
  }

  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeInput>> = {},
    stem = 'v',
  ): string {
    const out = this.name(stem);
    this.#nodes.push(makeNode(op, inputs, [out], attributes));
    return out;
  }

  /** A node with `count` results. */
  nodes(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, AttributeInput>> = {},
  ): string[] {
    const outs = Array.from({ length: count }, () => this.name('v'));
    this.#nodes.push(makeNode(op, inputs, outs, attributes));
    return outs;
  }

  /** float32 in [low, high). */
  scale(low = 0.002, high = 0.1): number {
    return Math.fround(low + this.random.real() * (high - low));
  }

  codes(type: CodeType, count: number): number[] {
    const [low, high] = CODE_RANGES[type];
    return Array.from({ length: count }, () => this.random.int(low, high));
  }

  zero(type: CodeType): number {
    const [low, high] = CODE_RANGES[type];
    return this.random.pick([low, 0, this.random.int(low, high), Math.round((low + high) / 2)]);
  }

  model(name: string, extraOpsets: readonly { domain: string; version: number }[] = []): OnnxModel {
    return makeModel({
      name,
      nodes: this.#nodes,
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: this.#initializers,
      opset: this.opset,
      extraOpsets,
    });
  }
}

export interface Scaled {
  readonly codes: string;
  readonly float: string;
  readonly type: CodeType;
  readonly scale: number;
  readonly zero: number;
  readonly shape: readonly number[];
}

/** An integer input of the model and its DequantizeLinear. */
export function scaledInput(
  m: ModelMaker,
  type: CodeType,
  shape: readonly number[],
  scale = m.scale(),
  zero = m.zero(type),
): Scaled {
  const codes = m.input(type, shape);
  return { ...dequantized(m, codes, type, scale, zero), shape };
}

function dequantized(m: ModelMaker, codes: string, type: CodeType, scale: number, zero: number) {
  const float = m.node(
    'DequantizeLinear',
    [codes, m.tensor('float32', [], [scale]), m.tensor(type, [], [zero])],
    {},
    'f',
  );
  return { codes, float, type, scale, zero };
}

/** A QuantizeLinear behind `float`, made the model's output. */
export function quantizedOutput(
  m: ModelMaker,
  value: string,
  type: CodeType,
  rank: number,
  scale = m.scale(0.01, 0.5),
  zero = m.zero(type),
): string {
  const out = m.node('QuantizeLinear', [value, m.tensor('float32', [], [scale]), m.tensor(type, [], [zero])], {}, 'q');
  m.output(out, type, rank);
  return out;
}

/** Weights behind a DequantizeLinear; per channel of `axis`, or per tensor when it is undefined. */
export function scaledWeights(
  m: ModelMaker,
  type: CodeType,
  dims: readonly number[],
  axis: number | undefined,
  zeros: boolean,
) {
  const channels = axis === undefined ? 1 : (dims[axis] ?? 1);
  const scales = Array.from({ length: channels }, () => m.scale(0.001, 0.03));
  const zero = Array.from({ length: channels }, () => (zeros ? m.zero(type) : 0));
  const shape = axis === undefined ? [] : [channels];
  const codes = m.tensor(
    type,
    dims,
    m.codes(
      type,
      dims.reduce((n, d) => n * d, 1),
    ),
    'w',
  );
  const inputs = [codes, m.tensor('float32', shape, scales), m.tensor(type, shape, zero)];
  return { float: m.node('DequantizeLinear', inputs, axis === undefined ? {} : { axis }, 'f'), scales };
}

export function scaledBias(m: ModelMaker, xScale: number, scales: readonly number[], channels: number): string {
  const values = Array.from({ length: channels }, () => m.random.int(-5000, 5000));
  const s = scales.map((w) => Math.fround(xScale * w));
  const shape = s.length === 1 ? [] : [channels];
  return m.node(
    'DequantizeLinear',
    [
      m.tensor('int32', [channels], values),
      m.tensor('float32', shape, s),
      m.tensor(
        'int32',
        shape,
        s.map(() => 0),
      ),
    ],
    s.length === 1 ? {} : { axis: 0 },
    'f',
  );
}

export interface ConvChoice {
  readonly x: CodeType;
  readonly w: CodeType;
  readonly bias: 'none' | 'int32' | 'float';
  readonly after: 'none' | 'Relu' | 'Relu6';
}

export function convModel(m: ModelMaker, choice: ConvChoice): OnnxModel {
  const r = m.random;
  const groups = r.pick([1, 1, 2, 3]);
  const depthwise = r.int(0, 4) === 0;
  const perGroup = depthwise ? 1 : r.int(1, 3);
  const outputs = groups * r.int(1, 4);
  const [kh, kw] = [r.int(1, 3), r.int(1, 3)];
  const x = scaledInput(m, choice.x, [r.int(1, 2), groups * perGroup, r.int(5, 9), r.int(5, 9)]);
  const w = scaledWeights(m, choice.w, [outputs, perGroup, kh, kw], r.pick([undefined, 0]), choice.w === 'uint8');
  const inputs = [x.float, w.float];
  if (choice.bias === 'int32') inputs.push(scaledBias(m, x.scale, w.scales, outputs));
  if (choice.bias === 'float')
    inputs.push(
      m.tensor(
        'float32',
        [outputs],
        Array.from({ length: outputs }, () => Math.fround(r.real() - 0.5)),
      ),
    );
  const attributes: Record<string, AttributeInput> = {
    kernel_shape: [kh, kw],
    strides: [r.int(1, 2), r.int(1, 2)],
    pads: [r.int(0, 1), r.int(0, 1), r.int(0, 1), r.int(0, 1)],
    dilations: [r.int(1, 2), r.int(1, 2)],
    group: groups,
  };
  let y = m.node('Conv', inputs, attributes);
  const outZero = choice.after === 'none' ? m.zero(choice.x) : r.pick([CODE_RANGES[choice.x][0], m.zero(choice.x)]);
  const outScale = m.scale(0.01, 0.5);
  if (choice.after === 'Relu') y = m.node('Relu', [y]);
  if (choice.after === 'Relu6') y = m.node('Clip', [y, m.tensor('float32', [], [0]), m.tensor('float32', [], [6])]);
  quantizedOutput(m, y, choice.x, 4, outScale, outZero);
  return m.model('conv');
}

export function gemmModel(
  m: ModelMaker,
  op: 'Gemm' | 'MatMul',
  choice: Omit<ConvChoice, 'bias'> & { readonly bias: 'none' | 'int32' },
): OnnxModel {
  const r = m.random;
  const [rows, k, n] = [r.int(1, 4), r.int(1, 40), r.int(1, 12)];
  const x = scaledInput(m, choice.x, op === 'MatMul' && r.int(0, 1) === 1 ? [2, rows, k] : [rows, k]);
  const transB = op === 'Gemm' ? r.int(0, 1) : 0;
  const w = scaledWeights(
    m,
    choice.w,
    transB === 1 ? [n, k] : [k, n],
    r.pick([undefined, transB === 1 ? 0 : 1]),
    choice.w === 'uint8',
  );
  const inputs = [x.float, w.float];
  if (op === 'Gemm' && choice.bias === 'int32') inputs.push(scaledBias(m, x.scale, w.scales, n));
  let y = m.node(op, inputs, transB === 1 ? { transB } : {});
  if (choice.after === 'Relu') y = m.node('Relu', [y]);
  quantizedOutput(m, y, choice.x, x.shape.length);
  return m.model('gemm');
}

/** Gemm or MatMul whose float result is the output. */
export function floatResultModel(m: ModelMaker, op: 'Gemm' | 'MatMul'): OnnxModel {
  const r = m.random;
  const [rows, k, n] = [r.int(1, 4), r.int(1, 40), r.int(1, 12)];
  const x = scaledInput(m, 'uint8', [rows, k]);
  const w = scaledWeights(m, 'int8', [k, n], r.pick([undefined, 1]), false);
  const inputs = [x.float, w.float];
  if (op === 'Gemm') inputs.push(scaledBias(m, x.scale, w.scales, n));
  m.output(m.node(op, inputs), 'float32', 2);
  return m.model('float-result');
}

export function binaryModel(m: ModelMaker, op: 'Add' | 'Mul', type: CodeType, after: 'none' | 'Relu'): OnnxModel {
  const r = m.random;
  const shape = [1, r.int(1, 4), r.int(1, 6), r.int(1, 6)];
  const a = scaledInput(m, type, shape);
  const b = scaledInput(m, type, r.int(0, 2) === 0 ? shape.map((d, i) => (i === 1 ? d : 1)) : shape);
  let y = m.node(op, r.int(0, 1) === 1 ? [a.float, b.float] : [b.float, a.float]);
  if (after === 'Relu') y = m.node('Relu', [y]);
  quantizedOutput(m, y, type, 4, m.scale(0.005, 0.2));
  return m.model(op);
}

export type UnaryPattern =
  | 'Relu'
  | 'MaxPool'
  | 'AveragePool'
  | 'GlobalAveragePool'
  | 'Sigmoid'
  | 'Tanh'
  | 'LeakyRelu'
  | 'Softmax'
  | 'Flatten'
  | 'Transpose'
  | 'DepthToSpace'
  | 'Pad'
  | 'Clip'
  | 'Slice';

export function unaryModel(m: ModelMaker, op: UnaryPattern, type: CodeType, sameScale: boolean): OnnxModel {
  const r = m.random;
  const shape = [1, 4, r.int(4, 8), r.int(4, 8)];
  const x = scaledInput(m, type, shape, m.scale(0.01, 0.1));
  const window = {
    kernel_shape: [r.int(2, 3), r.int(2, 3)],
    strides: [r.int(1, 2), r.int(1, 2)],
    pads: [1, 0, 0, 1],
    ceil_mode: r.int(0, 1),
  };
  const build: Readonly<Record<UnaryPattern, () => string>> = {
    Relu: () => m.node('Relu', [x.float]),
    MaxPool: () => m.node('MaxPool', [x.float], window),
    AveragePool: () =>
      m.node('AveragePool', [x.float], { ...window, pads: [1, 1, 0, 0], count_include_pad: r.int(0, 1) }),
    GlobalAveragePool: () => m.node('GlobalAveragePool', [x.float]),
    Sigmoid: () => m.node('Sigmoid', [x.float]),
    Tanh: () => m.node('Tanh', [x.float]),
    LeakyRelu: () => m.node('LeakyRelu', [x.float], { alpha: float(0.1) }),
    Softmax: () => m.node('Softmax', [x.float], { axis: 1 }),
    Flatten: () => m.node('Flatten', [x.float]),
    Transpose: () => m.node('Transpose', [x.float], { perm: [0, 2, 3, 1] }),
    DepthToSpace: () => m.node('DepthToSpace', [x.float], { blocksize: 2, mode: r.pick(['DCR', 'CRD']) }),
    Pad: () => m.node('Pad', [x.float, m.tensor('int64', [8], [0, 0, 1, 2, 0, 1, 0, 1])]),
    Clip: () => m.node('Clip', [x.float, m.tensor('float32', [], [-1]), m.tensor('float32', [], [1.5])]),
    Slice: () =>
      m.node('Slice', [
        x.float,
        m.tensor('int64', [2], [1, 0]),
        m.tensor('int64', [2], [3, 100]),
        m.tensor('int64', [2], [1, 2]),
      ]),
  };
  const y = build[op]();
  const rank = op === 'Flatten' ? 2 : 4;
  if (sameScale) quantizedOutput(m, y, type, rank, x.scale, x.zero);
  else quantizedOutput(m, y, type, rank, m.scale(0.005, 0.1));
  return m.model(op);
}

export function concatModel(m: ModelMaker, type: CodeType, sameScale: boolean): OnnxModel {
  const r = m.random;
  const [h, w] = [r.int(2, 5), r.int(2, 5)];
  const a = scaledInput(m, type, [1, r.int(1, 4), h, w]);
  const b = sameScale
    ? scaledInput(m, type, [1, r.int(1, 4), h, w], a.scale, a.zero)
    : scaledInput(m, type, [1, r.int(1, 4), h, w]);
  const y = m.node('Concat', [a.float, b.float], { axis: 1 });
  if (sameScale) quantizedOutput(m, y, type, 4, a.scale, a.zero);
  else quantizedOutput(m, y, type, 4);
  return m.model('concat');
}
