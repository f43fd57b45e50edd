/** Forms of QONNX models: equal to ONNX Runtime at every quantizer, and through the compiler on a preset. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { edgeDcim28nm } from '../../../../isa/machine/presets/edge-dcim-28nm.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { differences } from '../../../harness/oracle/levels.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { QONNX_FORMS } from '../../../harness/oracle/qonnx-forms.ts';

describe('forms of QONNX models', () => {
  it.each([...QONNX_FORMS])('%s', async (_, [spelling, form]) => {
    const model = form(new ModelMaker(createRandom(3)));
    const totals = await differences(model, spelling, 5, 4);
    const all = [...totals.values()].reduce(merge, EQUAL);
    expect(all.elements).toBeGreaterThan(5);
    expect(all).toMatchObject({ different: 0, first: '' });
    checkGraph(runPasses(importModel(model).graph), edgeDcim28nm, seeded(3));
  });
});
