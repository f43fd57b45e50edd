/** Seldom forms of exporters against ONNX Runtime, and through the compiler; QONNX's channels-last nodes against the same between transposes. */
import { describe, expect, it } from 'vitest';
import { importModel, makeNode, makeTensor, makeValue } from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { edgeDcim28nm } from '../../../../isa/machine/presets/edge-dcim-28nm.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compareWithOracle } from '../../../harness/oracle/compare.ts';
import { EXPORTER_FORMS } from '../../../harness/oracle/exporter-forms.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { model, QONNX, quant, quantParameters, refusal, run } from './small-models.ts';

it.each([...EXPORTER_FORMS])('%s: the codes of ONNX Runtime, and it runs', async (_, form) => {
  const random = createRandom(1);
  const made = form(new ModelMaker(random));
  const all = await compareWithOracle(made, random, 6);
  checkGraph(runPasses(importModel(made).graph), edgeDcim28nm, seeded(1));
  expect(all.elements).toBeGreaterThan(30);
  expect(all).toMatchObject({ different: 0, first: '' });
});

describe('QONNX with channels last', () => {
  const weights = makeTensor(
    'w',
    'float32',
    [2, 3, 2, 2],
    Array.from({ length: 24 }, (_, i) => (i % 7) - 3),
  );
  const [input, output] = [
    [1, 4, 5, 3],
    [null, null, null, null],
  ];
  const parts = {
    inputs: [makeValue('x', 'float32', input)],
    outputs: [makeValue('y', 'float32', output)],
    initializers: [...quantParameters, weights],
    extraOpsets: [
      { domain: QONNX, version: 1 },
      { domain: 'qonnx.custom_op.channels_last', version: 1 },
    ],
  };
  const x = Array.from({ length: 60 }, (_, i) => Math.fround(((i * 37) % 61) / 8 - 3.5));
  const forms: [string, string[], Record<string, number[]>][] = [
    ['Conv', ['q', 'wq'], { kernel_shape: [2, 2], strides: [1, 2], pads: [0, 1, 0, 0] }],
    ['MaxPool', ['q'], { kernel_shape: [2, 2], strides: [2, 2] }],
    ['AveragePool', ['q'], { kernel_shape: [2, 2] }],
  ];

  it.each(forms)('%s', (op, inputs, attributes) => {
    const quantizers = [quant('x', 'q'), quant('w', 'wq')];
    const last = makeNode(`qonnx.custom_op.channels_last:${op}`, inputs, ['y'], attributes);
    const apart = [
      makeNode('Transpose', ['q'], ['t'], { perm: [0, 3, 1, 2] }),
      makeNode(op, ['t', ...inputs.slice(1)], ['u'], attributes),
      makeNode('Transpose', ['u'], ['y'], { perm: [0, 2, 3, 1] }),
    ];
    const found = run(model([...quantizers, last], parts), x);
    expect(found).toEqual(run(model([...quantizers, ...apart], parts), x));
    expect(new Set(found).size).toBeGreaterThan(3);
  });
});

describe('refused by name', () => {
  it('names of ops that every object has', () => {
    for (const domain of ['', 'com.microsoft', QONNX, 'qonnx.custom_op.channels_last'])
      for (const op of ['__proto__', 'constructor', 'toString']) {
        const node = makeNode(`${domain}:${op}`, ['q'], ['y']);
        const { message } = refusal(() =>
          importModel(model([quant('x', 'q'), node], { initializers: quantParameters })),
        );
        expect(message).toContain(`op ${op} of domain`);
      }
    const known = makeNode('constructor', ['s'], ['y']);
    expect(refusal(() => importModel(model([known], { initializers: quantParameters }))).message).toContain(
      'op constructor of domain',
    );
  });

  it('Dropout in training mode, pads that leave nothing or mirror what is cut, float8 tensors', () => {
    const bad = (node: ReturnType<typeof makeNode>, more: ReturnType<typeof makeTensor>[]) =>
      refusal(() => importModel(model([quant('x', 'q'), node], { initializers: [...quantParameters, ...more] })));
    const training = makeTensor('t', 'bool', [], [1]);
    expect(bad(makeNode('Dropout', ['q', 's', 't'], ['y']), [training]).message).toContain('training mode');
    const pads = makeTensor('p', 'int64', [4], [0, -2, 0, -2]);
    expect(bad(makeNode('Pad', ['q', 'p'], ['y']), [pads]).message).toContain('pads that leave nothing');
    expect(bad(makeNode('Pad', ['q', 'p'], ['y'], { mode: 'edge' }), [pads]).message).toContain(
      'negative pads in mode',
    );
    const float8 = { name: 'f', dims: [1], dataType: 'float8e4m3fn', raw: new Uint8Array(1) } as const;
    const [finding] = bad(makeNode('Add', ['q', 'f'], ['y']), [float8]).diagnostics;
    expect(finding?.where).toContain("'f'");
    expect(finding?.expected).toContain('int8');
    expect(finding?.hint).toContain('integer codes');
  });
});
