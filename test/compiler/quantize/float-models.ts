/** Small float networks as exporters write them, with seeded weights: what post-training quantization starts from. */
import {
  type AttributeInput,
  float,
  makeModel,
  makeNode,
  makeTensor,
  makeValue,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from '../../../compiler/frontend/onnx/index.ts';
import { createRandom, type Random } from '../../../isa/base/random.ts';

class Maker {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly random: Random;

  constructor(seed: number) {
    this.random = createRandom(seed);
  }

  tensor(dims: readonly number[], low = -0.5, high = 0.5): string {
    const name = `c${this.initializers.length}`;
    const count = dims.reduce((n, d) => n * d, 1);
    const values = Float32Array.from({ length: count }, () => low + this.random.real() * (high - low));
    this.initializers.push(makeTensor(name, 'float32', dims, values));
    return name;
  }

  whole(values: readonly number[]): string {
    const name = `c${this.initializers.length}`;
    this.initializers.push(makeTensor(name, 'int64', [values.length], values));
    return name;
  }

  node(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeInput> = {},
    output?: string,
  ): string {
    const name = output ?? `${op.toLowerCase()}${this.nodes.length}`;
    this.nodes.push(makeNode(op, inputs, [name], attributes));
    return name;
  }

  model(name: string, input: readonly number[], output: readonly number[], opset = 13): OnnxModel {
    return makeModel({
      name,
      nodes: this.nodes,
      inputs: [makeValue('x', 'float32', input)],
      outputs: [makeValue('y', 'float32', output)],
      initializers: this.initializers,
      opset,
    });
  }
}

const PADS = { pads: [1, 1, 1, 1] } as const;

/** Convolution with batch norm and Relu, a residual sum, a depthwise layer up to Relu6, a mean and a Gemm: a CNN in small. */
export function residualNetwork(seed: number): OnnxModel {
  const m = new Maker(seed);
  const norm = (x: string, c: number) =>
    m.node('BatchNormalization', [x, m.tensor([c], 0.5, 1.5), m.tensor([c]), m.tensor([c]), m.tensor([c], 0.5, 2)]);
  const first = m.node('Relu', [norm(m.node('Conv', ['x', m.tensor([8, 3, 3, 3])], PADS), 8)]);
  const branch = norm(m.node('Conv', [first, m.tensor([8, 8, 3, 3], -0.3, 0.3), m.tensor([8])], PADS), 8);
  const sum = m.node('Relu', [m.node('Add', [branch, first])]);
  const depthwise = m.node('Conv', [sum, m.tensor([8, 1, 3, 3])], { ...PADS, group: 8, strides: [2, 2] });
  const six = m.node('Clip', [depthwise, m.tensor([], 0, 0), m.tensor([], 6, 6)]);
  const mean = m.node('Flatten', [m.node('GlobalAveragePool', [six])]);
  m.node('Gemm', [mean, m.tensor([5, 8]), m.tensor([5])], { transB: 1 }, 'y');
  return m.model('residual', [1, 3, 8, 8], [1, 5]);
}

/** Two branches joined, a pool, a factor and a sum per channel behind a convolution, alpha and beta of a Gemm. */
export function joinedNetwork(seed: number): OnnxModel {
  const m = new Maker(seed);
  const left = m.node('Relu', [m.node('Conv', ['x', m.tensor([4, 2, 3, 3])], PADS)]);
  const scaled = m.node('Mul', [m.node('Conv', ['x', m.tensor([4, 2, 1, 1])]), m.tensor([1, 4, 1, 1], 0.5, 2)]);
  const right = m.node('Sub', [scaled, m.tensor([4, 1, 1])]);
  const joined = m.node('MaxPool', [m.node('Concat', [left, right], { axis: 1 })], {
    kernel_shape: [2, 2],
    strides: [2, 2],
  });
  const flat = m.node('Flatten', [joined]);
  m.node('Gemm', [flat, m.tensor([8 * 9, 4], -0.2, 0.2), m.tensor([1, 4])], { alpha: float(0.5), beta: float(2) }, 'y');
  return m.model('joined', [1, 2, 6, 6], [1, 4]);
}

/** Rows of tokens through two MatMul layers with their sums, a HardSwish between, weights behind a Transpose that folds. */
export function tokenNetwork(seed: number): OnnxModel {
  const m = new Maker(seed);
  const turned = m.node('Transpose', [m.tensor([12, 6])], { perm: [1, 0] });
  const hidden = m.node('Add', [m.node('MatMul', ['x', turned]), m.tensor([12])]);
  const active = m.node('HardSwish', [hidden]);
  const out = m.node('Add', [m.node('MatMul', [active, m.tensor([12, 3])]), m.tensor([3])]);
  m.node('Reshape', [out, m.whole([5, 3])], {}, 'y');
  return m.model('tokens', [1, 5, 6], [5, 3], 14);
}

/** 1-D data: a strided convolution, x times its own sigmoid, halves that go apart, an average that counts padding, no bias at the end. */
export function signalNetwork(seed: number): OnnxModel {
  const m = new Maker(seed);
  const conv = m.node('Conv', ['x', m.tensor([8, 3, 3]), m.tensor([8])], { pads: [1, 1], strides: [2] });
  const active = m.node('Mul', [conv, m.node('Sigmoid', [conv])]);
  m.nodes.push(makeNode('Split', [active], ['left', 'right'], { axis: 1 }));
  const sum = m.node('Conv', ['left', m.tensor([4, 4, 3])], { pads: [1, 1] });
  const mean = m.node('AveragePool', ['right'], { kernel_shape: [3], pads: [1, 1], count_include_pad: 1 });
  const flat = m.node('Flatten', [m.node('Add', [sum, mean])]);
  m.node('Gemm', [flat, m.tensor([6, 32])], { transB: 1 }, 'y');
  return m.model('signal', [1, 3, 16], [1, 6]);
}

/** One convolution with a bias: what its weights lose can be told by hand. */
export function singleLayer(seed: number): OnnxModel {
  const m = new Maker(seed);
  m.node('Conv', ['x', m.tensor([3, 2, 3, 3]), m.tensor([3])], {}, 'y');
  return m.model('single', [1, 2, 6, 6], [1, 3, 4, 4]);
}

export const FLOAT_NETWORKS = { residualNetwork, joinedNetwork, tokenNetwork, signalNetwork } as const;

/** Inputs of a network, uniform in [low, high). */
export function inputsOf(
  model: OnnxModel,
  count: number,
  seed: number,
  low = -1,
  high = 1,
): Map<string, Float32Array>[] {
  const random = createRandom(seed);
  const [input] = model.graph.inputs;
  const size = (input?.shape ?? []).reduce<number>((n, d) => n * Number(d), 1);
  return Array.from({ length: count }, () => {
    const data = Float32Array.from({ length: size }, () => low + random.real() * (high - low));
    return new Map([[input?.name ?? '', data]]);
  });
}
