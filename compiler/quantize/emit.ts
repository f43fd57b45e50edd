/**
 * The quantized network as an ONNX model in QDQ form. Quantizers are those of domain com.microsoft, which take 4 and 16 bits whatever the
 * opset of the model. A value keeps its name behind its quantizer; biases are int32 with the scale of the products.
 */
import {
  type DataType,
  makeNode,
  makeScalar,
  makeTensor,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from '../frontend/onnx/index.ts';
import { roundHalfEven } from '../graph/ops/op.ts';
import type { FloatNetwork, Product } from './network.ts';
import type { Plan } from './plan.ts';
import type { Scale } from './ranges.ts';
import type { QuantizedWeights } from './weights.ts';

const DOMAIN = 'com.microsoft';
const CODE_TYPES: Readonly<Record<number, DataType>> = { 4: 'uint4', 8: 'uint8', 16: 'uint16' };
const WEIGHT_TYPES: Readonly<Record<number, DataType>> = { 2: 'int2', 4: 'int4', 8: 'int8' };

export interface QuantizedProduct {
  readonly product: Product;
  readonly weights: QuantizedWeights;
  readonly bits: number;
}

/** The model, and the ONNX name of each quantizer's codes by the value that it quantizes. */
export interface Emitted {
  readonly model: OnnxModel;
  readonly codes: ReadonlyMap<string, string>;
}

export function emitQdq(
  network: FloatNetwork,
  plan: Plan,
  scales: ReadonlyMap<string, Scale>,
  products: ReadonlyMap<Product, QuantizedProduct>,
): Emitted {
  const draft = new Draft(network, plan, scales);
  const { model, traced, steps } = network;
  const initializers = new Set(model.graph.initializers.map((t) => t.name));
  const inputs = model.graph.inputs.filter((i) => !initializers.has(i.name));
  for (const { name } of inputs) if (plan.groups.has(name)) draft.quantizeInput(name);
  for (const step of steps) {
    if (step.kind === 'product')
      draft.product(products.get(step)!, traced.graph.values.get(traced.floats.get(step.data)!)!.shape.length);
    else draft.plain(step.node);
  }
  const opsets = [...model.opsets.filter((o) => o.domain !== DOMAIN), { domain: DOMAIN, version: 1 }];
  const graph = {
    ...model.graph,
    inputs,
    nodes: draft.nodes,
    initializers: [...draft.initializers.values()],
    valueInfo: [],
  };
  return { model: { ...model, irVersion: Math.max(10, model.irVersion), opsets, graph }, codes: draft.codes };
}

class Draft {
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, OnnxTensor>();
  readonly codes = new Map<string, string>();
  readonly #network: FloatNetwork;
  readonly #plan: Plan;
  readonly #scales: ReadonlyMap<string, Scale>;
  readonly #names: Set<string>;
  /** What readers of a value read. */
  readonly #read = new Map<string, string>();

  constructor(network: FloatNetwork, plan: Plan, scales: ReadonlyMap<string, Scale>) {
    this.#network = network;
    this.#plan = plan;
    this.#scales = scales;
    const { graph } = network.model;
    this.#names = new Set([
      ...graph.inputs.map((i) => i.name),
      ...graph.nodes.flatMap((n) => n.outputs),
      ...network.traced.constants.keys(),
    ]);
  }

  quantizeInput(name: string): void {
    const result = this.#unused(`${name}_dequantized`);
    this.#read.set(name, result);
    this.#pair(name, name, result);
  }

  plain(node: OnnxNode): void {
    const inputs = node.inputs.map((i) => this.#operand(i));
    this.nodes.push({ ...node, inputs, outputs: node.outputs.map((o) => this.#target(o)) });
    for (const output of node.outputs) this.#finish(output);
  }

  /** Products of matrices are a Gemm where the activations are a matrix, else a MatMul and an Add. */
  product({ product: p, weights, bits }: QuantizedProduct, rank: number): void {
    const data = this.#operand(p.data);
    const target = this.#target(p.output);
    const { node } = p;
    if (node.opType === 'Conv') {
      const operands = [this.#weights(p, weights, bits), ...this.#bias(p, weights)];
      this.nodes.push({ ...node, inputs: [data, ...operands], outputs: [target] });
    } else if (rank === 2 && (p.bias !== undefined || node.opType === 'Gemm')) {
      const transA = node.attributes.get('transA');
      const attributes = { transB: 1, ...(transA === undefined ? {} : { transA }) };
      const operands = [this.#weights(p, weights, bits), ...this.#bias(p, weights)];
      this.nodes.push(makeNode('Gemm', [data, ...operands], [target], attributes, node.name));
    } else {
      const sum = p.bias === undefined ? target : this.#unused(`${p.output}_product`);
      this.nodes.push(makeNode('MatMul', [data, this.#turnedWeights(p, weights, bits)], [sum], {}, node.name));
      if (p.bias !== undefined) {
        const bias = this.#initializer(makeTensor(this.#unused(`${p.name}_bias`), 'float32', [p.channels], p.bias));
        this.nodes.push(makeNode('Add', [sum, bias], [target]));
      }
    }
    this.#finish(p.output);
  }

  #weights(p: Product, { codes, scales }: QuantizedWeights, bits: number): string {
    return this.#constantCodes(`${p.name}_weight`, WEIGHT_TYPES[bits]!, [p.channels, ...p.dims], codes, scales, 0);
  }

  #turnedWeights(p: Product, { codes, scales }: QuantizedWeights, bits: number): string {
    const n = p.channels;
    const k = codes.length / n;
    const turned = Int32Array.from(codes, (_, i) => codes[(i % n) * k + Math.floor(i / n)]!);
    return this.#constantCodes(`${p.name}_weight`, WEIGHT_TYPES[bits]!, [k, n], turned, scales, 1);
  }

  #bias(p: Product, { scales }: QuantizedWeights): string[] {
    if (p.bias === undefined) return [];
    const input = this.#scales.get(p.data)!.scale;
    const steps = scales.map((s) => s * input);
    const codes = Int32Array.from(p.bias, (b, c) =>
      Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, roundHalfEven(b / steps[c]!))),
    );
    return [this.#constantCodes(`${p.name}_bias`, 'int32', [p.channels], codes, steps, 0)];
  }

  #constantCodes(
    name: string,
    type: DataType,
    dims: readonly number[],
    codes: ArrayLike<number>,
    scales: Float32Array,
    axis: number,
  ): string {
    const zeros = new Float32Array(scales.length);
    const inputs = [
      this.#initializer(makeTensor(this.#unused(`${name}_codes`), type, dims, codes)),
      this.#initializer(makeTensor(this.#unused(`${name}_scale`), 'float32', [scales.length], scales)),
      this.#initializer(makeTensor(this.#unused(`${name}_zero_point`), type, [scales.length], zeros)),
    ];
    const result = this.#unused(`${name}_dequantized`);
    this.nodes.push(makeNode(`${DOMAIN}:DequantizeLinear`, inputs, [result], { axis }));
    return result;
  }

  /** What to read for an operand; known ones become initializers. */
  #operand(name: string): string {
    const known = this.#network.traced.constants.get(name);
    if (known !== undefined && !this.initializers.has(name))
      this.initializers.set(name, makeTensor(name, known.dataType, known.shape, known.data));
    return this.#read.get(name) ?? name;
  }

  /** Where a node writes a value: aside, when a quantizer follows. */
  #target(value: string): string {
    if (!this.#plan.groups.has(value)) return value;
    const aside = this.#unused(`${value}_float`);
    this.#aside.set(value, aside);
    return aside;
  }
  readonly #aside = new Map<string, string>();

  #finish(value: string): void {
    const aside = this.#aside.get(value);
    if (aside !== undefined) this.#pair(value, aside, value);
  }

  #pair(value: string, from: string, to: string): void {
    const group = this.#plan.groups.get(value)!;
    const { scale, zero, bits } = this.#scales.get(value)!;
    const shared = `${group.members[0]}`;
    const operands = [
      this.#initializer(makeScalar(`${shared}_scale`, 'float32', scale)),
      this.#initializer(makeScalar(`${shared}_zero_point`, CODE_TYPES[bits]!, zero)),
    ];
    const codes = this.#unused(`${value}_codes`);
    this.nodes.push(makeNode(`${DOMAIN}:QuantizeLinear`, [from, ...operands], [codes]));
    this.nodes.push(makeNode(`${DOMAIN}:DequantizeLinear`, [codes, ...operands], [to]));
    this.codes.set(value, codes);
  }

  #initializer(tensor: OnnxTensor): string {
    this.initializers.set(tensor.name, tensor);
    return tensor.name;
  }

  #unused(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.#names.has(name); i++) name = `${wanted}_${i}`;
    this.#names.add(name);
    return name;
  }
}
