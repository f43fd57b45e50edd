/**
 * State of one import: the graph being built, what each ONNX value means, and who uses it. Values change form here and
 * only here: codes to float (a `dequantize`), known numbers to constants of the graph.
 */
import type { GraphBuilder, NodeOptions } from '../../graph/builder.ts';
import type { OpAttributes, OpName, Tensor, ValueType } from '../../graph/types.ts';
import { invalid, refuse, Skipped } from '../refusal.ts';
import { asFloat32, size } from './constants.ts';
import {
  type Blocks,
  type Bounds,
  type Codes,
  type Constant,
  elementTypeOf,
  type Meaning,
  type Scaling,
} from './meaning.ts';
import type { DataType, OnnxNode } from './model.ts';

/** A quantizer of the model and where its codes are in the graph: what an oracle compares. */
export interface QuantizerSite {
  /** ONNX name of the quantizer's result. */
  readonly output: string;
  /** The graph's value with the codes. */
  readonly codes: string;
}

export class ImportContext {
  readonly builder: GraphBuilder;
  readonly opset: number;
  readonly notes: string[] = [];
  readonly quantizers: QuantizerSite[] = [];
  /** Whether layers may be float: the model has quantizers or integer ops, so that they are exceptions, or the caller asks for them. */
  readonly quantizedModel: boolean;
  /** Nodes of the QuantizeLinear dialect that read scaled codes as floats: no integer kernel stands for them. */
  readonly floatNodes = new Set<OnnxNode>();
  /** Nodes whose results came with those of a node before them. */
  readonly absorbed = new Set<OnnxNode>();
  readonly #meanings = new Map<string, Meaning>();
  readonly #floats = new Map<string, string>();
  readonly #consumers: ReadonlyMap<string, readonly OnnxNode[]>;
  readonly #outputs: ReadonlySet<string>;
  readonly #producers: ReadonlyMap<string, OnnxNode>;
  /** The node being imported. */
  node: OnnxNode;
  /** Imports a node that is not in the model; for nodes that stand for several. */
  readonly importNode: (node: OnnxNode) => void;

  constructor(
    builder: GraphBuilder,
    opset: number,
    nodes: readonly OnnxNode[],
    outputs: readonly string[],
    first: OnnxNode,
    importNode: (node: OnnxNode) => void,
    floatLayers = false,
  ) {
    this.builder = builder;
    this.opset = opset;
    this.node = first;
    this.importNode = (node) => this.as(node, () => importNode(node));
    this.#outputs = new Set(outputs);
    this.quantizedModel =
      floatLayers || nodes.some((n) => /[Qq]uant|^Q[A-Z]|Integer|Trunc|MultiThreshold|NBits/.test(n.opType));
    const consumers = new Map<string, OnnxNode[]>();
    for (const node of nodes) {
      for (const name of node.inputs) consumers.set(name, [...(consumers.get(name) ?? []), node]);
    }
    this.#consumers = consumers;
    this.#producers = new Map(nodes.flatMap((n) => n.outputs.map((o): [string, OnnxNode] => [o, n])));
  }

  /** Runs `make` with `node` as the current node, so that what it adds carries that node's name. */
  as<T>(node: OnnxNode, make: () => T): T {
    const current = this.node;
    this.node = node;
    try {
      return make();
    } finally {
      this.node = current;
    }
  }

  define(name: string, meaning: Meaning): void {
    this.#meanings.set(name, meaning);
  }

  /** Every ONNX value and what it means. */
  get meanings(): ReadonlyMap<string, Meaning> {
    return this.#meanings;
  }

  lookup(name: string): Meaning | undefined {
    return this.#meanings.get(name);
  }

  /** Result `index` of the current node. */
  result(meaning: Meaning, index = 0): void {
    const name = this.node.outputs[index];
    if (name === undefined || name === '') invalid(`output ${index} is missing`);
    this.define(name, meaning);
  }

