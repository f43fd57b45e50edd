/**
 * Makes everything in this folder from its seeds: test images, trained weights, model files; run from the root of the repository. With `train` it
 * trains (minutes); with `export` or nothing it exports the committed weights again, which gives the same bytes on every machine; with `analog` it runs the
 * table of analog arrays (minutes).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { writeNpy } from '../../src/io/npy.ts';
import { prepareModel } from '../../src/run/prepare.ts';
import { ANALOG_IMAGES, ANALOG_POINTS, analogTable, runAnalog } from './analog.ts';
import { countCorrect } from './evaluate.ts';
import { exportModels } from './export.ts';
import { drawDigits, SIZE } from './generate.ts';
import type { NetworkWeights } from './network.ts';
import { PRECISION, SEED, SETS, TRAINING, type Variant } from './recipe.ts';
import { decodeWeights, encodeWeights } from './weights.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

function file(folder: 'data' | 'weights' | 'models', name: string): string {
  const path = join(process.cwd(), 'examples', 'digits', folder);
  mkdirSync(path, { recursive: true });
  return join(path, name);
}

/** The float network first; the others start from it. */
async function trainAll(): Promise<void> {
  const { train } = await import('./train.ts');
  const data = drawDigits(SETS.train.count, SETS.train.seed);
  let from: NetworkWeights | undefined;
  for (const variant of ['float', 'w2a4', 'w1a2'] as const) {
    const log = (line: string) => say(`${variant} ${line}`);
    const net = await train(data, { ...TRAINING[variant], precision: PRECISION[variant], from, seed: SEED, log });
    from ??= net;
    writeFileSync(file('weights', `${variant}.bin`), encodeWeights(net));
  }
}

function load(variant: Variant): NetworkWeights {
  return decodeWeights(new Uint8Array(readFileSync(file('weights', `${variant}.bin`))));
}

async function makeAll(training: boolean): Promise<void> {
  writeFileSync(file('data', 'test-images.npy'), writeNpy([SETS.test.count, 1, SIZE, SIZE], 'u1', test.images));
  writeFileSync(file('data', 'test-labels.npy'), writeNpy([SETS.test.count], 'u1', test.labels));
  if (training) await trainAll();
  const nets = { float: load('float'), w2a4: load('w2a4'), w1a2: load('w1a2') };
  for (const variant of ['float', 'w2a4', 'w1a2'] as const)
    say(`${variant}: ${countCorrect(nets[variant], test, PRECISION[variant])} of ${SETS.test.count} images right`);
  for (const [name, bytes] of exportModels(nets)) {
    writeFileSync(file('models', name), bytes);
    say(`${name}: ${bytes.length} bytes`);
  }
}

/** Prints the table of the README. */
function studyAnalog(): void {
  const model = prepareModel(new Uint8Array(readFileSync(file('models', 'digits-w2a4.qonnx.onnx'))), 'digits');
  const pixels = SIZE * SIZE;
  const images = Array.from({ length: ANALOG_IMAGES }, (_, i) =>
    Float32Array.from(test.images.subarray(i * pixels, (i + 1) * pixels)),
  );
  say(analogTable(ANALOG_POINTS.map((point) => runAnalog(model, point, images, test.labels))));
}

const [mode = 'export'] = process.argv.slice(2);
if (mode !== 'export' && mode !== 'train' && mode !== 'analog')
  throw new RangeError(`'${mode}' is neither 'train' nor 'export' nor 'analog'`);
const test = drawDigits(SETS.test.count, SETS.test.seed);
if (mode === 'analog') studyAnalog();
else await makeAll(mode === 'train');
