/** Which graphs are worth compiling in a test of many small models: those with a kind of node that none before them had. */
import type { Graph } from '../../compiler/graph/types.ts';

/** Kinds of nodes seen so far: op, its words among the attributes, elements and ranks of operands, element of the result. */
export class Kinds {
  readonly #seen = new Set<string>();

  /** Takes the graph's kinds in; whether one of them is new. */
  isNew(graph: Graph): boolean {
    const before = this.#seen.size;
    for (const node of graph.nodes) {
      const words = Object.values(node.attributes).filter((a) => typeof a === 'string' || typeof a === 'boolean');
      const type = (name: string): string => {
        const { element, shape } = graph.values.get(name)!;
        return `${element.kind === 'int' ? `${element.coding}${element.bits}` : element.kind}/${shape.length}`;
      };
      this.#seen.add([node.op, ...words, ...node.inputs.map(type), type(node.output)].join(' '));
    }
    return this.#seen.size > before;
  }
}
