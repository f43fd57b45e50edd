/** Kernels with equal texts cut alike: what one of them is measured for holds for all. */
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../compiler/graph/types.ts';
import { fuse } from '../../../compiler/lower/fuse.ts';
import { legalize } from '../../../compiler/lower/legalize.ts';
import { legalizeProducts } from '../../../compiler/lower/products.ts';
import { select } from '../../../compiler/lower/select.ts';
import { widenGraph } from '../../../compiler/lower/widen.ts';
import { allCuts, type Homes } from '../../../compiler/mapping/cuts.ts';
import { serial, shareKernel, splitsOf } from '../../../compiler/mapping/shares.ts';
import { operandLayout, planStorage } from '../../../compiler/mapping/storage.ts';
import { conventionalInt8 } from '../../../isa/machine/presets/conventional-int8.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { prepareZoo } from '../../../src/run/prepare-zoo.ts';
import { randomGraph } from '../../harness/random-graphs.ts';

/** All cuts of each kernel (and of its shares on two cores), under the text that says which kernels are alike. */
function cutsByText(source: Graph, machine: Machine, into: Map<string, string[]>): void {
  const graph = legalize(legalizeProducts(widenGraph(source, machine.core.matrix.inputBitsMin), machine));
  const selected = select(graph, machine);
  for (const kernels of [selected, fuse(graph, selected, machine)]) {
    const storage = planStorage(graph, kernels, false);
    storage.kernels.forEach((whole, k) => {
      if (whole.kind === 'copy') return;
      const homes: Homes = {
        inputs: whole.inputs.map(() => 'dram'),
        inputBits: whole.inputs.map(({ source: s }) => {
          return s.kind === 'constant' ? s.constant.format.bits : (storage.values.get(s.name)?.format.bits ?? 8);
        }),
        layouts: whole.inputs.map((_, i) => operandLayout(storage, whole, i)),
        result: null,
        output: 'dram',
      };
      for (const split of [serial(whole), ...splitsOf(storage, k, 2).slice(1)]) {
        const kernel = shareKernel(whole, split);
        expect(kernel.like).toBeDefined();
        const text = JSON.stringify([kernel.like, homes.inputBits, homes.layouts]);
        into.set(text, [...(into.get(text) ?? []), JSON.stringify(allCuts(kernel, homes, machine))]);
      }
    });
  }
}

/** Every list of cuts is that of the first kernel with its text; how many were held against one. */
function compared(all: ReadonlyMap<string, readonly string[]>): number {
  let count = 0;
  for (const [first, ...others] of all.values()) {
    for (const own of others) expect(own).toBe(first);
    count += others.length;
  }
  return count;
}

describe('kernels that are alike', () => {
  it.each([
    ['mobilenetv3-small-w8a8', 30],
    ['mlperf-tiny-mobilenetv1-w8a8', 5],
    ['mlperf-tiny-resnet8-w4a4', 5],
  ])('%s', (name, least) => {
    const all = new Map<string, string[]>();
    cutsByText(prepareZoo(`zoo:${name}`).graph, edgeDcim28nm, all);
    expect(compared(all)).toBeGreaterThan(least);
  });

  it('random graphs, kernels of all graphs together', () => {
    for (const machine of [edgeDcim28nm, conventionalInt8]) {
      const all = new Map<string, string[]>();
      for (let seed = 0; seed < 40; seed++) {
        cutsByText(randomGraph(seed, { inputBitsMax: 8 }), machine, all);
      }
      expect(compared(all)).toBeGreaterThan(20);
      expect(all.size).toBeGreaterThan(100);
    }
  });
});
