/** What a kernel builder knows about its node: types, constants as operands, names. One place for the repeated look-ups. */
import { InternalError } from '../../../isa/base/errors.ts';
import type { LayerSymbol } from '../../../isa/program.ts';
import type { Graph, IntegerType, Node, Tensor, ValueType } from '../../graph/types.ts';
import type { ConstantTensor } from '../constants.ts';
import { constantTensor } from '../constants.ts';
import type { Source } from '../kernel.ts';
import { formatOf, refuseUnless } from '../kernel.ts';
import { at, byteGroup, memoryOrder } from '../layout.ts';
import type { Format } from '../walk.ts';
import type { MatmulSpec } from './matmul-spec.ts';
import type { PointwiseOperand } from './pointwise.ts';

export const FLOAT: Format = { bits: 32, coding: 'float', zero: 0 };
export const INT32_FORMAT: Format = { bits: 32, coding: 'signed', zero: 0 };

/** What nodes have in common, in one graph and in others that are cut from the same network: constants of the network, and what products compute. */
export class SharedParts {
  /** By tensor and use; a name may stand for other rows in another graph. */
  readonly #constants = new Map<Tensor, Map<string, ConstantTensor>>();
  readonly products = new Map<string, MatmulSpec>();
  /** Constants that bands of one node make for themselves, those that differ, by the node's name; of one graph only. */
  #ofBands = new Map<string, ConstantTensor[]>();

  /** Begins with another graph. */
  begin(): void {
    this.#ofBands = new Map();
  }

  /** The constant of the network with a tensor's numbers, for one use of it. */
  constantOf(tensor: Tensor, use: string, make: () => ConstantTensor): ConstantTensor {
    const uses = this.#constants.get(tensor) ?? new Map<string, ConstantTensor>();
    this.#constants.set(tensor, uses);
    const constant = uses.get(use) ?? make();
    uses.set(use, constant);
    return constant;
  }

  /** What a band makes, or what another band of the node has made alike. */
  ofBands(name: string, make: (name: string) => ConstantTensor): ConstantTensor {
    const known = this.#ofBands.get(name) ?? [];
    const made = make(known.length === 0 ? name : `${name} ${known.length + 1}`);
    const alike = known.find((other) => sameConstant(other, made));
    if (alike === undefined) this.#ofBands.set(name, [...known, made]);
    return alike ?? made;
  }
}

/** Whether two constants are the same numbers, seen and kept in the same way. */
function sameConstant(a: ConstantTensor, b: ConstantTensor): boolean {
  const form = ({ shape, format, stored, role }: ConstantTensor): string =>
    JSON.stringify([shape, format, stored, role]);
  return form(a) === form(b) && a.bytes.every((byte, i) => byte === b.bytes[i]);
}

export class NodeContext {
  readonly node: Node;
  readonly #graph: Graph;
  readonly #shared: SharedParts;

  /** @param shared by all nodes of a graph, so that a constant is stored once. */
  constructor(graph: Graph, node: Node, shared: SharedParts) {
    this.#graph = graph;
    this.node = node;
    this.#shared = shared;
  }

  /** A constant of the node's own; bands of one node share what is alike. */
  constant(suffix: string, make: (name: string) => ConstantTensor): ConstantTensor {
    const { band, name } = this.node;
    return band === undefined ? make(`${name}.${suffix}`) : this.#shared.ofBands(`${band.of}.${suffix}`, make);
  }

  /** What the arrays and the drain compute, the drain up to a node; bands of one node have their weights in common. */
  product(last: NodeContext, make: () => MatmulSpec): MatmulSpec {
    const of = `${this.node.band?.of ?? this.node.name} to ${last.node.op}`;
    const spec = this.#shared.products.get(of) ?? make();
    this.#shared.products.set(of, spec);
    return spec;
  }

  get output(): ValueType {
    return this.typeOf(this.node.output);
  }

  typeOf(value: string): ValueType {
    const type = this.#graph.values.get(value);
    if (type === undefined) throw new InternalError(`value ${value} has no type`);
    return type;
  }

  input(index: number): string {
    return at(this.node.inputs, index);
  }

  inputType(index: number): ValueType {
    return this.typeOf(this.input(index));
  }

  /** Integer element type of an operand or of the result. */
  integer(type: ValueType, what: string): IntegerType {
    refuseUnless(type.element.kind === 'int', `${what} must be integers`);
    return type.element;
  }

  /** Constant data of an operand, or undefined when it is computed. */
  constantData(index: number): Tensor | undefined {
    return this.#graph.constants.get(this.input(index));
  }

  /** An operand as a pointwise operand, stored in DRAM when it is constant. */
  operand(index: number): PointwiseOperand {
    const name = this.input(index);
    return { source: this.source(name), shape: this.typeOf(name).shape };
  }

  source(name: string): Source {
    const tensor = this.#graph.constants.get(name);
    if (tensor === undefined) return { kind: 'value', name };
    const { shape } = tensor.type;
    const make = () => constantTensor(name, shape, formatOf(tensor.type), 'parameters', tensor.data);
    return { kind: 'constant', constant: this.#shared.constantOf(tensor, 'operand', make) };
  }

  /** Constant float weights as a matrix; nodes with the same operand share them. */
  floatWeights(index: number, shape: readonly [number, number]): ConstantTensor | undefined {
    const tensor = this.constantData(index);
    if (tensor === undefined) return undefined;
    const make = () => constantTensor(this.input(index), shape, FLOAT, 'weights', tensor.data);
    return this.#shared.constantOf(tensor, `weights ${shape.join()}`, make);
  }

  /** A scalar, or one number per element of `axis`, as a broadcast operand of the node's result. */
  table(suffix: string, data: ArrayLike<number>, axis: number, format: Format): PointwiseOperand {
    const shape = this.output.shape.map((_, d) => (d === axis && data.length > 1 ? data.length : 1));
    const constant = this.constant(suffix, (name) => constantTensor(name, shape, format, 'parameters', data));
    return { source: { kind: 'constant', constant }, shape };
  }

  scalar(suffix: string, value: number, format: Format): PointwiseOperand {
    return this.table(suffix, [value], 0, format);
  }

  /** A table shared by all elements, as the entries of a look-up. */
  entries(suffix: string, data: ArrayLike<number>, format: Format): PointwiseOperand {
    const shape = [...this.output.shape.map(() => 1), data.length];
    const constant = this.constant(suffix, (name) => constantTensor(name, shape, format, 'parameters', data));
    return { source: { kind: 'constant', constant }, shape, records: true };
  }

  /** Data of a shape that broadcasts against the node's result. */
  image(suffix: string, data: ArrayLike<number>, shape: readonly number[], format: Format): PointwiseOperand {
    const constant = this.constant(suffix, (name) => constantTensor(name, shape, format, 'parameters', data));
    return { source: { kind: 'constant', constant }, shape };
  }

  /** A layer without a matrix product. */
  layer(op: string = this.node.op): LayerSymbol {
    return { name: this.node.name, op, m: 0, k: 0, n: 0, macs: 0 };
  }
}

/** Cuts anywhere, but the fastest dim only at whole bytes, because no two instructions write the same byte. */
export function freeGrain(shape: readonly number[], bits: number): number[] {
  const fastest = [...memoryOrder(shape.length)].reverse().find((d) => at(shape, d) > 1);
  return shape.map((size, d) => (d === fastest ? Math.min(size, byteGroup(bits)) : 1));
}
