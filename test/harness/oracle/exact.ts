/** Interpreter, simulator and ONNX Runtime with its default optimizations on one set of inputs: the same bits from all three. */
import { expect } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { importModel, type OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { type Graph, integerRange, sizeOf, type TensorData } from '../../../compiler/graph/types.ts';
import { runPasses } from '../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { execute } from '../../../sim/exec/execute.ts';
import { mismatches } from '../differential.ts';
import { compareData, EQUAL, merge, oracleInput, randomInput } from './compare.ts';
import { ModelMaker } from './pattern-models.ts';
import { Oracle } from './session.ts';
import type { TieForm } from './tie-models.ts';

export type Data = (graph: Graph, name: string, index: number) => TensorData;

/** Codes at random, the same for the same place among the inputs. */
export const anyCodes: Data = (graph, name, index) => randomInput(graph, name, createRandom(index + 1));

/** Codes of `graph`'s input in order, from the least on; `every`: how many elements in a row have one code. */
export function inOrder(graph: Graph, name: string, every: number): Int32Array {
  const { element, shape } = graph.values.get(name)!;
  const { min } = integerRange(element as Extract<typeof element, { kind: 'int' }>);
  return Int32Array.from({ length: sizeOf(shape) }, (_, i) => min + (Math.floor(i / every) % 256));
}

/** Every output of the model is the same in the runtime, in the interpreter and, when wanted, in the simulator. */
export async function expectExact(form: TieForm, data: Data, simulated = true): Promise<void> {
  const model: OnnxModel = form(new ModelMaker(createRandom(5)));
  const { graph } = importModel(model);
  const inputs = new Map(graph.inputs.map((name, i) => [name, data(graph, name, i)]));
  const oracle = await Oracle.create(model, 'all');
  const fed = new Map([...inputs].map(([name, codes]) => [name, oracleInput(model, graph, name, codes)]));
  const theirs = await oracle.run(fed).finally(() => oracle.release());
  const ours = interpret(graph, inputs);
  const all = model.graph.outputs.reduce(
    (sum, { name }, i) =>
      merge(sum, compareData(name, ours.get(graph.outputs[i]!)?.data ?? [], theirs.get(name)?.data ?? [])),
    EQUAL,
  );
  expect(all.elements).toBeGreaterThan(100);
  expect({ different: all.different, first: all.first }).toEqual({ different: 0, first: '' });
  if (!simulated) return;
  const program = compile(runPasses(graph), edgeDcim28nm, { check: true }).program;
  const found = [...execute(program, edgeDcim28nm, inputs).outputs.values()];
  const named = new Map([...ours.keys()].map((name, i) => [name, found[i]!]));
  expect(mismatches(ours, named)).toEqual([]);
}
