/** The float and the QONNX models on the 1,000 test images: accuracy and size as the README states them. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../compiler/frontend/onnx/index.ts';
import { countCorrect as countOfNetwork } from '../../../examples/digits/evaluate.ts';
import { drawDigits } from '../../../examples/digits/generate.ts';
import { PRECISION, SETS } from '../../../examples/digits/recipe.ts';
import { UnsupportedError } from '../../../isa/base/errors.ts';
import { countCorrect } from '../../../src/run/classes.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';
import { committedTest, committedWeights, stated } from './files.ts';
import { ask, logitsOf, simulate } from './runs.ts';

const { images, labels } = committedTest();
const test = drawDigits(SETS.test.count, SETS.test.seed);
const weights = committedWeights();

describe('digits-float', () => {
  const bytes = bytesOf(digitsModel('float'));
  it('has the accuracy that the README states, in ONNX Runtime and in our plain loops', async () => {
    const logits = logitsOf(await ask(bytes, images, 'all'));
    expect({ bytes: bytes.length, correct: countCorrect(logits, labels) }).toEqual(stated('digits-float.onnx'));
    expect(countOfNetwork(weights.float, test)).toBe(countCorrect(logits, labels));
  });
  it('is refused with what to do', () => {
    let thrown: unknown;
    try {
      importModel(bytes);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UnsupportedError);
    const { diagnostics } = thrown as UnsupportedError;
    expect(diagnostics.map((d) => d.where)).toEqual([
      "node 'Conv_conv1.sum' (Conv)",
      "node 'Conv_conv2.sum' (Conv)",
      "node 'Conv_conv3.sum' (Conv)",
      "node 'Gemm_logits' (Gemm)",
    ]);
    for (const d of diagnostics) expect(d.hint).toContain('quantize the model first');
  });
});

describe.each(['w2a4', 'w1a2'] as const)('digits-%s', (variant) => {
  it('has the accuracy that the README states, simulated and in our plain loops', () => {
    const bytes = bytesOf(digitsModel(`${variant}.qonnx`));
    const correct = countCorrect(simulate(bytes, images), labels);
    expect({ bytes: bytes.length, correct }).toEqual(stated(`digits-${variant}.qonnx.onnx`));
    expect(countOfNetwork(weights[variant], test, PRECISION[variant])).toBe(correct);
  });
});
