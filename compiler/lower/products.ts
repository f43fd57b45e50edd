/**
 * Products of two computed operands as the arrays take them: raw codes, and a second operand of a width that cells hold. A zero point, or a width
 * that the machine lacks, is a table in front that gives signed parts which add up to the centred code. Parts lie one behind another along the
 * summed axis, each with the other operand again, so that one product adds them all and needs no correction.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import { codeRange } from '../../isa/tensor.ts';
import type { Graph, IntegerType, Node, NodeOf, ValueType } from '../graph/types.ts';
import { integerRange } from '../graph/types.ts';
import { formatOf } from './kernel.ts';
import { at } from './layout.ts';

/** Bytes minus any zero point reach -255 .. 255: three signed bytes. */
const PARTS_MAX = 3;
/** Wider codes have no table here. */
const TABLE_BITS = 8;

/** Needs: a verified graph.  Gives: the same values; products have zero points of 0 and widths of the machine, save those that cannot run. */
export function legalizeProducts(graph: Graph, machine: Machine): Graph {
  if (!graph.nodes.some((n) => n.op === 'product')) return graph;
  const rewriter = new Rewriter(graph, machine);
  for (const node of graph.nodes) rewriter.add(node);
  return rewriter.finish();
}

class Rewriter {
  readonly #graph: Graph;
  readonly #machine: Machine;
  readonly #values: Map<string, ValueType>;
  readonly #nodes: Node[] = [];

  constructor(graph: Graph, machine: Machine) {
    this.#graph = graph;
    this.#machine = machine;
    this.#values = new Map(graph.values);
  }

  finish(): Graph {
    return { ...this.#graph, values: this.#values, nodes: this.#nodes };
  }

  add(node: Node): void {
    if (node.op !== 'product') {
      this.#nodes.push(node);
      return;
    }
    const { inputBitsMin, inputBitsMax, weightBitsMin, weightBitsMax } = this.#machine.core.matrix;
    const { aZero, bZero } = node.attributes;
    const left = this.#parts(node, 0, aZero, inputBitsMin, inputBitsMax);
    const right = this.#parts(node, 1, bZero, weightBitsMin, weightBitsMax);
    if (left === null || right === null) {
      this.#nodes.push(node);
      return;
    }
    const pairs = left.flatMap((a) => right.map((b) => ({ a, b })));
    const a = this.#joined(
      node,
      'a',
      pairs.map((p) => p.a),
      2,
    );
    const b = this.#joined(
      node,
      'b',
      pairs.map((p) => p.b),
      1,
    );
    this.#nodes.push({ ...node, inputs: [a, b], attributes: { aZero: 0, bZero: 0 } });
  }

  /** The operand itself, or tables of it; null where there are none. */
  #parts(node: NodeOf<'product'>, index: number, zero: number, least: number, most: number): string[] | null {
    const name = at(node.inputs, index);
    const type = this.#values.get(name)!;
    const element = type.element as IntegerType;
    const { bits } = formatOf(type);
    if (zero === 0 && bits >= least && bits <= most) return [name];
    if (bits > TABLE_BITS) return null;
    const { min, max } = integerRange(element);
    const signed: IntegerType = { kind: 'int', bits: Math.max(least, Math.min(most, 8)), coding: 'signed' };
    const { min: low, max: high } = codeRange('signed', signed.bits);
    const count = Math.max(1, Math.ceil((min - zero) / low), Math.ceil((max - zero) / high));
    if (count > PARTS_MAX) return null;
    // Part i is what parts 0 .. i - 1, each as large as it can be, leave of the code.
    const clamped = (v: number, i: number): number => Math.max(i * low, Math.min(i * high, v));
    return Array.from({ length: count }, (_, i) => {
      const table = Int32Array.from({ length: max - min + 1 }, (_, c) => {
        const v = min + c - zero;
        return clamped(v, i + 1) - clamped(v, i);
      });
      const output = `${node.name} ${index === 0 ? 'a' : 'b'}${i}`;
      const { source } = node;
      this.#values.set(output, { element: signed, shape: type.shape });
      this.#nodes.push({ op: 'lut', name: output, inputs: [name], output, attributes: { table, axis: 0 }, source });
      return output;
    });
  }

  #joined(node: NodeOf<'product'>, side: string, parts: readonly string[], axis: number): string {
    const [first = ''] = parts;
    if (parts.length === 1) return first;
    const type = this.#values.get(first)!;
    const output = `${node.name} ${side} parts`;
    this.#values.set(output, { ...type, shape: type.shape.map((d, i) => (i === axis ? d * parts.length : d)) });
    this.#nodes.push({ op: 'concat', name: output, inputs: parts, output, attributes: { axis }, source: node.source });
    return output;
  }
}
