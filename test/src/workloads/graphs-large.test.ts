/** The networks of many parameters: MACs of the full graph; well-formedness on small images, where the first product is smaller. */
import { describe, expect, it } from 'vitest';
import { verify } from '../../../compiler/graph/verify.ts';
import { ZOO } from '../../../src/workloads/networks/index.ts';
import { openZoo } from '../../../src/workloads/zoo.ts';
import { graphMacs } from './graph-counts.ts';

describe.each([
  { name: 'vgg16', input: [3, 32, 32] },
  { name: 'alexnet', input: [3, 64, 64] },
  { name: 'alexnet-2group', input: [3, 67, 67] },
] as const)('$name', ({ name, input }) => {
  it('has as many MACs', () => {
    expect(graphMacs(openZoo(`${name}-w4a4`))).toBe(ZOO.find((e) => e.name === name)?.totals.macs);
  });

  it('is well formed', () => {
    expect(verify(openZoo(`${name}-w4a4`, { input }))).toEqual([]);
  });
});
