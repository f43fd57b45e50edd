/** Runs of the five models over the test images: in ONNX Runtime, and as the program that the simulator executes. */
import type { OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import { compileModel } from '../../../src/run/model.ts';
import { prepareModel } from '../../../src/run/prepare.ts';
import { runValues } from '../../../src/run/values.ts';
import { type Optimization, Oracle, type OracleTensor } from '../../harness/oracle/session.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';

/** Results of every image by output. */
export async function ask(
  model: OnnxModel | Uint8Array,
  images: readonly Float32Array[],
  optimization: Optimization,
): Promise<ReadonlyMap<string, OracleTensor>[]> {
  const oracle = await Oracle.create(model, optimization);
  const results = [];
  for (const data of images)
    results.push(await oracle.run(new Map([['image', { type: 'float32', dims: [1, 1, 16, 16], data }]])));
  await oracle.release();
  return results;
}

/** [images, 10]. */
export function logitsOf(results: readonly ReadonlyMap<string, OracleTensor>[]): Float64Array {
  return Float64Array.from(results.flatMap((r) => [...r.get('logits')!.data]));
}

/** Logits of every image, [images, 10]. */
export function simulate(bytes: Uint8Array, images: readonly Float32Array[]): Float64Array {
  const machine = MAIN_PRESETS['edge-dcim-28nm']!;
  const samples = images.map((data) => new Map([['image', data]]));
  return runValues(compileModel(prepareModel(bytes, 'digits'), machine), machine, samples).outputs.get('logits')!;
}
