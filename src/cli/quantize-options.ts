/** `--quantize` and what goes with it: a float ONNX model becomes a quantized one before it is compiled. */

import { CALIBRATION_METHODS, type CalibrationMethod } from '../../compiler/quantize/recipe.ts';
import { badOption } from './options.ts';

export const quantizeOptions = {
  quantize: {
    type: 'string',
    requiresArg: true,
    describe:
      'quantize a float ONNX model first: w8a8, w4a8, w4a4, ... (weights of 2, 4 or 8 bits, activations of 4, 8 or 16)',
  },
  'quantize-layer': {
    type: 'string',
    array: true,
    requiresArg: true,
    nargs: 1,
    describe: 'other widths for one layer, by its ONNX node: --quantize-layer conv1=w8a8 (repeatable)',
  },
  calibrate: {
    type: 'string',
    array: true,
    requiresArg: true,
    nargs: 1,
    describe:
      '.npy file with inputs of the kind that the network is for, from which ranges are taken; name=file for each of several inputs',
  },
  calibration: {
    choices: CALIBRATION_METHODS,
    requiresArg: true,
    describe:
      'ranges: all that was seen (min-max, the default), 99.99 % of it, or the clip of least divergence (entropy)',
  },
  'bias-correction': {
    type: 'boolean',
    describe: 'add to biases what rounded weights take from the mean of a channel (the default with --calibrate)',
  },
} as const;

export interface QuantizeArguments {
  readonly quantize: string | undefined;
  readonly 'quantize-layer': readonly string[] | undefined;
  readonly calibrate: readonly string[] | undefined;
  readonly calibration: CalibrationMethod | undefined;
  readonly 'bias-correction': boolean | undefined;
}

/** Throws InputError where something that needs `--quantize` stands without it. */
export function requireQuantize(a: QuantizeArguments): void {
  if (a.quantize !== undefined) return;
  const lost = (['quantize-layer', 'calibrate', 'calibration', 'bias-correction'] as const).find(
    (o) => a[o] !== undefined,
  );
  if (lost === undefined) return;
  throw badOption('E-QUANTIZE-OPTION', `--${lost} needs --quantize: what is it to quantize to?`, {
    expected: '--quantize with widths',
    hint: '--quantize w8a8',
  });
}
