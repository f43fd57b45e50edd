/** Attention as exported: codes against ONNX Runtime's, and through the compiler. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { ATTENTION_FORMS } from '../../../harness/oracle/attention-forms.ts';
import { compareWithOracle, EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { MAIN_PRESETS } from '../../../harness/presets.ts';

describe('forms of attention', () => {
  it.each([...ATTENTION_FORMS])('%s: the codes of ONNX Runtime, and it runs', async (_, form) => {
    let all = EQUAL;
    for (const seed of [1, 2]) {
      const random = createRandom(seed);
      const model = form(new ModelMaker(random));
      all = merge(all, await compareWithOracle(model, random, 6));
      const graph = runPasses(importModel(model).graph);
      if (seed === 1) checkGraph(graph, MAIN_PRESETS['edge-dcim-28nm']!, seeded(seed));
    }
    expect(all.elements).toBeGreaterThan(1000);
    expect(all).toMatchObject({ different: 0, first: '' });
  });
});
