/**
 * Moves elementwise functions in front of data movement and maximum pooling, so that a quantizer meets its sum: f(move(x)) = move(f(x)),
 * f(maxpool(x)) = maxpool(f(x)) for a non-decreasing f that treats all elements alike. A function that differs along one axis moves where
 * that axis is an axis of x too, and its parameters turn with it. Data then moves as narrow codes, not as floats.
 * Needs: a verified graph. Gives: the same values. Only values with one user move. Repeats until nothing changes.
 */
import { type Graph, type Node, type NodeOf, type OpName, sizeOf, type Tensor } from '../graph/types.ts';
import { rebuild, type Uses, usesOf } from './rewrite.ts';

const MOVEMENT: readonly OpName[] = ['reshape', 'transpose', 'depth-to-space', 'slice'];

export function hoist(graph: Graph): Graph {
  let current = graph;
  for (;;) {
    const next = hoistOnce(current);
    if (next === undefined) return current;
    current = next;
  }
}

/** An elementwise function on one operand: -1 when it is the same for all elements, else the axis along which it differs. */
interface Elementwise {
  readonly operand: string;
  readonly axis: number;
  readonly monotone: boolean;
  /** The same function along another axis of a value of `rank`. */
  readonly along: (axis: number, rank: number) => { readonly node: Node; readonly constant?: Tensor };
}

function hoistOnce(graph: Graph): Graph | undefined {
  const uses = usesOf(graph);
  for (const node of graph.nodes) {
    const f = elementwise(graph, node);
    const moved = f === undefined ? undefined : uses.producer.get(f.operand);
    if (f === undefined || moved === undefined) continue;
    const axis = movedAxis(graph, uses, f, moved);
    if (axis !== undefined) return swap(graph, node, moved, f, axis);
  }
  return undefined;
}

function swap(graph: Graph, node: Node, moved: Node, f: Elementwise, axis: number): Graph {
  const source = moved.inputs[0]!;
  const { node: turned, constant } = f.along(axis, graph.values.get(source)!.shape.length);
  return rebuild(graph, (n, builder, at) => {
    if (n === moved) return at(source);
    if (n !== node) return undefined;
    // `moved` was replaced by its own input, so the function now reads that; then the movement follows.
    const element = graph.values.get(node.output)!.element;
    const operand = (name: string) =>
      name === f.operand || constant === undefined ? at(name) : builder.constant(constant, name);
    const { name, source: origin } = node;
    const inner = builder.add(turned.op, node.inputs.map(operand), turned.attributes, {
      name,
      source: origin,
      element,
      // A name that is free now: one made up from the node's could be that of its result.
      output: moved.output,
    });
    return builder.add(moved.op, [inner], moved.attributes, {
      name: moved.name,
      source: moved.source,
      element,
      shape: graph.values.get(moved.output)!.shape,
      output: node.output,
    });
  });
}

/** The function's axis in the movement's operand (-1 for none); undefined when it cannot move. */
function movedAxis(graph: Graph, uses: Uses, f: Elementwise, moved: Node): number | undefined {
  if (uses.count.get(f.operand) !== 1) return undefined;
  if (moved.op === 'maxpool') return f.monotone && f.axis < 0 ? -1 : undefined;
  if (!MOVEMENT.includes(moved.op)) return undefined;
  if (moved.op === 'slice' && !nearSum(graph, uses, moved.inputs[0]!)) return undefined;
  if (f.axis < 0) return -1;
  const from = graph.values.get(moved.inputs[0]!)!.shape;
  if (moved.op === 'transpose') return moved.attributes.perm[f.axis];
  return moved.op === 'reshape' ? sameAxis(graph.values.get(moved.output)!.shape, from, f.axis) : undefined;
}

/** A function in front of a slice is computed for what the slice drops too: worth it only on the way to an integer sum. */
function nearSum(graph: Graph, uses: Uses, value: string): boolean {
  const producer = uses.producer.get(value);
  if (producer === undefined) return false;
  const { element } = graph.values.get(value)!;
  return element.kind === 'int' || elementwise(graph, producer) !== undefined || MOVEMENT.includes(producer.op);
}

