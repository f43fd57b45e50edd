/** One file through the importer and the interpreter, and through the reference kernels. */
import { importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { randomInputs, seeded } from '../../../harness/differential.ts';
import { type ModelSpec, makeTflite } from './make.ts';
import { runReference } from './reference.ts';
import { readReference } from './reference-file.ts';

export interface Compared {
  readonly expected: number[];
  readonly found: number[];
}

/** Values of all outputs, one after the other, on the same random inputs and states; then the states for the next run. */
export function compared(spec: ModelSpec, seed: number): Compared {
  const bytes = makeTflite(spec);
  const { graph } = importTflite(bytes);
  const inputs = randomInputs(graph, seeded(seed));
  const given = new Map(spec.inputs.map((t, i) => [t, Array.from(inputs.get(graph.inputs[i]!)!)]));
  const states = spec.tensors.flatMap((t, i) => (t.variable === true ? [i] : []));
  for (const i of states) given.set(i, Array.from(inputs.get(spec.tensors[i]!.name!)!));
  const values = runReference(readReference(bytes), given);
  const results = interpret(graph, inputs);
  return {
    expected: [...spec.outputs, ...states].flatMap((o) => [...values[o]!]),
    found: graph.outputs.flatMap((o) => Array.from(results.get(o)!.data)),
  };
}
