/** The quick gradient that training uses, against the library's own. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { convolve } from '../../../examples/digits/train.ts';
import { createRandom } from '../../../isa/base/random.ts';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

describe.each([1, 2] as const)('a convolution of stride %i', (stride) => {
  it("has the library's result and gradients", () => {
    const random = createRandom(stride);
    const draw = (shape: [number, number, number, number]) =>
      tf.tensor4d(
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.real() - 0.4),
        shape,
      );
    const x = tf.relu(draw([2, 6, 6, 3]));
    const kernel = draw([3, 3, 3, 4]);
    const weight = draw([2, 6 / stride, 6 / stride, 4]);
    const run = (conv: (a: tf.Tensor4D, k: tf.Tensor4D) => tf.Tensor) =>
      tf.valueAndGrads((a: tf.Tensor, k: tf.Tensor) =>
        conv(a as tf.Tensor4D, k as tf.Tensor4D)
          .mul(weight)
          .sum(),
      )([x, kernel]);
    const ours = run((a, k) => convolve(a, k, stride));
    const theirs = run((a, k) => tf.conv2d(a, k, stride, 'same'));
    expect(ours.value.dataSync()).toEqual(theirs.value.dataSync());
    ours.grads.forEach((grad, i) => {
      const expected = theirs.grads[i]!.dataSync();
      expect(grad.shape).toEqual(theirs.grads[i]!.shape);
      // Sums of up to 72 products in another order.
      grad.dataSync().forEach((v, at) => expect(Math.abs(v - expected[at]!)).toBeLessThan(1e-5));
    });
  });
});
