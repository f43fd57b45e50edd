/**
 * The verifier. What it holds every graph to:
 *  1. every value is defined once: as an input, a constant or a node's result; the table of values has exactly these;
 *  2. nodes come in topological order, under unique names; inputs and outputs are values, inputs are distinct;
 *  3. dims are whole and positive, with fewer than 2^31 elements; integer types have 1 .. 32 bits (bipolar 1, ternary 2);
 *  4. constants have as many elements as their shape says, in the storage of their type, with codes in its range;
 *  5. each node has a legal number of operands, its op accepts their types, and its declared result is what the op infers;
 *  6. quantizers, thresholds and tables give codes of their result type; thresholds are sorted; slices stay inside;
 *  7. weights of conv and matmul are constants; sums stay in 32 bits in any order of adding.
 * All findings at once.
 */
import { type Diagnostic, InternalError } from '../../isa/base/errors.ts';
import { OPS } from './ops/index.ts';
import { type OpDefinition, OpError } from './ops/op.ts';
import { accumulatorRange, codeRangeOf, overflowingChannel, productRange } from './ranges.ts';
import {
  type Graph,
  type IntegerType,
  integerRange,
  type Node,
  type OpName,
  sizeOf,
  type Tensor,
  typeText,
  type ValueType,
} from './types.ts';

/** Findings, none for a well-formed graph. `E-GRAPH-RANGE` marks sums that may leave 32 bits: legal input that cannot run. */
export function verify(graph: Graph): Diagnostic[] {
  const verifier = new Verifier(graph);
  return verifier.run();
}

/** Throws InternalError when a pass or frontend made a graph that is not well formed. */
export function requireVerified(graph: Graph, madeBy: string): void {
  const diagnostics = verify(graph);
  if (diagnostics.length > 0)
    throw new InternalError(`${madeBy} made a malformed graph: ${diagnostics[0]?.message}`, { diagnostics });
}

class Verifier {
  readonly #graph: Graph;
  readonly #found: Diagnostic[] = [];
  readonly #defined = new Set<string>();
  readonly #producers = new Map<string, Node>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  run(): Diagnostic[] {
    const graph = this.#graph;
    for (const [name, type] of graph.values) this.#type(name, type);
    for (const name of graph.inputs) this.#define(name, 'an input');
    for (const [name, tensor] of graph.constants) {
      this.#define(name, 'a constant');
      this.#constant(name, tensor);
    }
    const names = new Set<string>();
    for (const node of graph.nodes) {
      if (node.name === '' || names.has(node.name))
        this.#add('E-GRAPH-NAME', `node name '${node.name}' is empty or repeated`, node.name);
      names.add(node.name);
      this.#node(node);
    }
    for (const name of graph.outputs)
      if (!this.#defined.has(name)) this.#add('E-GRAPH-VALUE', `output '${name}' is not defined`, 'outputs');
    if (graph.outputs.length === 0) this.#add('E-GRAPH-VALUE', 'the graph has no outputs', 'outputs');
    for (const name of graph.values.keys())
      if (!this.#defined.has(name)) this.#add('E-GRAPH-VALUE', `value '${name}' has a type but no definition`, name);
    return this.#found;
  }

  #add(code: string, message: string, where: string): void {
    this.#found.push({ code, message, where });
  }

