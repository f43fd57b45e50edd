/**
 * Functions that a model defines itself, as PyTorch's newer exporter writes them: the nodes of the function stand in the place of each call, those of the functions that
 * it calls too. Left as they are, and refused later: functions of another opset than the model, with subgraphs, or that call themselves.
 */
import { InputError } from '../../../isa/base/errors.ts';
import { makeNode } from './build.ts';
import type { AttributeValue, OnnxFunction, OnnxModel, OnnxNode } from './model.ts';

/** Most nodes that a model may be expanded to. */
const NODES_MAX = 1 << 18;

const keyOf = (domain: string, name: string): string => `${domain}:${name}`;

/** The model with its calls expanded; without functions, as it is. Throws InputError where too many nodes come of it. */
export function expandFunctions(model: OnnxModel): OnnxModel {
  if (model.functions.length === 0) return model;
  const opset = versionOf(model.opsets);
  const able = model.functions.filter((f) => {
    const own = versionOf(f.opsets);
    return (own === undefined || own === opset) && !f.nodes.some(hasSubgraph);
  });
  const functions = withoutCycles(new Map(able.map((f) => [keyOf(f.domain, f.name), f])));
  let [calls, nodes] = [0, 0];
  const expanded = (node: OnnxNode): OnnxNode[] => {
    const called = functions.get(keyOf(node.domain, node.opType));
    nodes += 1;
    if (nodes > NODES_MAX)
      throw new InputError(`the functions of the model expand to more than ${NODES_MAX} nodes`, {
        code: 'E-ONNX-NODE',
      });
    if (called === undefined) return [node];
    calls += 1;
    return bodyOf(called, node, calls).flatMap(expanded);
  };
  return { ...model, graph: { ...model.graph, nodes: model.graph.nodes.flatMap(expanded) } };
}

type Functions = ReadonlyMap<string, OnnxFunction>;

/** The functions whose calls come to an end: first those that call none, then those that call these alone, and so on. */
function withoutCycles(all: Functions): Functions {
  const ending = new Map<string, OnnxFunction>();
  for (let before = -1; before < ending.size; ) {
    before = ending.size;
    for (const [key, f] of all) {
      const calls = f.nodes.map((n) => keyOf(n.domain, n.opType)).filter((k) => all.has(k));
      if (calls.every((k) => ending.has(k))) ending.set(key, f);
    }
  }
  return ending;
}

const versionOf = (opsets: OnnxModel['opsets']): number | undefined => opsets.find((o) => o.domain === '')?.version;

const hasSubgraph = (node: OnnxNode): boolean => [...node.attributes.values()].some((a) => a.type === 'opaque');

/** The function's nodes with the names and attributes of a call; its own names get the call's number. */
function bodyOf(called: OnnxFunction, call: OnnxNode, number: number): OnnxNode[] {
  const names = new Map<string, string>([['', '']]);
  called.inputs.forEach((name, i) => {
    names.set(name, call.inputs[i] ?? '');
  });
  const made = new Set(called.nodes.flatMap((n) => n.outputs));
  const copies: OnnxNode[] = [];
  called.outputs.forEach((name, i) => {
    const output = call.outputs[i] ?? '';
    if (output === '') return;
    if (made.has(name) && !names.has(name)) names.set(name, output);
    else copies.push(makeNode('Identity', [names.get(name) ?? name], [output], {}, call.name));
  });
  const stem = `${call.name === '' ? called.name : call.name}/${number}`;
  const own = (name: string): string => names.get(name) ?? `${stem}/${name}`;
  const nodes = called.nodes.map((n) => ({
    ...n,
    name: `${stem}/${n.name === '' ? n.opType : n.name}`,
    inputs: n.inputs.map(own),
    outputs: n.outputs.map(own),
    attributes: new Map([...n.attributes].flatMap(([name, value]) => given(called, call, name, value))),
  }));
  return [...nodes, ...copies];
}

/** An attribute of a body's node: one that names an attribute of the function has the call's value, or the default, or is left out. */
function given(called: OnnxFunction, call: OnnxNode, name: string, value: AttributeValue): [string, AttributeValue][] {
  if (value.type !== 'reference') return [[name, value]];
  const found = call.attributes.get(value.value) ?? called.defaults.get(value.value);
  return found === undefined ? [] : [[name, found]];
}
