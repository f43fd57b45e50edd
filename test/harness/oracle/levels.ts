/** QONNX models against ONNX Runtime at every quantizer, with the quantizers lowered to standard ops for it. */
import { type ImportOptions, importModel, type OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { type Comparison, compareData, compareLevels, EQUAL, merge, oracleInput, randomInput } from './compare.ts';
import { lowerQonnx, type Spelling } from './lower-qonnx.ts';
import { Oracle } from './session.ts';

/** Differences over `inputs` random images in [0, 1): by quantizer, and of the result as 'result'. */
export async function differences(
  model: OnnxModel,
  spelling: Spelling,
  seed: number,
  inputs: number,
  options: ImportOptions = {},
): Promise<Map<string, Comparison>> {
  const random = createRandom(seed);
  const imported = importModel(model, options);
  const { graph } = imported;
  const lowered = lowerQonnx(model, spelling);
  const shaped = {
    ...lowered.model,
    graph: {
      ...lowered.model.graph,
      inputs: lowered.model.graph.inputs.map((i) => ({
        ...i,
        shape: graph.values.get(i.name)?.shape ?? i.shape ?? [],
      })),
    },
  };
  const oracle = await Oracle.create(shaped, 'disabled');
  const totals = new Map<string, Comparison>();
  const count = (name: string, c: Comparison) => totals.set(name, merge(totals.get(name) ?? EQUAL, c));
  try {
    for (let i = 0; i < inputs; i++) {
      const data = new Map(graph.inputs.map((name) => [name, randomInput(graph, name, random, 0, 1)]));
      const theirs = await oracle.run(
        new Map([...data].map(([name, d]) => [name, oracleInput(model, graph, name, d)])),
      );
      const ours = interpret(graph, data, 'all');
      for (const [name, c] of compareLevels(imported, ours, lowered, theirs)) count(name, c);
      const [result = ''] = graph.outputs;
      count(
        'result',
        compareData('result', ours.get(result)?.data ?? [], theirs.get(model.graph.outputs[0]?.name ?? '')?.data ?? []),
      );
    }
  } finally {
    await oracle.release();
  }
  return totals;
}
