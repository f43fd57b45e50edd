/** A float ONNX file, quantized as the options of quantize-options.ts ask. A module of its own, because most runs need none of it. */
import { isTflite } from '../../compiler/frontend/tflite/identifier.ts';
import { parseWidths, type Recipe, traceFloat } from '../../compiler/quantize/index.ts';
import type { Model } from '../run/model.ts';
import { type ModelOptions, prepareQuantized } from '../run/prepare.ts';
import { badOption, pairs } from './options.ts';
import type { QuantizeArguments } from './quantize-options.ts';
import { readSamples } from './run-values.ts';

/** The model that a float file gives. Throws InputError or UnsupportedError. */
export function openQuantized(
  a: QuantizeArguments & { readonly quantize: string },
  bytes: Uint8Array,
  name: string,
  options: ModelOptions,
): Model {
  if (options.format === 'tflite' || isTflite(bytes))
    throw badOption('E-QUANTIZE-OPTION', '--quantize is for float ONNX files: this is a TensorFlow Lite file', {
      expected: 'a float ONNX model',
      hint: 'TensorFlow Lite files are quantized by their converter: a representative dataset and TFLITE_BUILTINS_INT8',
    });
  const layers = pairs('--quantize-layer', a['quantize-layer'] ?? [], 'conv1=w8a8');
  const recipe: Recipe = {
    widths: parseWidths(a.quantize, '--quantize'),
    layers: new Map(layers.map(([layer, text]) => [layer, parseWidths(text, `--quantize-layer ${layer}`)])),
    method: a.calibration ?? 'min-max',
    biasCorrection: a['bias-correction'] ?? true,
  };
  const samples = a.calibrate && readSamples(a.calibrate, traceFloat(bytes, options).traced.graph, '--calibrate');
  return prepareQuantized(bytes, name, { recipe, samples }, options);
}
