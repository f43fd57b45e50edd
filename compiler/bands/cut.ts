/**
 * A graph with groups of neighbouring nodes computed band by band: every band takes the rows of the group's operands that its rows of the results need, computes
 * the group on them, and the results are joined. Rows that neighbouring bands both need are computed in both. Same values, smaller ones between the nodes.
 */
import { InternalError } from '../../isa/base/errors.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import { bandName } from '../graph/names.ts';
import { OPS } from '../graph/ops/index.ts';
import type { Graph, Node } from '../graph/types.ts';
import { dimNames } from '../mapping/decisions.ts';
import { copyNode, rebuildWith } from '../passes/rewrite.ts';
import type { Part, Range, TypeOf } from './ranges.ts';
import { partOf } from './ranges.ts';

/** Neighbouring nodes, in order, and how their results are cut. */
export interface Bands {
  readonly nodes: readonly Node[];
  readonly dim: number;
  readonly count: number;
}

/** What every node of a group makes for one band. */
export interface BandPlan {
  readonly parts: ReadonlyMap<Node, Part>;
  /** Of each result of the group, what this band gives. */
  readonly results: ReadonlyMap<string, Range>;
}

/** Why a group cannot be cut as wanted; undefined where it can. */
export function whyNot(graph: Graph, bands: Bands): string | undefined {
  const values = resultsOf(graph, bands.nodes);
  for (let index = 0; index < bands.count; index++) {
    const plan = planBand(graph, bands, index, values);
    if (typeof plan === 'string') return plan;
  }
  return undefined;
}

/** From what the band gives of the group's results (`values`) back to what every node makes; or why not. */
export function planBand(
  graph: Graph,
  { nodes, dim, count }: Bands,
  index: number,
  values = resultsOf(graph, nodes),
): BandPlan | string {
  const typeOf: TypeOf = (value) => graph.values.get(value)!;
  const results = new Map<string, Range>();
  for (const value of values) {
    const { shape } = typeOf(value);
    const size = shape[dim] ?? 1;
    const along = dimNames(shape.length)[dim] ?? `dim ${dim}`;
    if (size < count) return `${value} [${shape}] is ${size} along ${along}: too few for ${count} bands`;
    const start = Math.floor((size * index) / count);
    results.set(value, { dim, start, count: Math.floor((size * (index + 1)) / count) - start });
  }
  const asked = new Map(results);
  const made = new Set(nodes.map((n) => n.output));
  const parts = new Map<Node, Part>();
  for (const node of nodes.toReversed()) {
    const range = asked.get(node.output);
    if (range === undefined) continue;
    const part = partOf(node, typeOf, range);
    if (part === null) return `${node.name} (${node.op}) takes all of an operand for any part of its result`;
    parts.set(node, part);
    for (const [i, operand] of part.operands.entries()) {
      const value = node.inputs[i]!;
      if (!made.has(value)) continue;
      const known = asked.get(value);
      const both = operand === null ? null : known === undefined ? operand : hull(known, operand);
      if (both === null) return `${node.name} (${node.op}) takes all of ${value}, or another dim of it`;
      asked.set(value, both);
    }
  }
  return { parts, results };
}

/** Values that a group makes for others. */
function resultsOf(graph: Graph, nodes: readonly Node[]): readonly string[] {
  const own = new Set(nodes);
  const outside = new Set([...graph.outputs, ...graph.nodes.filter((n) => !own.has(n)).flatMap((n) => n.inputs)]);
  return nodes.map((n) => n.output).filter((value) => outside.has(value));
}

function hull(a: Range, b: Range): Range | null {
  if (a.dim !== b.dim) return null;
  const start = Math.min(a.start, b.start);
  return { dim: a.dim, start, count: Math.max(a.start + a.count, b.start + b.count) - start };
}

/** The graph with its groups, which have no node in common, in bands. */
export function cutBands(graph: Graph, groups: readonly Bands[]): Graph {
  const first = new Map(groups.map((g) => [g.nodes[0]!, g]));
  const inside = new Set(groups.flatMap((g) => g.nodes));
  return rebuildWith(graph, (node, builder, at, name) => {
    const group = first.get(node);
    if (group !== undefined) new Emitter(graph, group, builder, at).emit(name);
    else if (!inside.has(node)) name(node.output, copyNode(graph, node, builder, at));
  });
}

