/** Every pass changes no value: random graphs before and after each, interpreted on random inputs; and each pass has something to do. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { printGraph } from '../../../compiler/graph/text/print.ts';
import type { Graph } from '../../../compiler/graph/types.ts';
import { verify } from '../../../compiler/graph/verify.ts';
import { PASSES, runPasses } from '../../../compiler/passes/pipeline.ts';
import { mismatches, randomInputs, seeded } from '../../harness/differential.ts';
import { randomGraph } from '../../harness/random-graphs.ts';

const GRAPHS = Number(process.env.QNPU_GRAPHS ?? 600);

it(
  'random graphs have the same outputs behind each pass, bit for bit',
  () => {
    const changed = new Map(PASSES.map(({ name }) => [name, 0]));
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (seed) => {
        // Long graphs: a pass needs several ops in a row that fit.
        let graph: Graph = randomGraph(seed, { ops: 16 });
        const inputs = randomInputs(graph, seeded(seed + 3));
        const expected = interpret(graph, inputs);
        for (const { name, run } of PASSES) {
          const after = run(graph);
          expect(verify(after).map((d) => `${name}: ${d.message}`)).toEqual([]);
          expect(after.outputs).toEqual(graph.outputs);
          const found = interpret(after, inputs);
          const differing = mismatches(expected, new Map([...found].map(([output, { data }]) => [output, data])));
          expect(differing.map((m) => ({ pass: name, ...m }))).toEqual([]);
          if (after.nodes.length !== graph.nodes.length || printGraph(after) !== printGraph(graph))
            changed.set(name, changed.get(name)! + 1);
          graph = after;
        }
      }),
      { numRuns: GRAPHS },
    );
    for (const [name, count] of changed) expect(count, name).toBeGreaterThan(GRAPHS / 200);
  },
  600_000 + GRAPHS * 50,
);

it('a quantizer that moves in front of a reshape leaves its name with the output', () => {
  const builder = new GraphBuilder('names');
  const x = builder.input('x', { element: { kind: 'float32' }, shape: [4] });
  const named = { source: 'test' } as const;
  const matrix = builder.add('reshape', [x], {}, { ...named, name: 'matrix', shape: [2, 2] });
  const attributes = {
    scale: Float32Array.of(0.5),
    zeroPoint: Float32Array.of(0),
    axis: 0,
    rounding: 'half-even',
    min: -8,
    max: 7,
    order: 'round-then-zero',
  } as const;
  const element = { kind: 'int', bits: 4, coding: 'signed' } as const;
  const graph = builder.finish([builder.add('quantize', [matrix], attributes, { ...named, name: 'codes', element })]);
  const after = runPasses(graph);
  expect(after.nodes.map((n) => n.op)).toEqual(['quantize', 'reshape']);
  expect(after.outputs).toEqual(graph.outputs);
});
