/** The model that a command line names: an ONNX or TensorFlow Lite file with its options, or a network of the zoo. */
import { basename } from 'node:path';
import { externalLoader, readInput } from '../io/files.ts';
import {
  type Model,
  type ModelOptions,
  prepareModel,
  prepareZoo,
  prepareZooSections,
  type SectionedModel,
} from '../run/prepare.ts';
import { badOption, dimsOption, inputTypeOption, parseDims, parseInputTypes } from './options.ts';
import { openQuantized, type QuantizeArguments, quantizeOptions, requireQuantize } from './quantize-options.ts';

export const modelOptions = { dims: dimsOption, 'input-type': inputTypeOption, ...quantizeOptions } as const;

export const modelPositional = {
  type: 'string',
  demandOption: true,
  describe: 'ONNX or TensorFlow Lite file, or a network of the zoo: zoo:resnet18-w4a4 (qnpu zoo)',
} as const;

export interface ModelArguments extends QuantizeArguments {
  readonly model: string;
  readonly dims: readonly string[] | undefined;
  readonly 'input-type': readonly string[] | undefined;
}

export function isZooName(model: string): boolean {
  return model.startsWith('zoo:');
}

/** A network of the zoo that runs section by section; undefined for any other model. */
export function openSections(a: ModelArguments): SectionedModel | undefined {
  if (!isZooName(a.model)) return undefined;
  requireQuantize(a);
  refuseFileOptions(a);
  return prepareZooSections(a.model);
}

function refuseFileOptions(a: ModelArguments): void {
  const option = (['dims', 'input-type', 'quantize', 'calibrate'] as const).find((o) => a[o] !== undefined);
  if (option === undefined) return;
  throw badOption('E-ZOO-OPTION', `--${option} is for ONNX files: ${a.model} has its sizes and types in its name`, {
    expected: `${a.model} without --${option}`,
  });
}

/** Throws InputError or UnsupportedError with every finding. */
export function openModel(a: ModelArguments): Model {
  requireQuantize(a);
  if (isZooName(a.model)) {
    refuseFileOptions(a);
    return prepareZoo(a.model);
  }
  const bytes = readInput(a.model, 'model');
  const name = basename(a.model).replace(/\.(onnx|tflite)$/, '');
  const options = importOptions(a);
  return a.quantize === undefined
    ? prepareModel(bytes, name, options)
    : openQuantized({ ...a, quantize: a.quantize }, bytes, name, options);
}

export function importOptions(a: ModelArguments): ModelOptions {
  return {
    ...(a.model.toLowerCase().endsWith('.tflite') ? { format: 'tflite' as const } : {}),
    loadExternal: externalLoader(a.model),
    dims: parseDims(a.dims ?? []),
    inputTypes: parseInputTypes(a['input-type'] ?? []),
  };
}