  #define(name: string, as: string): void {
    if (this.#defined.has(name)) this.#add('E-GRAPH-VALUE', `'${name}' is defined a second time, as ${as}`, name);
    if (!this.#graph.values.has(name)) this.#add('E-GRAPH-VALUE', `'${name}' has no type`, name);
    this.#defined.add(name);
  }

  #type(name: string, type: ValueType): void {
    const bad = type.shape.filter((d) => !Number.isInteger(d) || d < 1);
    if (bad.length > 0 || !(sizeOf(type.shape) < 2 ** 31))
      this.#add(
        'E-GRAPH-TYPE',
        `shape [${type.shape.join(', ')}] is not whole and positive with fewer than 2^31 elements`,
        name,
      );
    if (type.element.kind === 'float32') return;
    const { bits, coding } = type.element;
    const fixed = coding === 'bipolar' ? 1 : coding === 'ternary' ? 2 : bits;
    if (!Number.isInteger(bits) || bits < 1 || bits > 32 || bits !== fixed)
      this.#add('E-GRAPH-TYPE', `${coding} codes of ${bits} bits do not exist`, name);
  }

  #constant(name: string, tensor: Tensor): void {
    const type = this.#graph.values.get(name);
    if (type !== undefined && !sameType(type, tensor.type))
      this.#add('E-GRAPH-TYPE', `constant is ${typeText(tensor.type)}, its value ${typeText(type)}`, name);
    if (tensor.data.length !== sizeOf(tensor.type.shape)) {
      this.#add('E-GRAPH-CONSTANT', `${tensor.data.length} elements for ${typeText(tensor.type)}`, name);
    } else if (tensor.type.element.kind === 'float32') {
      if (!(tensor.data instanceof Float32Array))
        this.#add('E-GRAPH-CONSTANT', 'float32 data is not in a Float32Array', name);
    } else {
      this.#codes(name, tensor.data, tensor.type.element);
    }
  }

  #codes(name: string, data: ArrayLike<number>, type: IntegerType): void {
    const { min, max } = integerRange(type);
    const bipolar = type.coding === 'bipolar';
    for (let i = 0; i < data.length; i++) {
      const v = data[i] ?? Number.NaN;
      if (v >= min && v <= max && Number.isInteger(v) && !(bipolar && v === 0)) continue;
      this.#add(
        'E-GRAPH-CONSTANT',
        `element ${i} is ${v}, outside ${min} .. ${max}${bipolar ? ' without 0' : ''}`,
        name,
      );
      return;
    }
  }

  #node(node: Node): void {
    const types: ValueType[] = [];
    for (const input of node.inputs) {
      const type = this.#graph.values.get(input);
      if (!this.#defined.has(input))
        this.#add('E-GRAPH-ORDER', `operand '${input}' is not defined before it`, node.name);
      if (type !== undefined) types.push(type);
    }
    const ready = types.length === node.inputs.length;
    this.#define(node.output, `the result of ${node.name}`);
    this.#producers.set(node.output, node);
    const declared = this.#graph.values.get(node.output);
    if (!ready || declared === undefined) return;
    try {
      this.#infer(node, types, declared);
      this.#attributes(node, types, declared);
      this.#sums(node);
    } catch (error) {
      if (!(error instanceof OpError) && !(error instanceof RangeError)) throw error;
      this.#add('E-GRAPH-OP', error.message, node.name);
    }
  }

  #infer(node: Node, types: readonly ValueType[], declared: ValueType): void {
    const definition = OPS[node.op] as unknown as OpDefinition<OpName>;
    const [least, most] = definition.arity;
    if (types.length < least || types.length > most)
      throw new OpError(`${node.op} takes ${least} to ${most} operands, got ${types.length}`);
    const inferred = definition.infer(node.attributes, types, declared.element);
    const free = node.op === 'reshape' || node.op === 'slice';
    const expected = free ? { element: inferred.element, shape: declared.shape } : inferred;
    if (!sameType(expected, declared))
      throw new OpError(`its result is declared ${typeText(declared)} but is ${typeText(expected)}`);
    if (node.op === 'reshape' && sizeOf(declared.shape) !== sizeOf(inferred.shape))
      throw new OpError(`${typeText(inferred)} cannot become ${typeText(declared)}`);
  }

  #attributes(node: Node, types: readonly ValueType[], declared: ValueType): void {
    const { element } = declared;
    const range = element.kind === 'int' ? integerRange(element) : undefined;
    switch (node.op) {
      case 'quantize':
        if (
          range !== undefined &&
          !(
            node.attributes.min >= range.min &&
            node.attributes.max <= range.max &&
            node.attributes.min <= node.attributes.max
          )
        ) {
          throw new OpError(
            `levels ${node.attributes.min} .. ${node.attributes.max} are not codes of ${typeText(declared)}`,
          );
        }
        break;
      case 'requantize':
        if (node.attributes.spec.mode === 'threshold') checkThresholds(node.attributes.spec);
        break;
      case 'lut':
        if (element.kind === 'int') this.#codes(`${node.name} table`, node.attributes.table, element);
        break;
      case 'pad':
        if (element.kind === 'int') this.#codes(`${node.name} value`, [node.attributes.value], element);
        break;
      case 'slice':
        checkSlice(node.attributes, types[0]?.shape ?? [], declared.shape);
        break;
      default:
        break;
    }
  }

  #sums(node: Node): void {
    if (node.op === 'spatial-sum') {
      const [input = ''] = node.inputs;
      const shape = this.#graph.values.get(input)?.shape ?? [];
      const x = codeRangeOf(this.#graph, input, this.#producers.get(input));
      const count = (shape[2] ?? 1) * (shape[3] ?? 1);
      const most = Math.max(Math.abs(x.min - node.attributes.xZero), Math.abs(x.max - node.attributes.xZero)) * count;
      if (most >= 2 ** 31)
        this.#add('E-GRAPH-RANGE', `a sum of ${count} codes can reach ${most}, more than 32 bits hold`, node.name);
      return;
    }
    if (node.op === 'product') {
      const [a, b] = node.inputs.map((i) => codeRangeOf(this.#graph, i, this.#producers.get(i)));
      const { min, max } = productRange(this.#graph, node, a!, b!);
      if (min < -(2 ** 31) || max >= 2 ** 31)
        this.#add('E-GRAPH-RANGE', `sums can reach ${min} .. ${max}, more than 32-bit accumulators hold`, node.name);
      return;
    }
    if (node.op !== 'conv' && node.op !== 'matmul') return;
    const [input = '', weights = ''] = node.inputs;
    if (!this.#graph.constants.has(weights)) throw new OpError('its weights are not constant');
    const range = accumulatorRange(this.#graph, node, codeRangeOf(this.#graph, input, this.#producers.get(input)));
    const channel = overflowingChannel(range);
    if (channel === undefined) return;
    this.#add(
      'E-GRAPH-RANGE',
      `output channel ${channel} can reach ${range.min[channel]} .. ${range.max[channel]}, more than 32-bit accumulators hold`,
      node.name,
    );
  }
}

function sameType(a: ValueType, b: ValueType): boolean {
  return typeText(a) === typeText(b);
}

function checkThresholds(spec: {
  readonly levels: number;
  readonly base: Int32Array;
  readonly descending: Uint8Array;
  readonly thresholds: Int32Array;
}): void {
  const channels = spec.base.length;
  if (spec.descending.length !== channels || spec.thresholds.length !== channels * spec.levels) {
    throw new OpError(
      `${spec.thresholds.length} thresholds and ${spec.descending.length} directions for ${channels} channels of ${spec.levels} levels`,
    );
  }
  for (let c = 0; c < channels; c++) {
    for (let i = 1; i < spec.levels; i++) {
      const at = c * spec.levels + i;
      if ((spec.thresholds[at] ?? 0) < (spec.thresholds[at - 1] ?? 0))
        throw new OpError(`thresholds of channel ${c} are not sorted`);
    }
  }
}

function checkSlice(
  attributes: { readonly starts: readonly number[]; readonly steps: readonly number[] },
  from: readonly number[],
  to: readonly number[],
): void {
  if (
    attributes.starts.length !== from.length ||
    attributes.steps.length !== from.length ||
    to.length !== from.length
  ) {
    throw new OpError('a slice names every axis');
  }
  from.forEach((extent, axis) => {
    const first = attributes.starts[axis] ?? -1;
    const last = first + ((to[axis] ?? 1) - 1) * (attributes.steps[axis] ?? 1);
    if (first < 0 || first >= extent || last < 0 || last >= extent)
      throw new OpError(`axis ${axis} of the slice runs from ${first} to ${last}, outside 0 .. ${extent - 1}`);
  });
}
