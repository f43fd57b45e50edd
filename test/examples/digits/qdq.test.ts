/** The QDQ models on the 1,000 test images: accuracy and size as the README states them, and the bits of the logits against ONNX Runtime. */
import { beforeAll, describe, expect, it } from 'vitest';
import { makeTensor, type OnnxModel, readModel, tensorValues } from '../../../compiler/frontend/onnx/index.ts';
import { countCorrect } from '../../../src/run/classes.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';
import { compareData } from '../../harness/oracle/compare.ts';
import { committedTest, stated } from './files.ts';
import { ask, logitsOf, simulate } from './runs.ts';

const { images, labels } = committedTest();

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
