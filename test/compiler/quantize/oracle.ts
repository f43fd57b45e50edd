/** ONNX Runtime's results of a model with one float input and one output, for several inputs. */
import { type OnnxModel, readModel } from '../../../compiler/frontend/onnx/index.ts';
import { type Optimization, Oracle } from '../../harness/oracle/session.ts';

export async function askRuntime(
  source: OnnxModel | Uint8Array,
  inputs: readonly ReadonlyMap<string, Float32Array>[],
  optimization: Optimization = 'all',
): Promise<number[][]> {
  const model = source instanceof Uint8Array ? readModel(source) : source;
  const initializers = new Set(model.graph.initializers.map((t) => t.name));
  const input = model.graph.inputs.find((i) => !initializers.has(i.name))!;
  const dims = (input.shape ?? []).map((d) => (typeof d === 'number' ? d : 1));
  const oracle = await Oracle.create(model, optimization);
  const results: number[][] = [];
  try {
    for (const sample of inputs) {
      const data = sample.get(input.name)!;
      const found = await oracle.run(new Map([[input.name, { type: 'float32', dims, data }]]));
      results.push(Array.from(found.get(model.graph.outputs[0]!.name)!.data));
    }
  } finally {
    await oracle.release();
  }
  return results;
}