  /** Whether result `index` of the current node is there and read, by a node or as an output of the model. */
  wantsOutput(index: number): boolean {
    const name = this.node.outputs[index] ?? '';
    return name !== '' && (this.#consumers.has(name) || this.#outputs.has(name));
  }

  get outputName(): string {
    return this.node.outputs[0] ?? '';
  }

  hasInput(index: number): boolean {
    return (this.node.inputs[index] ?? '') !== '';
  }

  /** What input `index` means; throws Skipped when it comes from a refused node. */
  input(index: number): Meaning {
    const name = this.node.inputs[index] ?? '';
    if (name === '') invalid(`input ${index} is missing`);
    const meaning = this.#meanings.get(name) ?? invalid(`input ${index} names '${name}', which nothing defines`);
    if (meaning.kind === 'refused') throw new Skipped();
    return meaning.kind === 'constant' ? { ...meaning, constant: asFloat32(meaning.constant) } : meaning;
  }

  /** A note that is given once. */
  noteOnce(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  /** Input `index` as known numbers, or undefined when it is absent; refuses a computed one. */
  constantInput(index: number, what: string): Constant | undefined {
    if (!this.hasInput(index)) return undefined;
    const meaning = this.input(index);
    if (meaning.kind !== 'constant')
      refuse(`${what} (input ${index}, '${this.node.inputs[index]}') is computed at run time`, {
        expected: 'a constant',
      });
    return meaning.constant;
  }

  /** The only node that uses `name`, when it is not also an output of the model. */
  soleConsumer(name: string): OnnxNode | undefined {
    const users = this.#consumers.get(name) ?? [];
    return users.length === 1 && !this.#outputs.has(name) ? users[0] : undefined;
  }

  /** The only node that uses `name`, which may also be an output of the model. */
  onlyReader(name: string): OnnxNode | undefined {
    const users = this.#consumers.get(name) ?? [];
    return users.length === 1 ? users[0] : undefined;
  }

  /** The node that makes `name`; undefined for inputs and initializers. */
  producerOf(name: string): OnnxNode | undefined {
    return this.#producers.get(name);
  }

  /** Adds a graph node that carries the current ONNX node's name. */
  add<O extends OpName>(
    op: O,
    inputs: readonly string[],
    attributes: OpAttributes[O],
    options: NodeOptions = {},
  ): string {
    const own = this.node.name === '' ? this.outputName : this.node.name;
    return this.#checked(this.builder.add(op, inputs, attributes, { name: own, source: this.#source(), ...options }));
  }

  /** Refuses a value without elements, or with too many. */
  #checked(id: string): string {
    const { shape } = this.builder.typeOf(id);
    const count = shape.reduce((n, d) => n * d, 1);
    if (count < 1 || !(count < 2 ** 31)) {
      const hint = count < 1 ? {} : { hint: 'smaller inputs (--dims)' };
      const expected = '1 .. 2^31 - 1 elements, no dim of 0';
      invalid(`'${id}' would have shape [${shape.join(', ')}]`, { expected, ...hint });
    }
    return id;
  }

  /** The graph's type of an input, whatever its form. */
  typeOf(meaning: Meaning): ValueType {
    switch (meaning.kind) {
      case 'constant':
        return { element: elementTypeOf(meaning.constant.dataType), shape: meaning.constant.shape };
      case 'weights':
      case 'blocked':
        return { element: { kind: 'float32' }, shape: meaning.codes.shape };
      case 'codes':
      case 'float':
        return this.builder.typeOf(meaning.id);
      case 'quantized':
        return { element: { kind: 'float32' }, shape: this.builder.typeOf(meaning.id).shape };
      case 'pending':
        return { element: { kind: 'float32' }, shape: meaning.shape };
      case 'refused':
        throw new Skipped();
    }
  }

  /** Input `index` as a float32 value of the graph; adds a `dequantize` or a constant when it is in another form. */
  floatInput(index: number): string {
    const meaning = this.input(index);
    const scaled = (meaning.kind === 'quantized' && meaning.origin === 'linear') || meaning.kind === 'pending';
    if (scaled) this.floatNodes.add(this.node);
    return this.floatOf(this.node.inputs[index] ?? '', meaning);
  }

  /** `name` as a float32 value of the graph; made once. */
  floatOf(name: string, meaning: Meaning): string {
    if (meaning.kind === 'float') return meaning.id;
    const known = this.#floats.get(name);
    if (known !== undefined) return known;
    const id = this.#makeFloat(name, meaning);
    this.#floats.set(name, id);
    return id;
  }

  #makeFloat(name: string, meaning: Meaning): string {
    switch (meaning.kind) {
      case 'quantized':
        return this.dequantize(meaning.id, meaning.scaling, name);
      case 'pending':
        return this.#bounded(meaning.float(), meaning.bounds, name);
      case 'weights':
        return this.builder.constant(
          floatTensor(dequantizeCodes(meaning.codes, meaning.scaling), meaning.codes.shape),
          name,
        );
      case 'blocked':
        return this.builder.constant(floatTensor(blockedFloats(meaning), meaning.codes.shape), name);
      case 'constant':
        return this.#checked(
          this.builder.constant(floatTensor(floatData(meaning.constant), meaning.constant.shape), name),
        );
      case 'codes':
        return invalid(`'${name}' holds ${meaning.dataType} codes`, {
          expected: 'float32',
          hint: 'insert a DequantizeLinear',
        });
      default:
        throw new Skipped();
    }
  }

  #bounded(id: string, bounds: Bounds, name: string): string {
    const options = { name: `${name}.clip`, output: name, source: this.#source() };
    if (bounds.low === 0 && bounds.high === Number.POSITIVE_INFINITY)
      return this.builder.add('unary', [id], { fn: 'relu' }, options);
    const free = bounds.low === Number.NEGATIVE_INFINITY && bounds.high === Number.POSITIVE_INFINITY;
    return free ? id : this.builder.add('clip', [id], { min: bounds.low, max: bounds.high }, options);
  }

  #source(): string {
    return `${this.node.opType} ${this.node.name === '' ? this.outputName : this.node.name}`;
  }

  dequantize(codes: string, scaling: Scaling, name: string): string {
    const attributes = { scale: scaling.scale, zeroPoint: scaling.zero, axis: scaling.axis };
    const output = name === codes ? `${name}.float` : name;
    return this.builder.add('dequantize', [codes], attributes, {
      name: `${name}.dequantize`,
      output,
      source: this.#source(),
    });
  }

  constantCodes(codes: Codes, name: string): string {
    return this.#checked(
      this.builder.constant({ type: { element: codes.element, shape: codes.shape }, data: codes.data }, name),
    );
  }
}

