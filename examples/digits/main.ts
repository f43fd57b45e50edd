/**
 * Makes everything in this folder from its seeds: test images, trained weights, model files. `train` trains (minutes); without it the committed weights are
 * exported again, which gives the same bytes on every machine.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { writeNpy } from '../../src/io/npy.ts';
import { evaluate } from './evaluate.ts';
import { exportModels } from './export.ts';
import { type DigitSet, drawDigits, SIZE } from './generate.ts';
import { type NetworkWeights, RECIPES } from './network.ts';
import { decodeWeights, encodeWeights } from './weights.ts';

const TRAIN = { count: 4000, seed: 20 };
const TEST = { count: 1000, seed: 21 };
const SEED = 7;

const folder = join(process.cwd(), 'examples', 'digits');
const say = (line: string) => process.stdout.write(`${line}\n`);
const testSet = drawDigits(TEST.count, TEST.seed);
const trainSet = drawDigits(TRAIN.count, TRAIN.seed);

type Variant = 'float' | keyof typeof RECIPES;

async function trainAll(): Promise<Record<Variant, NetworkWeights>> {
  const { train } = await import('./train.ts');
  const float = await train(trainSet, { epochs: 5, learningRate: 0.004, seed: SEED, log: (l) => say(`float ${l}`) });
  say(`float: ${evaluate(float, testSet, undefined)} of ${TEST.count}`);
  const tuned = async (name: keyof typeof RECIPES) => {
    const recipe = RECIPES[name];
    const net = await train(trainSet, {
      epochs: 3,
      learningRate: 0.002,
      seed: SEED,
      recipe,
      from: float,
      log: (l) => say(`${name} ${l}`),
    });
    say(`${name}: ${evaluate(net, testSet, recipe)} of ${TEST.count}`);
    return net;
  };
  return { float, w2a4: await tuned('w2a4'), w1a2: await tuned('w1a2') };
}

function load(name: Variant): NetworkWeights {
  return decodeWeights(new Uint8Array(readFileSync(join(folder, 'weights', `${name}.bin`))));
}

function writeSet(set: DigitSet): void {
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data', 'test-images.npy'), writeNpy([TEST.count, 1, SIZE, SIZE], 'u1', set.images));
  writeFileSync(join(folder, 'data', 'test-labels.npy'), writeNpy([TEST.count], 'u1', set.labels));
}

writeSet(testSet);
let nets: Record<Variant, NetworkWeights>;
if (process.argv[2] === 'train') {
  nets = await trainAll();
  mkdirSync(join(folder, 'weights'), { recursive: true });
  for (const [name, net] of Object.entries(nets))
    writeFileSync(join(folder, 'weights', `${name}.bin`), encodeWeights(net));
} else nets = { float: load('float'), w2a4: load('w2a4'), w1a2: load('w1a2') };
mkdirSync(join(folder, 'models'), { recursive: true });
const calibration = {
  images: trainSet.images.subarray(0, 500 * SIZE * SIZE),
  labels: trainSet.labels.subarray(0, 500),
};
for (const [file, bytes] of Object.entries(exportModels(nets, calibration))) {
  writeFileSync(join(folder, 'models', file), bytes);
  say(`${file}: ${bytes.length} bytes`);
}
