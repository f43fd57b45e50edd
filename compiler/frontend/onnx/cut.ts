/**
 * The part of a model that some results need: the whole model without what nothing reads, or what lies before named values, so that the head of a
 * detector that no accelerator runs (NonMaxSuppression, sorting) can be left to the host.
 */
import { refuseOutput } from '../unknown-output.ts';
import type { OnnxModel, OnnxNode } from './model.ts';

const WORDING = { maker: 'node', value: 'value', code: 'E-ONNX-OUTPUT' };

/**
 * The model with `outputs` as its results, in that order (its own when left out), and only the nodes, initializers and inputs that these need; inputs stay when the
 * outputs are the model's own. Throws InputError on names that no node makes.
 */
export function cutModel(model: OnnxModel, outputs?: readonly string[]): OnnxModel {
  const { graph } = model;
  const producers = new Map(graph.nodes.flatMap((n) => n.outputs.map((o): [string, OnnxNode] => [o, n])));
  const infos = new Map([...graph.valueInfo, ...graph.outputs].map((v) => [v.name, v]));
  for (const name of outputs ?? []) if (!producers.has(name)) refuseOutput(name, [...producers.keys()], WORDING);
  const results = outputs?.map((name) => infos.get(name) ?? { name }) ?? graph.outputs;
  const needed = new Set<OnnxNode>();
  const used = new Set<string>();
  const waiting = results.map((o) => o.name);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    used.add(name);
    const node = producers.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    waiting.push(...node.inputs);
  }
  const known = new Set(graph.initializers.map((t) => t.name));
  const kept = (name: string): boolean => used.has(name) || (outputs === undefined && !known.has(name));
  const inputs = graph.inputs.filter((i) => kept(i.name));
  const nodes = graph.nodes.filter((n) => needed.has(n));
  const initializers = graph.initializers.filter((t) => used.has(t.name));
  return { ...model, graph: { ...graph, nodes, inputs, initializers, outputs: results } };
}
