/** Forms in which exporters write the supported ops, against ONNX Runtime, and through the compiler on a preset. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { edgeDcim28nm } from '../../../../isa/machine/presets/edge-dcim-28nm.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compareWithOracle, EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { FORMS } from '../../../harness/oracle/form-models.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';

describe('forms of exporters', () => {
  it.each([...FORMS])('%s: equal to ONNX Runtime, and it runs', async (_, form) => {
    let all = EQUAL;
    for (const seed of [1, 2]) {
      const random = createRandom(seed);
      const model = form(new ModelMaker(random));
      all = merge(all, await compareWithOracle(model, random, 2));
      if (seed === 1) checkGraph(runPasses(importModel(model).graph), edgeDcim28nm, seeded(seed));
    }
    expect(all.elements).toBeGreaterThan(5);
    expect(all).toMatchObject({ different: 0, first: '' });
  });
});
