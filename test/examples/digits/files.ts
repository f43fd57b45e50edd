/** Files of examples/digits as the tests want them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SIZE } from '../../../examples/digits/generate.ts';
import type { NetworkWeights } from '../../../examples/digits/network.ts';
import type { Variant } from '../../../examples/digits/recipe.ts';
import { decodeWeights } from '../../../examples/digits/weights.ts';
import { readNpy } from '../../../src/io/npy.ts';
import { bytesOf, digitsData } from '../../harness/models.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'examples', 'digits');

export function weightBytes(variant: Variant): Uint8Array {
  return bytesOf(join(FOLDER, 'weights', `${variant}.bin`));
}

export function committedWeights(): Record<Variant, NetworkWeights> {
  const load = (variant: Variant) => decodeWeights(weightBytes(variant));
  return { float: load('float'), w2a4: load('w2a4'), w1a2: load('w1a2') };
}

/** The committed test images, [1, 1, SIZE, SIZE] each as a reader of the models wants them, and their labels. */
export function committedTest(): { readonly images: readonly Float32Array[]; readonly labels: Uint8Array } {
  const images = Float32Array.from(readNpy(bytesOf(digitsData('test-images')), 'images').data);
  const labels = Uint8Array.from(readNpy(bytesOf(digitsData('test-labels')), 'labels').data);
  const pixels = SIZE * SIZE;
  return { images: Array.from(labels, (_, i) => images.slice(i * pixels, (i + 1) * pixels)), labels };
}

/** The last two cells of a model's row in the README: `| digits-int8.qdq.onnx | ... | 17,440 | 97.5 % |`. */
export function stated(file: string): { bytes: number; correct: number } {
  const row = readFileSync(join(FOLDER, 'README.md'), 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`| \`${file}\``));
  const [bytes, percent] = (row ?? '').split('|').slice(-3, -1) as [string, string];
  return { bytes: Number(bytes.replaceAll(',', '')), correct: Math.round(10 * Number(percent.replace('%', ''))) };
}

/** Where two files part, or 'equal'; expect's own diff of a large array takes minutes. */
export function difference(ours: Uint8Array, theirs: Uint8Array): string {
  const at = ours.findIndex((byte, i) => byte !== theirs[i]);
  if (at >= 0) return `byte ${at} of ${ours.length} is ${ours[at]}, not ${theirs[at]}`;
  return ours.length === theirs.length ? 'equal' : `${ours.length} bytes, not ${theirs.length}`;
}