/** The axis of `to` with the extent and the elements behind it of `axis` of `from`. */
function sameAxis(from: readonly number[], to: readonly number[], axis: number): number | undefined {
  const inner = sizeOf(from.slice(axis + 1));
  const found = to.findIndex((d, i) => d === from[axis] && d > 1 && sizeOf(to.slice(i + 1)) === inner);
  return found < 0 ? undefined : found;
}

function elementwise(graph: Graph, node: Node): Elementwise | undefined {
  const uniform = (monotone: boolean): Elementwise => ({
    operand: node.inputs[0]!,
    axis: -1,
    monotone,
    along: () => ({ node }),
  });
  switch (node.op) {
    case 'quantize': {
      const { scale, zeroPoint } = node.attributes;
      return scale.length === 1 && zeroPoint.length === 1 ? uniform(scale[0]! > 0) : turning(node);
    }
    case 'bipolar':
    case 'clip':
      return uniform(true);
    case 'unary':
      return uniform(['relu', 'floor', 'ceil', 'round', 'sign', 'identity', 'sqrt'].includes(node.attributes.fn));
    case 'dequantize':
    case 'requantize': {
      // Sums of 32 bits only: narrower codes are cheaper to move as they are.
      const { element } = graph.values.get(node.inputs[0]!)!;
      return element.kind === 'int' && element.bits === 32 ? turning(node) : undefined;
    }
    case 'binary':
      return binaryFunction(graph, node);
    default:
      return undefined;
  }
}

/** A quantizer with parameters along its `axis`; with a single parameter the axis means nothing and becomes 0. */
function turning(node: NodeOf<'quantize'> | NodeOf<'dequantize'> | NodeOf<'requantize'>): Elementwise {
  const single = node.op === 'requantize' ? channelsOf(node) === 1 : scalesOf(node) === 1;
  const along = (axis: number) => {
    const attributes = { ...node.attributes, axis: Math.max(0, axis) };
    return { node: { ...node, attributes } as Node };
  };
  return { operand: node.inputs[0]!, axis: single ? -1 : node.attributes.axis, monotone: false, along };
}

function scalesOf({ attributes }: NodeOf<'quantize'> | NodeOf<'dequantize'>): number {
  return Math.max(attributes.scale.length, attributes.zeroPoint.length);
}

function channelsOf({ attributes: { spec } }: NodeOf<'requantize'>): number {
  if (spec.mode === 'float32') return spec.scale.length;
  return spec.mode === 'fixed-point' ? spec.multiplier.length : spec.base.length;
}

/** One operand constant that varies along one axis at most, and a result shaped like the other. */
function binaryFunction(graph: Graph, node: NodeOf<'binary'>): Elementwise | undefined {
  const index = node.inputs.findIndex((i) => graph.constants.has(i));
  const operand = node.inputs[1 - index];
  const constant = graph.constants.get(node.inputs[index] ?? '');
  if (constant === undefined || operand === undefined || graph.constants.has(operand)) return undefined;
  const { shape } = graph.values.get(node.output)!;
  if (graph.values.get(operand)!.shape.join() !== shape.join()) return undefined;
  const { fn } = node.attributes;
  if (constant.data.length === 1) {
    const rises = fn === 'mul' || fn === 'div' ? constant.data[0]! > 0 && index === 1 : fn !== 'sub' || index === 1;
    const scalar = { ...constant, type: { ...constant.type, shape: [] } };
    return { operand, axis: -1, monotone: rises, along: () => ({ node, constant: scalar }) };
  }
  const lead = shape.length - constant.type.shape.length;
  const wide = constant.type.shape.flatMap((d, i) => (d > 1 ? [i + lead] : []));
  if (wide.length !== 1) return undefined;
  const along = (axis: number, rank: number) => ({
    node: node as Node,
    constant: {
      ...constant,
      type: {
        ...constant.type,
        shape: Array.from({ length: rank }, (_, d) => (d === axis ? constant.data.length : 1)),
      },
    },
  });
  return { operand, axis: wide[0]!, monotone: false, along };
}
