/**
 * A model against ONNX Runtime where the runtime may multiply floats: every difference is either a tie (two right answers, one code
 * apart, see ties.ts) or unexplained. A tie inside a network changes what comes behind it, and the runtime shows only its outputs;
 * so when these differ, the codes inside that float rounding leaves open are tried both ways until the outputs agree.
 */
import { importModel, type OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import { OPS } from '../../../compiler/graph/ops/index.ts';
import type { OpDefinition } from '../../../compiler/graph/ops/op.ts';
import {
  type Graph,
  type Node,
  type OpName,
  sizeOf,
  type Tensor,
  type TensorData,
} from '../../../compiler/graph/types.ts';
import type { Random } from '../../../isa/base/random.ts';
import { oracleInput, randomInput } from './compare.ts';
import { Oracle } from './session.ts';
import { Reaches } from './ties.ts';

export interface Tally {
  /** Output elements compared. */
  readonly elements: number;
  /** Output elements that differ. */
  readonly different: number;
  /** Codes, of outputs or inside, where the runtime has the other right answer. */
  readonly ties: number;
  /** Differences that no tie accounts for, in words. */
  readonly unexplained: readonly string[];
  /** Of the ties: the widest span that float rounding may cover before the quantizer, in codes. */
  readonly widest: number;
}

export const NOTHING: Tally = { elements: 0, different: 0, ties: 0, unexplained: [], widest: 0 };

export function addTally(a: Tally, b: Tally): Tally {
  return {
    elements: a.elements + b.elements,
    different: a.different + b.different,
    ties: a.ties + b.ties,
    unexplained: [...a.unexplained, ...b.unexplained],
    widest: Math.max(a.widest, b.widest),
  };
}

/** Compares the outputs on `runs` random inputs. */
export async function tallyAgainstOracle(model: OnnxModel, random: Random, runs: number): Promise<Tally> {
  const { graph } = importModel(model);
  const oracle = await Oracle.create(model, 'all');
  let tally = NOTHING;
  try {
    for (let run = 0; run < runs; run++) {
      const inputs = new Map(graph.inputs.map((name) => [name, randomInput(graph, name, random)]));
      const fed = new Map([...inputs].map(([name, data]) => [name, oracleInput(model, graph, name, data)]));
      const results = await oracle.run(fed);
      const theirs = new Map(model.graph.outputs.map(({ name }, i) => [graph.outputs[i]!, results.get(name)!.data]));
      tally = addTally(tally, tallyOf(graph, inputs, theirs));
    }
  } finally {
    await oracle.release();
  }
  return tally;
}

/** Our run against the outputs `theirs`. */
export function tallyOf(
  graph: Graph,
  inputs: ReadonlyMap<string, TensorData>,
  theirs: ReadonlyMap<string, ArrayLike<number>>,
): Tally {
  const plain = new Search(graph, inputs, theirs, 0).from(0, NOTHING);
  if (plain.unexplained.length === 0) return plain;
  const found = new Search(graph, inputs, theirs, TRIES).from(0, NOTHING);
  // Differences are those of the plain run: the search makes them go away.
  return { ...found, different: plain.different };
}

/** Runs of what lies behind an open code, at most. */
const TRIES = 200;

class Search {
  readonly #graph: Graph;
  readonly #theirs: ReadonlyMap<string, ArrayLike<number>>;
  readonly #values: Map<string, Tensor>;
  #tries: number;

  constructor(
    graph: Graph,
    inputs: ReadonlyMap<string, TensorData>,
    theirs: ReadonlyMap<string, ArrayLike<number>>,
    tries: number,
  ) {
    this.#graph = graph;
    this.#theirs = theirs;
    this.#tries = tries;
    this.#values = new Map(graph.constants);
    for (const [name, data] of inputs) this.#values.set(name, { type: graph.values.get(name)!, data });
  }

  /** Runs the nodes from `start`; of the choices tried, the tally with the fewest unexplained differences. */
  from(start: number, before: Tally): Tally {
    let tally = before;
    for (let n = start; n < this.#graph.nodes.length; n++) {
      const node = this.#graph.nodes[n]!;
      const data = this.#run(node);
      const theirs = this.#theirs.get(node.output);
      if (theirs !== undefined) {
        tally = addTally(tally, judge(this.#reaches(), node.output, data, theirs));
        if (data instanceof Int32Array) this.#set(node, Int32Array.from(theirs));
        continue;
      }
      const open = this.#tries > 0 && data instanceof Int32Array ? this.#open(node, data) : [];
      if (open.length > 0) return this.#choose(n, data as Int32Array, open, tally);
    }
    return tally;
  }

  #choose(n: number, data: Int32Array, open: readonly Open[], tally: Tally): Tally {
    let best: Tally | undefined;
    for (let choice = 0; choice < 2 ** Math.min(open.length, 6) && this.#tries > 0; choice++) {
      this.#tries--;
      const flipped = open.filter((_, bit) => (choice & (1 << bit)) !== 0);
      const codes = Int32Array.from(data);
      for (const { at, other } of flipped) codes[at] = other;
      this.#set(this.#graph.nodes[n]!, codes);
      const widest = Math.max(tally.widest, ...flipped.map((o) => o.span));
      const found = this.from(n + 1, { ...tally, ties: tally.ties + flipped.length, widest });
      if (best === undefined || found.unexplained.length < best.unexplained.length) best = found;
      if (best.unexplained.length === tally.unexplained.length) break;
    }
    return best ?? tally;
  }

  /** Codes of a quantizer inside the network that could as well be their neighbours. */
  #open(node: Node, data: Int32Array): Open[] {
    if (node.op !== 'quantize' && node.op !== 'requantize') return [];
    const reaches = this.#reaches();
    const open: Open[] = [];
    for (let at = 0; at < sizeOf(this.#graph.values.get(node.output)!.shape); at++) {
      const reach = reaches.codes(node.output, at);
      if (reach === undefined || reach.high - reach.low !== 1) continue;
      open.push({ at, other: reach.low + reach.high - data[at]!, span: reach.before.high - reach.before.low });
    }
    return open;
  }

  #reaches(): Reaches {
    return new Reaches(this.#graph, this.#values);
  }

  #run(node: Node): TensorData {
    const operands = node.inputs.map((i) => this.#values.get(i)!);
    const type = this.#graph.values.get(node.output)!;
    const data = (OPS[node.op] as OpDefinition<OpName>).reference(node.attributes, operands, type);
    this.#set(node, data);
    return data;
  }

  #set(node: Node, data: TensorData): void {
    this.#values.set(node.output, { type: this.#graph.values.get(node.output)!, data });
  }
}

interface Open {
  readonly at: number;
  readonly other: number;
  readonly span: number;
}

function judge(reaches: Reaches, value: string, ours: ArrayLike<number>, theirs: ArrayLike<number>): Tally {
  const unexplained: string[] = [];
  let ties = 0;
  let widest = 0;
  for (let i = 0; i < theirs.length; i++) {
    const [a, b] = [ours[i]!, theirs[i]!];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const reach = reaches.codes(value, i);
    if (reach !== undefined && reaches.isTie(value, i, a, b)) {
      ties++;
      widest = Math.max(widest, reach.before.high - reach.before.low);
    } else {
      const may = reach === undefined ? 'one right answer' : `${reach.low} .. ${reach.high} in reach`;
      unexplained.push(`${value}[${i}]: ours ${a}, oracle ${b}, ${may}`);
    }
  }
  return { elements: theirs.length, different: ties + unexplained.length, ties, unexplained, widest };
}
