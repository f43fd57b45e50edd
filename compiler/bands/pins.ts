/** Groups in bands as a mapping tells them, by the names of their first and last node, or of its layer; what cannot be is said with the reason. */
import type { Diagnostic } from '../../isa/base/errors.ts';
import { didYouMean } from '../../isa/base/suggest.ts';
import { layerName } from '../graph/names.ts';
import type { Graph, Node } from '../graph/types.ts';
import { at } from '../lower/layout.ts';
import { type BandsDecision, dimNames } from '../mapping/decisions.ts';
import { pinErrors } from '../mapping/pinned.ts';
import { type Bands, whyNot } from './cut.ts';

/** Results are joined by one node, which takes so many. */
const MOST_BANDS = 64;

export function decisionOfBands(graph: Graph, { nodes, dim, count }: Bands): BandsDecision {
  const [first, last] = [at(nodes, 0), at(nodes, nodes.length - 1)];
  return { first: first.name, last: last.name, along: at(dimsOf(graph, last), dim), bands: count };
}

function dimsOf(graph: Graph, { output }: Node): readonly string[] {
  return dimNames(graph.values.get(output)?.shape.length ?? 0);
}

/** Throws InputError with every finding. */
export function resolveBands(decisions: readonly BandsDecision[], graph: Graph): readonly Bands[] {
  const findings: Diagnostic[] = [];
  const taken = new Set<Node>();
  const groups = decisions.flatMap((decision): Bands[] => {
    const found = resolveOne(decision, graph, taken);
    if ('nodes' in found) {
      for (const node of found.nodes) taken.add(node);
      return [found];
    }
    findings.push({ code: 'E-MAPPING-PIN', where: `bands of ${decision.first} .. ${decision.last}`, ...found });
    return [];
  });
  if (findings.length > 0) throw pinErrors(findings);
  return groups;
}

type Refused = Pick<Diagnostic, 'message' | 'expected'>;

function resolveOne(
  { first, last, along, bands }: BandsDecision,
  graph: Graph,
  taken: ReadonlySet<Node>,
): Bands | Refused {
  const names = graph.nodes.map((n) => n.name);
  const layers = names.map(layerName);
  const from = names.includes(first) ? names.indexOf(first) : layers.indexOf(first);
  const to = names.includes(last) ? names.indexOf(last) : layers.lastIndexOf(last);
  for (const [name, position] of [
    [first, from],
    [last, to],
  ] as const)
    if (position < 0)
      return {
        message: `the network has no node ${name}`,
        expected:
          didYouMean(name, [...new Set([...names, ...layers])]) ??
          `a node of the network: ${at(names, 0)} .. ${at(names, names.length - 1)}`,
      };
  if (to < from) return { message: `${last} comes before ${first}`, expected: `first: ${last}, last: ${first}` };
  const nodes = graph.nodes.slice(from, to + 1);
  if (nodes.some((n) => taken.has(n)))
    return { message: 'some of its nodes are in another group', expected: 'groups that have no node in common' };
  const dims = dimsOf(graph, at(nodes, nodes.length - 1));
  const dim = dims.indexOf(along);
  if (dim < 0) return { message: `the result has no dim ${along}`, expected: dims.join(', ') };
  if (bands < 2 || bands > MOST_BANDS) return { message: `${bands} bands`, expected: `2 .. ${MOST_BANDS}` };
  const why = whyNot(graph, { nodes, dim, count: bands });
  return why === undefined ? { nodes, dim, count: bands } : { message: why, expected: 'fewer bands, or other nodes' };
}
