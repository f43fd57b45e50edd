/** Rows by index: what moves is as many rows as there are indices, also one. */
import { expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';

const [ROWS, WIDTH] = [64, 96];

it.each([1, 2, 5])('%i rows of a table', (count) => {
  const builder = new GraphBuilder('rows');
  const element = { kind: 'int', bits: 8, coding: 'signed' } as const;
  const table = builder.constant(
    {
      type: { element, shape: [ROWS, WIDTH] },
      data: Int32Array.from({ length: ROWS * WIDTH }, (_, i) => (i % 251) - 125),
    },
    'table',
  );
  const index = builder.input('index', { element: { kind: 'int', bits: 6, coding: 'unsigned' }, shape: [count] });
  const graph = builder.finish([builder.add('gather', [table, index], {}, { name: 'pick', source: 'test' })]);
  const machine = MAIN_PRESETS['edge-dcim-28nm']!;
  const { traffic } = simulate(compile(graph, machine).program, machine);
  const read = traffic
    .filter((t) => t.boundary === 'dram' && t.role === 'parameters')
    .reduce((n, t) => n + t.readBytes, 0);
  expect(read).toBe(count * WIDTH);
});
