/** A join of which one part is written in place by several cores and the other copied by one of them: nobody sends what it does not hold. */
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph } from '../../compiler/graph/types.ts';
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import { checkGraph, seeded } from '../harness/differential.ts';

/** concat(where, x): `where` is cut over the two cores of the first stage, x is copied by one of them, and the second stage reads both. */
function joined(): Graph {
  const b = new GraphBuilder('joined');
  const element = { kind: 'int', bits: 2, coding: 'signed' } as const;
  const flags = { element: { kind: 'int', bits: 1, coding: 'unsigned' } as const, shape: [1, 8, 7, 4] };
  const codes = { element, shape: [2, 1, 7, 4] };
  const x = b.input('x', { element, shape: [2, 8, 7, 4] });
  const condition = b.constant({
    type: flags,
    data: Int32Array.from({ length: 224 }, (_, i) => ((i * i) % 5 < 2 ? 1 : 0)),
  });
  const other = b.constant({ type: codes, data: Int32Array.from({ length: 56 }, (_, i) => ((i * 7) % 4) - 2) });
  const expand = b.add('expand', [x], { shape: [2, 8, 7, 4] });
  const where = b.add('where', [condition, expand, other], {}, { name: 'where' });
  const concat = b.add('concat', [where, x], { axis: 0 }, { name: 'concat.1' });
  const sums = b.add('spatial-sum', [concat], { xZero: 1 });
  const pad = b.add('pad', [sums], { before: [2, 0, 0, 0], after: [0, 0, 0, 2], value: 1347204285 });
  const blocks = b.add('depth-to-space', [pad], { block: 2, mode: 'CRD' });
  return b.finish([b.add('reshape', [blocks], {}, { shape: [2, 72] })]);
}

it.each([true, false])('holds in a pipeline of two stages of two cores, multicast %s', (multicast) => {
  const machine = { ...edgeDcim28nm, cores: 4, interconnect: { ...edgeDcim28nm.interconnect, multicast } };
  const { report, delayRuns } = checkGraph(joined(), machine, seeded(3), { stages: 2 });
  expect(delayRuns).toBe(1);
  const of = (name: string) => report.layers.find((l) => l.name === name)?.sharing;
  expect(of('where')).toMatch(/images over 2 cores/);
  expect(of('concat.1')).toMatch(/on one core/);
});
