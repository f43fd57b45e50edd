/** The passes in order. Each is Graph -> Graph and changes no value; the tests hold every one against the interpreter. */
import type { Graph } from '../graph/types.ts';
import { collapse } from './collapse.ts';
import { hoist } from './hoist.ts';
import { join } from './join.ts';

export interface Pass {
  readonly name: string;
  readonly doc: string;
  readonly run: (graph: Graph) => Graph;
}

export const PASSES: readonly Pass[] = [
  { name: 'hoist', doc: 'elementwise functions move in front of data movement and max pooling', run: hoist },
  { name: 'collapse', doc: 'chains that end in a quantizer become thresholds or tables', run: collapse },
  { name: 'join', doc: 'quantized sums and products of two codes, spelled in float32, become one op each', run: join },
];

export function runPasses(graph: Graph, onPass?: (pass: Pass, after: Graph) => void): Graph {
  let current = graph;
  for (const pass of PASSES) {
    current = pass.run(current);
    onPass?.(pass, current);
  }
  return current;
}