/** What becomes of floats that are not of 32 bits. */
export function otherFloat(dataType: DataType): string {
  return `${dataType} is computed in float32: the last bits are not those of a runtime that computes in ${dataType}`;
}

export function floatTensor(data: Float32Array, shape: readonly number[]): Tensor {
  return { type: { element: { kind: 'float32' }, shape }, data };
}

/** float32 data of a constant; refuses integer types, which need their own scale. */
export function floatData(constant: Constant): Float32Array {
  const { data } = asFloat32(constant);
  if (data instanceof Float32Array) return data;
  return invalid(`a constant is ${constant.dataType}`, { expected: 'float32' });
}

/** float32(code - zero) * scale for each code. */
export function dequantizeCodes(codes: Codes, scaling: Scaling): Float32Array {
  const channel = channelIndex(codes.shape, scaling.axis);
  return Float32Array.from(codes.data, (v, i) => {
    const c = channel(i);
    return Math.fround(v - at(scaling.zero, c)) * at(scaling.scale, c);
  });
}

/** float32(code - zero) * scale, by block. */
export function blockedFloats({ codes, blocks }: { readonly codes: Codes; readonly blocks: Blocks }): Float32Array {
  const inner = size(codes.shape.slice(blocks.axis + 1));
  const extent = codes.shape[blocks.axis] ?? 1;
  const count = blocks.shape[blocks.axis] ?? 1;
  return Float32Array.from(codes.data, (v, i) => {
    const [outer, place] = [Math.floor(i / (inner * extent)), Math.floor(i / inner) % extent];
    const block = (outer * count + Math.floor(place / blocks.size)) * inner + (i % inner);
    return Math.fround(v - (blocks.zero[block] ?? 0)) * (blocks.scale[block] ?? 0);
  });
}

/** Flat index to index along `axis`. */
export function channelIndex(shape: readonly number[], axis: number): (i: number) => number {
  const inner = shape.slice(axis + 1).reduce((n, d) => n * d, 1);
  const size = shape[axis] ?? 1;
  return (i) => Math.floor(i / inner) % size;
}

/** Element c, or the only one. */
export function at(values: ArrayLike<number>, c: number): number {
  return values[values.length === 1 ? 0 : c] ?? 0;
}
