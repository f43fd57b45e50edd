/** Attention as exported: codes against ONNX Runtime's, and through the compiler. */
import { describe, expect, it } from 'vitest';
import { float, importModel, makeNode, makeTensor, makeValue } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { ATTENTION_FORMS } from '../../../harness/oracle/attention-forms.ts';
import { compareWithOracle, EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { casesOf } from '../../../harness/presets.ts';
import { model, quant, quantParameters, refusal } from './small-models.ts';

describe('forms of attention', () => {
  it.each(casesOf(ATTENTION_FORMS))('%s: the codes of ONNX Runtime, and it runs', async (_, form, machines) => {
    let all = EQUAL;
    for (const seed of [1, 2]) {
      const random = createRandom(seed);
      const model = form(new ModelMaker(random));
      all = merge(all, await compareWithOracle(model, random, 6));
      if (seed > 1) continue;
      for (const machine of machines) checkGraph(runPasses(importModel(model).graph), machine, seeded(seed));
    }
    expect(all.elements).toBeGreaterThan(1000);
    expect(all).toMatchObject({ different: 0, first: '' });
  });
});

describe('forms that are refused, by name', () => {
  const initializers = [
    ...quantParameters,
    makeTensor('t', 'float32', [8, 2], new Array(16).fill(0.5)),
    makeTensor('p', 'int64', [1], [7]),
  ];
  const message = (nodes: ReturnType<typeof makeNode>[], shape = [1, 4]) =>
    refusal(() =>
      importModel(model([...nodes, quant('h', 'y')], { initializers, inputs: [makeValue('x', 'float32', shape)] })),
    ).message;

  it('Einsum', () => {
    const einsum = (equation: string) => message([makeNode('Einsum', ['x', 'x'], ['h'], { equation })]);
    expect(einsum('ij->ji')).toContain("Einsum 'ij->ji'");
    expect(einsum('...i,...j->ij')).toContain('sums an ellipsis');
    expect(einsum('ii,ij->ij')).toContain('a label twice in one operand');
    expect(einsum('ij,kj->i')).toContain("sums 'k' over one operand");
    expect(einsum('ijk,jk->ij')).toContain('operand 0 has shape [1, 4]');
  });

  it('rotary embeddings', () => {
    const rotary = (attributes: Parameters<typeof makeNode>[3], shape: number[]) => {
      const node = makeNode('com.microsoft:RotaryEmbedding', ['x', 'p', 't', 't'], ['h'], attributes);
      const parts = { initializers, inputs: [makeValue('x', 'float32', shape)] };
      const opsets = { extraOpsets: [{ domain: 'com.microsoft', version: 1 }] };
      return refusal(() => importModel(model([node, quant('h', 'y')], { ...parts, ...opsets }))).message;
    };
    expect(rotary({ scale: float(2) }, [1, 1, 8])).toContain('a scale');
    expect(rotary({ is_packed_batching: 1 }, [1, 1, 8])).toContain('packed batches');
    expect(rotary({ rotary_embedding_dim: 4 }, [1, 1, 8])).toContain('without num_heads');
    expect(rotary({}, [1, 2, 8])).toContain('position 8');
  });

  it('casts, sums and reductions', () => {
    expect(message([makeNode('Cast', ['x'], ['h'], { to: 8 })])).toContain('Cast to string');
    expect(message([makeNode('CumSum', ['x', 'p'], ['h'])])).toContain('axis 7 is outside');
    const none = makeNode('ReduceSum', ['x'], ['h'], { noop_with_empty_axes: 1 });
    expect(message([none])).toContain('ReduceSum over no axes');
    expect(message([makeNode('LRN', ['x'], ['h'], { size: 3, beta: float(0.6) })], [1, 4, 2, 2])).toContain(
      'LRN with beta',
    );
  });
});
