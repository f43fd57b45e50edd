/** Builds graphs: infers types, checks each op's constraints as nodes are added, keeps names unique. Frontends and passes use it. */
import { OPS } from './ops/index.ts';
import type { OpDefinition } from './ops/op.ts';
import { requireThat } from './ops/op.ts';
import {
  type Band,
  type ElementType,
  type Graph,
  type Node,
  type OpAttributes,
  type OpName,
  sizeOf,
  type Tensor,
  type ValueType,
} from './types.ts';

export interface NodeOptions {
  readonly name?: string;
  readonly source?: string;
  /** Result element type of ops that can give several. */
  readonly element?: ElementType;
  /** Result shape of reshape and slice. */
  readonly shape?: readonly number[];
  /** Name of the result; made from the node's name when left out. */
  readonly output?: string;
  readonly band?: Band;
}

export class GraphBuilder {
  readonly #name: string;
  readonly #inputs: string[] = [];
  readonly #values = new Map<string, ValueType>();
  readonly #constants = new Map<string, Tensor>();
  readonly #nodes: Node[] = [];
  readonly #valueNames = new Set<string>();
  readonly #nodeNames = new Set<string>();

  constructor(name: string) {
    this.#name = name;
  }

  input(name: string, type: ValueType): string {
    const id = unused(name, this.#valueNames);
    this.#values.set(id, type);
    this.#inputs.push(id);
    return id;
  }

  constant(tensor: Tensor, name = 'const'): string {
    requireThat(
      tensor.data.length === sizeOf(tensor.type.shape),
      `constant ${name} has ${tensor.data.length} elements for [${tensor.type.shape}]`,
    );
    const id = unused(name, this.#valueNames);
    this.#values.set(id, tensor.type);
    this.#constants.set(id, tensor);
    return id;
  }

  /** Adds a node and returns the name of its result; throws OpError when the op refuses. More values than a concat takes are joined in groups first. */
  add<O extends OpName>(
    op: O,
    given: readonly string[],
    attributes: OpAttributes[O],
    options: NodeOptions = {},
  ): string {
    const definition = OPS[op] as unknown as OpDefinition<O>;
    const [least, most] = definition.arity;
    const inputs = op === 'concat' ? this.#inGroups(given, most, attributes as OpAttributes['concat'], options) : given;
    requireThat(
      inputs.length >= least && inputs.length <= most,
      `${op} takes ${least} to ${most} inputs, got ${inputs.length}`,
    );
    const inferred = definition.infer(
      attributes,
      inputs.map((i) => this.typeOf(i)),
      options.element,
    );
    const type = options.shape === undefined ? inferred : { element: inferred.element, shape: options.shape };
    if (op === 'reshape')
      requireThat(
        sizeOf(type.shape) === sizeOf(inferred.shape),
        `cannot reshape [${inferred.shape}] to [${type.shape}]`,
      );
    const name = unused(options.name ?? op, this.#nodeNames);
    const output = unused(options.output ?? (name === options.name ? `${name}.out` : name), this.#valueNames);
    this.#values.set(output, type);
    const band = options.band === undefined ? {} : { band: options.band };
    this.#nodes.push({ op, name, inputs, output, attributes, source: options.source ?? name, ...band } as Node);
    return output;
  }

  /** At most `most` values to join, each one of those given or several of them joined. */
  #inGroups(
    given: readonly string[],
    most: number,
    attributes: OpAttributes['concat'],
    { name = 'concat', source, band }: NodeOptions,
  ): readonly string[] {
    if (given.length <= most) return given;
    const options = { name: `${name}.part`, ...(source === undefined ? {} : { source }), ...(band && { band }) };
    const groups = Array.from({ length: Math.ceil(given.length / most) }, (_, i) =>
      this.add('concat', given.slice(i * most, (i + 1) * most), attributes, options),
    );
    return this.#inGroups(groups, most, attributes, options);
  }

  typeOf(value: string): ValueType {
    const type = this.#values.get(value);
    requireThat(type !== undefined, `value ${value} is not defined`);
    return type;
  }

  constantOf(value: string): Tensor | undefined {
    return this.#constants.get(value);
  }

  /** The finished graph; values and constants that nothing uses are left out. */
  finish(outputs: readonly string[]): Graph {
    const live = new Set(outputs);
    const nodes: Node[] = [];
    for (const node of [...this.#nodes].reverse()) {
      if (!live.has(node.output)) continue;
      nodes.unshift(node);
      for (const i of node.inputs) live.add(i);
    }
    const values = new Map([...this.#values].filter(([name]) => live.has(name) || this.#inputs.includes(name)));
    const constants = new Map([...this.#constants].filter(([name]) => live.has(name)));
    return { name: this.#name, inputs: [...this.#inputs], outputs: [...outputs], values, constants, nodes };
  }
}

/** The name wanted, or with a number behind it when that is taken; values and nodes are named apart. */
function unused(wanted: string, taken: Set<string>): string {
  let name = wanted === '' ? 'value' : wanted;
  for (let i = 1; taken.has(name); i++) name = `${wanted}.${i}`;
  taken.add(name);
  return name;
}
