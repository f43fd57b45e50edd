/** An ONNX model as it grows, and what the exporters of all dialects share: interface, batch norm, attributes and axis orders. */
import {
  type AttributeInput,
  type DataType,
  float,
  makeModel,
  makeNode,
  makeTensor,
  makeValue,
  type OnnxNode,
  type OnnxTensor,
  writeModel,
} from '../../compiler/frontend/onnx/index.ts';
import { SIZE } from './generate.ts';
import { BN_EPSILON, CLASSES, CONVS, type ConvLayer, FEATURES, FINAL_SIZE, type NetworkWeights } from './network.ts';

/** Input: pixels 0 .. 255 as float32, [1, 1, SIZE, SIZE]. Output: [1, CLASSES] float32. */
export const INPUT = 'image';
export const OUTPUT = 'logits';

export const QONNX_DOMAIN = 'qonnx.custom_op.general';

type Attributes = Readonly<Record<string, AttributeInput>>;

/** Nodes and initializers in the order in which they are added; each method gives the name of the value it makes. */
export class Draft {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxTensor[] = [];

  tensor(name: string, type: DataType, dims: readonly number[], values: ArrayLike<number>): string {
    this.#initializers.push(makeTensor(name, type, dims, values));
    return name;
  }

  scalar(name: string, type: DataType, value: number): string {
    return this.tensor(name, type, [], [value]);
  }

  node(op: string, inputs: readonly string[], output: string, attributes: Attributes = {}): string {
    this.#nodes.push(makeNode(op, inputs, [output], attributes));
    return output;
  }

  conv(layer: ConvLayer, inputs: readonly string[], output: string): string {
    const { stride } = layer;
    // TensorFlow's "same": at stride 2 an even size pads only behind.
    const pads = stride === 1 ? [1, 1, 1, 1] : [0, 0, 1, 1];
    return this.node('Conv', inputs, output, { kernel_shape: [3, 3], strides: [stride, stride], pads });
  }

  maxPool(input: string, output: string): string {
    return this.node('MaxPool', [input], output, { kernel_shape: [2, 2], strides: [2, 2] });
  }

  /** Batch norm with the averages of layer `index`, then ReLU. */
  normalRelu(net: NetworkWeights, index: number, input: string): string {
    const { name, outChannels } = CONVS[index]!;
    const w = net.convs[index]!;
    const list = (part: string, values: Float32Array) =>
      this.tensor(`${name}.${part}`, 'float32', [outChannels], values);
    const averages = [list('gamma', w.gamma), list('beta', w.beta), list('mean', w.mean), list('var', w.variance)];
    const normal = this.node('BatchNormalization', [input, ...averages], `${name}.normal`, {
      epsilon: float(BN_EPSILON),
    });
    return this.node('Relu', [normal], `${name}.relu`);
  }

  /** The file. Opset 21 (int4 tensors) comes with IR version 10; 13 (per-channel DequantizeLinear) with 7, which older readers take. */
  finish(name: string, opset: 13 | 21, domains: readonly string[] = []): Uint8Array {
    const model = makeModel({
      name,
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: [makeValue(INPUT, 'float32', [1, 1, SIZE, SIZE])],
      outputs: [makeValue(OUTPUT, 'float32', [1, CLASSES])],
      opset,
      extraOpsets: domains.map((domain) => ({ domain, version: 1 })),
      producerName: 'qnpu examples/digits',
    });
    const metadata = new Map([
      ['input', 'grey, 0 is paper, 255 is full ink'],
      ['classes', Array.from({ length: CLASSES }, (_, i) => i).join(',')],
    ]);
    return writeModel({ ...model, irVersion: opset === 21 ? 10 : 7, metadata });
  }
}

/** [3, 3, in, out] to [out, in, 3, 3]. */
export function toOihw(kernel: Float32Array, { inChannels, outChannels }: ConvLayer): Float32Array {
  return kernel.map((_, to) => {
    const tap = to % 9;
    const i = Math.floor(to / 9) % inChannels;
    const o = Math.floor(to / 9 / inChannels);
    return kernel[(tap * inChannels + i) * outChannels + o]!;
  });
}

/** Dims of toOihw's result. */
export function oihw({ inChannels, outChannels }: ConvLayer): readonly number[] {
  return [outChannels, inChannels, 3, 3];
}

/** Rows of [FEATURES, CLASSES] from (height, width, channel) to (channel, height, width), as Flatten counts in ONNX. */
export function toChw(dense: Float32Array): Float32Array {
  const area = FINAL_SIZE * FINAL_SIZE;
  const channels = FEATURES / area;
  return dense.map((_, to) => {
    const k = to % CLASSES;
    const p = Math.floor(to / CLASSES) % area;
    const c = Math.floor(to / CLASSES / area);
    return dense[(p * channels + c) * CLASSES + k]!;
  });
}
