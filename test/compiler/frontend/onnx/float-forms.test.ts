/** Norms and activations, which the runtime computes in float32 in an order of its own: their codes against ONNX Runtime's. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compareWithOracle, EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { FLOAT_FORMS } from '../../../harness/oracle/sequence-forms.ts';
import { MAIN_PRESETS } from '../../../harness/presets.ts';

describe('forms that the runtime computes in float32, in an order of its own', () => {
  it.each([...FLOAT_FORMS])('%s: the codes of ONNX Runtime all the same, and it runs', async (_, form) => {
    let all = EQUAL;
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      const model = form(new ModelMaker(random));
      all = merge(all, await compareWithOracle(model, random, 10));
      const graph = runPasses(importModel(model).graph);
      if (seed === 1) checkGraph(graph, MAIN_PRESETS['edge-dcim-28nm']!, seeded(seed));
    }
    expect(all.elements).toBeGreaterThan(1000);
    expect(all).toMatchObject({ different: 0, first: '' });
  });
});

describe('activations between quantizers', () => {
  it.each(['Gelu', 'Gelu spelled out', 'x sigmoid(x)', 'x sigmoid(x) with quantizers between'])(
    '%s: one table',
    (name) => {
      const model = FLOAT_FORMS.get(name)!(new ModelMaker(createRandom(1)));
      expect(runPasses(importModel(model).graph).nodes.map((n) => n.op)).toEqual(['lut']);
    },
  );
});
