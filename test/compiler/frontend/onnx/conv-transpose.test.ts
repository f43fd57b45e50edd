/** ConvTranspose by phases: codes against ONNX Runtime's, each difference shown to be two right answers; and through the compiler. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { TRANSPOSED_FORMS } from '../../../harness/oracle/form-models.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { tallyAgainstOracle } from '../../../harness/oracle/tally.ts';
import { MAIN_PRESETS } from '../../../harness/presets.ts';

describe('transposed convolutions', () => {
  it.each([...TRANSPOSED_FORMS])('%s: the codes of ONNX Runtime, and it runs', async (_, form) => {
    const random = createRandom(1);
    const model = form(new ModelMaker(random));
    const tally = await tallyAgainstOracle(model, random, 10);
    expect(tally.elements).toBeGreaterThan(500);
    expect(tally.unexplained).toEqual([]);
    const graph = runPasses(importModel(model).graph);
    expect(graph.nodes.filter((n) => n.op === 'conv').length).toBeGreaterThan(0);
    checkGraph(graph, MAIN_PRESETS['edge-dcim-28nm']!, seeded(1));
  });
});
