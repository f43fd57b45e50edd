/** Scales found at run time: results against ONNX Runtime's, and through the compiler. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compareWithOracle, EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { DYNAMIC_BLOCK, DYNAMIC_FORMS } from '../../../harness/oracle/dynamic-forms.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { MAIN_PRESETS } from '../../../harness/presets.ts';

describe('forms of quantize_dynamic', () => {
  it.each([...DYNAMIC_FORMS])('%s: equal to ONNX Runtime, and it runs', async (_, form) => {
    let all = EQUAL;
    for (const seed of [1, 2]) {
      const random = createRandom(seed);
      const model = form(new ModelMaker(random));
      all = merge(all, await compareWithOracle(model, random, 4));
      const graph = runPasses(importModel(model).graph);
      if (seed === 1) checkGraph(graph, MAIN_PRESETS['edge-dcim-28nm']!, seeded(seed));
      if (seed === 2) checkGraph(graph, MAIN_PRESETS['conventional-int8']!, seeded(seed));
    }
    expect(all.elements).toBeGreaterThan(200);
    expect(all).toMatchObject({ different: 0, first: '' });
  });

  it('a block of two layers and scores of floats: within float32 rounding of ONNX Runtime', async () => {
    const random = createRandom(1);
    const model = DYNAMIC_BLOCK(new ModelMaker(random));
    const { elements, largest } = await compareWithOracle(model, random, 5);
    expect(elements).toBe(360);
    expect(largest).toBeLessThan(2 ** -20);
    checkGraph(runPasses(importModel(model).graph), MAIN_PRESETS['edge-dcim-28nm']!, seeded(1));
  });
});
