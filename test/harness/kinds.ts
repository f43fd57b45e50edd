/** Which graphs are worth compiling in a test of many small models: those with a kind of node that none before them had. */
import type { Graph } from '../../compiler/graph/types.ts';

/** Kinds of nodes seen so far: op, its words among the attributes, whether the result is codes or floats. */
export class Kinds {
  readonly #seen = new Set<string>();

  /** Takes the graph's kinds in; whether one of them is new. */
  isNew(graph: Graph): boolean {
    const before = this.#seen.size;
    for (const node of graph.nodes) {
      const words = Object.values(node.attributes).filter((a) => typeof a === 'string' || typeof a === 'boolean');
      const { kind } = graph.values.get(node.output)!.element;
      this.#seen.add([node.op, ...words, kind].join(' '));
    }
    return this.#seen.size > before;
  }
}
