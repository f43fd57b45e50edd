/** The small networks of the zoo, whole: compiled, timed, and with the interpreter's values. */
import { it } from 'vitest';
import { expectSameValues } from './values-rig.ts';

it.each([
  'mlperf-tiny-resnet8-w4a4',
  'mlperf-tiny-dscnn-w8a8',
  'mlperf-tiny-mobilenetv1-w4a4',
  'mlperf-tiny-autoencoder-w2a4',
  'mlperf-tiny-autoencoder-w1a1',
  'dqn-w4a4',
])(
  '%s',
  (name) => {
    expectSameValues(name);
  },
  60_000,
);
