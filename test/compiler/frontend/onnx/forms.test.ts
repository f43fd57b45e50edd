/** Forms in which exporters write the supported ops, against ONNX Runtime, and through the compiler on a preset. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { edgeDcim28nm } from '../../../../isa/machine/presets/edge-dcim-28nm.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compareWithOracle, EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { FORMS, floatTail, wideForm } from '../../../harness/oracle/form-models.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { tallyAgainstOracle } from '../../../harness/oracle/tally.ts';

describe('forms with two right answers: the runtime adds floats in an order of its own', () => {
  it('a float bias on a float result: last bits', async () => {
    const random = createRandom(1);
    const { elements, different, largest } = await compareWithOracle(floatTail(new ModelMaker(random)), random, 20);
    // Measured with this seed: sums of products of up to 100, where float32 has steps of 2^-17.
    expect({ elements, different, largest }).toEqual({ elements: 300, different: 234, largest: 2 ** -16 });
  });

  it('16-bit activations: an element near a step falls on either side', async () => {
    const counts: number[][] = [];
    for (const type of ['uint16', 'int16'] as const) {
      for (const op of ['Conv', 'Gemm'] as const) {
        const random = createRandom(1);
        const tally = await tallyAgainstOracle(wideForm(type, op)(new ModelMaker(random)), random, 40);
        expect(tally.unexplained).toEqual([]);
        counts.push([tally.elements, tally.different, tally.ties]);
      }
    }
    // Measured with this seed: elements, different ones, and those that are shown to be two right answers.
    expect(counts).toEqual([
      [1440, 2, 2],
      [320, 1, 1],
      [1440, 2, 2],
      [320, 1, 1],
    ]);
  });
});

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