/** A value, or the rows of it that there are. */
interface Piece {
  readonly name: string;
  readonly range: Range | null;
}

class Emitter {
  readonly #graph: Graph;
  readonly #bands: Bands;
  readonly #builder: GraphBuilder;
  readonly #at: (old: string) => string;
  /** What the band at hand has of the group's values. */
  #made = new Map<string, Piece>();
  readonly #slices = new Map<string, string>();

  constructor(graph: Graph, bands: Bands, builder: GraphBuilder, at: (old: string) => string) {
    this.#graph = graph;
    this.#bands = bands;
    this.#builder = builder;
    this.#at = at;
  }

  emit(name: (old: string, now: string) => void): void {
    const { count, dim } = this.#bands;
    const joined = new Map<string, string[]>();
    const values = resultsOf(this.#graph, this.#bands.nodes);
    for (let index = 0; index < count; index++) {
      const plan = planBand(this.#graph, this.#bands, index, values);
      if (typeof plan === 'string') throw new InternalError(`a group cannot be cut: ${plan}`);
      this.#made = new Map();
      for (const [node, part] of [...plan.parts].toReversed()) this.#node(node, part, index);
      for (const [value, range] of plan.results)
        joined.set(value, [...(joined.get(value) ?? []), this.#piece(value, range)]);
    }
    for (const [value, [first = '', ...rest]] of joined) {
      const options = { name: `${value} bands`, source: 'bands', output: value };
      name(value, rest.length === 0 ? first : this.#builder.add('concat', [first, ...rest], { axis: dim }, options));
    }
  }

  #shapeOf(value: string, range: Range | null): readonly number[] {
    return this.#graph.values.get(value)!.shape.map((s, d) => (d === range?.dim ? range.count : s));
  }

  #node(node: Node, part: Part, index: number): void {
    const name = this.#builder.add(
      node.op,
      node.inputs.map((value, i) => this.#piece(value, part.operands[i] ?? null)),
      part.attributes as never,
      {
        name: bandName(node.name, index),
        source: node.source,
        element: this.#graph.values.get(node.output)!.element,
        shape: this.#shapeOf(node.output, part.result),
        output: bandName(node.output, index),
        band: { of: node.name, index, count: this.#bands.count },
      },
    );
    this.#made.set(node.output, { name, range: part.result });
  }

  #piece(value: string, range: Range | null): string {
    return this.#slice(value, this.#made.get(value) ?? { name: this.#at(value), range: null }, range);
  }

  #slice(value: string, { name, range: held }: Piece, range: Range | null): string {
    const { shape } = this.#graph.values.get(value)!;
    if (range === null) return name;
    const start = range.start - (held?.start ?? 0);
    if (start === 0 && range.count === (held?.count ?? shape[range.dim])) return name;
    const key = `${name} ${range.dim} ${start} ${range.count}`;
    const known = this.#slices.get(key) ?? this.#sliceConstant(value, range);
    if (known !== undefined) {
      this.#slices.set(key, known);
      return known;
    }
    const attributes = { starts: shape.map((_, d) => (d === range.dim ? start : 0)), steps: shape.map(() => 1) };
    const own = this.#shapeOf(value, range);
    const sliced = this.#builder.add('slice', [name], attributes, {
      name: `${value} rows ${range.start}`,
      source: 'bands',
      shape: own,
    });
    this.#slices.set(key, sliced);
    return sliced;
  }

  /** Rows of a constant are a constant. */
  #sliceConstant(value: string, range: Range): string | undefined {
    const constant = this.#graph.constants.get(value);
    if (constant === undefined) return undefined;
    const { element, shape } = constant.type;
    const starts = shape.map((_, d) => (d === range.dim ? range.start : 0));
    const type = { element, shape: this.#shapeOf(value, range) };
    const data = OPS.slice.reference({ starts, steps: shape.map(() => 1) }, [constant], type);
    return this.#builder.constant({ type, data }, `${value} rows ${range.start}`);
  }
}
