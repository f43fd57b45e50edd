/** Ops of transformers and recurrent nets as exporters write them, against ONNX Runtime, and through the compiler on both kinds of arrays. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { typeText } from '../../../../compiler/graph/types.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compareWithOracle, EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { SEQUENCE_FORMS } from '../../../harness/oracle/sequence-forms.ts';
import { MAIN_PRESETS } from '../../../harness/presets.ts';

describe('forms of sequence models', () => {
  it.each([...SEQUENCE_FORMS])('%s: equal to ONNX Runtime, and it runs', async (_, form) => {
    let all = EQUAL;
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      const model = form(new ModelMaker(random));
      all = merge(all, await compareWithOracle(model, random, 2));
      const graph = runPasses(importModel(model).graph);
      if (seed === 1) checkGraph(graph, MAIN_PRESETS['edge-dcim-28nm']!, seeded(seed));
      if (seed === 2) checkGraph(graph, MAIN_PRESETS['conventional-int8']!, seeded(seed));
    }
    expect(all.elements).toBeGreaterThan(5);
    expect(all).toMatchObject({ different: 0, first: '' });
  });
});

describe('inputs of sequence models', () => {
  it('int64 token numbers are taken as 32 bits, masks as single bits', () => {
    const m = new ModelMaker(createRandom(1));
    const ids = m.input('int64', [1, 3]);
    const rows = m.tensor('float32', [9, 4], new Array<number>(36).fill(0.5));
    const mask = m.input('bool', [1, 3, 1]);
    const chosen = m.node('Where', [mask, m.node('Gather', [rows, ids]), m.tensor('float32', [], [-1])]);
    const [scale, zero] = [m.tensor('float32', [], [0.1]), m.tensor('int8', [], [0])];
    m.output(m.node('QuantizeLinear', [chosen, scale, zero]), 'int8', 3);
    const { graph, notes } = importModel(m.model('tokens'));
    expect(graph.inputs.map((name) => typeText(graph.values.get(name)!))).toEqual(['s32[1,3]', 'u1[1,3,1]']);
    expect(notes.join()).toContain('int64 taken as 32 bits');
    const inputs = new Map([
      [graph.inputs[0]!, Int32Array.of(8, 0, 3)],
      [graph.inputs[1]!, Int32Array.of(1, 0, 1)],
    ]);
    const [codes] = [...interpret(graph, inputs).values()];
    expect(Array.from(codes!.data)).toEqual([5, 5, 5, 5, -10, -10, -10, -10, 5, 5, 5, 5]);
    inputs.set(graph.inputs[0]!, Int32Array.of(9, 0, 0));
    expect(() => interpret(graph, inputs)).toThrow('index 9 is outside the 9 rows');
  });
});
