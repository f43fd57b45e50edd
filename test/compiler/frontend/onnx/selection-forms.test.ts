/** How classifiers and detectors end: values and places against ONNX Runtime, and through the compiler. */
import { describe, expect, it } from 'vitest';
import { importModel, makeNode, makeTensor, makeValue } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compareWithOracle } from '../../../harness/oracle/compare.ts';
import { INDEXING_FORMS } from '../../../harness/oracle/indexing-forms.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { SELECTION_FORMS } from '../../../harness/oracle/selection-forms.ts';
import { casesOf } from '../../../harness/presets.ts';
import { model, quant, quantParameters, refusal } from './small-models.ts';

describe('selections', () => {
  it.each(casesOf([...SELECTION_FORMS, ...INDEXING_FORMS]))(
    '%s: equal to ONNX Runtime, and it runs',
    async (_, form, machines) => {
      const random = createRandom(1);
      const made = form(new ModelMaker(random));
      const all = await compareWithOracle(made, random, 8);
      for (const machine of machines) checkGraph(runPasses(importModel(made).graph), machine, seeded(1));
      expect(all.elements).toBeGreaterThan(20);
      expect(all).toMatchObject({ different: 0, first: '' });
    },
  );
});

describe('selections that are refused, by name', () => {
  const message = (nodes: Parameters<typeof model>[0], k = 1, shape = [1, 40]) => {
    const initializers = [...quantParameters, makeTensor('k', 'int64', [1], [k])];
    const parts = { initializers, inputs: [makeValue('x', 'float32', shape)] };
    return refusal(() => importModel(model([quant('x', 'q'), ...nodes], parts))).message;
  };

  it('TopK', () => {
    const nodes = [makeNode('TopK', ['q', 'k'], ['y', ''])];
    expect(message(nodes, 33)).toContain('TopK of 33 elements');
    expect(message(nodes, 41)).toContain('the 41 largest of 40 elements');
    expect(message(nodes, 0)).toContain('the 0 largest of 40 elements');
  });

  it('Pad', () => {
    const initializers = [...quantParameters, makeTensor('p', 'int64', [4], [0, 4, 0, 0])];
    const pad = (mode: string) =>
      refusal(() =>
        importModel(model([quant('x', 'q'), makeNode('Pad', ['q', 'p'], ['y'], { mode })], { initializers })),
      ).message;
    expect(pad('reflect')).toContain('4 reflected elements of an axis of 4');
    expect(pad('mirror')).toContain('Pad in mode mirror');
  });
});
