/** Resize in the forms that ONNX has: codes against ONNX Runtime's, and through the compiler. */
import { describe, expect, it } from 'vitest';
import { importModel, makeNode } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compareWithOracle, EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { RESIZE_FORMS } from '../../../harness/oracle/resize-forms.ts';
import { MAIN_PRESETS } from '../../../harness/presets.ts';
import { model, quant, quantParameters, refusal, scalar } from './small-models.ts';

describe('Resize', () => {
  it.each([...RESIZE_FORMS])('%s: equal to ONNX Runtime, and it runs', async (_, form) => {
    let all = EQUAL;
    for (const seed of [1, 2]) {
      const random = createRandom(seed);
      const model = form(new ModelMaker(random));
      all = merge(all, await compareWithOracle(model, random, 4));
      if (seed === 1) checkGraph(runPasses(importModel(model).graph), MAIN_PRESETS['edge-dcim-28nm']!, seeded(seed));
    }
    expect(all.elements).toBeGreaterThanOrEqual(16);
    expect(all).toMatchObject({ different: 0, first: '' });
  });
});

describe('Resize that is refused', () => {
  const resized = (factors: readonly number[], attributes: Parameters<typeof makeNode>[3]) => () => {
    const scales = { ...scalar('f', 'float32', 0), dims: [2], raw: new Uint8Array(Float32Array.from(factors).buffer) };
    const nodes = [makeNode('Resize', ['x', '', 'f'], ['h'], attributes), quant('h', 'y')];
    return importModel(model(nodes, { initializers: [...quantParameters, scales] }));
  };

  it('names the mode, the transformation, the axes', () => {
    const message = (run: () => unknown) => refusal(run).message;
    expect(message(resized([1, 2], { mode: 'lanczos' }))).toContain('Resize in mode lanczos');
    expect(message(resized([1, 2], { coordinate_transformation_mode: 'tf_crop_and_resize' }))).toContain(
      'tf_crop_and_resize',
    );
    expect(message(resized([1, 2], { antialias: 1 }))).toContain('antialias');
    expect(message(resized([1, 0.01], {}))).toContain('a factor of');
  });
});
