/** Blocked weights: codes behind a quantizer against ONNX Runtime's, and through the compiler. */
import { describe, expect, it } from 'vitest';
import { importModel, makeNode, makeTensor, makeValue } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { BLOCKED_FORMS, TABLE_FORMS } from '../../../harness/oracle/blocked-forms.ts';
import { compareWithOracle, EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { MAIN_PRESETS } from '../../../harness/presets.ts';
import { model, refusal, scalar } from './small-models.ts';

describe('blocked weights', () => {
  it.each([...BLOCKED_FORMS])('%s: the codes of ONNX Runtime, and it runs', async (name, form) => {
    let all = EQUAL;
    for (const seed of [1, 2]) {
      const random = createRandom(seed);
      const made = form(new ModelMaker(random));
      all = merge(all, await compareWithOracle(made, random, 5));
      const graph = runPasses(importModel(made).graph);
      const products = graph.nodes.filter((n) => n.op === 'matmul').length;
      expect(products).toBe(name.includes('behind floats') ? 0 : 3);
      if (seed === 1) checkGraph(graph, MAIN_PRESETS['edge-dcim-28nm']!, seeded(seed));
    }
    expect(all.elements).toBe(600);
    expect(all).toMatchObject({ different: 0, first: '' });
  });

  it.each([...TABLE_FORMS])('a table of words, %s: the codes of ONNX Runtime, and it runs', async (_, form) => {
    const random = createRandom(1);
    const made = form(new ModelMaker(random));
    const all = await compareWithOracle(made, random, 4);
    checkGraph(runPasses(importModel(made).graph), MAIN_PRESETS['edge-dcim-28nm']!, seeded(1));
    expect(all).toMatchObject({ elements: 1920, different: 0, first: '' });
  });

  it('refuses what contradicts itself, and group indices', () => {
    const inputs = [makeValue('x', 'float32', [1, 32])];
    const initializers = [
      makeTensor('w', 'uint8', [2, 2, 8], new Array(32).fill(1)),
      makeTensor('s', 'float32', [4], [1, 1, 1, 1]),
      makeTensor('g', 'int32', [32], new Array(32).fill(0)),
      scalar('q', 'float32', 1),
    ];
    const packed = (names: string[], more: Record<string, number>) => {
      const attributes = { K: 32, N: 2, bits: 4, block_size: 16, ...more };
      const node = makeNode('com.microsoft:MatMulNBits', names, ['h'], attributes);
      const opsets = [{ domain: 'com.microsoft', version: 1 }];
      const parts = { initializers, inputs, extraOpsets: opsets };
      const nodes = [node, makeNode('QuantizeLinear', ['h', 'q'], ['y'])];
      return () => importModel(model(nodes, { ...parts, outputs: [makeValue('y', 'uint8', [null, null])] }));
    };
    expect(() => packed(['x', 'w', 's'], {})()).not.toThrow();
    expect(refusal(packed(['x', 'w', 's'], { N: 3 })).message).toContain('the weights have 32 elements');
    expect(refusal(packed(['x', 'w', 's'], { bits: 3 })).message).toContain('MatMulNBits with 3 bits');
    expect(refusal(packed(['x', 'w', 's', '', 'g'], {})).message).toContain('group indices');
  });
});
