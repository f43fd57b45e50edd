/** Sums and products of all pairs of codes, functions of all codes: the runtime's roundings, where results lie between two codes. */
import { describe, it } from 'vitest';
import { anyCodes, type Data, expectExact, inOrder } from '../../../harness/oracle/exact.ts';
import type { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import * as ties from '../../../harness/oracle/tie-models.ts';

describe('exact ties: sums and products', () => {
  for (const type of ['uint8', 'int8'] as const) {
    it.each(['Add', 'Mul'] as const)(`%s of all pairs of ${type} codes, 27 scales and zero points`, async (op) => {
      const each: Data = (graph, name, i) => inOrder(graph, name, i % 2 === 0 ? 256 : 1);
      await expectExact(ties.pairs(op, type), each, false);
    });
  }

  it('sums of different types are not fused', async () => {
    const same = (_: ModelMaker, x: string) => x;
    for (const types of [
      ['uint8', 'int8', 'uint8'],
      ['uint8', 'uint8', 'int8'],
    ] as const)
      await expectExact(ties.sum(same, same, 4, types), anyCodes);
  });
});

describe('exact ties: functions of all codes, 28 scales and zero points', () => {
  for (const type of ['uint8', 'int8'] as const) {
    it.each([...ties.FUNCTIONS])(`%s of ${type}`, async (name, make) => {
      const softmax = name.startsWith('Softmax');
      const data: Data = softmax ? anyCodes : (graph, input) => inOrder(graph, input, 1);
      await expectExact(ties.codes(make, type, softmax ? 4 : 1), data, type === 'uint8');
    });
  }
});
