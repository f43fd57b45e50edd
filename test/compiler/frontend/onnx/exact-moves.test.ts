/** Over which ops the runtime moves a quantizer or a DequantizeLinear before it looks for integer kernels: seen where results lie between two codes. */
import { describe, it } from 'vitest';
import { anyCodes, expectExact } from '../../../harness/oracle/exact.ts';
import type { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import * as ties from '../../../harness/oracle/tie-models.ts';

const relu = (m: ModelMaker, y: string) => m.node('Relu', [y]);

describe('exact ties: what moves elements between an op and its quantizer, or before the op', () => {
  it.each([...ties.MOVES])('%s', async (name, [rank, move]) => {
    const same = (_: ModelMaker, x: string) => x;
    await expectExact(ties.sum(same, move, rank), anyCodes, false);
    await expectExact(ties.sum(move, same, rank), anyCodes, false);
    await expectExact(ties.convolution({ after: move, rank }), anyCodes);
    if (['Identity', 'MaxPool'].includes(name)) await expectExact(ties.convolution({ before: move }), anyCodes);
    if (name === 'MaxPool') {
      await expectExact(ties.convolution({ after: (m, y) => move(m, relu(m, y)), zero: 0 }), anyCodes);
      await expectExact(ties.convolution({ after: (m, y) => relu(m, move(m, y)), zero: 0 }), anyCodes);
    }
  });
});
