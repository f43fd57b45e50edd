/** Models that tests of the command line and of the laws run on: the repository's own, and the shared ones where they are. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedFile } from './shared.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Path of a model of examples/digits. */
export function digitsModel(name: 'float' | 'int8.qdq' | 'int4.qdq' | 'w2a4.qonnx' | 'w1a2.qonnx'): string {
  return join(ROOT, 'examples', 'digits', 'models', `digits-${name}.onnx`);
}

export function digitsData(name: 'test-images' | 'test-labels'): string {
  return join(ROOT, 'examples', 'digits', 'data', `${name}.npy`);
}

/** Bytes of a model in ../shared/models, or undefined. */
export function sharedModel(name: string): Uint8Array | undefined {
  const path = sharedFile('models', name);
  return path === undefined || !existsSync(path) ? undefined : new Uint8Array(readFileSync(path));
}

export function bytesOf(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}
