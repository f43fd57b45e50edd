import { expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';

it('more values than a concat takes are joined in groups, in their order', () => {
  const b = new GraphBuilder('many');
  const part = (i: number) => b.input(`x${i}`, { element: { kind: 'float32' }, shape: [2, 1 + (i % 2)] });
  const parts = Array.from({ length: 200 }, (_, i) => part(i));
  const graph = b.finish([b.add('concat', parts, { axis: 1 }, { name: 'all', output: 'y', source: 'Concat all' })]);
  const rows = parts.map((_, i) => [0, 1].map((row) => new Array<number>(1 + (i % 2)).fill(2 * i + row)));
  const inputs = new Map(parts.map((name, i) => [name, Float32Array.from(rows[i]!.flat())]));
  const expected = [0, 1].flatMap((row) => rows.flatMap((r) => r[row]!));
  expect([...interpret(graph, inputs).get('y')!.data]).toEqual(expected);
  expect(graph.values.get('y')?.shape).toEqual([2, 300]);
  expect(graph.nodes.map((n) => [n.inputs.length, n.source])).toEqual([64, 64, 64, 8, 4].map((n) => [n, 'Concat all']));
});
