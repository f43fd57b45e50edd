/** Helpers of graph-to-graph passes: who makes a value, who uses it, and rebuilding a graph node by node. */
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph, Node } from '../graph/types.ts';

export interface Uses {
  readonly producer: ReadonlyMap<string, Node>;
  /** Number of nodes that read a value, plus one when it is an output. */
  readonly count: ReadonlyMap<string, number>;
}

export function usesOf(graph: Graph): Uses {
  const count = new Map<string, number>();
  const bump = (name: string) => count.set(name, (count.get(name) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(bump);
  graph.outputs.forEach(bump);
  return { producer: new Map(graph.nodes.map((n) => [n.output, n])), count };
}

/**
 * Rebuilds a graph: `visit` adds what replaces a node and returns the name of its result, or undefined to copy the node.
 * `at` gives the new name of an old value.
 */
export function rebuild(
  graph: Graph,
  visit: (node: Node, builder: GraphBuilder, at: (old: string) => string) => string | undefined,
): Graph {
  return rebuildWith(graph, (node, builder, at, name) =>
    name(node.output, visit(node, builder, at) ?? copyNode(graph, node, builder, at)),
  );
}

/** The same where a node may be replaced by several results, or by none: `visit` names each as it is made. */
export function rebuildWith(
  graph: Graph,
  visit: (
    node: Node,
    builder: GraphBuilder,
    at: (old: string) => string,
    name: (old: string, now: string) => void,
  ) => void,
): Graph {
  const builder = new GraphBuilder(graph.name);
  const renamed = new Map<string, string>();
  const at = (old: string): string => {
    const known = renamed.get(old);
    if (known !== undefined) return known;
    const constant = graph.constants.get(old);
    if (constant === undefined) throw new Error(`value ${old} is used before it is made`);
    const id = builder.constant(constant, old);
    renamed.set(old, id);
    return id;
  };
  for (const name of graph.inputs) renamed.set(name, builder.input(name, graph.values.get(name)!));
  const name = (old: string, now: string): void => void renamed.set(old, now);
  for (const node of graph.nodes) visit(node, builder, at, name);
  return builder.finish(graph.outputs.map(at));
}

export function copyNode(graph: Graph, node: Node, builder: GraphBuilder, at: (old: string) => string): string {
  const type = graph.values.get(node.output)!;
  return builder.add(node.op, node.inputs.map(at), node.attributes, {
    name: node.name,
    source: node.source,
    element: type.element,
    shape: type.shape,
    output: node.output,
  });
}
