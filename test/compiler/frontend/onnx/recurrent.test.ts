/** LSTM, GRU and RNN nodes: codes behind their quantizers against ONNX Runtime's, and through the compiler. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../../../compiler/compile.ts';
import { type AttributeInput, float, importModel } from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compareWithOracle, EQUAL, merge } from '../../../harness/oracle/compare.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import {
  EXTENTS,
  RECURRENT_FORMS,
  type RecurrentForm,
  recurrentModel,
} from '../../../harness/oracle/recurrent-forms.ts';
import { MAIN_PRESETS } from '../../../harness/presets.ts';
import { refusal } from './small-models.ts';

const importForm = (form: RecurrentForm) => importModel(recurrentModel(new ModelMaker(createRandom(3)), form)).graph;

/** [a, b, ...rest] as [b, a, ...rest]. */
function turned(data: ArrayLike<number>, a: number, b: number): Int32Array {
  const rest = data.length / (a * b);
  return Int32Array.from({ length: data.length }, (_, at) => {
    const [i, j, k] = [Math.floor(at / rest / a), Math.floor(at / rest) % a, at % rest];
    return data[(j * b + i) * rest + k]!;
  });
}

/** Forms that go through the compiler as well. */
const RUN = /^\w+$|bidirectional|rows/;

describe('recurrent nodes', () => {
  it.each([...RECURRENT_FORMS])(
    '%s: the codes of ONNX Runtime, and the plain and the two-way ones run',
    async (name, form) => {
      let all = EQUAL;
      for (const seed of [1, 2]) {
        const random = createRandom(seed);
        const model = recurrentModel(new ModelMaker(random), form);
        all = merge(all, await compareWithOracle(model, random, 5));
        if (seed === 1 && RUN.test(name))
          checkGraph(runPasses(importModel(model).graph), MAIN_PRESETS['edge-dcim-28nm']!, seeded(seed));
      }
      expect(all.elements).toBeGreaterThan(150);
      expect(all).toMatchObject({ different: 0, first: '' });
    },
  );
});

describe('recurrent nodes with the batch first, which ONNX Runtime refuses', () => {
  it.each(['LSTM', 'GRU', 'RNN'] as const)('%s: the same numbers in another order', (op) => {
    const { steps, batch } = EXTENTS;
    const [timeFirst, batchFirst] = ([0, 1] as const).map((layout) =>
      importForm({ op, layout, direction: 'bidirectional', initial: 'given' }),
    ) as [ReturnType<typeof importForm>, ReturnType<typeof importForm>];
    const random = createRandom(5);
    const inputs = new Map(
      timeFirst.inputs.map((name) => {
        const size = timeFirst.values.get(name)!.shape.reduce((n, d) => n * d, 1);
        return [name, Int32Array.from({ length: size }, () => random.int(0, 255))];
      }),
    );
    const [x, ...states] = timeFirst.inputs;
    const other = new Map([
      [x!, turned(inputs.get(x!)!, steps, batch)],
      ...states.map((name): [string, Int32Array] => [name, turned(inputs.get(name)!, 2, batch)]),
    ]);
    const [y, ...lasts] = [...interpret(timeFirst, inputs).values()];
    const [z, ...others] = [...interpret(batchFirst, other).values()];
    expect(y!.type.shape).toEqual([steps, 2, batch, EXTENTS.hidden]);
    expect(z!.type.shape).toEqual([batch, steps, 2, EXTENTS.hidden]);
    // [steps, 2, batch, H] to [batch, steps, 2, H].
    expect(z!.data).toEqual(turned(y!.data, steps * 2, batch));
    expect(others.map((t) => t.data)).toEqual(lasts.map((t) => turned(t.data, 2, batch)));
  });
});

describe('weights of recurrent nodes', () => {
  it('are one constant for all steps, in the graph and in DRAM', () => {
    const [few, many] = [3, 12].map((steps) => {
      const graph = runPasses(importForm({ op: 'LSTM', steps }));
      const wide = [...graph.constants.values()].filter((c) => c.type.shape.length === 4);
      expect(wide.map((c) => c.type.shape)).toEqual([[4 * EXTENTS.hidden, EXTENTS.hidden, 1, 1]]);
      const { constants } = compile(graph, MAIN_PRESETS['edge-dcim-28nm']!).program;
      return constants.reduce((n, s) => n + s.bytes.length, 0);
    }) as [number, number];
    expect(many).toBe(few);
  });
});

describe('recurrent nodes that are refused', () => {
  const cases: [string, Readonly<Record<string, AttributeInput>>, string][] = [
    ['clip', { clip: float(3) }, 'LSTM with clip'],
    ['input_forget', { input_forget: 1 }, 'LSTM with input_forget'],
    ['a direction that is none', { direction: 'sideways' }, "direction is 'sideways'"],
    ['a hidden size that contradicts the weights', { hidden_size: 3 }, 'hidden_size is 3'],
    [
      'an activation that is not there',
      { activations: { type: 'strings', value: ['Sigmoid', 'Affine', 'Tanh'] } },
      'activation Affine',
    ],
    ['too few activations', { activations: { type: 'strings', value: ['Sigmoid'] } }, '1 activations'],
    ['parameters of activations', { activation_alpha: { type: 'floats', value: [0.1] } }, 'activation_alpha'],
  ];
  it.each(cases)('%s', (_, attributes, message) => {
    const error = refusal(() => importForm({ op: 'LSTM', attributes }));
    expect(error.diagnostics[0]).toMatchObject({ where: expect.stringContaining('(LSTM)') as unknown });
    expect(error.diagnostics[0]?.message).toContain(message);
    expect(error.diagnostics[0]?.expected).not.toBe('');
  });

  it('other activations are taken: Relu for the gates of an RNN', () => {
    const graph = importForm({ op: 'RNN', attributes: { activations: { type: 'strings', value: ['Relu'] } } });
    expect(graph.nodes.filter((n) => n.op === 'unary' && n.attributes.fn === 'tanh')).toEqual([]);
  });
});
