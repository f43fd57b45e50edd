/**
 * What the instruction set cannot say about a graph, said another way. A bipolar value has no zero, so where a convolution
 * pads it, it is first widened to signed 2 bits by a table (-1 and +1 stay what they are).
 */
import type { Graph, IntegerType, Node, NodeOf } from '../graph/types.ts';
import { at } from './layout.ts';

const WIDENED: IntegerType = { kind: 'int', bits: 2, coding: 'signed' };

/** Needs: a verified graph.  Gives: the same function of the inputs, with no padded bipolar operand. */
export function legalize(graph: Graph): Graph {
  const values = new Map(graph.values);
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const x = at(node.inputs, 0);
    const type = graph.values.get(x);
    if (node.op !== 'conv' || type?.element.kind !== 'int' || type.element.coding !== 'bipolar' || !pads(node)) {
      nodes.push(node);
      continue;
    }
    const wide = `${x} widened`;
    if (!values.has(wide)) {
      values.set(wide, { element: WIDENED, shape: type.shape });
      const table = Int32Array.of(-1, 0, 1);
      nodes.push({
        op: 'lut',
        name: wide,
        inputs: [x],
        output: wide,
        attributes: { table, axis: 0 },
        source: node.source,
      });
    }
    nodes.push({ ...node, inputs: [wide, ...node.inputs.slice(1)] });
  }
  return { ...graph, values, nodes };
}

function pads(node: NodeOf<'conv'>): boolean {
  return node.attributes.window.pads.some((p) => p > 0);
}
