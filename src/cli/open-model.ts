/** The model that a command line names: an ONNX or TensorFlow Lite file with its options, or a network of the zoo. */
import { basename } from 'node:path';
import { isTflite } from '../../compiler/frontend/tflite/identifier.ts';
import { externalLoader, readInput } from '../io/files.ts';
import type { Model, SectionedModel } from '../run/model.ts';
import type { ModelOptions } from '../run/prepare.ts';
import { prepareOnnx } from '../run/prepare-onnx.ts';
import {
  badOption,
  dimsOption,
  inputTypeOption,
  outputsOption,
  parseDims,
  parseInputTypes,
  parseOutputs,
} from './options.ts';
import { type QuantizeArguments, quantizeOptions, requireQuantize } from './quantize-options.ts';

export const modelOptions = {
  dims: dimsOption,
  'input-type': inputTypeOption,
  outputs: outputsOption,
  ...quantizeOptions,
} as const;

export const modelPositional = {
  type: 'string',
  demandOption: true,
  describe: 'ONNX or TensorFlow Lite file, or a network of the zoo: zoo:resnet18-w4a4 (qnpu zoo)',
} as const;

export interface ModelArguments extends QuantizeArguments {
  readonly model: string;
  readonly dims: readonly string[] | undefined;
  readonly 'input-type': readonly string[] | undefined;
  readonly outputs: readonly string[] | undefined;
}

export function isZooName(model: string): boolean {
  return model.startsWith('zoo:');
}

/** A network of the zoo that runs section by section; undefined for any other model. */
export async function openSections(a: ModelArguments): Promise<SectionedModel | undefined> {
  if (!isZooName(a.model)) return undefined;
  requireQuantize(a);
  refuseFileOptions(a);
  return (await import('../run/prepare-zoo.ts')).prepareZooSections(a.model);
}

function refuseFileOptions(a: ModelArguments): void {
  const option = (['dims', 'input-type', 'outputs', 'quantize', 'calibrate'] as const).find((o) => a[o] !== undefined);
  if (option === undefined) return;
  throw badOption('E-ZOO-OPTION', `--${option} is for ONNX files: ${a.model} has its sizes and types in its name`, {
    expected: `${a.model} without --${option}`,
  });
}

/** Loads what the kind of the model needs, and no more. Throws InputError or UnsupportedError with every finding. */
export async function openModel(a: ModelArguments): Promise<Model> {
  requireQuantize(a);
  if (isZooName(a.model)) {
    refuseFileOptions(a);
    return (await import('../run/prepare-zoo.ts')).prepareZoo(a.model);
  }
  const bytes = readInput(a.model, 'model');
  const name = basename(a.model).replace(/\.(onnx|tflite)$/, '');
  const options = importOptions(a);
  if (a.quantize !== undefined) {
    const { openQuantized } = await import('./open-quantized.ts');
    return openQuantized({ ...a, quantize: a.quantize }, bytes, name, options);
  }
  if (options.format !== 'tflite' && !isTflite(bytes)) return prepareOnnx(bytes, name, options);
  return (await import('../run/prepare.ts')).prepareModel(bytes, name, options);
}

export function importOptions(a: ModelArguments): ModelOptions {
  return {
    ...(a.model.toLowerCase().endsWith('.tflite') ? { format: 'tflite' as const } : {}),
    loadExternal: externalLoader(a.model),
    dims: parseDims(a.dims ?? []),
    inputTypes: parseInputTypes(a['input-type'] ?? []),
    outputs: parseOutputs(a.outputs),
  };
}
