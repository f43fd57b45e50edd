/**
 * Moves elementwise functions in front of data movement and maximum pooling, so that a quantizer meets its sum: f(move(x)) = move(f(x)) for any
 * f that treats all elements alike, f(maxpool(x)) = maxpool(f(x)) for a non-decreasing f. Data then moves as narrow codes, not as floats.
 * Needs: a verified graph. Gives: the same values. Only values with one user move. Repeats until nothing changes.
 */
import type { Graph, Node, OpName } from '../graph/types.ts';
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

function hoistOnce(graph: Graph): Graph | undefined {
  const uses = usesOf(graph);
  const node = graph.nodes.find((n) => canHoist(graph, uses, n));
  if (node === undefined) return undefined;
  const moved = uses.producer.get(operandOf(graph, node))!;
  return rebuild(graph, (n, builder, at) => {
    if (n === moved) return at(moved.inputs[0]!);
    if (n !== node) return undefined;
    // `moved` was replaced by its own input, so the function now reads that; then the movement follows.
    const element = graph.values.get(node.output)!.element;
    const inner = builder.add(node.op, node.inputs.map(at), node.attributes, {
      name: node.name,
      source: node.source,
      element,
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

function operandOf(graph: Graph, node: Node): string {
  return node.inputs.find((i) => !graph.constants.has(i)) ?? node.inputs[0]!;
}

function canHoist(graph: Graph, uses: Uses, node: Node): boolean {
  const monotone = uniformFunction(graph, node);
  if (monotone === undefined) return false;
  const operand = operandOf(graph, node);
  const moved = uses.producer.get(operand);
  if (moved === undefined || uses.count.get(operand) !== 1) return false;
  return MOVEMENT.includes(moved.op) || (moved.op === 'maxpool' && monotone);
}

/** undefined: not the same function for all elements; else whether it is non-decreasing. */
function uniformFunction(graph: Graph, node: Node): boolean | undefined {
  switch (node.op) {
    case 'quantize':
      return node.attributes.scale.length === 1 && node.attributes.zeroPoint.length === 1
        ? node.attributes.scale[0]! > 0
        : undefined;
    case 'bipolar':
    case 'clip':
      return true;
    case 'unary':
      return ['relu', 'floor', 'ceil', 'round', 'sign', 'identity', 'sqrt'].includes(node.attributes.fn);
    case 'binary': {
      const constant = node.inputs.map((i) => graph.constants.get(i)).find((c) => c !== undefined);
      const other = operandOf(graph, node);
      if (constant === undefined || constant.data.length !== 1) return undefined;
      if (graph.values.get(other)!.shape.join() !== graph.values.get(node.output)!.shape.join()) return undefined;
      const { fn } = node.attributes;
      if (fn === 'mul' || fn === 'div') return constant.data[0]! > 0 && graph.constants.has(node.inputs[1]!);
      return fn === 'sub' ? graph.constants.has(node.inputs[1]!) : true;
    }
    default:
      return undefined;
  }
}
