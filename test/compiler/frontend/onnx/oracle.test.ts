/**
 * Import and interpreter against ONNX Runtime with its default optimizations, bit for bit, on models of random sizes and scales. Where
 * the runtime adds floats in its own order, elements with two right answers are counted, shown to be such, and reported.
 */
import process from 'node:process';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { OnnxModel } from '../../../../compiler/frontend/onnx/index.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { compareWithOracle } from '../../../harness/oracle/compare.ts';
import { residualNetwork } from '../../../harness/oracle/network-models.ts';
import * as operators from '../../../harness/oracle/operator-models.ts';
import * as patterns from '../../../harness/oracle/pattern-models.ts';
import { addTally, NOTHING, tallyAgainstOracle } from '../../../harness/oracle/tally.ts';

type Make = (m: patterns.ModelMaker) => OnnxModel;

const RUNS = Number(process.env.QNPU_MODELS ?? 5);

/** Every model of the family equals the oracle on two random inputs; fast-check prints the seed of one that does not. */
async function expectEqual(make: Make, runs = RUNS): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
      const random = createRandom(seed);
      const result = await compareWithOracle(make(new patterns.ModelMaker(random)), random, 2);
      expect(result.elements).toBeGreaterThan(0);
      expect(result).toMatchObject({ different: 0, first: '' });
    }),
    { numRuns: runs },
  );
}

/** What float sums came to in this file: in the test output, whatever the seed. */
let floatSums = NOTHING;
afterAll(() => {
  const { elements, different, ties, widest } = floatSums;
  const how =
    different === 0
      ? ''
      : `, all from ${ties} codes whose exact value is within float rounding (${widest.toPrecision(2)} of a code at most) of a step`;
  process.stdout.write(
    `layers that the runtime may sum in float32: ${elements} elements compared, ${different} differ${how}\n`,
  );
});

/**
 * As expectEqual, for layers whose products the runtime may add as floats (weights of 4 bits, a Relu or Clip that bites, signed codes
 * given from outside): an element may differ where it is shown to have two right answers. Where the runtime has an integer kernel none may.
 */
async function expectEqualOrTied(make: Make, runs = RUNS): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
      const random = createRandom(seed);
      const tally = await tallyAgainstOracle(make(new patterns.ModelMaker(random)), random, 2);
      expect(tally.elements).toBeGreaterThan(0);
      expect(tally.unexplained).toEqual([]);
      floatSums = addTally(floatSums, tally);
    }),
    { numRuns: runs },
  );
}

const TYPES = [
  ['uint8', 'int8'],
  ['uint8', 'uint8'],
  ['int8', 'int8'],
] as const;

describe('QuantizeLinear dialect equals ONNX Runtime', () => {
  for (const [x, w] of [...TYPES, ['uint8', 'int4'], ['int8', 'int4'], ['uint8', 'uint4']] as const) {
    for (const bias of ['none', 'int32', 'float'] as const) {
      it(`Conv, ${x} by ${w}, bias ${bias}, and Relu or Clip behind it`, async () => {
        for (const after of ['none', 'Relu', 'Relu6'] as const)
          await expectEqualOrTied((m) => patterns.convModel(m, { x, w, bias, after }), Math.ceil(RUNS / 2));
      });
    }
  }
  for (const [x, w] of [...TYPES, ['uint8', 'int4']] as const) {
    it(`Gemm and MatMul, ${x} by ${w}`, async () => {
      for (const bias of ['none', 'int32'] as const)
        await expectEqualOrTied((m) =>
          patterns.gemmModel(m, 'Gemm', { x, w, bias, after: m.random.pick(['none', 'Relu']) }),
        );
      await expectEqualOrTied((m) =>
        patterns.gemmModel(m, 'MatMul', { x, w, bias: 'none', after: m.random.pick(['none', 'Relu']) }),
      );
    });
  }
  it('Gemm and MatMul with a float result', async () => {
    await expectEqual((m) => patterns.floatResultModel(m, 'Gemm'));
    await expectEqual((m) => patterns.floatResultModel(m, 'MatMul'));
  });
  for (const type of ['uint8', 'int8'] as const) {
    it(`Add and Mul of two ${type} tensors`, async () => {
      for (const op of ['Add', 'Mul'] as const)
        await expectEqual((m) => patterns.binaryModel(m, op, type, m.random.pick(['none', 'Relu'])), RUNS * 2);
    });
    const exact = [
      'Relu',
      'Clip',
      'MaxPool',
      'AveragePool',
      'GlobalAveragePool',
      'LeakyRelu',
      'Flatten',
      'Transpose',
      'DepthToSpace',
      'Pad',
      'Slice',
    ] as const;
    for (const op of exact)
      it(`${op} on ${type}`, () => expectEqual((m) => patterns.unaryModel(m, op, type, m.random.int(0, 1) === 1)));
    it(`Concat on ${type}`, () => expectEqual((m) => patterns.concatModel(m, type, m.random.int(0, 1) === 1)));
  }
  for (const [x, w] of [...TYPES, ['uint8', 'int4']] as const) {
    it(`a residual network, ${x} by ${w}`, () => expectEqualOrTied((m) => residualNetwork(m, x, w), RUNS * 2));
  }
});

describe('QuantizeLinear dialect, functions that the runtime approximates', () => {
  for (const type of ['uint8', 'int8'] as const) {
    it(`Sigmoid, Tanh and Softmax on ${type}: the same codes all the same`, async () => {
      for (const op of ['Sigmoid', 'Tanh', 'Softmax'] as const)
        await expectEqual((m) => patterns.unaryModel(m, op, type, m.random.int(0, 1) === 1));
    });
  }
});

describe('operator dialect equals ONNX Runtime', () => {
  for (const [x, w] of TYPES) {
    it(`QLinearConv, QLinearMatMul and QGemm, ${x} by ${w}`, async () => {
      await expectEqual((m) => operators.qlinearConv(m, x, w), RUNS * 2);
      await expectEqual((m) => operators.qlinearMatMul(m, x, w));
      await expectEqual((m) => operators.qgemm(m, x, w, m.random.int(0, 1) === 1));
    });
  }
  for (const w of ['int8', 'uint8'] as const) {
    it(`ConvInteger and MatMulInteger, uint8 by ${w}, and the float chain behind them`, async () => {
      for (const op of ['ConvInteger', 'MatMulInteger'] as const)
        await expectEqual((m) => operators.integerModel(m, op, 'uint8', w));
    });
  }
  for (const type of ['uint8', 'int8'] as const) {
    it.each(['QLinearAdd', 'QLinearMul'] as const)(`%s on ${type}: each of a million pairs of codes`, async (op) => {
      await expectEqual((m) => operators.pairsModel(m, op, type), RUNS + 3);
    });
    it(`QLinearAdd, QLinearMul, pools, LeakyRelu and Concat on ${type}`, async () => {
      for (const op of ['QLinearAdd', 'QLinearMul'] as const)
        await expectEqual((m) => operators.qlinearBinary(m, op, type));
      for (const op of ['QLinearGlobalAveragePool', 'QLinearAveragePool', 'QLinearLeakyRelu'] as const)
        await expectEqual((m) => operators.qlinearUnary(m, op, type));
      await expectEqual((m) => operators.qlinearConcat(m, type));
    });
  }
});
