/** The same network for several inputs at once: the first axis of every value grows. Refuses where the first axis is not a batch. */
import { type Graph, type Node, sizeOf, type ValueType } from '../../compiler/graph/types.ts';

/** undefined when some node moves or mixes the first axis, so that a batch is not just a longer axis. */
export function batchGraph(graph: Graph, batch: number): Graph | undefined {
  const outputs = graph.nodes.map((n) => graph.values.get(n.output)!);
  const batched = [...graph.inputs.map((i) => graph.values.get(i)!), ...outputs].every((t) => t.shape[0] === 1);
  if (!batched || graph.nodes.some((n) => !keepsBatch(n))) return undefined;
  const grow = (t: ValueType): ValueType => ({ ...t, shape: [batch * t.shape[0]!, ...t.shape.slice(1)] });
  const values = new Map([...graph.values].map(([name, t]) => [name, graph.constants.has(name) ? t : grow(t)]));
  for (const node of graph.nodes) {
    for (const i of node.inputs) {
      const constant = graph.constants.get(i);
      // An elementwise constant that spans the whole value would need copies.
      if (
        constant !== undefined &&
        node.op === 'binary' &&
        constant.type.shape.length === graph.values.get(node.output)!.shape.length &&
        constant.type.shape[0] !== 1 &&
        sizeOf(constant.type.shape) > 1
      )
        return undefined;
    }
  }
  return { ...graph, values };
}

function keepsBatch(node: Node): boolean {
  switch (node.op) {
    case 'transpose':
      return node.attributes.perm[0] === 0;
    case 'concat':
      return node.attributes.axis !== 0;
    case 'softmax':
      return node.attributes.axis !== 0;
    case 'pad':
      return node.attributes.before[0] === 0 && node.attributes.after[0] === 0;
    case 'slice':
      return node.attributes.starts[0] === 0 && node.attributes.steps[0] === 1;
    default:
      return true;
  }
}
