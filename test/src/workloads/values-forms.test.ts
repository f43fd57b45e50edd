/** Every form of layer, on networks with small images: compiled, timed, and with the interpreter's values. */
import { it } from 'vitest';
import type { Chw } from '../../../src/workloads/entry.ts';
import { expectSameValues } from './values-rig.ts';

const CASES: readonly (readonly [name: string, form: string, input: Chw])[] = [
  ['fsrcnn-x2-w8a8', 'transposed convolution by phases, slopes by channel', [1, 12, 16]],
  ['espcn-x3-w4a4', 'sub-pixel shuffle', [1, 8, 8]],
  ['zero-dce-w4a4', 'curves in float32', [3, 8, 8]],
  ['yolo-fastest-w4a4', 'upsampling, pools of three sizes, two outputs', [3, 32, 32]],
  ['riair-densenet100-published', 'joins, average pools', [3, 8, 8]],
  ['mobilenetv3-small-w4a4', 'gates', [3, 32, 32]],
];

it.each(CASES)(
  '%s: %s',
  (name, _, input) => {
    expectSameValues(name, input);
  },
  60_000,
);
