/** A graph with other names for some of its values; nodes keep theirs. */
import type { Graph, Node } from './types.ts';

export function renameValues(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const of = (name: string): string => names.get(name) ?? name;
  const keys = <T>(map: ReadonlyMap<string, T>) => new Map([...map].map(([name, v]): [string, T] => [of(name), v]));
  return {
    name: graph.name,
    inputs: graph.inputs.map(of),
    outputs: graph.outputs.map(of),
    values: keys(graph.values),
    constants: keys(graph.constants),
    nodes: graph.nodes.map((n): Node => ({ ...n, inputs: n.inputs.map(of), output: of(n.output) })),
  };
}
