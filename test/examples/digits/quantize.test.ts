/** The float model after our own post-training quantization, on test images that it was not calibrated with: accuracy beside the float model's. */
import { expect, it } from 'vitest';
import { writeModel } from '../../../compiler/frontend/onnx/index.ts';
import { parseWidths, quantizeModel } from '../../../compiler/quantize/index.ts';
import { countCorrect } from '../../../src/run/classes.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';
import { committedTest } from './files.ts';
import { ask, logitsOf, simulate } from './runs.ts';

const { images, labels } = committedTest();
const CALIBRATED = 32;
const JUDGED = 200;
const samples = images.slice(0, CALIBRATED).map((data) => new Map([['image', data]]));
const judged = images.slice(CALIBRATED, CALIBRATED + JUDGED);
const truth = labels.slice(CALIBRATED, CALIBRATED + JUDGED);
const bytes = bytesOf(digitsModel('float'));

it.each([
  ['w8a8', 'min-max'],
  ['w4a8', 'percentile'],
  ['w4a4', 'entropy'],
] as const)('%s, %s: at most three of 200 images fewer than the float model', async (widths, method) => {
  const float = countCorrect(logitsOf(await ask(bytes, judged, 'all')), truth);
  const recipe = { widths: parseWidths(widths, 'test'), layers: new Map(), method, biasCorrection: true };
  const { model } = quantizeModel(bytes, recipe, samples);
  const correct = countCorrect(simulate(writeModel(model), judged), truth);
  expect(float).toBeGreaterThan(190);
  expect(correct).toBeGreaterThanOrEqual(float - 3);
});
