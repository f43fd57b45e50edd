/** From the bytes of an ONNX file to a graph on which the passes have run. */
import { type ImportOptions, importModel } from '../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../compiler/passes/pipeline.ts';
import { hashHex } from '../../isa/base/hash.ts';
import type { Model } from './model.ts';

/** Throws InputError or UnsupportedError with every finding. */
export function prepareOnnx(bytes: Uint8Array, name: string, options: ImportOptions = {}): Model {
  const imported = importModel(bytes, { ...options, name });
  return { name, hash: hashHex(bytes).slice(0, 16), graph: runPasses(imported.graph), notes: imported.notes };
}
