/** Groups of neighbouring nodes of a graph that can be computed in bands, drawn at random. */
import { type Bands, whyNot } from '../../compiler/bands/cut.ts';
import { decisionOfBands } from '../../compiler/bands/pins.ts';
import type { Graph } from '../../compiler/graph/types.ts';
import type { BandsDecision } from '../../compiler/mapping/decisions.ts';

type Random = () => number;

const TRIES = 40;
const MOST_NODES = 12;
const MOST_BANDS = 5;

/** A group that can be cut, the longest of some tries that give one; undefined where none does. */
export function randomBands(graph: Graph, random: Random): Bands | undefined {
  const below = (n: number): number => Math.floor(random() * n);
  let best: Bands | undefined;
  for (let i = 0; i < TRIES; i++) {
    const from = below(graph.nodes.length);
    const nodes = graph.nodes.slice(from, from + 1 + below(MOST_NODES));
    const bands = { nodes, dim: random() < 0.6 ? 2 : below(4), count: 2 + below(MOST_BANDS - 1) };
    if (whyNot(graph, bands) !== undefined || (best !== undefined && best.nodes.length >= nodes.length)) continue;
    best = bands;
  }
  return best;
}

export function randomBandsDecision(graph: Graph, random: Random): BandsDecision | undefined {
  const bands = randomBands(graph, random);
  return bands === undefined ? undefined : decisionOfBands(graph, bands);
}
