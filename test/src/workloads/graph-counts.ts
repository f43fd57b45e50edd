/** MACs and weights counted from a finished graph: from the shapes of constants and results, nothing from the description. */
import type { Graph } from '../../../compiler/graph/types.ts';

const sizeOf = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);

/** Results times weights of each: [O, C/groups, KH, KW] of a convolution, [K, N] of a product. */
export function graphMacs(graph: Graph): number {
  let macs = 0;
  for (const node of graph.nodes) {
    if (node.op !== 'conv' && node.op !== 'matmul' && node.op !== 'product') continue;
    const weights = graph.values.get(node.inputs[1]!)!.shape;
    const each = node.op === 'conv' ? sizeOf(weights) / weights[0]! : weights.at(-2)!;
    macs += sizeOf(graph.values.get(node.output)!.shape) * each;
  }
  return macs;
}

/** Width and number of the weights of each product, in order. */
export function graphWeights(graph: Graph): { readonly bits: number; readonly count: number }[] {
  return graph.nodes
    .filter((node) => node.op === 'conv' || node.op === 'matmul')
    .map((node) => {
      const { element, shape } = graph.constants.get(node.inputs[1]!)!.type;
      return { bits: element.kind === 'int' ? element.bits : 32, count: sizeOf(shape) };
    });
}
