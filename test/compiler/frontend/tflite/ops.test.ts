/** The common operators against the reference kernels and on two machines; and those that are not exact, with their differences counted. */
import { expect, it } from 'vitest';
import { seeded } from '../../../harness/differential.ts';
import { compared } from './compared.ts';
import { testOperators } from './operators.ts';
import { EXACT, softmax, wideConvolution } from './single-op.ts';
import { l2Norm } from './single-op-legacy.ts';

testOperators(EXACT);

it.each([
  ['SOFTMAX in float32, against fixed point', softmax, 200],
  ['L2_NORMALIZATION in float32, against fixed point', l2Norm, 200],
  ['CONV_2D int16 with a 64-bit bias, two roundings for one', (r: () => number) => wideConvolution(r, 'int64'), 60],
] as const)('%s: at most one code apart; the differing ones are counted', (_, draw, draws) => {
  let differing = 0;
  let total = 0;
  for (let i = 0; i < draws; i++) {
    const { expected, found } = compared(draw(seeded(i + 1)), i + 7);
    total += expected.length;
    expected.forEach((e, j) => {
      if (e !== found[j]) differing += 1;
      expect(Math.abs(e - found[j]!)).toBeLessThanOrEqual(1);
    });
  }
  // Fixed draws: a change of either side shows.
  expect({ differing, total }).toMatchSnapshot();
});
