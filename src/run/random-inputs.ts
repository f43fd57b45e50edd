/**
 * Seeded data for the inputs of a network that is run without any. Codes cover their whole range. Integers of 32 bits are no codes but numbers that a network was
 * exported with: those that pick rows of a table name rows that it has, and others (masks, kinds of words) are 0 or 1.
 */
import { type Graph, integerRange, type OpName, sizeOf, type ValueType } from '../../compiler/graph/types.ts';
import type { Random } from '../../isa/base/random.ts';

/** Data for every input: codes over their whole range, whole numbers as above, floats in [0, 1) with 8 bits. */
export function randomInputs(graph: Graph, random: Random): Map<string, ArrayLike<number>> {
  return new Map(
    graph.inputs.map((name): [string, ArrayLike<number>] => {
      const type = graph.values.get(name)!;
      const size = sizeOf(type.shape);
      const draw = drawOf(type, random, () => rowsPicked(graph, name) ?? 2);
      return [
        name,
        type.element.kind === 'float32'
          ? Float32Array.from({ length: size }, draw)
          : Int32Array.from({ length: size }, draw),
      ];
    }),
  );
}

function drawOf({ element }: ValueType, random: Random, count: () => number): () => number {
  if (element.kind === 'float32') return () => random.int(0, 255) / 256;
  if (element.coding === 'bipolar') return () => 2 * random.int(0, 1) - 1;
  if (element.bits < 32) {
    const { min, max } = integerRange(element);
    return () => random.int(min, max);
  }
  const most = count() - 1;
  return () => random.int(0, most);
}

/** Ops whose result holds elements of their first operand. */
const MOVES: readonly OpName[] = ['reshape', 'transpose', 'slice', 'concat', 'expand'];

/** Rows of the smallest table that the value picks from; undefined where it picks from none. */
export function rowsPicked(graph: Graph, name: string): number | undefined {
  const moved = new Set([name]);
  let rows: number | undefined;
  for (const { op, inputs, output } of graph.nodes) {
    if (MOVES.includes(op) && inputs.some((i) => moved.has(i))) moved.add(output);
    if (op !== 'gather' || !moved.has(inputs[1] ?? '')) continue;
    const [own = 0] = graph.values.get(inputs[0]!)!.shape;
    rows = Math.min(rows ?? own, own);
  }
  return rows;
}
