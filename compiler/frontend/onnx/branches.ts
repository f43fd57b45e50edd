/**
 * If nodes whose condition is known at import, as PyTorch's exporter writes them around Squeeze: the nodes of the branch that is taken stand in their place.
 * Left out: conditions that are computed at run time, branches with branches in them that reuse a name of the graph; they stay, and are refused.
 */
import { makeNode } from './build.ts';
import { cutModel } from './cut.ts';
import type { OnnxGraph, OnnxModel, OnnxNode } from './model.ts';
import { readSubgraph } from './read.ts';

/** Tells whether a value of a model is known to be true; undefined where it is computed, or where the way to it is refused. */
export type ConditionOf = (model: OnnxModel, name: string) => boolean | undefined;

/** The model with the branches that are taken, those inside branches too, and how many they are. */
export function takeBranches(model: OnnxModel, conditionOf: ConditionOf): { model: OnnxModel; taken: number } {
  let [current, taken] = [model, 0];
  const left = new Set<OnnxNode>();
  for (;;) {
    const node = current.graph.nodes.find((n) => n.opType === 'If' && n.domain === '' && !left.has(n));
    if (node === undefined) return { model: current, taken };
    const chosen = branchOf(current, node, conditionOf);
    if (chosen === undefined) {
      left.add(node);
      continue;
    }
    current = { ...current, graph: inlined(current.graph, node, chosen) };
    taken += 1;
  }
}

function branchOf(model: OnnxModel, node: OnnxNode, conditionOf: ConditionOf): OnnxGraph | undefined {
  const [name = ''] = node.inputs;
  const known = model.graph.initializers.some((t) => t.name === name);
  const made = model.graph.nodes.some((n) => n.outputs.includes(name));
  if (!known && !made) return undefined;
  const condition = conditionOf(known ? withoutNodes(model) : cutModel(model, [name]), name);
  if (condition === undefined) return undefined;
  const attribute = node.attributes.get(condition ? 'then_branch' : 'else_branch');
  if (attribute?.type !== 'opaque') return undefined;
  const branch = readSubgraph(attribute.value);
  if (branch.inputs.length > 0 || branch.outputs.length !== node.outputs.length) return undefined;
  const reused = namesOf(model.graph);
  const inner = branch.nodes.some((n) => [...n.attributes.values()].some((a) => a.type === 'opaque'));
  return inner && [...namesOf(branch)].some((n) => reused.has(n)) ? undefined : branch;
}

function withoutNodes(model: OnnxModel): OnnxModel {
  return { ...model, graph: { ...model.graph, nodes: [], outputs: [] } };
}

/** What the subgraphs of a node read of the graph around it. */
export function captured(node: OnnxNode): string[] {
  const subgraphs = [...node.attributes.values()].flatMap((a) =>
    a.type === 'opaque' && a.attributeType === 5 ? [readSubgraph(a.value)] : [],
  );
  return subgraphs.flatMap((g) => {
    const own = namesOf(g);
    return g.nodes.flatMap((n) => [...n.inputs, ...captured(n)]).filter((name) => !own.has(name));
  });
}

/** What a graph itself defines. */
function namesOf({ nodes, initializers, inputs }: OnnxGraph): Set<string> {
  const own = [...initializers, ...inputs].map((v) => v.name);
  return new Set([...own, ...nodes.flatMap((n) => n.outputs)].filter((n) => n !== ''));
}

/** The graph with a branch in the place of `node`: names that the graph has already are changed, results go by Identity. */
function inlined(graph: OnnxGraph, node: OnnxNode, branch: OnnxGraph): OnnxGraph {
  const taken = namesOf(graph);
  const stem = node.outputs.find((o) => o !== '') ?? node.name;
  const fresh = (name: string): string => {
    let own = `${stem}/${name}`;
    while (taken.has(own)) own = `${own}'`;
    return own;
  };
  const renamed = new Map([...namesOf(branch)].map((n) => [n, taken.has(n) ? fresh(n) : n]));
  const own = (name: string): string => renamed.get(name) ?? name;
  const nodes = branch.nodes.map((n) => ({ ...n, inputs: n.inputs.map(own), outputs: n.outputs.map(own) }));
  const results = node.outputs.flatMap((output, i) =>
    output === '' ? [] : [makeNode('Identity', [own(branch.outputs[i]?.name ?? '')], [output], {}, node.name)],
  );
  const initializers = branch.initializers.map((t) => ({ ...t, name: own(t.name) }));
  return {
    ...graph,
    nodes: graph.nodes.flatMap((n) => (n === node ? [...nodes, ...results] : [n])),
    initializers: [...graph.initializers, ...initializers],
    valueInfo: [...graph.valueInfo, ...branch.valueInfo.map((v) => ({ ...v, name: own(v.name) }))],
  };
}
