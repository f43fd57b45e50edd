/**
 * The same network with wider numbers, for a machine whose narrowest activation is wider than the network's (core.matrix.inputBitsMin): every code of fewer
 * than `bits` bits is stored and computed at `bits`. Values do not change: an INT8 chip runs a 2-bit network, it only moves more.
 */
import {
  type ElementType,
  type Graph,
  type IntegerType,
  integerRange,
  type Node,
  type NodeOf,
  type RequantizeSpec,
  type TensorData,
  type ValueType,
} from '../graph/types.ts';

export function widenGraph(graph: Graph, bits: number): Graph {
  const narrow = [...graph.values.values()].some((t) => t.element.kind === 'int' && t.element.bits < bits);
  if (!narrow) return graph;
  const widen = (t: ValueType): ValueType => ({ ...t, element: widerElement(t.element, bits) });
  const values = new Map([...graph.values].map(([name, t]) => [name, widen(t)]));
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    if (node.op === 'bipolar') nodes.push(...widenedSign(graph, node, values));
    else if (saturates(graph, node, bits)) nodes.push(...clampedCodes(graph, node, values, bits));
    else nodes.push(widerNode(graph, node, bits));
  }
  return {
    ...graph,
    values,
    constants: new Map([...graph.constants].map(([name, c]) => [name, { ...c, type: widen(c.type) }])),
    nodes,
  };
}

/** The sign quantizer itself gives one bit; a table behind it widens the code. */
function widenedSign(graph: Graph, node: NodeOf<'bipolar'>, values: Map<string, ValueType>): Node[] {
  const narrow = `${node.output} sign`;
  values.set(narrow, graph.values.get(node.output)!);
  const table = Int32Array.of(-1, 0, 1);
  return [
    { ...node, output: narrow },
    {
      op: 'lut',
      name: narrow,
      inputs: [narrow],
      output: node.output,
      attributes: { table, axis: 0 },
      source: node.source,
    },
  ];
}

/** Ops whose result is clipped by the width of its type alone. */
function saturates(graph: Graph, node: Node, bits: number): boolean {
  const { element } = graph.values.get(node.output)!;
  if (element.kind !== 'int' || element.bits >= bits) return false;
  return (
    node.op === 'qadd' || node.op === 'qmul' || (node.op === 'requantize' && node.attributes.spec.mode !== 'threshold')
  );
}

/** The op at the wider width, then a table that clips to the codes that the narrow type has. */
function clampedCodes(graph: Graph, node: Node, values: Map<string, ValueType>, bits: number): Node[] {
  const { element, shape } = graph.values.get(node.output)!;
  const narrow = integerRange(element as IntegerType);
  const wide = widerElement(element, bits) as IntegerType;
  const { min, max } = integerRange(wide);
  const unclipped = `${node.output} unclipped`;
  values.set(unclipped, { element: wide, shape });
  const table = Int32Array.from({ length: max - min + 1 }, (_, i) =>
    Math.min(narrow.max, Math.max(narrow.min, min + i)),
  );
  return [
    { ...node, output: unclipped } as Node,
    {
      op: 'lut',
      name: `${node.name} clip`,
      inputs: [unclipped],
      output: node.output,
      attributes: { table, axis: 0 },
      source: node.source,
    },
  ];
}

/** bipolar and ternary become two's complement; 32-bit sums and floats stay. */
function widerElement(e: ElementType, bits: number): ElementType {
  if (e.kind !== 'int' || e.bits >= bits) return e;
  return { kind: 'int', bits, coding: e.coding === 'unsigned' ? 'unsigned' : 'signed' };
}

function widerNode(graph: Graph, node: Node, bits: number): Node {
  if (node.op === 'requantize' && node.attributes.spec.mode === 'threshold') {
    const to = graph.values.get(node.output)!.element as IntegerType;
    if (to.bits >= bits) return node;
    return {
      ...node,
      attributes: {
        ...node.attributes,
        spec: to.coding === 'bipolar' ? twoSteps(node.attributes.spec) : node.attributes.spec,
      },
    };
  }
  if (node.op === 'lut') return widerTable(graph, node, bits);
  return node;
}

/** A bipolar result counts in steps of two; as a plain code it needs the same threshold twice. */
function twoSteps(spec: Extract<RequantizeSpec, { mode: 'threshold' }>): RequantizeSpec {
  const thresholds = new Int32Array(spec.thresholds.length * 2);
  spec.thresholds.forEach((t, i) => {
    thresholds[2 * i] = t;
    thresholds[2 * i + 1] = t;
  });
  return { ...spec, levels: spec.levels * 2, thresholds };
}

/** Entries for codes that the narrow type could not hold repeat the nearest one; they are never asked for. */
function widerTable(graph: Graph, node: NodeOf<'lut'>, bits: number): Node {
  const from = graph.values.get(node.inputs[0]!)!.element as IntegerType;
  if (from.bits >= bits) return node;
  const narrow = integerRange(from);
  const wide = integerRange(widerElement(from, bits) as IntegerType);
  const entries = narrow.max - narrow.min + 1;
  const channels = node.attributes.table.length / entries;
  const size = wide.max - wide.min + 1;
  const old = node.attributes.table;
  const table: TensorData =
    old instanceof Float32Array ? new Float32Array(size * channels) : new Int32Array(size * channels);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < size; i++) {
      const code = Math.min(narrow.max, Math.max(narrow.min, wide.min + i));
      table[c * size + i] = old[c * entries + code - narrow.min]!;
    }
  }
  return { ...node, attributes: { ...node.attributes, table } };
}
