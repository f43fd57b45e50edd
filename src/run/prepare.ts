/** From the bytes of any file to a graph on which the passes have run; float models are quantized on the way when asked for. */
import {
  checkModel,
  type ImportOptions,
  importModel,
  type ModelCheck,
  writeModel,
} from '../../compiler/frontend/onnx/index.ts';
import { checkTflite, importTflite, isTflite } from '../../compiler/frontend/tflite/index.ts';
import { runPasses } from '../../compiler/passes/pipeline.ts';
import { type CalibrationSample, quantizeModel, type Recipe } from '../../compiler/quantize/index.ts';
import { InputError } from '../../isa/base/errors.ts';
import { hashHex } from '../../isa/base/hash.ts';
import type { Model } from './model.ts';
import { prepareOnnx } from './prepare-onnx.ts';

/** Post-training quantization of a float model: how, and on which inputs; random ones where none are given. */
export interface Quantization {
  readonly recipe: Recipe;
  readonly samples?: readonly CalibrationSample[] | undefined;
}

export interface ModelOptions extends ImportOptions {
  /** What the file is, where its name says so; else its bytes tell. */
  readonly format?: 'tflite';
}

/** Quantizes a float ONNX model, imports it and runs the passes. Throws InputError or UnsupportedError with every finding. */
export function prepareQuantized(
  bytes: Uint8Array,
  name: string,
  { recipe, samples }: Quantization,
  options: ImportOptions = {},
): Model {
  const quantized = quantizeModel(bytes, recipe, samples, options);
  const imported = importModel(quantized.model, { ...options, name });
  return {
    name,
    hash: hashHex(writeModel(quantized.model)).slice(0, 16),
    graph: runPasses(imported.graph),
    notes: [...quantized.report.assumed, ...imported.notes],
    quantization: quantized.report,
  };
}

/**
 * Imports a model, ONNX or TensorFlow Lite by what its bytes say, and runs the passes. Throws InputError or UnsupportedError with
 * every finding.
 */
export function prepareModel(bytes: Uint8Array, name: string, options: ModelOptions = {}): Model {
  if (!readsAsTflite(bytes, options)) return prepareOnnx(bytes, name, options);
  const imported = importTflite(bytes, { name, outputs: options.outputs });
  return { name, hash: hashHex(bytes).slice(0, 16), graph: runPasses(imported.graph), notes: imported.notes };
}

/** Every finding of the import of a model, ONNX or TensorFlow Lite. */
export function checkBytes(bytes: Uint8Array, options: ModelOptions = {}): ModelCheck {
  return readsAsTflite(bytes, options) ? checkTflite(bytes, { outputs: options.outputs }) : checkModel(bytes, options);
}

/** Throws InputError where a TensorFlow Lite file comes with options that only ONNX models have a use for. */
function readsAsTflite(bytes: Uint8Array, { format, dims = {}, inputTypes = {} }: ModelOptions): boolean {
  if (format !== 'tflite' && !isTflite(bytes)) return false;
  const given = [
    ...Object.keys(dims).map((d) => `--dims ${d}`),
    ...Object.keys(inputTypes).map((t) => `--input-type ${t}`),
  ];
  if (given.length === 0) return true;
  const message = `${given[0]} is for ONNX models: a TensorFlow Lite file has its shapes and types in it`;
  const diagnostic = { code: 'E-TFLITE-OPTION', message, expected: 'the model without it', hint: 'leave it out' };
  throw new InputError(message, { diagnostics: [diagnostic] });
}
