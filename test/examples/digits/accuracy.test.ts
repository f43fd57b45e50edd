/** The five models on the 1,000 test images: accuracy and size as the README states them, and the bits of the quantized ones against ONNX Runtime. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  importModel,
  makeTensor,
  type OnnxModel,
  readModel,
  tensorValues,
} from '../../../compiler/frontend/onnx/index.ts';
import { countCorrect as countOfNetwork } from '../../../examples/digits/evaluate.ts';
import { drawDigits } from '../../../examples/digits/generate.ts';
import { PRECISION, SETS } from '../../../examples/digits/recipe.ts';
import { UnsupportedError } from '../../../isa/base/errors.ts';
import { countCorrect } from '../../../src/run/values.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';
import { compareData } from '../../harness/oracle/compare.ts';
import { committedTest, committedWeights, readme } from './files.ts';
import { ask, logitsOf, simulate } from './runs.ts';

const { images, labels } = committedTest();
const test = drawDigits(SETS.test.count, SETS.test.seed);
const weights = committedWeights();

/** The last two cells of a file's row: `| digits-int8.qdq.onnx | ... | 17,440 | 97.5 % |`. */
function stated(file: string): { bytes: number; correct: number } {
  const row = readme()
    .split('\n')
    .find((line) => line.startsWith(`| \`${file}\``));
  const [bytes, percent] = (row ?? '').split('|').slice(-3, -1) as [string, string];
  return { bytes: Number(bytes.replaceAll(',', '')), correct: Math.round(10 * Number(percent.replace('%', ''))) };
}

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

describe.each(['int8', 'int4'] as const)('digits-%s', (type) => {
  const bytes = bytesOf(digitsModel(`${type}.qdq`));
  let logits: Float64Array;
  beforeAll(() => {
    logits = simulate(bytes, images);
  });
  it('has the accuracy that the README states', () => {
    expect({ bytes: bytes.length, correct: countCorrect(logits, labels) }).toEqual(stated(`digits-${type}.qdq.onnx`));
  });
  it('is simulated with the bits of ONNX Runtime, whose fused kernels take int8 codes', async () => {
    const fused = type === 'int8' ? bytes : widened(readModel(bytes));
    const theirs = logitsOf(await ask(fused, images, 'all'));
    expect(compareData('logits', logits, theirs)).toMatchObject({ elements: 10_000, different: 0 });
  });
});

it('ONNX Runtime differs from itself by one code in 3 of 10,000 logits when int4 weights stay int4', async () => {
  // It has no integer convolution of int4 weights: it adds float32 products, and a sum at a rounding edge may fall to the other side.
  const model = readModel(bytesOf(digitsModel('int4.qdq')));
  const [fused, written] = [await ask(widened(model), images, 'all'), await ask(model, images, 'all')];
  const { different, largest } = compareData('logits', logitsOf(fused), logitsOf(written));
  const step = model.graph.initializers.find((t) => t.name === 'dense_scale')!;
  expect(different).toBe(3);
  expect(largest).toBeLessThan(1.001 * tensorValues(step)[0]!);
});

/** The same codes in int8 tensors. */
function widened(model: OnnxModel): OnnxModel {
  const initializers = model.graph.initializers.map((t) =>
    t.dataType === 'int4' ? makeTensor(t.name, 'int8', t.dims, Array.from(tensorValues(t))) : t,
  );
  return { ...model, graph: { ...model.graph, initializers } };
}

describe.each(['w2a4', 'w1a2'] as const)('digits-%s', (variant) => {
  it('has the accuracy that the README states, simulated and in our plain loops', () => {
    const bytes = bytesOf(digitsModel(`${variant}.qonnx`));
    const correct = countCorrect(simulate(bytes, images), labels);
    expect({ bytes: bytes.length, correct }).toEqual(stated(`digits-${variant}.qonnx.onnx`));
    expect(countOfNetwork(weights[variant], test, PRECISION[variant])).toBe(correct);
  });
});
