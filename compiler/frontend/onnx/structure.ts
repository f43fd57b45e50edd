/**
 * What must hold before any op is looked at: opsets known, every value defined once, every input defined, no cycles.
 * All findings at once. ONNX asks for topological order; files that lack it are sorted rather than refused.
 */
import type { Diagnostic } from '../../../isa/base/errors.ts';
import type { OnnxGraph, OnnxModel, OnnxNode } from './model.ts';

/** Opsets of the ONNX domain whose ops are known here. */
export const OPSETS = { oldest: 7, newest: 25 } as const;

/** A name for messages: the node's own, or what it makes. */
export function nodeLabel(node: OnnxNode): string {
  const name = node.name === '' ? (node.outputs[0] ?? '?') : node.name;
  return `node '${name}' (${node.domain === '' ? '' : `${node.domain}.`}${node.opType})`;
}

/** Version of the ONNX domain. */
export function opsetOf(model: OnnxModel): number | undefined {
  return model.opsets.find((o) => o.domain === '')?.version;
}

export function checkStructure(model: OnnxModel): Diagnostic[] {
  return [...checkOpsets(model), ...checkNames(model.graph), ...checkCycles(model.graph)];
}

function checkOpsets(model: OnnxModel): Diagnostic[] {
  const opset = opsetOf(model);
  const code = 'E-ONNX-OPSET';
  const expected = `opset ${OPSETS.oldest} .. ${OPSETS.newest} of ai.onnx`;
  if (opset === undefined) {
    return [
      {
        code,
        message: 'the model imports no opset of the ONNX domain',
        where: 'opset_import',
        expected,
        hint: 'export the model again',
      },
    ];
  }
  if (opset >= OPSETS.oldest && opset <= OPSETS.newest) return [];
  return [
    {
      code,
      message: `opset ${opset} is not known`,
      where: 'opset_import',
      expected,
      hint: 'convert it with onnx.version_converter, or export with an opset in this range',
    },
  ];
}

function checkNames(graph: OnnxGraph): Diagnostic[] {
  const found: Diagnostic[] = [];
  const definedBy = new Map<string, string>();
  const define = (name: string, by: string) => {
    const other = definedBy.get(name);
    if (other === undefined) definedBy.set(name, by);
    else
      found.push({
        code: 'E-ONNX-NAME',
        message: `'${name}' is defined twice`,
        where: `${other} and ${by}`,
        expected: 'one definition of each value',
        hint: 'export the model again',
      });
  };
  for (const t of graph.initializers) define(t.name, 'an initializer');
  for (const i of graph.inputs) if (!definedBy.has(i.name)) define(i.name, 'an input');
  for (const node of graph.nodes) for (const o of node.outputs) if (o !== '') define(o, nodeLabel(node));
  const missing = (name: string, where: string) => {
    if (!definedBy.has(name)) {
      found.push({
        code: 'E-ONNX-NAME',
        message: `'${name}' is used but nothing defines it`,
        where,
        expected: 'an initializer, an input or the output of a node',
        hint: 'a missing initializer: export with the weights inside, or keep the external data file beside the model',
      });
    }
  };
  for (const node of graph.nodes) for (const i of node.inputs) if (i !== '') missing(i, nodeLabel(node));
  for (const o of graph.outputs) missing(o.name, 'the outputs of the model');
  if (graph.outputs.length === 0)
    found.push({
      code: 'E-ONNX-NAME',
      message: 'the model has no outputs',
      where: 'graph.output',
      expected: 'at least one output',
      hint: 'name the results as graph outputs (graph.output) when exporting',
    });
  return found;
}

function checkCycles(graph: OnnxGraph): Diagnostic[] {
  const left = graph.nodes.length - sortNodes(graph).length;
  if (left === 0) return [];
  const sorted = new Set(sortNodes(graph));
  const names = graph.nodes.filter((n) => !sorted.has(n)).map(nodeLabel);
  return [
    {
      code: 'E-ONNX-CYCLE',
      message: left === 1 ? 'a node waits for itself' : `${left} nodes wait for each other in a cycle`,
      where: names.slice(0, 4).join(', ') + (names.length > 4 ? `, and ${names.length - 4} more` : ''),
      expected: 'a graph without cycles',
      hint: 'recurrent networks must be unrolled',
    },
  ];
}

/** Nodes in an order in which operands come first, stable; nodes on a cycle, and those behind one, are left out. */
export function sortNodes(graph: OnnxGraph): OnnxNode[] {
  const producer = new Map<string, OnnxNode>();
  for (const node of graph.nodes) for (const o of node.outputs) if (o !== '') producer.set(o, node);
  const waits = new Map<OnnxNode, number>();
  const users = new Map<OnnxNode, OnnxNode[]>();
  for (const node of graph.nodes) {
    const before = new Set(node.inputs.flatMap((i) => producer.get(i) ?? []));
    waits.set(node, before.size);
    for (const p of before) {
      const list = users.get(p);
      if (list === undefined) users.set(p, [node]);
      else list.push(node);
    }
  }
  const order = new Map(graph.nodes.map((n, i) => [n, i]));
  const ready = new ReadyList(order);
  for (const node of graph.nodes) if (waits.get(node) === 0) ready.push(node);
  const sorted: OnnxNode[] = [];
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    sorted.push(node);
    for (const user of users.get(node) ?? []) {
      const left = (waits.get(user) ?? 0) - 1;
      waits.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  return sorted;
}

/** A binary heap of nodes by their place in the file. */
class ReadyList {
  readonly #heap: OnnxNode[] = [];
  readonly #order: ReadonlyMap<OnnxNode, number>;

  constructor(order: ReadonlyMap<OnnxNode, number>) {
    this.#order = order;
  }

  push(node: OnnxNode): void {
    const heap = this.#heap;
    heap.push(node);
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (this.#key(parent) <= this.#key(i)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  pop(): OnnxNode | undefined {
    const heap = this.#heap;
    const [top] = heap;
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    heap[0] = last;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      let least = i;
      if (left < heap.length && this.#key(left) < this.#key(least)) least = left;
      if (left + 1 < heap.length && this.#key(left + 1) < this.#key(least)) least = left + 1;
      if (least === i) return top;
      this.#swap(i, least);
      i = least;
    }
  }

  #key(i: number): number {
    const node = this.#heap[i];
    return node === undefined ? Number.POSITIVE_INFINITY : (this.#order.get(node) ?? 0);
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#heap[i], this.#heap[j]];
    if (a === undefined || b === undefined) return;
    this.#heap[i] = b;
    this.#heap[j] = a;
  }
}
