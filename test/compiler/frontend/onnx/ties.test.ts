/**
 * Elements with two right answers: models in which the runtime has the other one (found by searching seeds), and that a code next to
 * the right one is not taken for a tie.
 */
import { describe, expect, it } from 'vitest';
import { importModel, type OnnxModel } from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { randomInput } from '../../../harness/oracle/compare.ts';
import { convModel, gemmModel, ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { tallyAgainstOracle, tallyOf } from '../../../harness/oracle/tally.ts';
import { Reaches } from '../../../harness/oracle/ties.ts';

type Make = (m: ModelMaker) => OnnxModel;

/** Seed, model, elements compared on two inputs; each has one element that differs. */
const KNOWN: readonly (readonly [string, number, number, Make])[] = [
  ['uint8 by int4', 302399, 1536, (m) => convModel(m, { x: 'uint8', w: 'int4', bias: 'float', after: 'none' })],
  ['uint8 by int4, Relu', 306700, 640, (m) => convModel(m, { x: 'uint8', w: 'int4', bias: 'float', after: 'Relu' })],
  ['uint8 by int4, Clip', 306700, 640, (m) => convModel(m, { x: 'uint8', w: 'int4', bias: 'float', after: 'Relu6' })],
  [
    'uint8 by int8, Relu that bites',
    4828,
    180,
    (m) => convModel(m, { x: 'uint8', w: 'int8', bias: 'float', after: 'Relu' }),
  ],
  [
    'uint8 by int8, Clip that bites',
    3017,
    1440,
    (m) => convModel(m, { x: 'uint8', w: 'int8', bias: 'float', after: 'Relu6' }),
  ],
  [
    'Gemm, uint8 by uint4',
    240,
    40,
    (m) => gemmModel(m, 'Gemm', { x: 'uint8', w: 'uint4', bias: 'int32', after: m.random.pick(['none', 'Relu']) }),
  ],
  [
    'MatMul, signed codes from outside',
    3158,
    88,
    (m) => gemmModel(m, 'MatMul', { x: 'int8', w: 'int8', bias: 'none', after: m.random.pick(['none', 'Relu']) }),
  ],
];

describe('two right answers', () => {
  it.each(KNOWN)('%s: the one element that differs is one', async (_, seed, elements, make) => {
    const random = createRandom(seed);
    const { widest, ...tally } = await tallyAgainstOracle(make(new ModelMaker(random)), random, 2);
    expect(tally).toEqual({ elements, different: 1, ties: 1, unexplained: [] });
    expect(widest).toBeLessThan(0.01);
  });

  it.each(['int4', 'int8'] as const)('are not seen in other codes next to the right ones: uint8 by %s', (w) => {
    const random = createRandom(9);
    const { graph } = importModel(convModel(new ModelMaker(random), { x: 'uint8', w, bias: 'int32', after: 'none' }));
    const inputs = new Map(graph.inputs.map((name) => [name, randomInput(graph, name, random)]));
    const output = graph.outputs[0]!;
    const values = interpret(graph, inputs, 'all');
    const { data } = values.get(output)!;
    const wrong = Int32Array.from(data, (code) => (code === 255 ? 254 : code + 1));
    const tally = tallyOf(graph, inputs, new Map([[output, wrong]]));
    expect([tally.different, tally.ties, tally.unexplained.length]).toEqual([data.length, 0, data.length]);
    const reach = new Reaches(graph, values).codes(output, 0);
    // An integer kernel of the runtime has one right answer; float sums have a narrow reach around it.
    if (w === 'int8') expect(reach).toBeUndefined();
    else expect([reach?.low, reach?.high]).toEqual([data[0], data[0]]);
  });
});
